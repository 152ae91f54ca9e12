package store

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

// A process that was killed holds no lease; the next one sends at once.
func TestReleaseMail(t *testing.T) {
	e := newEnv(t)
	const mails = releaseBatch + 3
	d := e.Begin(e.key())
	for n := range mails {
		d.Send(Mail{Kind: KindNotice, From: "alice@example.com", To: []string{"bob@guest.test"}, ID: fmt.Sprintf("<%d@x>", n), Data: []byte("x")})
	}
	if err := d.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	var claimed *OutboxItem
	for range mails {
		claimed = must(e.ClaimMail(t.Context(), time.Hour))(t)
	}
	if i := must(e.ClaimMail(t.Context(), time.Hour))(t); i != nil {
		t.Fatal("claimed twice")
	}
	e.close()
	e.open()
	if err := e.ReleaseMail(t.Context()); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for range mails {
		i := must(e.ClaimMail(t.Context(), 2*time.Hour))(t)
		if i == nil || i.Attempts != 1 || seen[i.ID] {
			t.Fatalf("claim: %+v", i)
		}
		seen[i.ID] = true
	}
	if err := e.MailSent(t.Context(), claimed); !errors.Is(err, ErrStale) {
		t.Errorf("sent by the holder of before: %v", err)
	}
	if err := e.ReleaseMail(t.Context()); err != nil {
		t.Fatal(err)
	}
}
