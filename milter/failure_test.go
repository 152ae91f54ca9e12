package milter

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/postseal/postseal/milter/guard"
	"github.com/postseal/postseal/rules"
	"github.com/postseal/postseal/store"
)

// brokenRules fail, panic or decide nonsense.
type brokenRules struct {
	header, body func() (*rules.Decision, error)
}

func (b brokenRules) EvaluateHeader(context.Context, *rules.Message) (*rules.Decision, bool, error) {
	if b.header == nil {
		return nil, false, nil
	}
	d, err := b.header()
	return d, err == nil, err
}

func (b brokenRules) Evaluate(context.Context, *rules.Message) (*rules.Decision, error) {
	return b.body()
}

// Whatever fails, the answer is a temporary refusal in its own class and nothing
// is changed; the connection goes on.
func TestFailuresKeepTheMail(t *testing.T) {
	boom := func() (*rules.Decision, error) { panic("boom") }
	fails := func() (*rules.Decision, error) { return nil, errors.New("secret detail") }
	decide := func(vs ...rules.Verdict) func() (*rules.Decision, error) {
		return func() (*rules.Decision, error) { return &rules.Decision{Verdicts: vs}, nil }
	}
	tests := []struct {
		name  string
		rules *brokenRules
		store fakeStore
		want  string
	}{
		{name: "rules fail", rules: &brokenRules{body: fails}, want: "451 4.7.1 "},
		{name: "rules fail at the header", rules: &brokenRules{header: fails}, want: "451 4.7.1 "},
		{name: "rules panic", rules: &brokenRules{body: boom}, want: "451 4.7.1 "},
		{name: "rules panic at the header", rules: &brokenRules{header: boom}, want: "451 4.7.1 "},
		{name: "no verdict", rules: &brokenRules{body: decide()}, want: "451 4.7.1 "},
		{name: "another's verdict", rules: &brokenRules{body: decide(rules.Verdict{Recipient: "x@a.example", Action: rules.Deliver})}, want: "451 4.7.1 "},
		{name: "no action", rules: &brokenRules{body: decide(rules.Verdict{Recipient: "guest@a.example"})}, want: "451 4.7.1 "},
		{name: "unknown action at the header", rules: &brokenRules{
			header: decide(rules.Verdict{Recipient: "guest@a.example", Action: "future"}),
			body:   decide(rules.Verdict{Recipient: "guest@a.example", Action: "future"}),
		}, want: "451 4.7.1 "},
		{name: "sealing fails", store: fakeStore{sealErr: errors.New("secret detail")}, want: "451 4.7.1 "},
		{name: "sealing panics", store: fakeStore{during: func() { panic("boom") }}, want: "451 4.7.1 "},
		{name: "store is full", store: fakeStore{sealErr: fmt.Errorf("x: %w", store.ErrFull)}, want: "452 4.3.1 "},
		{name: "commit fails", store: fakeStore{commitErr: errors.New("secret detail")}, want: "451 4.7.1 "},
		{name: "commit finds the disk full", store: fakeStore{commitErr: store.ErrFull}, want: "452 4.3.1 "},
		{name: "lookup fails", store: fakeStore{lookErr: errors.New("secret detail")}, want: "451 4.7.1 "},
	}
	for i := range tests {
		tt := &tests[i]
		t.Run(tt.name, func(t *testing.T) {
			s := newServer(t, &tt.store, nil)
			good := s.current
			if tt.rules != nil {
				s.current = func() evaluator { return *tt.rules }
			}
			m := connect(t, s, true)
			d := m.transact(letter("<guest@a.example>"))
			if d.code != 'y' || !strings.HasPrefix(d.data, tt.want) || len(d.frames) > 0 {
				t.Errorf("answer %q %q and %d modifications, want %s", d.code, d.data, len(d.frames), tt.want)
			}
			if strings.Contains(d.data, "secret detail") {
				t.Error("the error's text leaves the house")
			}
			if len(tt.store.sealed)+len(tt.store.sent) > 0 {
				t.Error("something was committed")
			}
			// The same connection serves the next message.
			tt.store.sealErr, tt.store.commitErr, tt.store.lookErr, tt.store.during = nil, nil, nil, nil
			s.current = good
			wantAccepted(t, m.transact(letter("<guest@a.example>")))
			if len(tt.store.sealed) != 1 {
				t.Error("the retry was not sealed")
			}
		})
	}
}

