package milter

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/postseal/postseal/rules"
	"github.com/postseal/postseal/store"
)

// only returns the one deferral.
func (f *fakeStore) only(t *testing.T) *fakeDeferral {
	t.Helper()
	if len(f.deferred) != 1 {
		t.Fatalf("%d deferrals", len(f.deferred))
	}
	for _, d := range f.deferred {
		return d
	}
	return nil
}

func TestDeferral(t *testing.T) {
	f := &fakeStore{}
	s := newServer(t, f, nil)
	tm := letter("<wait1@a.example>", "<Wait2@a.example>")
	d := connect(t, s, true).transact(tm)
	w := f.only(t)
	lines := strings.Split(d.data, "\r\n")
	if d.code != 'y' || len(lines) < 3 || lines[0] != "451-4.7.1 50%% of these are mistakes." ||
		lines[len(lines)-1] != "451 4.7.1 https://pickup.example.com/h#"+w.Code.Fragment() || len(d.frames) > 0 {
		t.Fatalf("answer %q %q", d.code, d.data)
	}
	if w.Rule != "wait" || w.Sender != "ann@example.com" || strings.Join(w.Recipients, " ") != "wait1@a.example Wait2@a.example" ||
		w.Subject != "Planted-Subject one" || len(w.entries) != 2 || w.entries[0].Event != store.EventBlocked {
		t.Errorf("deferral %+v", w)
	}
	if f.commits != 0 || len(f.sent) != 0 || len(f.held) != 0 {
		t.Errorf("%d commits, sent %s", f.commits, f.kinds())
	}
	if log := f.log.String(); strings.Contains(log, w.Code.Fragment()) || strings.Contains(log, "/h#") || strings.Contains(log, "Planted") {
		t.Errorf("the log holds the link or the subject:\n%s", log)
	}

	// Its server tries again: other trace fields, another order, the same link.
	again := tm
	again.to = []string{"<Wait2@a.example>", "<wait1@a.example>"}
	again.header = append([][2]string{{"Received", " from z by y; Sat, 21 Nov 2026 20:20:00 +0000"}, {"X-Spam-Date", " later"}}, tm.header...)
	if second := connect(t, s, true).transact(again); second.data != d.data || f.only(t).offers != 2 {
		t.Errorf("answer to the second offer %q", second.data)
	}

	// Another mail is another one.
	other := tm
	other.body += "x"
	if connect(t, s, true).transact(other); len(f.deferred) != 2 {
		t.Errorf("%d deferrals", len(f.deferred))
	}

	// Released: the next attempt passes, however often.
	w.State = store.HoldReleased
	for range 2 {
		d := connect(t, s, true).transact(again)
		wantAccepted(t, d)
		if a := again.apply(t, d); len(a.to) != 2 || a.body != tm.body || len(d.frames) != 0 || len(f.sent) != 0 {
			t.Errorf("to %q, %d modifications", a.to, len(d.frames))
		}
	}

	for state, word := range map[store.HoldState]string{
		store.HoldWithdrawn: "withdrawn", store.HoldExpired: "not released in time", store.HoldRejected: "administrator",
	} {
		w.State = state
		if d := connect(t, s, true).transact(tm); d.code != 'y' || !strings.HasPrefix(d.data, "550-5.7.1 ") || !strings.Contains(d.data, word) {
			t.Errorf("%s: answer %q %q", state, d.code, d.data)
		}
	}
}

// What a server can't be told for all of the recipients, or what has no server that
// could wait, is held.
func TestDeferralOnlyForAll(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*testMail)
	}{
		{"beside a colleague", func(m *testMail) { m.to = append(m.to, "<colleague@example.com>") }},
		{"beside another rule", func(m *testMail) { m.to = append(m.to, "<auto@a.example>") }},
		{"a bounce", func(m *testMail) { m.from = "<>" }},
		{"a local command", func(m *testMail) { m.queue = "4QUEUE" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := &fakeStore{}
			tm := letter("<wait@a.example>")
			tt.change(&tm)
			d := connect(t, newServer(t, f, nil), true).transact(tm)
			if d.code == 'y' || len(f.deferred) != 0 || len(f.held) == 0 {
				t.Errorf("answer %q %q, %d deferred, %d held", d.code, d.data, len(f.deferred), len(f.held))
			}
		})
	}
}

