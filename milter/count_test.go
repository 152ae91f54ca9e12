package milter

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/postseal/postseal/milter/volume"
)

const massRules = `
version = 1

[[rule]]
name = "mass"
then = "return"
text = "Too many today."
when.sent = { recipients = "> 5", within = "1h" }

[[rule]]
name = "card"
then = "pickup"
when = { to = "external", detect.credit-card = 1 }
`

// offerFrom sends a mail to n recipients and tells what became of it.
func offerFrom(t *testing.T, s *Server, from, user, id, body string, n int) string {
	t.Helper()
	m := connect(t, s, true)
	m.macros('M', "{auth_authen}", user)
	m.mail(from)
	for i := range n {
		m.rcpt(fmt.Sprintf("<r%d@a.example>", i))
	}
	m.header("Message-ID", " <"+id+"@example.com>")
	m.eoh()
	m.body(body)
	d := m.end()
	if d.code == 'y' {
		return d.data[:3]
	}
	return string(d.code)
}

func TestMassMailing(t *testing.T) {
	const card = "Visa 4111 1111 1111 1111\r\n"
	f := &fakeStore{}
	clock := now
	s := newServer(t, f, func(o *Options) {
		o.Rules = loadRules(t, massRules)
		o.Now = func() time.Time { return clock }
	})
	for i, step := range []struct {
		what, from, user, id, body string
		n                          int
		later                      time.Duration
		commitErr                  error
		want                       string
	}{
		{what: "the first", from: "<ann@example.com>", n: 2, want: "a"},
		{what: "deferred", from: "<ann@example.com>", body: card, n: 3, commitErr: errors.New("x"), want: "451"},
		{what: "comes again", from: "<ann@example.com>", id: "same", body: card, n: 3, want: "a"},
		{what: "comes again though it was accepted", from: "<ann@example.com>", id: "same", body: card, n: 3, want: "a"},
		{what: "another", from: "<ann@example.com>", body: card, n: 3, want: "550"},
		{what: "somebody else", from: "<bob@example.com>", n: 3, want: "a"},
		{what: "the same under an authenticated name", from: "<ann@example.com>", user: "ann", n: 3, want: "a"},
		{what: "another spelling", from: "<\"Ann\"@Example.COM.>", n: 1, want: "550"},
		{what: "an hour later", from: "<ann@example.com>", n: 1, later: time.Hour + time.Minute, want: "a"},
	} {
		clock = clock.Add(step.later)
		f.commitErr = step.commitErr
		if step.id == "" {
			step.id = fmt.Sprint(i)
		}
		if got := offerFrom(t, s, step.from, step.user, step.id, step.body+"x\r\n", step.n); got != step.want {
			t.Errorf("%s: %s, want %s", step.what, got, step.want)
		}
	}
}

// A message under way counts, and one that the MTA gave up doesn't.
func TestAbortedMessageDoesNotCount(t *testing.T) {
	s := newServer(t, &fakeStore{}, func(o *Options) { o.Rules = loadRules(t, massRules) })
	m := connect(t, s, false) // each step is answered, so that it is over
	begin := func(n int) {
		m.mail("<ann@example.com>")
		for i := range n {
			m.rcpt(fmt.Sprintf("<r%d@a.example>", i))
		}
		m.eoh()
	}
	begin(4)
	if got := offerFrom(t, s, "<ann@example.com>", "", "1", "x\r\n", 2); got != "550" {
		t.Errorf("beside one under way: %s, want 550", got)
	}
	m.send('A', "")
	begin(3) // with the two that came back
	if d := m.end(); d.code != 'a' {
		t.Errorf("after an abort: %q %q, want accept", d.code, d.data)
	}
}

// What can't be counted is not let through.
func TestCountIsFull(t *testing.T) {
	f := &fakeStore{}
	s := newServer(t, f, func(o *Options) { o.Rules = loadRules(t, massRules) })
	s.volume = volume.New(volume.Limits{Senders: 1})
	if got := offerFrom(t, s, "<ann@example.com>", "", "1", "x\r\n", 1); got != "a" {
		t.Errorf("the first: %s", got)
	}
	if got := offerFrom(t, s, "<bob@example.com>", "", "1", "x\r\n", 1); got != "451" {
		t.Errorf("without room: %s, want 451", got)
	}
	if !strings.Contains(f.log.String(), "no room to count") {
		t.Error("the log doesn't say why")
	}
	other := loadRules(t, testRules)
	s.current = func() evaluator { return other.set }
	if got := offerFrom(t, s, "<bob@example.com>", "", "1", "x\r\n", 1); got != "a" {
		t.Errorf("without a rule that asks: %s", got)
	}
}