// The MTA offers again what we had dealt with: same notice, same link, once.
func TestOfferedAgain(t *testing.T) {
	f := &fakeStore{}
	s := newServer(t, f, nil)
	tm := letter("<guest@a.example>", "<guest2@a.example>", "<return@a.example>")
	first := connect(t, s, true).transact(tm)
	wantAccepted(t, first)
	f.during = func() { t.Error("the second offer was sealed again") }
	sent, sealed := len(f.sent), len(f.sealed)
	if sent != 2 || sealed != 1 {
		t.Fatalf("%d sent, %d sealed", sent, sealed)
	}
	// Trace fields of the second attempt differ, in number too.
	again := tm
	again.header = append([][2]string{
		{"Received", " from z by y; Sat, 21 Nov 2026 19:20:00 +0000"}, {"X-Spam-Date", " later"}, {"X-Custom", " one more"},
	}, tm.header...)
	second := connect(t, s, true).transact(again)
	wantAccepted(t, second)
	if len(f.sent) != sent || len(f.sealed) != sealed {
		t.Errorf("%d sent, %d sealed after the second offer", len(f.sent), len(f.sealed))
	}
	a, b := tm.apply(t, first), again.apply(t, second)
	if a.body != b.body || strings.Join(a.to, " ") != strings.Join(b.to, " ") {
		t.Error("the second notice differs from the first")
	}
	if len(b.get("X-Custom")) > 0 {
		t.Error("a field that the second offer has more often is left")
	}
	if len(b.get("X-Spam-Date")) > 0 {
		t.Error("a field that only the second offer has is left")
	}
	f.during = nil
	// Anything else is another message.
	for name, change := range map[string]func(*testMail){
		"body":       func(m *testMail) { m.body += "x" },
		"sender":     func(m *testMail) { m.from = "<bob@example.com>" },
		"recipients": func(m *testMail) { m.to = m.to[:2] },
		"Message-ID": func(m *testMail) { m.header[8][1] = " <other@example.com>" },
		"subject":    func(m *testMail) { m.header[6][1] = " Planted-Subject three" },
	} {
		other := tm
		other.header = append([][2]string(nil), tm.header...)
		change(&other)
		before := len(f.sealed)
		wantAccepted(t, connect(t, s, true).transact(other))
		if len(f.sealed) != before+1 {
			t.Errorf("another %s was taken for the same message", name)
		}
	}
}

// Two offers at once: the one that loses the race does what the other recorded.
func TestOfferedTwiceAtOnce(t *testing.T) {
	f := &fakeStore{race: true}
	tm := letter("<guest@a.example>")
	d := connect(t, newServer(t, f, nil), true).transact(tm)
	wantAccepted(t, d)
	if a := tm.apply(t, d); strings.Contains(a.body, "planted") {
		t.Error("not sealed")
	}
}

// A program that writes no Message-ID and no Date: the MTA adds them, new ones
// with every attempt.
func TestOfferedAgainWithMTAHeader(t *testing.T) {
	f := &fakeStore{}
	s := newServer(t, f, nil)
	offer := func(queue string, at time.Time) {
		t.Helper()
		m := connect(t, s, true)
		m.macros('M', "i", queue)
		m.mail("<ann@example.com>")
		m.rcpt("<guest@a.example>")
		m.header("Subject", " x")
		m.header("Message-Id", " <20261121191000."+queue+"@mail.example.com>")
		m.header("Date", " "+at.Format(time.RFC1123Z))
		m.eoh()
		m.body("x\r\n")
		wantAccepted(t, m.end())
	}
	offer("4AAAA", now)
	offer("4BBBB", now.Add(30*time.Second))
	if len(f.sealed) != 1 {
		t.Errorf("%d sealed messages, want 1", len(f.sealed))
	}
}

