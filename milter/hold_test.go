package milter

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/postseal/postseal/rules"
	"github.com/postseal/postseal/store"
	"github.com/postseal/postseal/store/seal"
)

// A blocked message waits with us; its sender gets a link that releases it.
func TestBlocked(t *testing.T) {
	f := &fakeStore{}
	tm := letter("<block1@a.example>", "<Block2@a.example>")
	d := connect(t, newServer(t, f, nil), true).transact(tm)
	if d.code != 'd' || len(d.frames) != 0 {
		t.Fatalf("answer %q %q, %d modifications", d.code, d.data, len(d.frames))
	}
	if len(f.held) != 1 || len(f.sealed) != 0 || f.kinds() != "held:ann@example.com" {
		t.Fatalf("%d held, %d sealed, sent %s", len(f.held), len(f.sealed), f.kinds())
	}
	h := f.held[0]
	if string(h.content) != asSent(tm) || h.Sender != "ann@example.com" || strings.Join(h.Recipients, " ") != "block1@a.example Block2@a.example" ||
		h.Rule != "review" || h.Text != "Contracts need a second look." || !h.Link || h.Quarantine || h.MessageID != "<m1@example.com>" ||
		h.Trust != (store.TrustGrant{Recipients: true, For: 90 * 24 * time.Hour}) || h.HoldRequest.Expires.Sub(h.Created) != 7*24*time.Hour {
		t.Errorf("held %+v", h.HoldRequest)
	}
	mail := f.sent[0]
	if mail.From != "" || !bytes.Contains(mail.Data, []byte("/h#"+h.Code.Fragment())) || bytes.Contains(mail.Data, []byte("planted-body")) {
		t.Errorf("mail to the sender from %q:\n%s", mail.From, mail.Data)
	}
	if len(f.audit) != 2 || f.audit[0].Event != store.EventBlocked || f.audit[0].Message != h.ID || f.audit[0].Rule != "review" {
		t.Errorf("audit %+v", f.audit)
	}
	if len(f.followed) != 1 || len(f.followed[0].Lines) != 2 || f.followed[0].Lines[0].Held != h.ID || f.followed[0].Lines[0].Action != "block" {
		t.Errorf("followed %+v", f.followed)
	}
	if log := f.log.String(); strings.Contains(log, h.Code.Fragment()) || strings.Contains(log, "Planted") {
		t.Error("the log holds the link or the subject")
	}
}

func TestBlockedVariants(t *testing.T) {
	t.Run("no release", func(t *testing.T) {
		f := &fakeStore{}
		d := connect(t, newServer(t, f, nil), true).transact(letter("<virus@a.example>"))
		if d.code != 'd' || len(f.held) != 1 || f.held[0].Link || f.held[0].Quarantine || f.kinds() != "held:ann@example.com" {
			t.Fatalf("answer %q, held %+v, sent %s", d.code, f.held, f.kinds())
		}
		if bytes.Contains(f.sent[0].Data, []byte("/h#")) || !bytes.Contains(f.sent[0].Data, []byte("This looks like a virus.")) {
			t.Errorf("mail to the sender:\n%s", f.sent[0].Data)
		}
	})
	t.Run("a bounce", func(t *testing.T) {
		f := &fakeStore{}
		tm := letter("<block@a.example>")
		tm.from = "<>"
		d := connect(t, newServer(t, f, nil), true).transact(tm)
		if d.code != 'd' || len(f.held) != 1 || f.held[0].Link || !f.held[0].Quarantine || len(f.sent) != 0 || len(f.followed) != 0 {
			t.Errorf("answer %q, held %+v, sent %s", d.code, f.held, f.kinds())
		}
	})
	t.Run("without Message-ID", func(t *testing.T) {
		f := &fakeStore{}
		tm := letter("<block@a.example>")
		tm.header = append(tm.header[:8:8], tm.header[9:]...)
		connect(t, newServer(t, f, nil), true).transact(tm)
		h := f.held[0]
		if !strings.HasSuffix(h.MessageID, "@postseal.invalid>") || string(h.content) != "Message-ID: "+h.MessageID+"\r\n"+asSent(tm) {
			t.Errorf("%s:\n%s", h.MessageID, h.content)
		}
	})
	t.Run("by two rules", func(t *testing.T) {
		f := &fakeStore{}
		connect(t, newServer(t, f, nil), true).transact(letter("<block@a.example>", "<virus@a.example>", "<block2@a.example>"))
		if len(f.held) != 2 || len(f.held[0].Recipients) != 2 || f.held[1].Rule != "virus" || f.kinds() != "held:ann@example.com held:ann@example.com" || f.sent[0].ID == f.sent[1].ID {
			t.Errorf("held %+v, sent %s", f.held, f.kinds())
		}
	})
	t.Run("quarantined with us", func(t *testing.T) {
		f := &fakeStore{}
		tm := letter("<hold@a.example>", "<colleague@example.com>")
		d := connect(t, newServer(t, f, func(o *Options) { o.Sealed = true }), true).transact(tm)
		wantAccepted(t, d)
		a := tm.apply(t, d)
		if a.quarantine != "" || len(a.to) != 1 || a.to[0] != "<colleague@example.com>" || a.body != tm.body {
			t.Errorf("quarantine %q, to %q", a.quarantine, a.to)
		}
		if len(f.held) != 1 || f.held[0].Link || !f.held[0].Quarantine || len(f.sent) != 0 || len(f.followed) != 0 {
			t.Errorf("held %+v, sent %s", f.held, f.kinds())
		}
	})
}

