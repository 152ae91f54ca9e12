package portal

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime"
	"net/mail"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/postseal/postseal/store"
	"github.com/postseal/postseal/store/keys"
	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// A testOwner is a real store. Beside it is what a test does to it: messages that
// come in, mails that go out, time that passes, and answers that were meddled with
// before they reach the portal.
type testOwner struct {
	*store.Store
	t      testing.TB
	keys   *keys.Portal
	signer *keys.Owner
	began  time.Time    // what the clock shows,
	ahead  atomic.Int64 // with this on top, in nanoseconds
	mails  []outgoing
	chosen atomic.Pointer[socket.Roundup] // what an account chose last
	down   bool
	silent atomic.Bool // the identity provider does not say when somebody logged in
	book   *book
	// What a message, by its id, is turned into on its way to the portal.
	forge   map[string]func(*socket.Message)
	corrupt map[string]func([]byte) []byte // its payload
}

// An outgoing mail was in the outbox.
type outgoing struct {
	kind string
	to   []string
	raw  string
}

func newTestOwner(t testing.TB, change func(*store.Options)) *testOwner {
	t.Helper()
	dir := t.TempDir()
	keyDir := filepath.Join(dir, "keys")
	_, err := keys.Create(keyDir, false)
	must(t, err)
	o := &testOwner{t: t, began: time.Now(), book: &book{}, forge: map[string]func(*socket.Message){}, corrupt: map[string]func([]byte) []byte{}}
	o.signer, err = keys.LoadOwner(keyDir)
	must(t, err)
	o.keys, err = keys.LoadPortal(keyDir)
	must(t, err)
	kept := store.Options{
		Dir: filepath.Join(dir, "store"), Keys: o.signer, Recovery: o.signer.Recovery, Mails: plainMails{}, Addresses: plainMails{}, People: plainMails{},
		Now: o.now, MmapSize: 64 << 20, MinFree: -1, Compose: store.Compose{Domains: []string{"firm.example", ".firm.example"}, Directory: o.book, GuestsLookUp: true},
	}
	change(&kept)
	o.Store, err = store.Open(kept)
	must(t, err)
	t.Cleanup(func() { must(t, o.Store.Close()) })
	return o
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// now is the time that store and portal go by. It stands still but for pass: what
// waits for a second or a minute does so however long the machine takes.
func (o *testOwner) now() time.Time { return o.began.Add(time.Duration(o.ahead.Load())) }

func (o *testOwner) pass(d time.Duration) { o.ahead.Add(int64(d)) }

// A sealRequest is a message to seal in a test.
type sealRequest struct {
	mode     seal.Mode
	from, to string
	summary  seal.Summary
	raw      string
	received time.Time     // zero: now
	expires  time.Duration // after received; 0: 30 days
	restrict seal.Restriction
}

// seal seals a message for one recipient.
func (o *testOwner) seal(q sealRequest) store.Sealed {
	o.t.Helper()
	o.pass(time.Millisecond) // as lists go by it
	if q.received.IsZero() {
		q.received = o.now()
	}
	if q.expires == 0 {
		q.expires = 30 * 24 * time.Hour
	}
	q.raw = strings.ReplaceAll(strings.ReplaceAll(q.raw, "\r\n", "\n"), "\n", "\r\n")
	q.summary.Size = int64(len(q.raw))
	d := o.Begin(store.DepositKey{From: q.from, To: []string{q.to}, MessageID: uuid.NewString()})
	defer d.Abandon()
	sealed, err := d.Seal(context.Background(), store.SealRequest{
		Mode: q.mode, Sender: q.from, Internal: true, Recipients: []string{q.to}, ReplyTo: q.from,
		MessageID: "<" + uuid.NewString() + "@firm.example>", Summary: q.summary, Message: strings.NewReader(q.raw),
		Created: q.received, Expires: q.received.Add(q.expires), Restrict: q.restrict,
	})
	must(o.t, err)
	must(o.t, d.Commit(context.Background()))
	return sealed[0]
}

// sent returns the mails of a kind that have left so far, oldest first.
func (o *testOwner) sent(kind string) (mails []outgoing) {
	o.t.Helper()
	ctx := context.Background()
	for {
		i, err := o.ClaimMail(ctx, time.Minute)
		must(o.t, err)
		if i == nil {
			break
		}
		r, err := i.Open()
		must(o.t, err)
		b, err := io.ReadAll(r)
		must(o.t, err)
		must(o.t, r.Close())
		must(o.t, o.MailSent(ctx, i))
		o.mails = append(o.mails, outgoing{i.Kind, i.To, string(b)})
	}
	for _, m := range o.mails {
		if m.kind == kind {
			mails = append(mails, m)
		}
	}
	return mails
}

// resets returns the codes of the reset links that were mailed.
func (o *testOwner) resets() (codes []seal.Code) {
	o.t.Helper()
	for _, m := range o.sent(store.KindReset) {
		_, text, _ := strings.Cut(m.raw, "\r\n\r\n")
		c, err := seal.ParseCode(text)
		must(o.t, err)
		codes = append(codes, c)
	}
	return codes
}

// header returns a field of a mail, decoded.
func (m outgoing) header(t testing.TB, name string) string {
	t.Helper()
	msg, err := mail.ReadMessage(strings.NewReader(m.raw))
	must(t, err)
	s, err := new(mime.WordDecoder).DecodeHeader(msg.Header.Get(name))
	must(t, err)
	return s
}

// plainMails renders the store's own mails as plainly as can be.
type plainMails struct{ store.Mailer }

var _ store.FollowMailer = plainMails{}

func (plainMails) Reset(r store.ResetMail) (store.Mail, error) {
	return store.Mail{Kind: store.KindReset, To: []string{r.Address}, ID: "<" + r.ID + "@firm.example>",
		Data: []byte("To: " + r.Address + "\r\n\r\n" + r.Code.Text())}, nil
}

func (plainMails) Roundup(r store.RoundupMail) (store.Mail, error) {
	return store.Mail{Kind: store.KindRoundup, ID: "<roundup." + r.ID + "@firm.example>", Data: []byte("Subject: round-up\r\n\r\n")}, nil
}

func (plainMails) Remind(r store.RemindMail) (store.Mail, error) {
	return store.Mail{Kind: store.KindNotice, ID: "<" + r.ID + "@firm.example>", Data: []byte("To: " + r.Recipient + "\r\n\r\nA message waits.\r\n")}, nil
}

func (plainMails) Follow(f store.FollowMail) (store.Mail, error) {
	return store.Mail{Kind: "reminder", ID: "<" + f.ID + "@firm.example>", Data: []byte("To: " + f.To + "\r\n\r\n")}, nil
}

func (plainMails) Read(r store.ReadMail) (store.Mail, error) {
	return store.Mail{Kind: "reminder", ID: "<" + r.ID + "@firm.example>", Data: []byte("To: " + r.To + "\r\n\r\n")}, nil
}

func (plainMails) Expired(e store.ExpiredMail) (store.Mail, error) {
	return store.Mail{Kind: "dsn", ID: "<" + e.ID + "@firm.example>", Data: []byte("To: " + e.To + "\r\n\r\n")}, nil
}

func (plainMails) ReplyHeader(r store.ReplyMail) (store.Mail, error) {
	h := fmt.Sprintf("Reply-To: %s\r\nSubject: %s\r\nMIME-Version: 1.0\r\n",
		&mail.Address{Name: r.Name, Address: r.Guest}, mime.QEncoding.Encode("utf-8", r.Subject))
	return store.Mail{Kind: "reply", From: "portal@firm.example", ID: "<" + r.ID + "@firm.example>", Data: []byte(h)}, nil
}

// Change notes what was chosen.
func (o *testOwner) Change(ctx context.Context, session seal.Token, n socket.AccountChange) error {
	if n.Roundup != nil {
		o.chosen.Store(n.Roundup)
	}
	return o.Store.Change(ctx, session, n)
}

func (o *testOwner) SessionInfo(ctx context.Context, session seal.Token) (socket.SessionInfo, error) {
	info, err := o.Store.SessionInfo(ctx, session)
	info.Unproven = o.silent.Load()
	return info, err
}

// Link can be made to fail as when the owner is away.
func (o *testOwner) Link(ctx context.Context, link seal.Token) (socket.LinkInfo, error) {
	if o.down {
		return socket.LinkInfo{}, socket.ErrUnavailable
	}
	return o.Store.Link(ctx, link)
}

// forged applies what a test does to a message.
func (o *testOwner) forged(m socket.Message, err error) (socket.Message, error) {
	if f := o.forge[m.ID]; err == nil && f != nil {
		f(&m)
	}
	return m, err
}

func (o *testOwner) corrupted(id string, r io.ReadCloser, err error) (io.ReadCloser, error) {
	f := o.corrupt[id]
	if err != nil || f == nil {
		return r, err
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	return io.NopCloser(bytes.NewReader(f(b))), nil
}

func (o *testOwner) Message(ctx context.Context, session seal.Token, id string) (socket.Message, error) {
	return o.forged(o.Store.Message(ctx, session, id))
}

func (o *testOwner) OpenOneTime(ctx context.Context, link seal.Token) (socket.Message, error) {
	return o.forged(o.Store.OpenOneTime(ctx, link))
}

func (o *testOwner) Inbox(ctx context.Context, session seal.Token, cursor string, limit int) (socket.Page, error) {
	p, err := o.Store.Inbox(ctx, session, cursor, limit)
	for i := range p.Messages {
		p.Messages[i], _ = o.forged(p.Messages[i], nil)
	}
	return p, err
}

func (o *testOwner) List(ctx context.Context, session seal.Token, q socket.ListQuery) (socket.List, error) {
	l, err := o.Store.List(ctx, session, q)
	for i := range l.Items {
		l.Items[i].Message, _ = o.forged(l.Items[i].Message, nil)
	}
	return l, err
}

func (o *testOwner) Payload(ctx context.Context, session seal.Token, id string) (io.ReadCloser, error) {
	r, err := o.Store.Payload(ctx, session, id)
	return o.corrupted(id, r, err)
}

func (o *testOwner) OneTimePayload(ctx context.Context, link seal.Token) (io.ReadCloser, error) {
	r, err := o.Store.OneTimePayload(ctx, link)
	info, _ := o.Store.Link(ctx, link)
	return o.corrupted(info.Message, r, err)
}

// flipLast changes the last octet.
func flipLast(b []byte) []byte {
	b[len(b)-1] ^= 1
	return b
}

// noOwner is for tests that never ask it.
type noOwner struct{ socket.Owner }

var _ socket.Owner = (*testOwner)(nil)
