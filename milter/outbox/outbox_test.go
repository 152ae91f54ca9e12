package outbox

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/postseal/postseal/milter/guard"
	"github.com/postseal/postseal/milter/notice"
	"github.com/postseal/postseal/store"
)

var guardKey = [32]byte{7}

// fakeQueue holds mail in memory; what is claimed is hidden until it comes back.
type fakeQueue struct {
	mu      sync.Mutex
	items   []*Item
	left    []*Item // claimed by a process that was killed
	sent    []*Item
	retried []time.Duration
	dropped []string
	added   []store.Mail
	due     chan struct{}
	done    chan struct{} // one value for every outcome
}

func newQueue(items ...*Item) *fakeQueue {
	return &fakeQueue{items: items, due: make(chan struct{}), done: make(chan struct{}, 100)}
}

func (q *fakeQueue) Release(context.Context) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.items, q.left = append(q.items, q.left...), nil
	return nil
}

func (q *fakeQueue) Claim(context.Context, time.Duration) (*Item, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.items) == 0 {
		return nil, nil
	}
	i := q.items[0]
	q.items = q.items[1:]
	return i, nil
}

func (q *fakeQueue) end(f func()) error {
	q.mu.Lock()
	f()
	q.mu.Unlock()
	q.done <- struct{}{}
	return nil
}

func (q *fakeQueue) Sent(_ context.Context, i *Item) error {
	return q.end(func() { q.sent = append(q.sent, i) })
}

func (q *fakeQueue) Retry(_ context.Context, _ *Item, after time.Duration) error {
	return q.end(func() { q.retried = append(q.retried, after) })
}

func (q *fakeQueue) Drop(_ context.Context, _ *Item, reason string) error {
	return q.end(func() { q.dropped = append(q.dropped, reason) })
}

func (q *fakeQueue) Add(_ context.Context, m store.Mail) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.added = append(q.added, m)
	return nil
}

func (q *fakeQueue) Due() <-chan struct{} { return q.due }

// mta is an SMTP server that takes or refuses.
type mta struct {
	mu     sync.Mutex
	refuse error  // to RCPT
	only   string // whom it refuses so; "" is everybody
	slow   chan struct{}
	inTLS  bool
	from   string
	to     []string
	data   []byte
	taken  int
}

func (m *mta) NewSession(c *smtp.Conn) (smtp.Session, error) {
	_, inTLS := c.TLSConnectionState()
	return &mtaSession{mta: m, inTLS: inTLS}, nil
}

type mtaSession struct {
	*mta
	inTLS bool
	from  string
	to    []string
}

func (s *mtaSession) Mail(from string, _ *smtp.MailOptions) error { s.from = from; return nil }
func (s *mtaSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	if s.refuse != nil && (s.only == "" || s.only == to) {
		return s.refuse
	}
	s.to = append(s.to, to)
	return nil
}

func (s *mtaSession) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if s.slow != nil {
		<-s.slow
	}
	s.mta.mu.Lock()
	defer s.mta.mu.Unlock()
	s.mta.from, s.mta.to, s.mta.data, s.mta.inTLS = s.from, s.to, b, s.inTLS
	s.mta.taken++
	return nil
}
func (s *mtaSession) Reset()        {}
func (s *mtaSession) Logout() error { return nil }

func (m *mta) serve(t *testing.T, cert *tls.Config) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := smtp.NewServer(m)
	s.TLSConfig = cert
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	return l.Addr().String()
}

func item(change func(*Item)) *Item {
	i := &Item{
		Kind: "notice", From: "ann@example.com", To: []string{"bob@customer.example"}, ID: "<n1@example.com>",
		Queued: time.Now(),
		Open: func() (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader("Message-ID: <n1@example.com>\r\nSubject: x\r\n\r\nbody\r\n.\r\nend\r\n")), nil
		},
	}
	if change != nil {
		change(i)
	}
	return i
}