// After a change of the rules the same mail is decided anew.
func TestOfferedAgainUnderOtherRules(t *testing.T) {
	f := &fakeStore{}
	s := newServer(t, f, nil)
	tm := letter("<guest@a.example>", "<colleague@example.com>")
	wantAccepted(t, connect(t, s, true).transact(tm))
	strict := loadRules(t, "version = 1\n[[rule]]\nname = \"all\"\nthen = \"pickup\"\nwhen.to = [\"*@a.example\", \"example.com\"]\n")
	s.current = func() evaluator { return strict.set }
	d := connect(t, s, true).transact(tm)
	wantAccepted(t, d)
	if a := tm.apply(t, d); strings.Contains(a.body, "planted") {
		t.Error("the old record let a message through that the rules of now seal")
	}
	// The same recipients are sealed, but in another way.
	once := loadRules(t, "version = 1\n[[rule]]\nname = \"all\"\nthen = \"one-time\"\nwhen.to = [\"*@a.example\", \"example.com\"]\n")
	s.current = func() evaluator { return once.set }
	d = connect(t, s, true).transact(tm)
	wantAccepted(t, d)
	if a := tm.apply(t, d); !strings.Contains(a.body, "/o/0000") {
		t.Error("the record of another way of opening was replayed")
	}
}

func TestSizeLimits(t *testing.T) {
	limits := func(o *Options) {
		o.Limits.Message, o.Limits.Memory = 1000, 100
		o.Limits.Header, o.Limits.Fields, o.Limits.Recipients = 2000, 40, 3
	}
	tests := []struct {
		name   string
		change func(*testMail)
		want   string
	}{
		{"body", func(m *testMail) { m.body = strings.Repeat("x", 1001) }, "552 5.3.4 "},
		{"header", func(m *testMail) { m.header = append(m.header, [2]string{"X-Long", strings.Repeat("x", 2000)}) }, "552 5.3.4 "},
		{"fields", func(m *testMail) {
			for range 40 {
				m.header = append(m.header, [2]string{"X", ""})
			}
		}, "552 5.3.4 "},
		{"recipients", func(m *testMail) { m.to = append(m.to, "<a@x.example>", "<b@x.example>", "<c@x.example>") }, "554 5.5.3 "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := &fakeStore{}
			tm := letter("<guest@a.example>")
			tt.change(&tm)
			d := connect(t, newServer(t, f, limits), true).transact(tm)
			if d.code != 'y' || !strings.HasPrefix(d.data, tt.want) || f.commits > 0 {
				t.Errorf("answer %q %q, want %s", d.code, d.data, tt.want)
			}
		})
	}
	t.Run("just inside", func(t *testing.T) {
		f := &fakeStore{}
		tm := letter("<guest@a.example>")
		tm.body = strings.Repeat("x", 1000)
		wantAccepted(t, connect(t, newServer(t, f, limits), true).transact(tm))
		if len(f.sealed) != 1 || string(f.sealed[0].content) != asSent(tm) {
			t.Error("a body that went through a file differs")
		}
	})
	t.Run("large but nobody needs it", func(t *testing.T) {
		// Whatever the rules pass by its header alone has no limit of ours.
		tm := letter("<colleague@example.com>")
		tm.body = strings.Repeat("x", 5000)
		s := newServer(t, &fakeStore{}, limits)
		clear := loadRules(t, "version = 1\n")
		s.current = func() evaluator { return clear.set }
		wantAccepted(t, connect(t, s, true).transact(tm))
	})
	t.Run("no room for a file", func(t *testing.T) {
		f := &fakeStore{}
		s := newServer(t, f, func(o *Options) {
			limits(o)
			o.SpoolDir += "/none"
		})
		tm := letter("<guest@a.example>")
		tm.body = strings.Repeat("x", 500)
		d := connect(t, s, true).transact(tm)
		if d.code != 'y' || !strings.HasPrefix(d.data, "451 4.7.1 ") {
			t.Errorf("answer %q %q", d.code, d.data)
		}
	})
}

