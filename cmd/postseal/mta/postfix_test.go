package mta

import (
	"context"
	"errors"
	"net"
	"net/smtp"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// private starts two sinks and a Postfix between them, and stops all at the end.
func private(t *testing.T, o Options) (p *Postfix, inside, outside *Sink) {
	t.Helper()
	inside, outside = between(t, &o)
	p, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Log(p.Log())
		}
	})
	return p, inside, outside
}

// between starts the two sinks of an MTA and names them in its options.
func between(t *testing.T, o *Options) (inside, outside *Sink) {
	t.Helper()
	for _, s := range []**Sink{&inside, &outside} {
		sink, err := NewSink()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { sink.Close() })
		*s = sink
	}
	o.Internal = []string{"example.com"}
	o.Inside, o.Outside = inside.Addr(), outside.Addr()
	return inside, outside
}

func deadline(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

const text = "From: ann@example.com\r\nSubject: hello\r\n\r\n.one\r\ntwo\r\n"

func TestPostfixRoutesToSinks(t *testing.T) {
	p, inside, outside := private(t, Options{})
	to := []string{"cy@example.com", "di@sub.example.com", "bob@guest.example"}
	for _, port := range []string{p.SMTP, p.Submission} {
		if err := smtp.SendMail(port, nil, "ann@example.com", to, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	ctx := deadline(t)
	for _, c := range []struct {
		sink *Sink
		to   string
	}{{inside, to[0]}, {inside, to[1]}, {outside, to[2]}} {
		got, err := c.sink.WaitN(ctx, 2, func(m Mail) bool { return m.Has(c.to) })
		if err != nil {
			t.Fatalf("%s: %v", c.to, err)
		}
		if got[0].From != "ann@example.com" || !strings.HasSuffix(string(got[0].Data), "\r\n\r\n.one\r\ntwo\r\n") {
			t.Errorf("%s got from %q:\n%s", c.to, got[0].From, got[0].Data)
		}
	}
	for _, m := range outside.Mails() {
		if len(m.To) != 1 {
			t.Errorf("outside got recipients %q", m.To)
		}
	}
}

func TestSendmailCommand(t *testing.T) {
	p, _, outside := private(t, Options{})
	ctx := deadline(t)
	if err := p.Sendmail(ctx, strings.NewReader(strings.ReplaceAll(text, "\r\n", "\n")), "-f", "ann@example.com", "bob@guest.example"); err != nil {
		t.Fatal(err)
	}
	if _, err := outside.Wait(ctx, func(m Mail) bool { return m.Has("bob@guest.example") }); err != nil {
		t.Fatal(err)
	}
}

// Without its milter Postfix refuses for now, and takes mail again without one.
func TestMilterIsAsked(t *testing.T) {
	p, _, outside := private(t, Options{Milters: []string{"unix:/nowhere/milter.sock"}})
	err := smtp.SendMail(p.SMTP, nil, "ann@example.com", []string{"bob@guest.example"}, []byte(text))
	var reply *textproto.Error
	if !errors.As(err, &reply) || reply.Code/100 != 4 {
		t.Fatalf("got %v, want a 4xx reply", err)
	}
	ctx := deadline(t)
	if err := p.Configure(ctx, "smtpd_milters="); err != nil {
		t.Fatal(err)
	}
	for {
		if err = smtp.SendMail(p.SMTP, nil, "ann@example.com", []string{"bob@guest.example"}, []byte(text)); err == nil {
			break
		}
		if ctx.Err() != nil {
			t.Fatal(err)
		}
	}
	if _, err := outside.Wait(ctx, func(Mail) bool { return true }); err != nil {
		t.Fatal(err)
	}
}

// TestRelativeMilterPath: a path without a slash in front is below the queue
// folder, as postfix.conf.example has it, for smtpd and for cleanup.
func TestRelativeMilterPath(t *testing.T) {
	p, _, _ := private(t, Options{Milters: []string{"unix:filter/m.sock"}})
	dir := filepath.Join(p.Dir(), "queue", "filter")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", filepath.Join(dir, "m.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := os.Chmod(filepath.Join(dir, "m.sock"), 0o666); err != nil {
		t.Fatal(err)
	}
	asked := make(chan struct{}, 100)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Close()
			asked <- struct{}{}
		}
	}()
	wait := func(who string) {
		t.Helper()
		select {
		case <-asked:
		case <-time.After(30 * time.Second):
			t.Fatalf("%s does not ask", who)
		}
	}
	smtp.SendMail(p.SMTP, nil, "ann@example.com", []string{"bob@guest.example"}, []byte(text)) // refused for now
	wait("smtpd")
	for len(asked) > 0 {
		<-asked
	}
	if err := p.Sendmail(deadline(t), strings.NewReader(text), "bob@guest.example"); err != nil {
		t.Fatal(err)
	}
	wait("cleanup")
}

func TestQueueShowsDeferred(t *testing.T) {
	p, _, outside := private(t, Options{})
	outside.Refuse(func(_, to string) error { return errors.New("not now") })
	if err := smtp.SendMail(p.SMTP, nil, "ann@example.com", []string{"bob@guest.example"}, []byte(text)); err != nil {
		t.Fatal(err)
	}
	ctx := deadline(t)
	for {
		queue, err := p.Queue(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if len(queue) == 1 && queue[0].Queue == "deferred" && queue[0].Recipients[0].Address == "bob@guest.example" {
			break
		}
	}
	outside.Refuse(nil)
	if err := p.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := outside.Wait(ctx, func(Mail) bool { return true }); err != nil {
		t.Fatal(err)
	}
}

func TestStopLeavesNothing(t *testing.T) {
	p, _, _ := private(t, Options{})
	if err := p.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(p.Dir()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", p.Dir(), err)
	}
	if greeting(p.SMTP) == nil {
		t.Error("it still greets")
	}
}

func TestStartSaysWhatIsWrong(t *testing.T) {
	_, err := Start(t.Context(), Options{
		Inside: "127.0.0.1:1", Outside: "127.0.0.1:1",
		Master: []string{"this is no service"},
	})
	if err == nil || !strings.Contains(err.Error(), "this is no service") && !strings.Contains(err.Error(), "master.cf") {
		t.Errorf("got %v", err)
	}
}

// TestWatchOutlivesUs: when nobody says that the MTA ended, the watch ends it.
func TestWatchOutlivesUs(t *testing.T) {
	p, _, _ := private(t, Options{})
	p.guard.stdin.Close() // what our death would do
	select {
	case <-p.exited:
	case <-time.After(30 * time.Second):
		t.Fatal("Postfix goes on")
	}
	if err := p.guard.cmd.Wait(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(p.Dir()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", p.Dir(), err)
	}
	p.stop.Do(func() {}) // nothing is left to stop
}
