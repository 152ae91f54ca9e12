package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// A walk does random things to a store, as guests, mail and time do.
type walk struct {
	*env
	rnd      *rand.Rand
	sealed   []Sealed
	sessions []socket.Session
	items    []*OutboxItem
	status   []seal.Code // links of senders
	held     []Held
}

// allowed are the answers that an honest caller may get at any time.
func allowed(err error) bool {
	for _, ok := range []error{nil, socket.ErrUnknown, socket.ErrExpired, socket.ErrRecalled, socket.ErrUsed,
		socket.ErrConflict, socket.ErrThrottled, ErrStale, ErrDuplicate, ErrChanged} {
		if errors.Is(err, ok) {
			return true
		}
	}
	return err == nil
}

func pick[T any](w *walk, of []T) (v T) {
	if len(of) > 0 {
		v = of[w.rnd.IntN(len(of))]
	}
	return v
}

func (w *walk) guest() string { return fmt.Sprintf("guest%d@guest.test", w.rnd.IntN(4)) }

func (w *walk) session() socket.Caller { return socket.Caller{Session: pick(w, w.sessions).Token} }

// steps are what can happen, each as likely as the others.
func (w *walk) steps() []func(context.Context) error {
	e := w.env
	return []func(context.Context) error{
		func(ctx context.Context) error {
			mode := []seal.Mode{seal.ModeAccount, seal.ModeAccount, seal.ModeOneTime}[w.rnd.IntN(3)]
			d := e.Begin(e.key())
			r := e.request(mode, strings.Repeat("x", w.rnd.IntN(150<<10)), w.guest(), w.guest()+"x")
			r.Expires = e.clock.now().Add(time.Duration(1+w.rnd.IntN(20*24)) * time.Hour)
			r.ReadReceipt = pick(w, []string{"", "alice@example.com"})
			s, err := d.Seal(ctx, r)
			if err != nil {
				return err
			}
			d.Send(Mail{Kind: KindNotice, To: []string{"x@guest.test"}, Data: make([]byte, w.rnd.IntN(100<<10)), Message: s[1].Message})
			follow := Dispatch{Sender: "alice@example.com", Subject: "s", Created: r.Created, Lines: []DispatchLine{
				{Recipient: s[0].Recipient, Message: s[0].Message}, {Recipient: "x@example.com", Action: "deliver"},
			}}
			var h Held
			if w.rnd.IntN(3) == 0 {
				hr := e.holdRequest(strings.Repeat("x", w.rnd.IntN(150<<10)))
				hr.Link, hr.Quarantine = w.rnd.IntN(3) > 0, w.rnd.IntN(2) == 0
				hr.Trust = TrustGrant{Recipients: w.rnd.IntN(2) == 0, Anybody: w.rnd.IntN(3) == 0, For: time.Duration(w.rnd.IntN(3)) * 100 * time.Hour}
				if h, err = d.Hold(ctx, hr); err != nil {
					return err
				}
				follow.Lines = append(follow.Lines, DispatchLine{Recipient: "bob@guest.test", Held: h.ID})
			}
			if w.rnd.IntN(2) == 0 {
				code, err := d.Follow(follow)
				if err != nil {
					return err
				}
				w.status = append(w.status, code)
			}
			if w.rnd.IntN(5) == 0 {
				d.Abandon()
				return nil
			}
			w.sealed = append(w.sealed, s...)
			if h.ID != "" {
				w.held = append(w.held, h)
			}
			return d.Commit(ctx)
		},
		func(ctx context.Context) error {
			h := pick(w, w.held)
			switch w.rnd.IntN(4) {
			case 0:
				return e.RejectHeld(ctx, h.ID, "why")
			case 1:
				return e.Withdraw(ctx, h.Code.Token(), "")
			}
			m, err := e.HeldMessage(ctx, h.ID)
			if err != nil || m.State != HoldWaiting {
				return err
			}
			key := e.heldKey(socket.Held{ID: m.ID, Manifest: m.Manifest, Summary: m.Summary, Grant: m.Grant}, e.portal.Recovery)
			if w.rnd.IntN(2) == 0 {
				return e.ReleaseHeld(ctx, h.ID, key, "")
			}
			return e.Release(ctx, h.Code.Token(), socket.ReleaseOrder{Key: key})
		},
		func(ctx context.Context) error {
			key := [32]byte{byte(w.rnd.IntN(4))}
			r := e.deferRequest()
			d, err := e.Defer(ctx, key, r)
			if err != nil || w.rnd.IntN(2) == 0 {
				return err
			}
			if w.rnd.IntN(2) == 0 {
				return e.Withdraw(ctx, d.Code.Token(), "")
			}
			return e.Release(ctx, d.Code.Token(), socket.ReleaseOrder{})
		},
		func(ctx context.Context) error {
			by := socket.Follower{Link: pick(w, w.status).Token()}
			st, err := e.Status(ctx, by)
			if err != nil {
				return err
			}
			switch w.rnd.IntN(4) {
			case 0:
				_, err = e.Recall(ctx, by, nil)
			case 1:
				_, err = e.Remind(ctx, by, st.Lines[0].Message)
			default:
				_, err = e.Extend(ctx, by, nil, pick(w, []time.Duration{day, 7 * day, 30 * day}))
			}
			return err
		},
		func(ctx context.Context) error {
			return e.MarkUnwanted(ctx, w.session().Session, pick(w, w.sealed).Message, w.rnd.IntN(2) == 0)
		},
		func(ctx context.Context) error {
			_, err := e.RevokeTrust(ctx, "alice@example.com", "")
			return err
		},
		func(ctx context.Context) error {
			token := pick(w, w.sealed).Code.Token()
			if _, err := e.Waiting(ctx, token); err != nil {
				return err
			}
			s, err := e.Activate(ctx, token, e.activation(map[string][]byte{pick(w, w.sealed).Message: []byte("g")}))
			if errors.Is(err, socket.ErrInvalid) { // a grant for another's message
				s, err = e.Activate(ctx, token, e.activation(nil))
			}
			w.sessions = append(w.sessions, s)
			return err
		},
		func(ctx context.Context) error {
			address := w.guest()
			if err := e.RequestReset(ctx, address, fmt.Sprint("192.0.2.", w.rnd.IntN(200))); err != nil || w.rnd.IntN(2) == 0 {
				return err
			}
			s, err := e.Activate(ctx, e.mails.codes[address].Token(), e.activation(nil))
			w.sessions = append(w.sessions, s)
			return err
		},
		func(ctx context.Context) error {
			s, err := e.Login(ctx, socket.Login{Address: w.guest(), Verifier: e.verifier(pick(w, []string{"x", "wrong"})), Client: "192.0.2.1"})
			if errors.Is(err, socket.ErrLogin) {
				return nil
			}
			w.sessions = append(w.sessions, s)
			return err
		},
		func(ctx context.Context) error { return e.Logout(ctx, w.session().Session) },
		func(ctx context.Context) error {
			return e.Claim(ctx, w.session().Session, pick(w, w.sealed).Code.Token(), []byte("g"))
		},
		func(ctx context.Context) error {
			return e.MarkOpened(ctx, w.session().Session, pick(w, w.sealed).Message, w.rnd.IntN(2) == 0)
		},
		func(ctx context.Context) error {
			_, err := e.OpenOneTime(ctx, pick(w, w.sealed).Code.Token())
			return err
		},
		func(ctx context.Context) error {
			s := pick(w, w.sealed)
			by := w.session()
			if w.rnd.IntN(2) == 0 {
				by = socket.Caller{Link: s.Code.Token()}
			}
			if by == (socket.Caller{}) {
				return nil
			}
			r := socket.Reply{Message: s.Message, Subject: "Re", Nonce: fmt.Sprint(w.rnd.IntN(3))}
			return e.Reply(ctx, by, r, strings.NewReader(plainEntity+strings.Repeat("x\r\n", w.rnd.IntN(40000))))
		},
		func(ctx context.Context) error { return e.RecallMessage(ctx, pick(w, w.sealed).Message) },
		func(ctx context.Context) error {
			i, err := e.ClaimMail(ctx, time.Duration(w.rnd.IntN(60))*time.Minute)
			if i != nil {
				w.items = append(w.items, i)
			}
			return err
		},
		func(ctx context.Context) error {
			i := pick(w, w.items)
			if i == nil {
				return nil
			}
			i.store = e.Store // it may have been opened again since
			switch w.rnd.IntN(3) {
			case 0:
				return e.MailSent(ctx, i)
			case 1:
				return e.DropMail(ctx, i, "gave up")
			}
			return e.RetryMail(ctx, i, time.Duration(w.rnd.IntN(600))*time.Minute)
		},
		func(context.Context) error {
			e.clock.advance(time.Duration(w.rnd.IntN(3000)) * time.Minute)
			return nil
		},
		func(ctx context.Context) error { return e.Purge(ctx) },
		func(ctx context.Context) error { return e.Compact(ctx) },
		func(ctx context.Context) error { return e.sweep(ctx) },
		func(context.Context) error {
			e.close()
			e.open()
			return nil
		},
	}
}

