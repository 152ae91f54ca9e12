package store

import (
	"context"
	"testing"
	"time"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// Mails to an account are in its language, and its notices show its phrase.
func TestMailsKnowTheirReader(t *testing.T) {
	e, ctx := newEnv(t, func(o *Options) { o.SessionIdle = 24 * time.Hour }), context.Background()
	first := e.deposit(seal.ModeAccount, "x", "bob@guest.test")[0]
	if first.Language != "" || first.Phrase != "" {
		t.Errorf("without an account: %q, %q", first.Language, first.Phrase)
	}
	session, _ := e.activate(first.Code, "password")
	phrase := "blue elephants"
	for _, tt := range []struct{ preferences, language string }{
		{`{"language":"de","theme":"dark"}`, "de"},
		{`{"theme":"dark"}`, ""},
		{`{"language":7}`, ""},
		{`[]`, ""},
		{`{"language":"an-answer-that-is-too-long-for-any-language"}`, ""},
	} {
		if err := e.Change(ctx, session.Token, socket.AccountChange{Phrase: &phrase, Preferences: []byte(tt.preferences)}); err != nil {
			t.Fatal(err)
		}
		for _, mode := range []seal.Mode{seal.ModeAccount, seal.ModeOneTime} {
			f := e.follow(e.request(mode, "x", "bob@guest.test"))
			if s := f.sealed[0]; s.Language != tt.language || s.Phrase != phrase {
				t.Errorf("%s, %s: language %q, phrase %q", tt.preferences, mode, s.Language, s.Phrase)
			}
			e.sendAll()
			e.clock.advance(time.Hour)
			if mode == seal.ModeOneTime {
				continue // its notice can't be sent again
			}
			e.mails.given = nil
			must(e.Remind(ctx, f.by, f.sealed[0].Message))(t)
			if r := e.mails.given[0].(RemindMail); r.Language != tt.language || r.OneTime {
				t.Errorf("%s: reminder %+v", tt.preferences, r)
			}
		}
	}
}

// A reminder of a one-time message says that it opens with its first link alone.
func TestReminderOfOneTime(t *testing.T) {
	e := newEnv(t, func(o *Options) {
		o.Reminders = Reminders{UnreadAfter: []time.Duration{time.Hour}, ToRecipient: true}
	})
	e.follow(e.request(seal.ModeOneTime, "x", "bob@guest.test"))
	e.sendAll()
	e.mails.given = nil
	e.clock.advance(2 * time.Hour)
	if err := e.Purge(context.Background()); err != nil {
		t.Fatal(err)
	}
	if len(e.mails.given) != 1 {
		t.Fatalf("mails: %+v", e.mails.given)
	}
	if r := e.mails.given[0].(RemindMail); !r.OneTime || r.Account || r.Code != (seal.Code{}) {
		t.Errorf("reminder %+v", r)
	}
}
