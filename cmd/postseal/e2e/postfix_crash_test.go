package e2e

import (
	"errors"
	"io"
	"net"
	"net/textproto"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// wantLater fails unless the answer is a temporary refusal.
func wantLater(t *testing.T, err error) {
	t.Helper()
	var reply *textproto.Error
	if !errors.As(err, &reply) || reply.Code/100 != 4 {
		t.Errorf("answer %v, want 4xx", err)
	}
}

// TestPostfixMilterStopped: without the milter no mail gets through, and none is
// lost.
func TestPostfixMilterStopped(t *testing.T) {
	s := NewSite(t, SiteOptions{Rules: byName})
	if err := s.Milter.Stop(t); err != nil {
		t.Errorf("SIGTERM: %v", err)
	}
	for _, to := range []string{"guest@customer.example", "colleague@example.com"} {
		wantLater(t, s.TrySubmit("ann@example.com", []string{to}, letter("stopped")))
	}
	s.RestartMilter(t)
	s.Submit(t, "ann@example.com", []string{"guest@customer.example", "colleague@example.com"}, letter("stopped"))
	wantNoPlanted(t, s.WaitOutside(t, "guest@customer.example"))
	wantOriginal(t, s.WaitInside(t, "colleague@example.com"), letter("stopped"))
	s.settle(t)
	if n := len(s.Inside.Mails()) + len(s.Outside.Mails()); n != 2 {
		t.Errorf("%d mails arrived, want 2", n)
	}
}

// TestPostfixStoppedUnderSession: a session that is open when the milter stops
// gets its message refused for now.
func TestPostfixStoppedUnderSession(t *testing.T) {
	s := NewSite(t, SiteOptions{Rules: byName})
	d := s.Dial(t)
	s.Milter.Stop(t)
	// Postfix may notice with any command, but not after the message.
	for _, command := range []string{"MAIL FROM:<ann@example.com>", "RCPT TO:<guest@customer.example>", "DATA"} {
		if err := d.PrintfLine("%s", command); err != nil {
			t.Fatal(err)
		}
		code, text, err := d.ReadResponse(0)
		if err != nil {
			t.Fatal(err)
		}
		if code/100 == 4 {
			return
		}
		t.Logf("%s: %d %s", command, code, text)
	}
	d.Message(t, letter("under-session"))
	d.Expect(t, 4)
}

// killer stands between Postfix and the milter and cuts the two off from each
// other at one moment of the answer to an end of message.
type killer struct {
	kill   func()
	socket string // where it listens

	mu     sync.Mutex
	target string // the milter's socket; "" until there is one
	after  int    // octets of the answer to let through; -1: cut before the end of message gets to the milter
	armed  bool
	ended  bool // the end of a message was passed on
}

// newKiller listens on a socket that the MTA takes for the milter's, until the
// test ends.
func newKiller(t *testing.T, kill func()) *killer {
	t.Helper()
	dir, err := os.MkdirTemp("", "postseal-killer-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	k := &killer{kill: kill, socket: filepath.Join(dir, "killer.sock")}
	l, err := net.Listen("unix", k.socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	if err := os.Chmod(k.socket, 0o777); err != nil {
		t.Fatal(err)
	}
	go k.serve(l)
	return k
}

// aim tells it where the milter is.
func (k *killer) aim(s *Site) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.target = filepath.Join(s.Dir, "milter.sock")
}

func (k *killer) serve(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go k.relay(c)
	}
}

func (k *killer) relay(mta net.Conn) {
	defer mta.Close()
	k.mu.Lock()
	target := k.target
	k.mu.Unlock()
	milter, err := net.Dial("unix", target)
	if err != nil {
		return // as if nobody listened
	}
	defer milter.Close()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer milter.Close()
		for {
			frame, err := readFrame(mta)
			if err != nil {
				return
			}
			if frame[4] == 'E' && k.strike(frame, mta, milter) {
				return
			}
			if _, err := milter.Write(frame); err != nil {
				return
			}
		}
	}()
	io.Copy(k.passing(mta), milter)
	mta.Close()
	<-ended
}