// Where it waits unless its rule says so.
func TestWhereItWaits(t *testing.T) {
	for _, tt := range []struct {
		name   string
		block  rules.ReleaseMode
		client string
		auth   string
		defers bool
	}{
		{"another server", "", "client.example.com\x004\x01\x02198.51.100.7\x00", "", true},
		{"a logged-in user", "", "client.example.com\x004\x01\x02198.51.100.7\x00", "ann", false},
		{"a private network", "", "client.example.com\x004\x01\x02192.168.7.7\x00", "", false},
		{"this machine", "", "localhost\x006\x01\x02IPv6:::1\x00", "", false},
		{"no address", "", "localhost\x00U", "", false},
		{"configured to hold", rules.Hold, "client.example.com\x004\x01\x02198.51.100.7\x00", "", false},
		{"configured to defer", rules.Defer, "client.example.com\x004\x01\x02198.51.100.7\x00", "ann", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := &fakeStore{}
			m := connect(t, newServer(t, f, func(o *Options) { o.Block = tt.block }), true)
			m.step('C', tt.client, 1<<12)
			m.macros('M', "{auth_authen}", tt.auth)
			m.mail("<ann@example.com>")
			m.rcpt("<auto@a.example>")
			m.header("Subject", " x")
			m.eoh()
			if d := m.end(); (d.code == 'y') != tt.defers || (len(f.deferred) == 1) != tt.defers || (len(f.held) == 1) == tt.defers {
				t.Errorf("answer %q %q, %d deferred, %d held", d.code, d.data, len(f.deferred), len(f.held))
			}
		})
	}
}

// A message that waits counts once, whatever its server tries.
func TestDeferralCountsOnce(t *testing.T) {
	f := &fakeStore{}
	s := newServer(t, f, func(o *Options) {
		o.Rules = loadRules(t, `
version = 1

[[rule]]
name = "mass"
then = "return"
when.sent = { recipients = "> 3", within = "1h" }

[[rule]]
name = "wait"
then = "block"
release = { mode = "defer" }
when.to = "wait*@*.example"
`)
	})
	tm := letter("<wait1@a.example>", "<wait2@a.example>")
	for i := range 3 {
		tm.header[0][1] = strings.Repeat(" later", i+1)
		if d := connect(t, s, true).transact(tm); d.code != 'y' || !strings.HasPrefix(d.data, "451") {
			t.Fatalf("answer %q %q", d.code, d.data)
		}
	}
	f.only(t).State = store.HoldReleased
	wantAccepted(t, connect(t, s, true).transact(tm))
}

// Those whom a rule names are told of it once.
func TestDeferralIsReportedOnce(t *testing.T) {
	f := &fakeStore{}
	s := newServer(t, f, nil)
	tm := letter("<wait@a.example>")
	tm.header[6][1] = " [watch] x"
	for range 3 {
		connect(t, s, true).transact(tm)
	}
	if f.kinds() != "report:privacy@example.com" {
		t.Errorf("sent %s", f.kinds())
	}
	f.only(t).State = store.HoldReleased
	wantAccepted(t, connect(t, s, true).transact(tm))
}

func TestDeferralFails(t *testing.T) {
	f := &fakeStore{askErr: errors.New("secret detail")}
	d := connect(t, newServer(t, f, nil), true).transact(letter("<wait@a.example>"))
	if d.code != 'y' || !strings.HasPrefix(d.data, "451 4.7.1 ") || strings.Contains(d.data, "secret") || strings.Contains(d.data, "/h#") {
		t.Errorf("answer %q %q", d.code, d.data)
	}
}

// The mail is in no hurry: how long it waits is for the configuration to say.
func TestHoldFor(t *testing.T) {
	f := &fakeStore{}
	s := newServer(t, f, func(o *Options) { o.Hold = 48 * time.Hour })
	connect(t, s, true).transact(letter("<wait@a.example>"))
	if w := f.only(t); w.DeferRequest.Expires.Sub(w.Created) != 48*time.Hour {
		t.Errorf("waits for %v", w.DeferRequest.Expires.Sub(w.Created))
	}
}
