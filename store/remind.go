package store

import (
	"context"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// remindLink is how long the link of a reminder is good at the most.
const remindLink = 7 * day

// whyNotRemind says why a message's notice can't be sent again, "" if it can.
func (s *Store) whyNotRemind(tx *bbolt.Tx, m messageRecord, waits bool) string {
	account := tx.Bucket([]byte(bucketAccount)).Get(m.Account[:]) != nil
	switch {
	case m.Ended != "":
		return "ended"
	case !m.Opened.IsZero() || m.Gone:
		return "opened"
	case m.Mode != seal.ModeAccount:
		return "one-time"
	case waits:
		return "roundup"
	case !account && !s.canReactivate():
		return "offline"
	case s.now().Before(later(m.Created, m.Reminded).Add(remindEvery)):
		return "soon"
	case !account && len(suffixes(tx, bucketReset, m.Account[:])) >= maxResets:
		return "soon"
	}
	return ""
}

// canReactivate reports whether the portal can open a message for somebody who
// has lost the notice.
func (s *Store) canReactivate() bool { return s.o.Recovery != nil && !s.o.RecoveryOffline }

// Remind implements [socket.Following].
func (s *Store) Remind(ctx context.Context, by socket.Follower, message string) (socket.Status, error) {
	if err := s.space(); err != nil {
		return socket.Status{}, err
	}
	ids, _, _, err := s.chosen(by, []string{message})
	if err != nil {
		return socket.Status{}, err
	}
	err = s.update(ctx, func(c *change) error {
		m, live, err := s.liveOf(c.Tx, ids[0])
		if err != nil {
			return err
		}
		waits, err := s.awaiting(c.Tx, m.Account, ids[0])
		if err != nil {
			return err
		}
		if !live || s.whyNotRemind(c.Tx, m, !waits.IsZero()) != "" {
			return socket.ErrConflict
		}
		m.Reminded = s.now().UTC()
		if err := s.vault.put(c, bucketMessage, ids[0][:], m); err != nil {
			return err
		}
		return s.remind(c, RemindAgain, ids[0], m, Entry{Client: bounded(by.Client, 64)})
	})
	if err != nil {
		return socket.Status{}, err
	}
	s.mailAdded()
	return s.Status(ctx, by)
}

// remind sends the recipient a mail without a secret of the message. Somebody
// without an account gets a fresh link to make one, where that opens the message.
func (s *Store) remind(c *change, kind RemindKind, message id, m messageRecord, e Entry) error {
	now := s.now().UTC()
	r := RemindMail{
		ID: newID().String(), Kind: kind, Message: message.String(), Recipient: m.Recipient, Sender: m.Sender,
		OneTime: m.Mode == seal.ModeOneTime, Sent: m.Created, Now: now, Expires: m.Expires,
	}
	// Who has a seat in a mailbox without an account logs in by the own one.
	r.Account = c.Bucket([]byte(bucketAccount)).Get(m.Account[:]) != nil || hasPeople(c.Tx, m.Account)
	var err error
	if r.Language, _, err = s.vault.reader(c.Tx, m.Account); err != nil {
		return err
	}
	until := m.Expires
	// What waits for an address that was joined meanwhile has its own link still.
	account, err := s.resolve(c.Tx, m.Recipient)
	if err != nil {
		return err
	}
	if !r.Account && account == m.Account && m.Mode == seal.ModeAccount && s.canReactivate() &&
		len(suffixes(c.Tx, bucketReset, m.Account[:])) < maxResets {
		r.Code = seal.NewCode()
		if limit := now.Add(remindLink); limit.Before(until) {
			until = limit
		}
		link := linkRecord{versioned: current, Kind: socket.LinkReset, Address: m.Recipient, Created: now, Expires: until.UTC()}
		if err := s.putLink(c, r.Code.Token().Hash(), link); err != nil {
			return err
		}
	}
	mail, err := s.o.Mails.Remind(r)
	if err != nil {
		return fmt.Errorf("render a reminder: %w", err)
	}
	mail.To = []string{m.Recipient}
	about := id{}
	if kind == RemindAgain { // it is the notice now
		about = message
	}
	if limit := now.Add(outcomeLife); limit.Before(until) {
		until = limit // a code stays no longer than that in the outbox
	}
	if err := s.send(c, mail, about, until); err != nil {
		return err
	}
	e.Event, e.Message, e.Address, e.Sender, e.Note = EventReminded, message.String(), m.Recipient, m.Sender, string(kind)
	return s.audit(c, e)
}

// schedule sets when a message's reminders are due, and collects the entries.
func (d *Deposit) schedule(message id, m *messageRecord) {
	for _, after := range d.store.o.Reminders.UnreadAfter {
		if at := m.Created.Add(after); after > 0 && at.Before(m.Expires) {
			m.Unread = append(m.Unread, at)
		}
	}
	m.Warn = d.store.warning(m.Expires)
	for _, k := range m.dueKeys(message) {
		d.put(bucketExpiry, k, nil)
	}
}

// warning is when somebody is told that a message ends soon; zero for never.
func (s *Store) warning(expires time.Time) time.Time {
	if s.o.Reminders.BeforeExpiry <= 0 {
		return time.Time{}
	}
	at := expires.Add(-s.o.Reminders.BeforeExpiry).UTC()
	if !at.After(s.now()) {
		return time.Time{}
	}
	return at
}

// dueKeys are the entries of bucketExpiry for a message's reminders, and for its
// removal from the deleted ones.
func (m messageRecord) dueKeys(message id) [][]byte {
	var out [][]byte
	for n, at := range m.Unread {
		out = append(out, expiryKey(at, dueUnread, append(message[:], byte(n))))
	}
	if !m.Warn.IsZero() {
		out = append(out, expiryKey(m.Warn, dueWarning, message[:]))
	}
	if !m.Purge.IsZero() {
		out = append(out, expiryKey(m.Purge, purgeMessage, message[:]))
	}
	return out
}

// remindDue sends the reminders of a message that nobody has opened. The entry
// that called for them goes in the same transaction: each is sent once.
func (p *purger) remindDue(kind byte, message id) error {
	s := p.store
	m, err := s.dueMessage(p.c.Tx, message)
	if err != nil || m == nil {
		return err
	}
	o, to, from := s.o.Reminders, RemindUnread, FollowUnread
	toRecipient, toSender := o.ToRecipient, o.ToSender
	if kind == dueWarning {
		to, from = RemindExpiring, FollowExpiring
		toRecipient, toSender = true, true
	}
	waits, err := s.awaiting(p.c.Tx, m.Account, message)
	if err != nil {
		return err
	}
	// Nobody is reminded of what the first mail is still to tell of.
	if toRecipient && (waits.IsZero() || kind == dueWarning) {
		if err := s.remind(p.c, to, message, *m, Entry{}); err != nil {
			return err
		}
	}
	if toSender {
		p.tellSender(from, message, *m)
	}
	return nil
}

// tellSender collects whom a sender is told about: one mail for all recipients of
// a message whose time has come together. Who can't follow it, because he is no member,
// is not told: he may be somebody else than the address says, and what members read is
// none of his business.
func (p *purger) tellSender(kind FollowKind, message id, m messageRecord) {
	if m.Dispatch == (id{}) {
		return
	}
	if p.told == nil {
		p.told = map[string]*FollowMail{}
	}
	key := string(kind) + string(m.Payload[:])
	if p.told[key] == nil {
		p.told[key] = &FollowMail{
			ID: newID().String(), Kind: kind, To: m.Sender, MessageID: m.MessageID, Sent: m.Created, Now: p.store.now().UTC(),
		}
	}
	p.told[key].Recipients = append(p.told[key].Recipients, FollowLine{Recipient: m.Recipient, Expires: m.Expires})
	p.entries = append(p.entries, Entry{
		Event: EventReminded, Message: message.String(), Address: m.Sender, Sender: m.Sender, Note: "sender: " + string(kind),
	})
}

// tell sends what was collected.
func (p *purger) tell() error {
	s := p.store
	for _, f := range p.told {
		mail, err := s.o.Mails.Follow(*f)
		if err != nil {
			return fmt.Errorf("render a reminder: %w", err)
		}
		mail.To = []string{f.To}
		if err := s.send(p.c, mail, id{}, f.Now.Add(s.o.MailLife)); err != nil {
			return err
		}
	}
	return s.audit(p.c, p.entries...)
}

// dueMessage returns a message that lives and was not opened, nil for any other.
func (s *Store) dueMessage(tx *bbolt.Tx, message id) (*messageRecord, error) {
	m, live, err := s.liveOf(tx, message)
	if err != nil || !live || !m.Opened.IsZero() {
		return nil, err
	}
	return &m, nil
}