// passing is where answers go while the killer does not read them itself.
func (k *killer) passing(mta net.Conn) io.Writer { return &gate{k, mta} }

type gate struct {
	k   *killer
	mta net.Conn
}

func (g *gate) Write(p []byte) (int, error) {
	g.k.mu.Lock()
	after, strike := g.k.after, g.k.armed && g.k.ended
	if strike {
		g.k.armed, g.k.ended = false, false
	}
	g.k.mu.Unlock()
	if !strike {
		return g.mta.Write(p)
	}
	// The first octets of an answer at end of message: the store has committed.
	g.k.kill()
	g.mta.Write(p[:min(after, len(p))])
	return 0, io.ErrClosedPipe
}

// strike cuts before the milter sees the end of a message, if that is asked for.
func (k *killer) strike(frame []byte, mta, milter net.Conn) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.armed || k.after >= 0 {
		k.ended = k.armed
		return false
	}
	k.armed = false
	milter.Write(frame[:2])
	k.kill()
	mta.Close()
	return true
}

func (k *killer) arm(after int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.after, k.armed = after, true
}

func readFrame(r io.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	frame := make([]byte, 4+(int(head[0])<<24|int(head[1])<<16|int(head[2])<<8|int(head[3])))
	copy(frame, head[:])
	_, err := io.ReadFull(r, frame[4:])
	return frame, err
}

// TestPostfixKilledAtEndOfMessage: SIGKILL around the answer to a message. The
// client learns that it has to come again, and however often it does, the guests
// get one notice each and the store holds one sealed message.
func TestPostfixKilledAtEndOfMessage(t *testing.T) {
	var s *Site
	k := newKiller(t, func() { s.Milter.Kill(t) })
	s = NewSite(t, SiteOptions{Rules: byName, Main: map[string]string{"smtpd_milters": "unix:" + k.socket}})
	k.aim(s)

	whole := t // the milter started again lives longer than one part
	for _, tt := range []struct {
		name  string
		after int
		to    []string
	}{
		{"before it is seen", -1, []string{"guest@customer.example"}},
		{"committed, no octet answered", 0, []string{"guest@customer.example"}},
		{"in the middle of the modifications", 300, []string{"guest@customer.example"}},
		{"in the middle of the new body", 3000, []string{"guest@customer.example"}},
		{"with a notice in the outbox", 0, []string{"guest@customer.example", "once@partner.example", "colleague@example.com"}},
		{"with a notice in the outbox, in the middle", 100, []string{"guest@customer.example", "once@partner.example"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s.Inside.Forget()
			s.Outside.Forget()
			before := s.messages(t)
			message := letter("killed-" + time.Now().Format("150405.000000"))
			k.arm(tt.after)
			wantLater(t, s.TrySubmit("ann@example.com", tt.to, message))
			s.RestartMilter(whole)
			s.Submit(t, "ann@example.com", tt.to, message)
			guests := 0
			for _, to := range tt.to {
				if to == "colleague@example.com" {
					wantOriginal(t, s.WaitInside(t, to), message)
					continue
				}
				guests++
				m := s.WaitOutside(t, to)
				wantNoPlanted(t, m)
				s.ReadNotice(t, m)
			}
			s.settle(t)
			for _, address := range tt.to {
				// The outbox may repeat a mail when it is killed between the
				// MTA's answer and its own note; it is the same mail then.
				ids := map[string]bool{}
				for _, m := range append(to(s.Inside, address), to(s.Outside, address)...) {
					header := readMail(t, m).Header
					ids[header.Get("Message-ID")] = true
				}
				if n := len(ids); n != 1 {
					t.Errorf("%s got %d mails, want 1", address, n)
				}
			}
			// A sealed message per way of opening it.
			want := 1
			if guests > 1 {
				want = 2
			}
			if got := s.messages(t) - before; got != want {
				t.Errorf("%d sealed messages, want %d", got, want)
			}
		})
	}
	if out := s.Run(t, "store", "check"); out == "" {
		t.Error("store check says nothing")
	}
}