// No octet of a message may reach the disk in clear, and no file may stay.
func TestSpoolFolderStaysEmpty(t *testing.T) {
	dir := t.TempDir()
	f := &fakeStore{}
	f.during = func() {
		files, err := os.ReadDir(dir)
		if err != nil || len(files) != 0 {
			t.Errorf("spool folder holds %v, %v while the message is at hand", files, err)
		}
	}
	s := newServer(t, f, func(o *Options) { o.SpoolDir, o.Limits.Memory = dir, 10 })
	m := connect(t, s, true)
	wantAccepted(t, m.transact(letter("<guest@a.example>")))
	if len(f.sealed) != 1 {
		t.Error("not sealed")
	}
	// The file goes with its message, and not with the connection.
	m.send('D', "M\x00\x00") // it is dealt with after what came before
	waitFor(t, func() bool { return openFiles(t, dir) == 0 })
	for range 3 {
		m.mail("<ann@example.com>")
		m.rcpt("<guest@a.example>")
		m.header("Subject", " x")
		m.eoh()
		m.body("more than ten octets")
	}
	waitFor(t, func() bool { return openFiles(t, dir) == 1 })
}

// Long work keeps the MTA's timer running, and ends before the modifications.
func TestProgress(t *testing.T) {
	f := &fakeStore{}
	s := newServer(t, f, func(o *Options) { o.Limits.Progress = 2 * time.Millisecond })
	release := make(chan struct{})
	f.during = func() { <-release }
	m := connect(t, s, true)
	tm := letter("<guest@a.example>")
	m.mail(tm.from)
	m.rcpt(tm.to[0])
	m.header("Subject", " x")
	m.eoh()
	m.send('E', "")
	for range 3 {
		if code, _ := m.receive(); code != 'p' {
			t.Fatalf("%q instead of progress", code)
		}
	}
	close(release)
	d := m.answer() // it fails on progress after a modification
	wantAccepted(t, d)
	if len(d.frames) == 0 {
		t.Error("no modification")
	}
}

func TestWorkHasADeadline(t *testing.T) {
	f := &fakeStore{}
	s := newServer(t, f, func(o *Options) { o.Limits.EndOfMessage = 10 * time.Millisecond })
	f.during = func() { time.Sleep(30 * time.Millisecond) }
	d := connect(t, s, true).transact(letter("<guest@a.example>"))
	if d.code != 'y' || !strings.HasPrefix(d.data, "451 4.7.1 ") || len(f.sealed) > 0 {
		t.Errorf("answer %q %q", d.code, d.data)
	}
}

// Drain: what is under way gets its answer, what is idle ends at once.
func TestShutdownDrains(t *testing.T) {
	f := &fakeStore{}
	s := newServer(t, f, nil)
	l, err := net.Listen("unix", socketPath(t))
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	idle, busy := dialAt(t, l), dialAt(t, l)
	idle.negotiate(6, allActions, allProtocol)
	busy.negotiate(6, allActions, allProtocol)
	tm := letter("<guest@a.example>")
	busy.mail(tm.from)
	busy.rcpt(tm.to[0])
	busy.header("Subject", " x")
	waitFor(t, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		for c := range s.conns {
			c.state.Lock()
			b := c.busy
			c.state.Unlock()
			if b {
				return true
			}
		}
		return false
	})
	down := make(chan error, 1)
	go func() { down <- s.Shutdown(context.Background()) }()
	idle.wantClosed()
	select {
	case err := <-down:
		t.Fatalf("Shutdown returned %v with a message under way", err)
	case <-time.After(20 * time.Millisecond):
	}
	busy.eoh()
	wantAccepted(t, busy.end())
	busy.wantClosed()
	if err := <-down; err != nil {
		t.Error(err)
	}
	if err := <-served; !errors.Is(err, ErrClosed) {
		t.Errorf("Serve returned %v", err)
	}
	if len(f.sealed) != 1 {
		t.Error("the message under way was not sealed")
	}
	if err := s.Serve(l); !errors.Is(err, ErrClosed) {
		t.Errorf("Serve after Shutdown returned %v", err)
	}
}