// run sends until the queue got one outcome.
func run(t *testing.T, q *fakeQueue, o Options) {
	t.Helper()
	o.Queue, o.Guard = q, guard.New(guardKey)
	b, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- b.Run(ctx) }()
	select {
	case <-q.done:
	case <-time.After(20 * time.Second):
		t.Error("nothing became of the mail")
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestSends(t *testing.T) {
	m := &mta{}
	q := newQueue(item(nil))
	run(t, q, Options{Address: m.serve(t, nil)})
	if len(q.sent) != 1 || m.from != "ann@example.com" || len(m.to) != 1 || m.to[0] != "bob@customer.example" {
		t.Fatalf("sent %d, from %q to %q", len(q.sent), m.from, m.to)
	}
	p, err := mail.ReadMessage(bytes.NewReader(m.data))
	if err != nil {
		t.Fatal(err)
	}
	e := guard.Envelope{From: m.from, To: m.to, MessageID: p.Header.Get("Message-ID")}
	if _, ok := guard.New(guardKey).Genuine(p.Header.Get(guard.Header), e, time.Now()); !ok {
		t.Errorf("mark %q is not genuine", p.Header.Get(guard.Header))
	}
	if !bytes.HasSuffix(m.data, []byte("\r\n\r\nbody\r\n.\r\nend\r\n")) {
		t.Errorf("body %q", m.data)
	}
}

// What the milter has to know again goes into the mark.
func TestPass(t *testing.T) {
	m := &mta{}
	pass := bytes.Repeat([]byte("what the milter has to know"), 300)
	q := newQueue(item(func(i *Item) { i.Pass = pass }))
	run(t, q, Options{Address: m.serve(t, nil)})
	p, err := mail.ReadMessage(bytes.NewReader(m.data))
	if err != nil {
		t.Fatal(err)
	}
	e := guard.Envelope{From: m.from, To: m.to, MessageID: p.Header.Get("Message-ID")}
	if got, ok := guard.New(guardKey).Genuine(p.Header.Get(guard.Header), e, time.Now()); !ok || !bytes.Equal(got, pass) {
		t.Errorf("genuine %v, a pass of %d octets", ok, len(got))
	}
	for l := range bytes.Lines(m.data) {
		if len(l) > 80 {
			t.Errorf("a line of %d octets", len(l))
		}
	}
}

// Mail that a killed process had claimed does not wait for the end of its lease.
func TestSendsWhatWasLeft(t *testing.T) {
	m := &mta{}
	q := newQueue()
	q.left = []*Item{item(nil)}
	run(t, q, Options{Address: m.serve(t, nil)})
	if len(q.sent) != 1 || m.taken != 1 {
		t.Errorf("sent %d", len(q.sent))
	}
}

func TestRefusals(t *testing.T) {
	temporary := &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "later"}
	permanent := &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}
	tests := []struct {
		name                     string
		refuse                   error
		item                     func(*Item)
		retried, dropped, notify int
	}{
		{"temporary", temporary, nil, 1, 0, 0},
		{"permanent", permanent, nil, 0, 1, 1},
		{"permanent, of a bounce", permanent, func(i *Item) { i.From = "" }, 0, 1, 0},
		{"permanent, of a reset", permanent, func(i *Item) { i.Kind, i.From = store.KindReset, "" }, 0, 1, 0},
		{"wants a log-in", &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "log in first"}, nil, 1, 0, 0},
		{"temporary for too long", temporary, func(i *Item) { i.Kind, i.Queued = store.KindCopy, i.Queued.Add(-6*24*time.Hour) }, 0, 1, 1},
		{"permanent, of what was released", permanent, func(i *Item) { i.Kind = store.KindReleased }, 0, 1, 1},
		{"temporary for two days", temporary, func(i *Item) { i.Kind, i.Queued = store.KindCopy, i.Queued.Add(-2*24*time.Hour) }, 1, 0, 0},
		{"a code for two days", temporary, func(i *Item) { i.Kind, i.Queued = store.KindNotice, i.Queued.Add(-2*24*time.Hour) }, 0, 1, 1},
		{"a code for half a day", temporary, func(i *Item) { i.Kind, i.Queued = store.KindNotice, i.Queued.Add(-12*time.Hour) }, 1, 0, 0},
		{"unreadable", nil, func(i *Item) { i.Open = func() (io.ReadCloser, error) { return nil, errors.New("x") } }, 1, 0, 0},
	}
	notices, err := notice.New(notice.Options{URL: "https://p.example", Domain: "example.com"})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := &mta{refuse: tt.refuse}
			q := newQueue(item(tt.item))
			run(t, q, Options{Address: m.serve(t, nil), Failures: notices})
			if len(q.sent) != 0 || len(q.retried) != tt.retried || len(q.dropped) != tt.dropped || len(q.added) != tt.notify {
				t.Errorf("sent %d, retried %v, dropped %q, added %d", len(q.sent), q.retried, q.dropped, len(q.added))
			}
			for _, a := range q.added {
				if a.From != "" || a.To[0] != "ann@example.com" || !bytes.Contains(a.Data, []byte("Final-Recipient: rfc822; bob@customer.example")) {
					t.Errorf("notification %+v", a)
				}
			}
		})
	}
}

