package milter

import (
	"slices"
	"testing"
	"time"

	"github.com/postseal/postseal/rules"
	"github.com/postseal/postseal/store/socket"
)

// TestSealComposed: what a member wrote in the portal goes outside sealed, as it was
// asked for, and no rule is weakened by it.
func TestSealComposed(t *testing.T) {
	b, err := ComposePass("dora@example.com", "", socket.SendOptions{ReadReceipt: true, NoPrint: true, Days: 7})
	if err != nil {
		t.Fatal(err)
	}
	m := &message{recipients: make([]recipient, 5)}
	if err := m.bring(b); err != nil || m.authUser != "dora@example.com" {
		t.Fatalf("%q, %v", m.authUser, err)
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