// Every action in one message, each for its recipient alone.
func TestEveryActionAtOnce(t *testing.T) {
	for _, sealed := range []bool{false, true} {
		f := &fakeStore{}
		tm := letter("<colleague@example.com>", "<guest@a.example>", "<return@a.example>", "<drop@a.example>", "<block@a.example>", "<wait@a.example>", "<hold@a.example>", "<once@a.example>")
		d := connect(t, newServer(t, f, func(o *Options) { o.Sealed = sealed }), true).transact(tm)
		wantAccepted(t, d)
		a := tm.apply(t, d)
		want, stays, held, copies := "", "<colleague@example.com>", 3, ""
		if !sealed {
			want, stays, held, copies = "Postseal: held by hold", "<hold@a.example>", 2, "copy:colleague@example.com "
		}
		if a.quarantine != want || len(a.to) != 1 || a.to[0] != stays || a.body != tm.body {
			t.Errorf("sealed %v: quarantine %q, to %q", sealed, a.quarantine, a.to)
		}
		if len(f.held) != held || f.kinds() != "held:ann@example.com held:ann@example.com "+copies+"notice:guest@a.example notice:once@a.example dsn:ann@example.com" {
			t.Errorf("sealed %v: %d held, sent %s", sealed, len(f.held), f.kinds())
		}
		actions := map[string]string{}
		for _, l := range f.followed[0].Lines {
			actions[l.Recipient] = l.Action
		}
		if len(actions) != 6 || actions["drop@a.example"] != "" || actions["hold@a.example"] != "" || actions["wait@a.example"] != "block" {
			t.Errorf("followed %v", actions)
		}
		// Again: the same is done once more, and nothing else.
		sent, commits := len(f.sent), f.commits
		again := tm.apply(t, connect(t, newServer(t, f, func(o *Options) { o.Sealed = sealed }), true).transact(tm))
		if len(f.sent) != sent || f.commits != commits || len(f.held) != held || strings.Join(again.to, " ") != strings.Join(a.to, " ") {
			t.Error("the second offer did something else")
		}
	}
}

// released is the mail of the outbox for what was held: with the pass in its mark.
func released(tm testMail, f *fakeStore, i int) testMail {
	h := f.held[i]
	var to []string
	for _, a := range h.Recipients {
		to = append(to, "<"+a+">")
	}
	mark := newGuard().Mark(envelopeOf(h), h.Pass, now)
	tm.to = to
	tm.header = append([][2]string{{"Received", " from localhost by mail; Sat, 21 Nov 2026 19:20:00 +0000"}, {"X-Postseal-Mail", " " + strings.ReplaceAll(mark, " ", "\n ")}}, tm.header...)
	return tm
}

