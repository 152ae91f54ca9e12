package socket

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/postseal/postseal/store/seal"
)

// fakeOwner answers what a test sets, and notes what it was asked.
type fakeOwner struct {
	Owner   // nil: a call that a test does not expect panics
	err     error
	asked   []any
	payload func() io.ReadCloser
}

func (f *fakeOwner) Link(_ context.Context, t seal.Token) (LinkInfo, error) {
	f.asked = append(f.asked, t)
	return LinkInfo{Kind: LinkActivate, Recipient: "bob@guest.test"}, f.err
}

func (f *fakeOwner) Activate(_ context.Context, t seal.Token, a Activation) (Session, error) {
	f.asked = append(f.asked, t, a)
	return Session{Token: seal.Token{7}, Address: "bob@guest.test"}, f.err
}

func (f *fakeOwner) Login(_ context.Context, l Login) (Session, error) {
	f.asked = append(f.asked, l)
	return Session{}, f.err
}

func (f *fakeOwner) Inbox(_ context.Context, t seal.Token, cursor string, limit int) (Page, error) {
	f.asked = append(f.asked, t, cursor, limit)
	return Page{Total: 3, Messages: []Message{{ID: "x"}}}, f.err
}

func (f *fakeOwner) MarkOpened(_ context.Context, t seal.Token, id string, read bool) error {
	f.asked = append(f.asked, t, id, read)
	return f.err
}

func (f *fakeOwner) Payload(context.Context, seal.Token, string) (io.ReadCloser, error) {
	if f.err != nil {
		return nil, f.err
	}
	return f.payload(), nil
}

func (f *fakeOwner) Reply(_ context.Context, by Caller, r Reply, entity io.Reader) error {
	b, err := io.ReadAll(entity)
	f.asked = append(f.asked, by, r, len(b))
	return errors.Join(f.err, err)
}

// serve starts a server on a socket of its own.
func serve(t testing.TB, owner Owner, o ServerOptions) (client *Client, path string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "socket") // short: a socket's path has at most 107 octets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path = filepath.Join(dir, "s")
	l, err := Listen(path, -1)
	if err != nil {
		t.Fatal(err)
	}
	s := NewServer(owner, o)
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	client = NewClient(path)
	t.Cleanup(func() {
		client.Close()
		if err := errors.Join(s.Shutdown(context.Background()), <-done); err != nil {
			t.Error(err)
		}
	})
	return client, path
}

func own() ServerOptions { return ServerOptions{UIDs: []int{os.Getuid()}} }

func TestCallsArriveAsTheyWereMade(t *testing.T) {
	f := &fakeOwner{payload: func() io.ReadCloser { return io.NopCloser(strings.NewReader(strings.Repeat("p", 1<<20))) }}
	c, _ := serve(t, f, own())
	ctx := context.Background()
	if err := c.Hello(ctx); err != nil {
		t.Fatal(err)
	}
	token := seal.NewToken()
	activation := Activation{
		Name: "Bob", KDF: seal.KDF{Salt: []byte("0123456789abcdef"), Time: 3, Memory: 65536, Threads: 4}, Verifier: []byte{1},
		PublicKey: "age1pq1", Wrapped: []byte{2}, Escrow: []byte{3}, Grants: map[string][]byte{"a": {4}}, Client: "::1",
	}
	login := Login{Address: "bob@guest.test", Verifier: []byte{9}, Client: "192.0.2.1"}
	caller, reply := Caller{Link: token}, Reply{Message: "id", Subject: "subject\nwith a line", Name: "Bob", Nonce: "nonce"}
	entity := strings.Repeat("line\r\n", 100000)
	if info, err := c.Link(ctx, token); err != nil || info.Recipient != "bob@guest.test" {
		t.Fatal(info, err)
	}
	if s, err := c.Activate(ctx, token, activation); err != nil || s.Token != (seal.Token{7}) {
		t.Fatal(s, err)
	}
	if _, err := c.Login(ctx, login); err != nil {
		t.Fatal(err)
	}
	if p, err := c.Inbox(ctx, token, "cursor", 25); err != nil || p.Total != 3 || len(p.Messages) != 1 {
		t.Fatal(p, err)
	}
	if err := c.MarkOpened(ctx, token, "id", true); err != nil {
		t.Fatal(err)
	}
	if err := c.Reply(ctx, caller, reply, strings.NewReader(entity)); err != nil {
		t.Fatal(err)
	}
	want := []any{token, token, activation, login, token, "cursor", 25, token, "id", true, caller, reply, len(entity)}
	if !reflect.DeepEqual(f.asked, want) {
		t.Fatalf("asked\n%v\nwant\n%v", f.asked, want)
	}
	r, err := c.Payload(ctx, token, "id")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if b, err := io.ReadAll(r); err != nil || len(b) != 1<<20 {
		t.Fatal(len(b), err)
	}
}