func TestShutdownIsBounded(t *testing.T) {
	f := &fakeStore{}
	s := newServer(t, f, nil)
	m := connect(t, s, true)
	m.mail("<ann@example.com>")
	waitFor(t, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		for c := range s.conns {
			c.state.Lock()
			defer c.state.Unlock()
			return c.busy
		}
		return false
	})
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if err := s.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Shutdown returned %v", err)
	}
	m.wantClosed()
}

func waitFor(t *testing.T, cond func() bool) {
	t.Helper()
	for range 2000 {
		if cond() {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("it did not happen")
}

// What a session held is freed when its connection ends in the middle.
func TestConnectionLostMidway(t *testing.T) {
	f := &fakeStore{}
	dir := t.TempDir()
	s := newServer(t, f, func(o *Options) { o.SpoolDir, o.Limits.Memory = dir, 10 })
	m := connect(t, s, true)
	m.mail("<ann@example.com>")
	m.rcpt("<guest@a.example>")
	m.header("Subject", " x")
	m.eoh()
	m.body("more than ten octets")
	waitFor(t, func() bool { return openFiles(t, dir) == 1 })
	m.Close()
	waitFor(t, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.conns) == 0 && len(s.slots) == 1 // that of the next connection
	})
	if n := openFiles(t, dir); n != 0 {
		t.Errorf("%d files are still open", n)
	}
	if f.commits > 0 {
		t.Error("something was committed")
	}
}

// Our own mail passes, once, and the mark never leaves.
func TestLoopGuard(t *testing.T) {
	g := guard.New(guardKey)
	e := guard.Envelope{From: "ann@example.com", To: []string{"guest2@a.example", "guest@a.example"}, MessageID: "<n1@example.com>"}
	genuine := g.Mark(e, nil, now)
	to := []string{"<guest@a.example>", "<Guest2@A.example>"}
	tests := []struct {
		name  string
		marks []string
		to    []string
		own   bool
	}{
		{"genuine", []string{genuine}, to, true},
		{"genuine beside a forged one", []string{"v1 0 x", genuine}, to, true},
		{"forged", []string{"v1 abc def"}, to, false},
		{"two forged", []string{"v1 abc def", ""}, to, false},
		{"other recipients", []string{genuine}, to[:1], false},
		{"old", []string{g.Mark(e, nil, now.Add(-2*guard.Lifetime))}, to, false},
		{"another key", []string{guard.New([32]byte{9}).Mark(e, nil, now)}, to, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := &fakeStore{}
			tm := letter(tt.to...)
			tm.header[8][1] = " <n1@example.com>"
			for i, mark := range tt.marks {
				// In between, and in any case.
				at := 2 + 3*i
				tm.header = append(tm.header[:at:at], append([][2]string{{"x-postseal-MAIL", " " + mark}}, tm.header[at:]...)...)
			}
			d := connect(t, newServer(t, f, nil), true).transact(tm)
			wantAccepted(t, d)
			a := tm.apply(t, d)
			if got := a.get(guard.Header); len(got) > 0 {
				t.Errorf("the mark is left: %q", got)
			}
			if passed := a.body == tm.body; passed != tt.own || (len(f.sealed) == 0) != tt.own {
				t.Errorf("passed %v with %d sealed, want %v", passed, len(f.sealed), tt.own)
			}
			if tt.own && len(a.header) != len(tm.header)-len(tt.marks) {
				t.Error("our own mail was changed")
			}
			for _, s := range f.sealed {
				if strings.Contains(strings.ToLower(string(s.content)), "x-postseal-mail") {
					t.Error("the forged mark was sealed with the message")
				}
			}
		})
	}
}

// openFiles counts the files of this process below dir, those without a name too.
func openFiles(t *testing.T, dir string) int {
	t.Helper()
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, fd := range fds {
		if name, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil && strings.HasPrefix(name, dir) {
			n++
		}
	}
	return n
}