// TestRandomWalks leaves the store consistent whatever happens in whatever
// order, and empty when all has come to its end.
func TestRandomWalks(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := &walk{env: newEnv(t, func(o *Options) {
				o.Reminders = Reminders{
					UnreadAfter: []time.Duration{day, 4 * day}, ToRecipient: true, ToSender: true, BeforeExpiry: 2 * day, ExpiredUnread: true,
				}
			}), rnd: rand.New(rand.NewPCG(seed, 1))}
			steps, ctx := w.steps(), context.Background()
			for i := range 400 {
				step := w.rnd.IntN(len(steps))
				if err := steps[step](ctx); !allowed(err) {
					t.Fatalf("step %d (%d): %v", i, step, err)
				}
				if i%50 == 49 {
					w.consistent()
				}
				if t.Failed() {
					t.Fatalf("broken before step %d", i)
				}
			}
			w.clock.advance(365 * 24 * time.Hour)
			for range 4 { // ends of ends
				if err := w.Purge(ctx); err != nil {
					t.Fatal(err)
				}
				w.clock.advance(365 * 24 * time.Hour)
			}
			left := map[string]int{}
			err := w.update(ctx, func(c *change) error {
				for _, b := range buckets {
					if b != bucketAudit && b != bucketAccount && b != bucketStore && b != bucketTrust && b != bucketUnwanted {
						left[b] = len(suffixes(c.Tx, b, nil))
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			for b, n := range left {
				if n > 0 {
					t.Errorf("%d keys left in %s", n, b)
				}
			}
			if weeks := must(w.weeks.list())(t); len(weeks) > 0 {
				t.Errorf("files left: %v", weeks)
			}
		})
	}
}