func TestErrorsCrossTheSocket(t *testing.T) {
	f := &fakeOwner{}
	c, _ := serve(t, f, own())
	for _, s := range statuses {
		f.err = fmt.Errorf("wrapped: %w", s.err)
		if s.err == ErrThrottled {
			f.err = &ThrottledError{RetryAfter: 1500 * time.Millisecond}
		}
		_, err := c.Link(context.Background(), seal.Token{})
		if !errors.Is(err, s.err) {
			t.Errorf("%v arrives as %v", s.err, err)
		}
		var th *ThrottledError
		if errors.As(err, &th) && th.RetryAfter != 2*time.Second {
			t.Errorf("retry after %s", th.RetryAfter)
		}
		if _, err := c.Payload(context.Background(), seal.Token{}, "x"); !errors.Is(err, s.err) {
			t.Errorf("%v arrives as %v of a payload", s.err, err)
		}
	}
	f.err = errors.New("something inside")
	if _, err := c.Link(context.Background(), seal.Token{}); !errors.Is(err, ErrUnavailable) || strings.Contains(err.Error(), "inside") {
		t.Errorf("an error without a status arrives as %v", err)
	}
	seen := map[int]bool{}
	for _, s := range statuses {
		if seen[s.status] {
			t.Errorf("status %d stands for two errors", s.status)
		}
		seen[s.status] = true
	}
}

// failingReader gives some octets and then an error.
type failingReader struct{ left int }

func (r *failingReader) Read(b []byte) (int, error) {
	if r.left == 0 {
		return 0, errors.New("disk")
	}
	n := min(len(b), r.left)
	r.left -= n
	return n, nil
}

func (r *failingReader) Close() error { return nil }

func TestCutPayloadIsNoticed(t *testing.T) {
	f := &fakeOwner{payload: func() io.ReadCloser { return &failingReader{300 << 10} }}
	c, _ := serve(t, f, own())
	r, err := c.Payload(context.Background(), seal.Token{}, "x")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if n, err := io.Copy(io.Discard, r); err == nil {
		t.Fatalf("a payload cut after %d octets looks whole", n)
	}
}

