package socket

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/postseal/postseal/store/seal"
)

// senderOwner answers the calls of senders, and notes what it was asked.
type senderOwner struct {
	Owner
	err    error
	asked  []any
	status Status
}

func (o *senderOwner) note(args ...any) error {
	o.asked = append(o.asked, args...)
	return o.err
}

func (o *senderOwner) Held(_ context.Context, link seal.Token) (Held, error) {
	return Held{State: "waiting", Recipients: []string{"b"}, TrustFor: time.Hour}, o.note("held", link)
}
func (o *senderOwner) Release(_ context.Context, link seal.Token, r ReleaseOrder) error {
	return o.note("release", link, r)
}
func (o *senderOwner) Withdraw(_ context.Context, link seal.Token, client string) error {
	return o.note("withdraw", link, client)
}
func (o *senderOwner) Status(_ context.Context, by Follower) (Status, error) {
	return o.status, o.note("status", by)
}
func (o *senderOwner) Recall(_ context.Context, by Follower, messages []string) (Status, error) {
	return o.status, o.note("recall", by, messages)
}
func (o *senderOwner) Extend(_ context.Context, by Follower, messages []string, more time.Duration) (Status, error) {
	return o.status, o.note("extend", by, messages, more)
}
func (o *senderOwner) Remind(_ context.Context, by Follower, message string) (Status, error) {
	return o.status, o.note("remind", by, message)
}
func (o *senderOwner) Sent(_ context.Context, session seal.Token, cursor string, limit int) (SentPage, error) {
	return SentPage{Items: []Status{o.status}, Total: 1}, o.note("sent", session, cursor, limit)
}
func (o *senderOwner) MarkUnwanted(_ context.Context, session seal.Token, message string, off bool) error {
	return o.note("unwanted", session, message, off)
}
func (o *senderOwner) TryPIN(_ context.Context, by Caller, message string, verifier []byte, client string) (Message, error) {
	return Message{ID: message, Grant: []byte{1}}, o.note("pin", by, message, verifier, client)
}

func TestSendersCallsArriveAsTheyWereMade(t *testing.T) {
	token, by := seal.NewToken(), Follower{Session: seal.NewToken(), Dispatch: "d", Client: "::1"}
	caller := Caller{Link: seal.NewToken()}
	order := ReleaseOrder{Key: "AGE-SECRET-KEY-PQ-1", Reason: "a\nb", Client: "192.0.2.1"}
	many := make([]string, 10000)
	status := Status{ID: "d", Lines: make([]StatusLine, len(many))}
	for i := range many {
		many[i] = fmt.Sprintf("%036d", i)
		status.Lines[i] = StatusLine{Recipient: strings.Repeat("r", 100), Message: many[i], Expires: time.Unix(1e9, 0).UTC()}
	}
	o := &senderOwner{status: status}
	c, _ := serve(t, o, own())
	ctx := context.Background()
	if h, err := c.Held(ctx, token); err != nil || h.TrustFor != time.Hour || h.State != "waiting" {
		t.Fatal(h, err)
	}
	_, pinErr := c.TryPIN(ctx, caller, "m", []byte{7}, "::1")
	err := errors.Join(c.Release(ctx, token, order), c.Withdraw(ctx, token, "::1"), c.MarkUnwanted(ctx, token, "m", true), pinErr)
	for _, call := range []func() (Status, error){
		func() (Status, error) { return c.Status(ctx, by) },
		func() (Status, error) { return c.Recall(ctx, by, many) },
		func() (Status, error) { return c.Extend(ctx, by, many[:2], 24*time.Hour) },
		func() (Status, error) { return c.Remind(ctx, by, "m") },
		func() (Status, error) {
			p, err := c.Sent(ctx, token, "next", 7)
			return p.Items[0], err
		},
	} {
		st, cerr := call()
		err = errors.Join(err, cerr)
		if !reflect.DeepEqual(st, status) {
			t.Error("a status arrives changed")
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	want := []any{"held", token, "pin", caller, "m", []byte{7}, "::1", "release", token, order, "withdraw", token, "::1",
		"unwanted", token, "m", true, "status", by, "recall", by, many, "extend", by, many[:2], 24 * time.Hour,
		"remind", by, "m", "sent", token, "next", 7}
	if !reflect.DeepEqual(o.asked, want) {
		t.Fatalf("asked\n%v\nwant\n%v", o.asked[:20], want[:20])
	}
}

func TestHowItEndedCrossesTheSocket(t *testing.T) {
	o := &senderOwner{}
	c, _ := serve(t, o, own())
	at := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	for _, want := range []EndedError{
		{How: "recalled", By: "alice@example.com", At: at}, {How: "expired", At: at}, {How: "used", At: at}, {How: "recalled"},
		{How: "recalled", By: strings.Repeat("ä", 400) + "@x", At: at},
	} {
		o.err = fmt.Errorf("wrapped: %w", &want)
		_, err := c.Held(context.Background(), seal.Token{})
		var got *EndedError
		if !errors.As(err, &got) || *got != want || !errors.Is(err, want.sentinel()) {
			t.Errorf("%+v arrives as %v", want, err)
		}
		if text := err.Error(); strings.Contains(text, "@") {
			t.Errorf("the error's text names somebody: %s", text)
		}
	}
}

func TestBadRequestsOfSenders(t *testing.T) {
	_, path := serve(t, &senderOwner{}, own())
	for name, tc := range map[string]struct{ call, body string }{
		"no message to remind of": {pathRemind, `{"by":{}}`},
		"two":                     {pathRemind, `{"by":{},"messages":["a","b"]}`},
		"a field too many":        {pathRelease, `{"order":{"force":true}}`},
		"no number":               {pathExtend, `{"by":{},"more":"1d"}`},
	} {
		if got := post(t, path, tc.call, Version, tc.body); got != 400 {
			t.Errorf("%s: %d", name, got)
		}
	}
}

func FuzzSenderRequest(f *testing.F) {
	for _, s := range []string{
		`{"link":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","order":{"key":"x","reason":"y","client":"::1"}}`,
		`{"by":{"dispatch":"d"},"messages":["m"],"more":86400000000000}`, `{"by":{},"message":"m","verifier":"AA=="}`, `{"off":1}`,
		`{"how":"recalled","by":"a","at":"2026-11-21T10:00:00Z"}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, out := range []any{new(releaseRequest), new(followRequest), new(unwantedRequest), new(pinRequest), new(EndedError)} {
			if err := decodeJSON(strings.NewReader(s), out); err != nil && err != ErrInvalid {
				t.Fatal(err) // any other text might quote the request
			}
		}
		for _, end := range []error{ErrExpired, ErrRecalled, ErrUsed} {
			if err := endedOf(end, strings.NewReader(s)); !errors.Is(err, end) {
				t.Fatalf("an answer's body makes %v of %v", err, end)
			}
		}
	})
}
