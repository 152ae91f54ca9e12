package store

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/postseal/postseal/store/keys"
	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// childDir makes this test program the child of TestKilled. childEarly makes
// the child acknowledge before the commit.
const (
	childDir   = "POSTSEAL_STORE_CRASH_CHILD"
	childEarly = "POSTSEAL_STORE_CRASH_EARLY"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		child := crashChild
		if os.Getenv(childRoundup) != "" {
			child = crashRoundups
		}
		if err := child(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// crashChild deposits until it is killed, and prints the id and the code of each
// message that was acknowledged. It also sends mails and compacts.
func crashChild(dir string) error {
	owner, err := keys.LoadOwner(filepath.Join(dir, "keys"))
	if err != nil {
		return err
	}
	s, err := Open(Options{
		Dir: filepath.Join(dir, "store"), Keys: owner, Recovery: owner.Recovery, MmapSize: testMmap, MinFree: -1,
		Mails: &testMails{codes: map[string]seal.Code{}},
		Fatal: func(err error) { fmt.Fprintln(os.Stderr, err); os.Exit(2) },
	})
	if err != nil {
		return err
	}
	ctx := context.Background()
	var out sync.Mutex
	acknowledge := func(line string) {
		out.Lock()
		defer out.Unlock()
		fmt.Println(line)
	}
	early := os.Getenv(childEarly) != ""
	for w := range 8 {
		go func() {
			for n := 0; ; n++ {
				if err := crashDeposit(ctx, s, w, n, early, acknowledge); err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(3)
				}
			}
		}()
	}
	for n := 0; ; n++ {
		if n%20 == 0 {
			if err := s.Compact(ctx); err != nil {
				return err
			}
		}
		if i, err := s.ClaimMail(ctx, time.Minute); err != nil {
			return err
		} else if i != nil {
			if err := s.MailSent(ctx, i); err != nil {
				return err
			}
		}
	}
}

func crashDeposit(ctx context.Context, s *Store, worker, n int, early bool, acknowledge func(string)) error {
	now := time.Now()
	body := strings.Repeat("x", (n%4)*60<<10+100)
	d := s.Begin(DepositKey{From: "a@example.com", MessageID: fmt.Sprint(worker, n, now.UnixNano())})
	expires := now.Add(30 * 24 * time.Hour)
	if n%3 == 1 { // extended below
		expires = now.Add(24 * time.Hour)
	}
	sealed, err := d.Seal(ctx, SealRequest{
		Mode: seal.ModeOneTime, Sender: "a@example.com", Recipients: []string{"b@guest.test"},
		Message: strings.NewReader(body), Created: now, Expires: expires,
	})
	if err != nil {
		return err
	}
	status, err := d.Follow(Dispatch{
		Sender: "a@example.com", Lines: []DispatchLine{{Recipient: "b@guest.test", Message: sealed[0].Message}}, Created: now,
	})
	if err != nil {
		return err
	}
	var held Held
	if n%3 == 2 {
		held, err = d.Hold(ctx, HoldRequest{
			Sender: "a@example.com", Recipients: []string{"b@guest.test"}, Message: strings.NewReader(body), Link: true,
			Created: now, Expires: expires,
		})
		if err != nil {
			return err
		}
	}
	line := fmt.Sprintf("%s %d", sealed[0].Code.Fragment(), len(body))
	if early {
		acknowledge(line)
	}
	d.Send(Mail{Kind: KindNotice, From: "a@example.com", To: []string{"b@guest.test"}, Data: make([]byte, (n%3)*35<<10)})
	d.Audit(Entry{Event: EventSealed, Message: sealed[0].Message})
	if err := d.Commit(ctx); err != nil {
		return err
	}
	if n%3 == 1 {
		if _, err := s.Extend(ctx, socket.Follower{Link: status.Token()}, nil, 30*24*time.Hour); err != nil {
			return err
		}
	}
	if !early {
		acknowledge(line)
	}
	if held.ID == "" || early {
		return nil
	}
	acknowledge(fmt.Sprintf("%s %d waiting", held.Code.Fragment(), len(body)))
	if n%2 == 0 {
		return nil
	}
	if err := crashRelease(ctx, s, held.Code); err != nil {
		return err
	}
	acknowledge(fmt.Sprintf("%s %d released", held.Code.Fragment(), len(body)))
	return nil
}

// crashRelease does what a portal does with a release link.
func crashRelease(ctx context.Context, s *Store, code seal.Code) error {
	h, err := s.Held(ctx, code.Token())
	if err != nil {
		return err
	}
	key, err := crashKey(s, h, code)
	if err != nil {
		return err
	}
	return s.Release(ctx, code.Token(), socket.ReleaseOrder{Key: key.Text()})
}

func crashKey(s *Store, h socket.Held, code seal.Code) (seal.MessageKey, error) {
	man, err := h.Manifest.Verify(s.o.Keys.Signing.Public().(ed25519.PublicKey))
	if err != nil {
		return seal.MessageKey{}, err
	}
	identity, err := code.Identity()
	if err != nil {
		return seal.MessageKey{}, err
	}
	return seal.OpenGrant(h.Grant, identity, man)
}

// TestKilled kills the owner again and again in the middle of its work: what it
// acknowledged is there, whole, and the store is consistent. What a power cut
// would do beyond that is for a test below the file system.
func TestKilled(t *testing.T) {
	const rounds = 4
	dir, e := newCrashEnv(t)
	total := 0
	for round := range rounds {
		e.close()
		acked := killOnce(t, dir, 40+30*round, false)
		total += len(acked)
		e.open()
		e.consistent()
		for _, line := range acked {
			if err := e.wholeAfterCrash(line); err != nil {
				t.Errorf("acknowledged, but %v", err)
			}
		}
		if err := e.sweep(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d rounds, %d acknowledged", rounds, total)
}

// TestKilledControl has a child that acknowledges too early: if that loses
// nothing either, TestKilled proves nothing.
func TestKilledControl(t *testing.T) {
	dir, e := newCrashEnv(t)
	for range 20 {
		e.close()
		acked := killOnce(t, dir, 40, true)
		e.open()
		e.consistent() // even then
		for _, line := range acked {
			if e.wholeAfterCrash(line) != nil {
				return
			}
		}
	}
	t.Error("nothing was lost")
}

// newCrashEnv returns the folder for children and a store that looks into it.
func newCrashEnv(t *testing.T) (string, *env) {
	dir := t.TempDir()
	if _, err := keys.Create(filepath.Join(dir, "keys"), false); err != nil {
		t.Fatal(err)
	}
	return dir, newEnv(t, func(o *Options) {
		owner := must(keys.LoadOwner(filepath.Join(dir, "keys")))(t)
		o.Dir, o.Keys, o.Recovery, o.Now = filepath.Join(dir, "store"), owner, owner.Recovery, time.Now
	})
}

// killOnce runs a child until it has acknowledged n deposits, then kills it.
func killOnce(t *testing.T, dir string, n int, early bool) (acked []string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	if early {
		cmd.Env = append(cmd.Env, childEarly+"=1")
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout := must(cmd.StdoutPipe())(t)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(stdout)
	for killed := false; ; {
		line, err := lines.ReadString('\n')
		if err == io.EOF {
			break // a line cut by the kill was not acknowledged to us
		}
		if err != nil {
			t.Fatal(err)
		}
		acked = append(acked, strings.TrimSpace(line))
		if len(acked) >= n && !killed {
			killed = true
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	cmd.Wait() // killed: an error is right
	if stderr.Len() > 0 || len(acked) < n {
		t.Fatalf("the child gave up after %d: %s", len(acked), stderr.String())
	}
	return acked
}

// wholeAfterCrash opens an acknowledged message.
func (e *env) wholeAfterCrash(line string) error {
	e.t.Helper()
	var fragment, state string
	var size int
	if n, err := fmt.Sscan(line, &fragment, &size, &state); n < 2 {
		e.t.Fatal(err)
	}
	ctx := context.Background()
	code := must(seal.ParseCode(fragment))(e.t)
	if state != "" {
		return e.heldAfterCrash(code, size, state)
	}
	m, err := e.OpenOneTime(ctx, code.Token())
	if err != nil {
		return fmt.Errorf("lost: %w", err)
	}
	man := must(m.Manifest.Verify(e.opts.Keys.Signing.Public().(ed25519.PublicKey)))(e.t)
	mk := must(seal.OpenGrant(m.Grant, must(code.Identity())(e.t), man))(e.t)
	r := must(e.OneTimePayload(ctx, code.Token()))(e.t)
	ct := must(io.ReadAll(r))(e.t)
	_, n, err := mk.OpenPayload(bytes.NewReader(ct), int64(len(ct)))
	if err != nil || n != int64(size) {
		return fmt.Errorf("of %d octets %d are left: %w", size, n, err)
	}
	return nil
}

// heldAfterCrash opens an acknowledged held message. One that waited may have been
// released since; then it is in the outbox, or was sent.
func (e *env) heldAfterCrash(code seal.Code, size int, state string) error {
	e.t.Helper()
	h, err := e.Held(context.Background(), code.Token())
	switch {
	case err != nil:
		return fmt.Errorf("lost: %w", err)
	case h.State == string(HoldReleased):
		return nil
	case h.State != state:
		return fmt.Errorf("it is %s", h.State)
	}
	key := must(crashKey(e.Store, h, code))(e.t)
	r := must(key.ReadPayload(must(e.HeldPayload(context.Background(), h.ID))(e.t)))(e.t)
	if n, err := io.Copy(io.Discard, r); err != nil || n != int64(size) {
		return fmt.Errorf("of %d octets %d are left: %w", size, n, err)
	}
	return nil
}