func TestStrangersAreRefused(t *testing.T) {
	f := &fakeOwner{}
	var log bytes.Buffer
	c, path := serve(t, f, ServerOptions{UIDs: []int{os.Getuid() + 1}, GIDs: []int{os.Getgid() + 1}, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if err := c.Hello(context.Background()); !errors.Is(err, ErrUnavailable) {
		t.Fatalf("hello: %v", err)
	}
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o660 {
		t.Fatalf("mode: %v, %v", st.Mode(), err)
	}
	c, _ = serve(t, f, ServerOptions{GIDs: []int{os.Getgid()}})
	if err := c.Hello(context.Background()); err != nil {
		t.Fatalf("hello of an allowed group: %v", err)
	}
}

func TestOwnerGone(t *testing.T) {
	c := NewClient(filepath.Join(t.TempDir(), "none"))
	if _, err := c.Link(context.Background(), seal.Token{}); !errors.Is(err, ErrUnavailable) {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := c.Link(ctx, seal.Token{}); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

func TestOwnerRestarts(t *testing.T) {
	dir, err := os.MkdirTemp("", "socket")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "s")
	c := NewClient(path)
	defer c.Close()
	for range 3 {
		l, err := Listen(path, -1)
		if err != nil {
			t.Fatal(err)
		}
		s := NewServer(&fakeOwner{}, own())
		done := make(chan error, 1)
		go func() { done <- s.Serve(l) }()
		if _, err := c.Link(context.Background(), seal.Token{}); err != nil {
			t.Fatal(err)
		}
		s.http.Close() // the idle connection dies under the client
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
}

func TestListenReplacesOnlyADeadSocket(t *testing.T) {
	_, path := serve(t, &fakeOwner{}, own())
	if _, err := Listen(path, -1); err == nil || !strings.Contains(err.Error(), "another process answers") {
		t.Fatalf("a living one: %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(file, -1); err == nil {
		t.Fatal("a file was replaced")
	}
	dead := filepath.Join(filepath.Dir(path), "d")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: dead})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	if l2, err := Listen(dead, -1); err != nil {
		t.Fatal(err)
	} else {
		l2.Close()
	}
}

// post sends raw octets, as no client of ours would.
func post(t *testing.T, path, call, version, body string) int {
	t.Helper()
	c := NewClient(path)
	defer c.Close()
	r, err := http.NewRequest(http.MethodPost, "http://store"+call, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set(headerVersion, version)
	res, err := c.http.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return res.StatusCode
}

func TestBadRequests(t *testing.T) {
	_, path := serve(t, &fakeOwner{}, own())
	for _, tc := range []struct {
		name, call, version, body string
		status                    int
	}{
		{"version", pathHello, "1", "{}", http.StatusUpgradeRequired},
		{"no version", pathHello, "", "{}", http.StatusUpgradeRequired},
		{"path", "/v1/all", Version, "{}", http.StatusNotFound},
		{"not JSON", pathLink, Version, "x", http.StatusBadRequest},
		{"unknown field", pathLink, Version, `{"admin":true}`, http.StatusBadRequest},
		{"two values", pathLink, Version, `{}{}`, http.StatusBadRequest},
		{"short token", pathLink, Version, `{"link":"AAAA"}`, http.StatusBadRequest},
		{"large", pathLink, Version, `{"link":"` + strings.Repeat("A", maxRequest) + `"}`, http.StatusRequestEntityTooLarge},
		{"reply without a line", pathReply, Version, "{}", http.StatusBadRequest},
		{"reply with a long line", pathReply, Version, strings.Repeat(" ", maxRequest+1) + "\n", http.StatusBadRequest},
	} {
		if got := post(t, path, tc.call, tc.version, tc.body); got != tc.status {
			t.Errorf("%s: %d, want %d", tc.name, got, tc.status)
		}
	}
}

func TestTooLargeReply(t *testing.T) {
	f := &fakeOwner{}
	o := own()
	o.MaxReply = 1 << 20
	c, _ := serve(t, f, o)
	err := c.Reply(context.Background(), Caller{Session: seal.Token{1}}, Reply{}, io.LimitReader(zeros{}, 3<<20))
	if !errors.Is(err, ErrTooLarge) {
		t.Fatal(err)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }

func FuzzRequest(f *testing.F) {
	for _, s := range []string{`{}`, `{"link":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}`, `{"by":{},"reply":{"nonce":"x"}}`, `[`, "{}\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, out := range []any{new(linkRequest), new(activateRequest), new(replyRequest), new(inboxRequest), new(Login)} {
			if err := decodeJSON(strings.NewReader(s), out); err != nil && err != ErrInvalid {
				t.Fatal(err) // any other text might quote the request
			}
		}
	})
}