// One recipient's refusal for good is not the others'.
func TestSomeRefused(t *testing.T) {
	notices, err := notice.New(notice.Options{URL: "https://p.example", Domain: "example.com"})
	if err != nil {
		t.Fatal(err)
	}
	reply := func(code int, class int) *smtp.SMTPError {
		return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{class, 1, 1}, Message: "no such user"}
	}
	for _, tt := range []struct {
		name          string
		refuse        error
		only          string
		taken, sent   int
		retried, told int
	}{
		{"the first", reply(550, 5), "a@x.example", 1, 1, 0, 1},
		{"the last", reply(550, 5), "c@x.example", 1, 1, 0, 1},
		{"for now", reply(450, 4), "b@x.example", 0, 0, 1, 0},
		{"all", reply(550, 5), "", 0, 0, 0, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := &mta{refuse: tt.refuse, only: tt.only}
			q := newQueue(item(func(i *Item) {
				i.Kind, i.To, i.Pass = store.KindReleased, []string{"a@x.example", "b@x.example", "c@x.example"}, []byte("pass")
			}))
			run(t, q, Options{Address: m.serve(t, nil), Failures: notices})
			if m.taken != tt.taken || len(q.sent) != tt.sent || len(q.retried) != tt.retried || len(q.added) != tt.told {
				t.Fatalf("taken %d, sent %d, retried %v, told %d", m.taken, len(q.sent), q.retried, len(q.added))
			}
			for _, to := range []string{"a@x.example", "b@x.example", "c@x.example"} {
				for _, dsn := range q.added {
					if !bytes.Contains(dsn.Data, []byte("Subject: Your message was not delivered")) {
						t.Errorf("notification:\n%s", dsn.Data)
					}
					if got, want := bytes.Contains(dsn.Data, []byte("Final-Recipient: rfc822; "+to)), tt.only == "" || tt.only == to; got != want {
						t.Errorf("notification about %s: %v", to, got)
					}
				}
			}
			if tt.taken > 0 {
				p, err := mail.ReadMessage(bytes.NewReader(m.data))
				if err != nil {
					t.Fatal(err)
				}
				e := guard.Envelope{From: m.from, To: m.to, MessageID: p.Header.Get("Message-ID")}
				if _, ok := guard.New(guardKey).Genuine(p.Header.Get(guard.Header), e, time.Now()); !ok || len(m.to) != 2 {
					t.Errorf("to %q, genuine %v", m.to, ok)
				}
			}
		})
	}
}

