package store

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"testing"
	"time"
)

// longMails write a line of 200 octets for each recipient.
type longMails struct{ Mailer }

func (longMails) Expired(r ExpiredMail) (Mail, error) {
	return Mail{Kind: "dsn", ID: "<" + r.ID + "@example.com>", Data: bytes.Repeat([]byte("x"), 200*len(r.Recipients))}, nil
}

// Who held a message for very many is told of its end as well.
func TestHoldExpiresForMany(t *testing.T) {
	e := newEnv(t, func(o *Options) { o.Mails = longMails{o.Mails} })
	ctx := context.Background()
	r := e.holdRequest("x")
	r.Recipients = nil
	for i := range maxRecipients {
		r.Recipients = append(r.Recipients, fmt.Sprintf("%d@guest.test", i))
	}
	h := e.hold(r)
	e.clock.advance(8 * 24 * time.Hour)
	if err := e.Purge(ctx); err != nil {
		t.Fatal(err)
	}
	i := must(e.ClaimMail(ctx, time.Minute))(t)
	if i == nil || i.Kind != "dsn" {
		t.Fatalf("the sender was not told: %+v", i)
	}
	data := must(i.Open())(t)
	defer data.Close()
	if b := must(io.ReadAll(data))(t); len(b) != 200*maxRecipients {
		t.Errorf("told in %d octets", len(b))
	}
	if st := must(e.Held(ctx, h.Code.Token()))(t); st.State != "expired" || e.events()[EventHoldExpired] != maxRecipients {
		t.Errorf("%s, %d entries", st.State, e.events()[EventHoldExpired])
	}
}
