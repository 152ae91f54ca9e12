package milter

import (
	"slices"
	"testing"
	"time"

	"github.com/postseal/postseal/milter/guard"
	"github.com/postseal/postseal/rules"
	"github.com/postseal/postseal/store/socket"
)

// TestSealComposed: what a member wrote in the portal goes outside sealed, as it was
// asked for, and no rule is weakened by it.
func TestSealComposed(t *testing.T) {
	b, err := ComposePass("dora@example.com", "01a20086-ad4b-771f-b62d-f2ba737e12bc", socket.SendOptions{ReadReceipt: true, NoPrint: true, Days: 7})
	if err != nil {
		t.Fatal(err)
	}
	m := &message{recipients: make([]recipient, 5)}
	if err := m.bring(b); err != nil || m.authUser != "dora@example.com" {
		t.Fatalf("%q, %v", m.authUser, err)
	}
	if w := (&work{m: m, who: &sorted{}}); w.dispatch().ID != m.pass.Seal.Dispatch || m.pass.Seal.Dispatch == "" {
		t.Errorf("the dispatch has id %q", w.dispatch().ID)
	}
	s := &Server{options: Options{InternalDomains: []string{"example.com"}}}
	d := &rules.Decision{Verdicts: []rules.Verdict{
		{Recipient: "alice@example.com", Action: rules.Deliver},
		{Recipient: "bob@guest.test", Action: rules.Deliver, Rule: "newsletter"},
		{Recipient: "carol@guest.test", Action: rules.OneTime, Rule: "card", Also: rules.Also{Expire: time.Hour, Restrict: rules.Restriction{NoReply: true}}},
		{Recipient: "dave@guest.test", Action: rules.Block, Rule: "secret"},
		{Recipient: "erin@guest.test", Action: rules.Return, Rule: "never"},
	}}
	s.sealComposed(m, d)
	want := []rules.Action{rules.Deliver, rules.Pickup, rules.OneTime, rules.Block, rules.Return}
	var got []rules.Action
	for _, v := range d.Verdicts {
		got = append(got, v.Action)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if v := d.Verdicts[1]; v.Rule != ComposedRule || v.Also.Expire != 7*24*time.Hour || !v.Also.Restrict.NoPrint || v.Also.ReadReceipt == nil || !*v.Also.ReadReceipt {
		t.Errorf("%+v", v)
	}
	if v := d.Verdicts[2]; v.Also.Expire != time.Hour || !v.Also.Restrict.NoReply || !v.Also.Restrict.NoPrint {
		t.Errorf("%+v", v)
	}
	if v := d.Verdicts[0]; v.Also.Restrict.NoPrint || v.Also.ReadReceipt != nil {
		t.Errorf("%+v", v)
	}
	m.pass.Seal = nil
	d.Verdicts[1].Action = rules.Deliver
	if s.sealComposed(m, d); d.Verdicts[1].Action != rules.Deliver {
		t.Error("a released message is sealed")
	}
}

// TestPassLost: if the mark of a member's message is not known again, because a relay
// divided the mail, nobody knows that it was to be sealed. So it waits.
func TestPassLost(t *testing.T) {
	pass, err := ComposePass("ann@example.com", "", socket.SendOptions{})
	if err != nil {
		t.Fatal(err)
	}
	both := guard.Envelope{From: "ann@example.com", To: []string{"one@a.example", "two@b.example"}, MessageID: "<m1@example.com>"}
	for _, tt := range []struct {
		name, from string
		to         []string
		pass       []byte
		code       byte
		sealed     int
	}{
		{"whole", "<ann@example.com>", []string{"<one@a.example>", "<two@b.example>"}, pass, 'a', 1},
		{"divided", "<ann@example.com>", []string{"<one@a.example>"}, pass, 'y', 0},
		{"a mark without a pass, forged", "<ann@example.com>", []string{"<one@a.example>"}, nil, 'a', 0},
		{"another site's", "<dan@partner.example>", []string{"<ann@example.com>"}, pass, 'a', 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := &fakeStore{}
			tm := letter(tt.to...)
			tm.from = tt.from
			tm.header = append([][2]string{{guard.Header, " " + newGuard().Mark(both, tt.pass, now)}}, tm.header...)
			d := connect(t, newServer(t, f, nil), true).transact(tm)
			if d.code != tt.code || len(f.sealed) != tt.sealed {
				t.Errorf("answer %q %q, %d sealed", d.code, d.data, len(f.sealed))
			}
		})
	}
}