// A server that quotes the mail in its reply gets it neither into the log nor into
// the sender's notification.
func TestReplyThatQuotesTheLink(t *testing.T) {
	m := &mta{refuse: &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 7, 1},
		Message: "blocked: https://p.example/a/1#CODE0CODE1 and CODE-CODE-CODE-CODE here"}}
	notices, err := notice.New(notice.Options{URL: "https://p.example", Domain: "example.com"})
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	q := newQueue(item(nil))
	run(t, q, Options{Address: m.serve(t, nil), Failures: notices, Log: slog.New(slog.NewTextHandler(&log, nil))})
	if len(q.added) != 1 || !bytes.Contains(q.added[0].Data, []byte("554 blocked: [...] and [...] here")) {
		t.Errorf("notification %s", q.added)
	}
	if all := log.String() + string(q.added[0].Data); strings.Contains(all, "CODE") || !strings.Contains(all, "5.7.1") {
		t.Errorf("the link is told:\n%s", all)
	}
}

func TestServerAway(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	q := newQueue(item(nil))
	run(t, q, Options{Address: l.Addr().String()})
	if len(q.retried) != 1 {
		t.Errorf("retried %v", q.retried)
	}
}

func certificate(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), NotBefore: time.Now().Add(-time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(c)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, pool
}

func TestTLS(t *testing.T) {
	server, pool := certificate(t)
	tests := []struct {
		name     string
		offered  bool
		required bool
		trusted  bool
		sent     bool
	}{
		{"not offered", false, false, false, true},
		{"offered, any certificate", true, false, false, true},
		{"required and not offered", false, true, true, false},
		{"required, unknown certificate", true, true, false, false},
		{"required and good", true, true, true, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := &mta{}
			var cert *tls.Config
			if tt.offered {
				cert = server
			}
			o := Options{Address: m.serve(t, cert), RequireTLS: tt.required}
			if tt.trusted {
				o.TLS = &tls.Config{RootCAs: pool, ServerName: "127.0.0.1"}
			}
			q := newQueue(item(nil))
			run(t, q, o)
			if (len(q.sent) == 1) != tt.sent || m.taken == 1 && m.inTLS != tt.offered {
				t.Errorf("sent %d, in TLS %v", len(q.sent), m.inTLS)
			}
			if !tt.sent && len(q.retried) != 1 {
				t.Errorf("retried %v", q.retried)
			}
		})
	}
}

// A submission that has begun ends before Run does.
func TestShutdownFinishesSubmission(t *testing.T) {
	m := &mta{slow: make(chan struct{})}
	q := newQueue(item(nil))
	b, err := New(Options{Queue: q, Guard: guard.New(guardKey), Address: m.serve(t, nil), Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- b.Run(ctx) }()
	m.slow <- struct{}{} // the server has the data, and may answer now
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if len(q.sent) != 1 || len(q.retried) != 0 {
		t.Errorf("sent %d, retried %v", len(q.sent), q.retried)
	}
}

func TestTimeout(t *testing.T) {
	m := &mta{slow: make(chan struct{})}
	defer close(m.slow)
	q := newQueue(item(nil))
	run(t, q, Options{Address: m.serve(t, nil), Timeout: 50 * time.Millisecond})
	if len(q.retried) != 1 || len(q.sent) != 0 {
		t.Errorf("sent %d, retried %v", len(q.sent), q.retried)
	}
}

func TestBackoff(t *testing.T) {
	last := time.Duration(0)
	for n := range 20 {
		most, least := Backoff(n, 0), Backoff(n, 0.999999)
		if most < last || most > maxWait || least < most/2 || least > most {
			t.Errorf("after %d attempts between %v and %v", n, least, most)
		}
		last = most
	}
	if last != maxWait {
		t.Errorf("it ends at %v", last)
	}
}

func TestNewErrors(t *testing.T) {
	g := guard.New(guardKey)
	for name, o := range map[string]Options{
		"no queue":   {Guard: g, Address: "127.0.0.1:25"},
		"no guard":   {Queue: newQueue(), Address: "127.0.0.1:25"},
		"no address": {Queue: newQueue(), Guard: g},
		"no port":    {Queue: newQueue(), Guard: g, Address: "127.0.0.1"},
	} {
		if _, err := New(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
