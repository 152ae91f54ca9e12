package store

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/postseal/postseal/store/socket"
)

// The account is told of each change of its password and its second step, and of who
// failed at that with the right password, even if it wants no sign-in alerts.
func TestAlertsAboutProtection(t *testing.T) {
	sent := &alerts{}
	e, ctx := newEnv(t, longSessions, func(o *Options) { o.Alerts = sent }), context.Background()
	s := e.holder()
	off := false
	check(t, e.Change(ctx, s.Token, socket.AccountChange{Alerts: &off}))
	var codes []string
	wrong := func(n int) {
		t.Helper()
		p := e.loginAs("password")
		for range n {
			if err := e.Confirm(ctx, p.Token, socket.FactorAnswer{Code: "000000", Client: "203.0.113.9", Agent: "Other/7"}); !errors.Is(err, socket.ErrLogin) {
				t.Fatalf("a wrong code: %v", err)
			}
		}
	}
	for _, step := range []struct {
		name string
		do   func()
		want []AlertKind
	}{
		{"added", func() { _, codes = e.withTOTP(s.Token) }, []AlertKind{AlertFactorAdded}},
		{"renewed", func() { codes = must(e.NewRecoveryCodes(ctx, s.Token, e.proof("password")))(t).Codes }, []AlertKind{AlertNewCodes}},
		{"a code used", func() {
			check(t, e.Confirm(ctx, e.loginAs("password").Token, socket.FactorAnswer{Code: codes[0], Client: "192.0.2.1"}))
		}, []AlertKind{AlertCodeUsed}},
		{"failed twice", func() { wrong(2) }, nil},
		{"and a success", func() {
			check(t, e.Confirm(ctx, e.loginAs("password").Token, socket.FactorAnswer{Code: codes[1], Client: "192.0.2.1"}))
		}, []AlertKind{AlertCodeUsed}},
		{"failed twice again", func() { wrong(2) }, nil},
		{"in two log-ins", func() { wrong(1) }, []AlertKind{AlertMissed}},
		{"soon after", func() { wrong(2) }, nil},
		{"an hour on", func() { e.clock.advance(alertEvery); wrong(1) }, []AlertKind{AlertMissed}},
		{"removed", func() { check(t, e.RemoveFactor(ctx, s.Token, e.proof("password"), socket.FactorTOTP)) }, []AlertKind{AlertFactorGone}},
		{"a new password", func() { check(t, e.ChangePassword(ctx, s.Token, e.proof("password"), e.newPassword("another"))) }, []AlertKind{AlertPassword}},
		{"a refused one", func() {
			if err := e.ChangePassword(ctx, s.Token, e.proof("password"), e.newPassword("third")); !errors.Is(err, socket.ErrLogin) {
				t.Errorf("a wrong proof: %v", err)
			}
		}, nil},
		{"a forgotten one", func() {
			check(t, e.RequestReset(ctx, "bob@guest.test", "192.0.2.1"))
			e.activate(e.mails.codes["bob@guest.test"], "fourth")
		}, []AlertKind{AlertPassword}},
		{"by an administrator", func() { check(t, e.DropFactors(ctx, "bob@guest.test")) }, []AlertKind{AlertFactorGone}},
	} {
		sent.sent = nil
		e.clock.advance(time.Minute)
		step.do()
		var kinds []AlertKind
		for _, m := range sent.sent {
			kinds = append(kinds, m.Kind)
			if m.Address != "bob@guest.test" || (m.Client == "") != (step.name == "by an administrator") {
				t.Errorf("%s: %+v", step.name, m)
			}
			if m.Kind == AlertMissed && (m.Client != "203.0.113.9" || m.Agent != "Other/7") {
				t.Errorf("%s: %+v", step.name, m)
			}
		}
		if !slices.Equal(kinds, step.want) {
			t.Errorf("%s: %v, want %v", step.name, kinds, step.want)
		}
	}
}