// What is released passes the rule that held it, and no other.
func TestReleased(t *testing.T) {
	const text = `
version = 1

[[rule]]
name = "review"
then = "block"
when.to = "block*@*.example"

[[rule]]
name = "second"
then = "block"
release = { mode = "defer" }
when.to = "*2@*.example"

[[rule]]
name = "member"
then = "pickup"
when = { to = "*card*@*.example", auth_user = "ann" }
`
	change := func(o *Options) { o.Rules = loadRules(t, text) }
	t.Run("delivers", func(t *testing.T) {
		f := &fakeStore{}
		s := newServer(t, f, change)
		tm := letter("<block@a.example>")
		connect(t, s, true).transact(tm)
		back := released(tm, f, 0)
		d := connect(t, s, true).transact(back)
		wantAccepted(t, d)
		if a := back.apply(t, d); a.body != tm.body || len(a.get("X-Postseal-Mail")) != 0 || len(a.to) != 1 || len(f.held) != 1 {
			t.Errorf("to %q, marks %q, %d held", a.to, a.get("X-Postseal-Mail"), len(f.held))
		}
	})
	t.Run("is sealed where another rule says so", func(t *testing.T) {
		f := &fakeStore{}
		s := newServer(t, f, change)
		tm := letter("<block-card@a.example>")
		connect(t, s, true).transact(tm)
		back := released(tm, f, 0)
		m := connect(t, s, true)
		m.macros('M', "{auth_authen}", "") // the outbox logs in under no name
		m.mail(back.from)
		m.rcpt(back.to[0])
		for _, h := range back.header {
			m.header(h[0], h[1])
		}
		m.eoh()
		m.body(back.body)
		d := m.end()
		wantAccepted(t, d)
		if len(f.sealed) != 1 || strings.Contains(back.apply(t, d).body, "planted") || len(f.held) != 1 {
			t.Errorf("%d sealed, %d held", len(f.sealed), len(f.held))
		}
	})
	t.Run("is held by another, and then passes both", func(t *testing.T) {
		f := &fakeStore{}
		s := newServer(t, f, change)
		tm := letter("<block2@a.example>")
		connect(t, s, true).transact(tm)
		d := connect(t, s, true).transact(released(tm, f, 0))
		if d.code != 'd' || len(f.held) != 2 || f.held[1].Rule != "second" || len(f.deferred) != 0 || len(f.sent) != 2 {
			t.Fatalf("answer %q %q, %d held, %d deferred", d.code, d.data, len(f.held), len(f.deferred))
		}
		if bytes.Contains(f.held[1].content, []byte("X-Postseal-Mail")) {
			t.Error("the mark was held with the message")
		}
		d = connect(t, s, true).transact(released(tm, f, 1))
		wantAccepted(t, d)
		if len(f.held) != 2 {
			t.Errorf("%d held", len(f.held))
		}
		// Lost answers: each step again does the same.
		for i := range 2 {
			connect(t, s, true).transact(released(tm, f, i))
		}
		if len(f.held) != 2 || len(f.sent) != 2 {
			t.Errorf("after repeats %d held, sent %s", len(f.held), f.kinds())
		}
	})
	t.Run("of a version to come", func(t *testing.T) {
		f := &fakeStore{}
		s := newServer(t, f, change)
		tm := letter("<block@a.example>")
		connect(t, s, true).transact(tm)
		f.held[0].Pass = []byte(`{"v":9}`)
		if d := connect(t, s, true).transact(released(tm, f, 0)); d.code != 'y' || !strings.HasPrefix(d.data, "451 4.7.1 ") {
			t.Errorf("answer %q %q", d.code, d.data)
		}
	})
}

// Who was released before is trusted, as far as the store says so.
func TestTrusted(t *testing.T) {
	f := &fakeStore{trusted: map[string]bool{"review ann@example.com block@a.example": true}}
	s := newServer(t, f, nil)
	tm := letter("<Block@a.example>", "<block2@a.example>")
	d := connect(t, s, true).transact(tm)
	wantAccepted(t, d)
	if a := tm.apply(t, d); len(a.to) != 1 || a.to[0] != "<Block@a.example>" || len(f.held) != 1 || f.held[0].Recipients[0] != "block2@a.example" {
		t.Errorf("to %q, held %+v", a.to, f.held)
	}
	f.askErr = errors.New("x")
	if d := connect(t, s, true).transact(tm); d.code != 'y' || !strings.HasPrefix(d.data, "451 4.7.1 ") {
		t.Errorf("without an answer of the store: %q %q", d.code, d.data)
	}
}

// Trust, and a release at the sender's server, hold as long as the rule offers them.
func TestTrustEndsWithTheOffer(t *testing.T) {
	const rule = "version = 1\n[[rule]]\nname = \"review\"\nthen = \"block\"\nwhen.always = true\nrelease = "
	for _, tt := range []struct {
		release       string
		trusted, back bool // what passes
	}{
		{`{ mode = "defer", trust = "recipient" }`, true, true},
		{`{ mode = "defer", trust = "none" }`, false, true},
		{`false`, false, false},
	} {
		t.Run(tt.release, func(t *testing.T) {
			with := func(f *fakeStore, release string) *Server {
				return newServer(t, f, func(o *Options) { o.Rules = loadRules(t, rule+release+"\n") })
			}
			tm := letter("<guest@a.example>")
			f := &fakeStore{trusted: map[string]bool{"review ann@example.com guest@a.example": true}}
			d := connect(t, with(f, tt.release), true).transact(tm)
			if passed := d.code == 'a' && len(f.held) == 0; passed != tt.trusted {
				t.Errorf("of a trusted sender: answer %q %q, %d held", d.code, d.data, len(f.held))
			}

			f = &fakeStore{}
			connect(t, with(f, `{ mode = "defer" }`), true).transact(tm)
			f.only(t).State = store.HoldReleased
			d = connect(t, with(f, tt.release), true).transact(tm)
			if passed := d.code == 'a' && len(f.held) == 0; passed != tt.back {
				t.Errorf("after the release: answer %q %q, %d held", d.code, d.data, len(f.held))
			}
		})
	}
}

