package mta

import (
	"bytes"
	"errors"
	"net/smtp"
	"net/textproto"
	"os"
	"strings"
	"testing"
)

// privateSendmail starts two sinks and a Sendmail between them, and stops all at
// the end.
func privateSendmail(t *testing.T, o Options) (s *Sendmail, inside, outside *Sink) {
	t.Helper()
	inside, outside = between(t, &o)
	s, err := StartSendmail(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		log := s.Log()
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Log(log)
		}
	})
	return s, inside, outside
}

// body has what tempts an MTA to change it: a dot line, trailing blanks, 8-bit.
const body = ".one\r\ntrailing  \r\nFrom two\r\nGrüße\r\n"

func TestSendmailRoutesToSinks(t *testing.T) {
	s, inside, outside := privateSendmail(t, Options{})
	to := []string{"cy@example.com", "di@sub.example.com", "bob@guest.example"}
	for _, port := range []string{s.SMTP, s.Submission} {
		if err := smtp.SendMail(port, nil, "ann@example.com", to, []byte("From: ann@example.com\r\nSubject: hello\r\n\r\n"+body)); err != nil {
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
		if got[0].From != "ann@example.com" || !bytes.HasSuffix(got[0].Data, []byte("\r\n\r\n"+body)) {
			t.Errorf("%s got from %q:\n%s", c.to, got[0].From, got[0].Data)
		}
	}
	for _, m := range outside.Mails() {
		if len(m.To) != 1 {
			t.Errorf("outside got recipients %q", m.To)
		}
	}
}

func TestSendmailsCommand(t *testing.T) {
	s, _, outside := privateSendmail(t, Options{})
	ctx := deadline(t)
	if err := s.Sendmail(ctx, strings.NewReader("From: ann@example.com\nTo: bob@guest.example\nSubject: hello\n\nhi\n"), "-f", "ann@example.com", "-t"); err != nil {
		t.Fatal(err)
	}
	if _, err := outside.Wait(ctx, func(m Mail) bool { return m.Has("bob@guest.example") }); err != nil {
		t.Fatal(err)
	}
}

// F=T: without its filter Sendmail refuses for now, from the command as well.
func TestSendmailKeepsMailWithoutMilter(t *testing.T) {
	for _, milter := range []string{"unix:/nowhere/milter.sock", "inet:127.0.0.1:1"} {
		s, _, outside := privateSendmail(t, Options{Milters: []string{milter}})
		err := smtp.SendMail(s.SMTP, nil, "ann@example.com", []string{"bob@guest.example"}, []byte(text))
		var reply *textproto.Error
		if !errors.As(err, &reply) || reply.Code/100 != 4 {
			t.Fatalf("%s: got %v, want a 4xx reply", milter, err)
		}
		if got := outside.Mails(); len(got) > 0 {
			t.Errorf("%s: it left: %q", milter, got)
		}
	}
}

func TestSendmailQueueShowsDeferred(t *testing.T) {
	s, _, outside := privateSendmail(t, Options{})
	outside.Refuse(func(_, to string) error { return errors.New("not now") })
	if err := smtp.SendMail(s.SMTP, nil, "ann@example.com", []string{"bob@guest.example"}, []byte(text)); err != nil {
		t.Fatal(err)
	}
	ctx := deadline(t)
	for {
		queue, err := s.Queue(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if len(queue) == 1 && queue[0].Queue == "deferred" && queue[0].Recipients[0].Address == "bob@guest.example" && queue[0].Sender == "ann@example.com" {
			break
		}
		if ctx.Err() != nil {
			t.Fatalf("queue %+v", queue)
		}
	}
	outside.Refuse(nil)
	if err := s.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := outside.Wait(ctx, func(Mail) bool { return true }); err != nil {
		t.Fatal(err)
	}
}

func TestSendmailStopLeavesNothing(t *testing.T) {
	s, _, _ := privateSendmail(t, Options{})
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(s.Dir()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", s.Dir(), err)
	}
	if greeting(s.SMTP) == nil {
		t.Error("it still greets")
	}
}

func TestStartSendmailRefuses(t *testing.T) {
	for name, o := range map[string]Options{
		"main.cf": {Main: map[string]string{"a": "b"}},
		"want":    {Milters: []string{"tcp:1"}, Inside: "127.0.0.1:1", Outside: "127.0.0.1:1"},
	} {
		if _, err := StartSendmail(t.Context(), o); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
