package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// TestPurgeInBatches ends more messages at once than one transaction takes. They
// share one payload.
func TestPurgeInBatches(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	var to []string
	for i := range purgeBatch + 50 {
		to = append(to, fmt.Sprintf("guest%d@guest.test", i))
	}
	sealed := e.deposit(seal.ModeAccount, "x", to...)
	e.clock.advance(30*24*time.Hour - time.Second)
	if err := e.Purge(ctx); err != nil {
		t.Fatal(err)
	}
	for _, s := range sealed {
		if _, err := e.Link(ctx, s.Code.Token()); err != nil {
			t.Fatalf("purged before its end: %v", err)
		}
	}
	e.clock.advance(time.Second)
	if err := e.Purge(ctx); err != nil {
		t.Fatal(err)
	}
	e.consistent()
	entries, _, err := e.Trail(ctx, 0, 10*len(to))
	if err != nil {
		t.Fatal(err)
	}
	ends := map[string]bool{}
	for _, a := range entries {
		if a.Event == EventExpired {
			ends[a.Message] = true
		}
	}
	if len(ends) != len(to) {
		t.Errorf("%d ends in the audit trail, want %d", len(ends), len(to))
	}
}

// TestOneTimeRecipientsEndAlone has two recipients of one payload: what one did
// is not felt by the other.
func TestOneTimeRecipientsEndAlone(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	s := e.deposit(seal.ModeOneTime, "for two", "bob@guest.test", "carol@guest.test")
	if s[0].Message == s[1].Message || s[0].Code == s[1].Code {
		t.Fatal("recipients share an id or a code")
	}
	must(e.OpenOneTime(ctx, s[0].Code.Token()))(t)
	e.clock.advance(time.Hour)
	if err := e.Purge(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := e.OpenOneTime(ctx, s[0].Code.Token()); !errors.Is(err, socket.ErrUsed) {
		t.Errorf("the first: %v", err)
	}
	m := must(e.OpenOneTime(ctx, s[1].Code.Token()))(t)
	if got := e.read(m, must(s[1].Code.Identity())(t), must(e.OneTimePayload(ctx, s[1].Code.Token()))(t)); got != "for two" {
		t.Errorf("the second reads %q", got)
	}
	if man := string(m.Manifest.JSON); strings.Contains(man, "bob@") {
		t.Error("the manifest names the other recipient")
	}
	// One recipient's code opens nothing of the other's.
	man := must(m.Manifest.Verify(e.portal.Signing))(t)
	if _, err := seal.OpenGrant(m.Grant, must(s[0].Code.Identity())(t), man); !errors.Is(err, seal.ErrOpen) {
		t.Errorf("another's code: %v", err)
	}
}

// TestPayloadGoneWhileItIsRead has a message recalled in the middle of a
// download: the reader gets an error, and nothing that looks whole.
func TestPayloadGoneWhileItIsRead(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	s := e.deposit(seal.ModeOneTime, strings.Repeat("x", 2<<20), "bob@guest.test")[0]
	must(e.OpenOneTime(ctx, s.Code.Token()))(t)
	r := must(e.OneTimePayload(ctx, s.Code.Token()))(t)
	if _, err := io.ReadFull(r, make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	if err := e.RecallMessage(ctx, s.Message); err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, r); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%d more octets, %v", n, err)
	}
	r.Close()
	if _, err := r.Read(make([]byte, 1)); err == nil {
		t.Error("a closed reader reads")
	}
}

func TestUnsentMailEnds(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	d := e.Begin(e.key())
	d.Send(Mail{Kind: "dsn", From: "", To: []string{"alice@example.com"}, ID: "<1@x>", Data: make([]byte, 200<<10)})
	if err := d.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	i := must(e.ClaimMail(ctx, time.Minute))(t)
	e.clock.advance(14 * 24 * time.Hour)
	if err := e.Purge(ctx); err != nil {
		t.Fatal(err)
	}
	if err := e.MailSent(ctx, i); !errors.Is(err, ErrStale) {
		t.Errorf("sent after its end: %v", err)
	}
	if st := must(e.Stats(ctx))(t); st.Outbox != 0 {
		t.Errorf("%+v", st)
	}
}

func TestSealRefusals(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	broken := errors.New("the session's spool broke")
	for name, tc := range map[string]struct {
		change func(*SealRequest)
		want   error
	}{
		"mode":          {func(r *SealRequest) { r.Mode = "" }, socket.ErrInvalid},
		"no recipient":  {func(r *SealRequest) { r.Recipients = nil }, socket.ErrInvalid},
		"empty address": {func(r *SealRequest) { r.Recipients = []string{""} }, socket.ErrInvalid},
		"long address":  {func(r *SealRequest) { r.Recipients = []string{strings.Repeat("a", 1001)} }, socket.ErrInvalid},
		"past":          {func(r *SealRequest) { r.Expires = e.clock.now() }, socket.ErrInvalid},
		"far future":    {func(r *SealRequest) { r.Expires = e.clock.now().AddDate(200, 0, 0) }, socket.ErrInvalid},
		"broken reader": {func(r *SealRequest) { r.Message = io.MultiReader(strings.NewReader("half"), errReader{broken}) }, broken},
	} {
		d := e.Begin(e.key())
		r := e.request(seal.ModeAccount, "x", "bob@guest.test")
		tc.change(&r)
		if _, err := d.Seal(ctx, r); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v", name, err)
		}
		d.Abandon()
	}
	if st := must(e.Stats(ctx))(t); st.Messages != 0 {
		t.Errorf("%+v", st)
	}
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }

// TestBrokenRecordsBlockNothing damages one record of each queue: what comes
// after it goes on.
func TestBrokenRecordsBlockNothing(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	first := e.deposit(seal.ModeAccount, "1", "bob@guest.test")[0]
	second := e.deposit(seal.ModeAccount, "2", "bob@guest.test")[0]
	session, _ := e.activate(first.Code, "password")
	err := e.update(ctx, func(c *change) error {
		for _, bucket := range []string{bucketMessage, bucketMail} {
			k, _ := c.Bucket([]byte(bucket)).Cursor().First()
			if err := c.put(bucket, append([]byte(nil), k...), []byte("broken")); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if p := must(e.Inbox(ctx, session.Token, "", 10))(t); len(p.Messages) != 1 || p.Messages[0].ID != second.Message {
		t.Errorf("inbox: %d messages", len(p.Messages))
	}
	if i := must(e.ClaimMail(ctx, time.Minute))(t); i == nil || i.To[0] != "bob@guest.test" {
		t.Error("the second mail waits for the first")
	}
	if i := must(e.ClaimMail(ctx, time.Minute))(t); i != nil {
		t.Error("the broken mail was given out")
	}
	e.clock.advance(30 * 24 * time.Hour)
	if err := e.Purge(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Link(ctx, second.Code.Token()); !errors.Is(err, socket.ErrExpired) {
		t.Errorf("the second message: %v", err)
	}
	var m messageRecord
	i := must(parseID(second.Message))(t)
	if err := e.get(bucketMessage, i[:], &m); err != nil || m.Ended != endExpired {
		t.Errorf("the second message was not purged: %+v, %v", m, err)
	}
	e.close() // no check: it is broken on purpose
}