// A released message counted when it came first.
func TestReleasedDoesNotCountAgain(t *testing.T) {
	const text = `
version = 1

[[rule]]
name = "mass"
then = "return"
when.sent = { recipients = "> 3", within = "1h" }

[[rule]]
name = "review"
then = "block"
when.to = "block*@*.example"
`
	f := &fakeStore{}
	s := newServer(t, f, func(o *Options) { o.Rules = loadRules(t, text) })
	tm := letter("<block1@a.example>", "<block2@a.example>")
	connect(t, s, true).transact(tm)
	for range 3 {
		wantAccepted(t, connect(t, s, true).transact(released(tm, f, 0)))
	}
	other := letter("<colleague@example.com>")
	other.header[8][1] = " <other@example.com>"
	wantAccepted(t, connect(t, s, true).transact(other))
	// A process that was started since knows nothing of it.
	wantAccepted(t, connect(t, newServer(t, f, func(o *Options) { o.Rules = loadRules(t, text) }), true).transact(released(tm, f, 0)))
}

// One mailbox twice, and both held: one hold, and one mail.
func TestBlockedTwice(t *testing.T) {
	f := &fakeStore{}
	d := connect(t, newServer(t, f, nil), true).transact(letter("<block@a.example>", "<BLOCK@a.example>"))
	if d.code != 'd' || len(f.held) != 1 || len(f.held[0].Recipients) != 1 || len(f.sent) != 1 {
		t.Errorf("answer %q, held %+v", d.code, f.held)
	}
	m := &message{recipients: []recipient{{raw: "<a@x>", address: "a@x", key: "a@x"}, {raw: "<A@x>", address: "A@x", key: "a@x"}}}
	s, err := assort(m, &rules.Decision{Verdicts: []rules.Verdict{{Recipient: "a@x", Action: rules.Block}, {Recipient: "A@x", Action: rules.Deliver}}})
	if err != nil || len(s.blocked) != 1 || len(s.clear) != 0 {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestHoldFails(t *testing.T) {
	f := &fakeStore{sealErr: errors.New("secret detail")}
	d := connect(t, newServer(t, f, nil), true).transact(letter("<block@a.example>"))
	if d.code != 'y' || !strings.HasPrefix(d.data, "451 4.7.1 ") || f.commits != 0 || len(f.sent) != 0 {
		t.Errorf("answer %q %q, %d commits", d.code, d.data, f.commits)
	}
	f = &fakeStore{commitErr: store.ErrFull}
	if d := connect(t, newServer(t, f, nil), true).transact(letter("<block@a.example>")); !strings.HasPrefix(d.data, "452 4.3.1 ") || len(f.held) != 0 {
		t.Errorf("answer %q %q", d.code, d.data)
	}
}

// The store keeps a bounded Message-ID. What is released is known again by it.
func TestReleasedWithLongMessageID(t *testing.T) {
	f := &fakeStore{}
	s := newServer(t, f, nil)
	tm := letter("<block@a.example>")
	for i, h := range tm.header {
		if h[0] == "Message-ID" {
			tm.header[i][1] = " <" + strings.Repeat("long", 400) + "@example.com>"
		}
	}
	connect(t, s, true).transact(tm)
	if len(f.held) != 1 || len(f.held[0].MessageID) > 1000 {
		t.Fatalf("%d held, Message-ID of %d octets", len(f.held), len(f.held[0].MessageID))
	}
	back := released(tm, f, 0)
	d := connect(t, s, true).transact(back)
	wantAccepted(t, d)
	if a := back.apply(t, d); len(f.held) != 1 || len(a.to) != 1 || a.body != tm.body {
		t.Errorf("%d held, to %q", len(f.held), a.to)
	}
}

// A member's answer to what a guest wrote in the portal stays secret.
func TestThreadStaysSecret(t *testing.T) {
	for _, tt := range []struct {
		name   string
		off    bool
		to     string
		ids    string
		sealed bool
		err    error
		want   byte
	}{
		{name: "an answer", to: "<Reader@customer.example>", ids: " <m0@example.com>", sealed: true, want: 'a'},
		{name: "further down", to: "<reader@customer.example>", ids: " <x@y.example>\n <m0@example.com><z@y.example>", sealed: true, want: 'a'},
		{name: "with words and commas", to: "<reader@customer.example>", ids: " Your mail of Friday <m0@example.com>, <z@y.example>", sealed: true, want: 'a'},
		{name: "folded inside", to: "<reader@customer.example>", ids: " < <m0@exam\n ple.com>(the first)", sealed: true, want: 'a'},
		{name: "to somebody else", to: "<other@customer.example>", ids: " <m0@example.com>", want: 'a'},
		{name: "of another thread", to: "<reader@customer.example>", ids: " <m9@example.com>", want: 'a'},
		{name: "switched off", off: true, to: "<reader@customer.example>", ids: " <m0@example.com>", want: 'a'},
		{name: "the store fails", to: "<reader@customer.example>", ids: " <m0@example.com>", err: errors.New("x"), want: 'y'},
		{name: "a colleague", to: "<colleague@example.com>", ids: " <m0@example.com>", err: errors.New("not asked"), want: 'a'},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := &fakeStore{written: map[string]string{"<m0@example.com>": "reader@customer.example"}, askErr: tt.err}
			tm := letter(tt.to)
			tm.header[9] = [2]string{"References", tt.ids}
			d := connect(t, newServer(t, f, func(o *Options) { o.Thread = !tt.off }), true).transact(tm)
			if d.code != tt.want || (len(f.sealed) == 1) != tt.sealed {
				t.Fatalf("answer %q %q, %d sealed", d.code, d.data, len(f.sealed))
			}
			if tt.sealed && (f.audit[0].Rule != rules.Thread || f.sealed[0].Mode != seal.ModeAccount || strings.Contains(tm.apply(t, d).body, "planted")) {
				t.Errorf("audit %+v", f.audit)
			}
		})
	}
	t.Run("and to others", func(t *testing.T) {
		f := &fakeStore{written: map[string]string{"<m0@example.com>": "known@customer.example"}}
		s := newServer(t, f, func(o *Options) { o.Thread = true })
		// Bob's is sealed by the thread, the guest's by a rule.
		tm := letter("<bob@partner.example>", "<colleague@example.com>", "<known@customer.example>")
		d := connect(t, s, true).transact(tm)
		wantAccepted(t, d)
		if a := tm.apply(t, d); len(f.sealed) != 1 || len(f.sealed[0].Recipients) != 2 || len(a.to) != 1 || a.to[0] != "<colleague@example.com>" {
			t.Errorf("%d sealed, in clear to %q", len(f.sealed), a.to)
		}
	})
	t.Run("and to others, each by itself", func(t *testing.T) {
		f := &fakeStore{written: map[string]string{"<m0@example.com>": "cc@customer.example"}}
		wantAccepted(t, connect(t, newServer(t, f, func(o *Options) { o.Thread = true }), true).transact(letter("<bob@partner.example>")))
		if len(f.sealed) != 1 {
			t.Error("not sealed")
		}
	})
	t.Run("in a second field", func(t *testing.T) {
		f := &fakeStore{written: map[string]string{"<m0@example.com>": "reader@customer.example"}}
		tm := letter("<reader@customer.example>")
		tm.header[9] = [2]string{"In-Reply-To", " <x@y.example>"}
		tm.header = append(tm.header, [2]string{"In-Reply-To", " <m0@example.com>"})
		wantAccepted(t, connect(t, newServer(t, f, func(o *Options) { o.Thread = true }), true).transact(tm))
		if len(f.sealed) != 1 {
			t.Error("not sealed")
		}
	})
	t.Run("a rule that delivers", func(t *testing.T) {
		f := &fakeStore{written: map[string]string{"<m0@example.com>": "reader@customer.example"}}
		s := newServer(t, f, func(o *Options) {
			o.Thread = true
			o.Rules = loadRules(t, "version = 1\n[[rule]]\nname = \"open\"\nthen = \"deliver\"\nwhen.always = true\n")
		})
		wantAccepted(t, connect(t, s, true).transact(letter("<reader@customer.example>")))
		if len(f.sealed) != 0 {
			t.Error("sealed")
		}
	})
}
