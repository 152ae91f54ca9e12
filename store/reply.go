package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"time"

	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

const (
	maxSubject = 500            // octets of a reply's subject
	maxNonce   = 128            // octets of a nonce
	nonceLife  = 24 * time.Hour // how long a reply sent twice is one
)

// Reply implements [socket.Replies].
func (s *Store) Reply(ctx context.Context, by socket.Caller, r socket.Reply, entity io.Reader) error {
	if r.Nonce == "" || len(r.Nonce) > maxNonce || !plainText(r.Subject, maxSubject) || !plainText(r.Name, maxName) {
		return socket.ErrInvalid
	}
	if err := s.space(); err != nil {
		return err
	}
	var to answered
	err := s.meta.view(func(tx *bbolt.Tx) (err error) {
		to, err = s.answered(tx, by, r)
		return err
	})
	if err != nil || to.done {
		return err
	}
	if err := s.guard.try(map[string]limit{"reply " + string(to.record.Account[:]): limitReply}); err != nil {
		return err
	}
	d := s.Begin(DepositKey{}) // only to collect
	defer d.Abandon()
	if err := s.queueReply(ctx, d, to, r, entity); err != nil {
		return err
	}
	for _, w := range d.waiting {
		if err := <-w; err != nil {
			d.waiting = nil
			return fmt.Errorf("store a reply: %w", err)
		}
	}
	d.waiting = nil
	err = s.update(ctx, func(c *change) error {
		now, err := s.answered(c.Tx, by, r)
		if err != nil || now.done {
			return err
		}
		if err := d.putAll(c); err != nil {
			return err
		}
		now.dispatch = to.dispatch // that the queued mail names
		return s.noteReply(c, now)
	})
	if err == nil {
		s.mailAdded()
	}
	return err
}

// answered is the message that a reply answers to.
type answered struct {
	message id
	record  messageRecord
	from    string // the address that the answer is from
	name    string // the account's, or the person's and the account's
	by      *byPerson
	nonce   []byte   // key of bucketNonce
	done    bool     // this reply was stored already
	cc      []string // of a reply to all
	draft   string   // that becomes the copy in sent
	// Of a member's answer, which is the member's own mail: what the milter is to
	// know about it, and by what the member is to follow it.
	pass     []byte
	dispatch id
}

// answered finds the message among those that the caller may open.
func (s *Store) answered(tx *bbolt.Tx, by socket.Caller, r socket.Reply) (a answered, err error) {
	switch {
	case (by.Session == seal.Token{}) == (by.Link == seal.Token{}):
		return a, socket.ErrInvalid
	case by.Session != seal.Token{}:
		a.message, a.record, err = s.own(tx, by.Session, r.Message)
		if err == nil {
			var acc accountRecord
			if err = s.vault.get(tx, bucketAccount, a.record.Account[:], &acc); err == nil {
				a.by, err = s.actor(tx, by.Session)
			}
			a.name = signed(acc.Name, a.by)
			a.from = s.writesFrom(acc, a.record.Recipient)
		}
		if may, _ := s.mayCompose(a.from); err == nil && may == socket.ComposeAny {
			a.dispatch = newID()
			a.pass, err = s.o.Compose.Pass(a.from, a.dispatch.String(), socket.SendOptions{})
		}
	default:
		a.message, a.record, err = s.oneTime(tx, by.Link)
		if err == nil && (a.record.Opened.IsZero() || a.message.String() != r.Message) {
			err = socket.ErrUnknown
		}
		a.name = r.Name
	}
	if err != nil {
		return a, err
	}
	if !a.record.canReply() {
		return a, fmt.Errorf("%w: the message can't be answered", socket.ErrInvalid)
	}
	if r.All {
		a.cc = a.record.Others
	}
	if by.Session != (seal.Token{}) {
		a.draft = r.Draft
	}
	h := sha256.Sum256(append(a.message[:], r.Nonce...))
	if a.from == "" {
		a.from = a.record.Recipient
	}
	a.nonce = accountKey(a.record.Account, h[:])
	a.done = tx.Bucket([]byte(bucketNonce)).Get(a.nonce) != nil
	return a, nil
}

// queueReply renders the header, checks the entity and collects the mail in d.
// A large one goes to a payload file as it comes in.
func (s *Store) queueReply(ctx context.Context, d *Deposit, to answered, r socket.Reply, entity io.Reader) error {
	m, err := s.queueEntity(ctx, d, ReplyMail{
		Guest: to.from, Name: to.name, To: to.record.ReplyTo, Cc: to.cc, Member: to.pass != nil,
		Subject: r.Subject, InReplyTo: to.record.MessageID, References: to.record.References,
	}, to.pass, entity)
	if err != nil {
		return err
	}
	d.noteThread(m.ID, to.from)
	return nil
}

// queueEntity collects a mail that somebody wrote in the portal in d: the header
// that the store has rendered, and the entity below it.
func (s *Store) queueEntity(ctx context.Context, d *Deposit, r ReplyMail, pass []byte, entity io.Reader) (Mail, error) {
	now, mail := s.now(), newID()
	r.ID, r.Date = mail.String(), now
	m, err := s.o.Mails.ReplyHeader(r)
	if err != nil {
		return m, fmt.Errorf("render a reply: %w", err)
	}
	if !bytes.HasSuffix(m.Data, []byte("\r\n")) || bytes.Contains(m.Data, []byte("\r\n\r\n")) {
		return m, errors.New("render a reply: not the fields of a header")
	}
	body, err := readEntity(entity, s.o.MaxReply)
	if err != nil {
		return m, err
	}
	all := io.MultiReader(bytes.NewReader(m.Data), body)
	rec := mailRecord{
		versioned: current, Kind: m.Kind, From: m.From, To: r.recipients(), ID: m.ID, Pass: pass,
		Queued: now.UTC(), Expires: now.Add(s.o.MailLife).UTC(),
	}
	if err := d.fill(ctx, mail, &rec, all); err != nil {
		return m, err
	}
	d.putMail(mail, rec, now)
	return m, nil
}

// noteReply notes the reply with the message, and its nonce.
func (s *Store) noteReply(c *change, a answered) error {
	now := s.now()
	if err := c.put(bucketNonce, a.nonce, []byte{1}); err != nil {
		return err
	}
	if err := c.put(bucketExpiry, expiryKey(now.Add(nonceLife), expireNonce, a.nonce), nil); err != nil {
		return err
	}
	if a.draft != "" {
		r := a.record
		if err := s.keepSent(c, r.Account, a.draft, s.vault.conversation(r.Account, r.MessageID, r.References), a.dispatch); err != nil {
			return err
		}
	}
	a.record.Replied, a.record.RepliedBy = now.UTC(), a.by
	if err := s.vault.put(c, bucketMessage, a.message[:], a.record); err != nil {
		return err
	}
	return s.audit(c, Entry{Event: EventReplied, Message: a.message.String(), Address: a.record.Recipient, Sender: a.record.Sender, Actor: a.by.address()})
}
