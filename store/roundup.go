package store

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

const (
	// minLeft is how long a message must last after the round-up that tells of it;
	// of any other its recipient is told at once.
	minLeft = time.Hour
	// maxRoundup bounds what one round-up tells of; the next one has the rest.
	maxRoundup = 500
	// maxRoundupLines are those that it lists.
	maxRoundupLines = 50
)

// roundupRecord is an account's next round-up. It is there while one is due, or
// the last mail is to be known.
type roundupRecord struct {
	versioned
	Due  time.Time `json:"due,omitzero"`  // zero: nothing waits
	Last time.Time `json:"last,omitzero"` // when the account was told of something last
}

// An await is a message whose notice its recipient does not want by itself.
type await struct {
	account accountID
	message id
	due     time.Time // as Seal said
}

// waits says when the recipient's round-up tells of a message; zero: there is to be
// a notice now. Commit makes it so.
func (d *Deposit) waits(message id, m messageRecord, account bool) (time.Time, error) {
	if !account || m.Mode != seal.ModeAccount || m.Restrict.PIN {
		return time.Time{}, nil
	}
	s := d.store
	// Two deposits at once must not both take the account for one that was not told
	// of anything in the last hour. The claim comes before the look.
	first := s.telling.claim(id(m.Account))
	claimed := false
	defer func() {
		if first && !claimed {
			s.telling.remove(id(m.Account))
		}
	}()
	var a accountRecord
	var r roundupRecord
	err := s.meta.view(func(tx *bbolt.Tx) error {
		err := s.vault.get(tx, bucketAccount, m.Account[:], &a)
		if err != nil && !errors.Is(err, errNotFound) {
			return err
		}
		r, err = s.vault.roundup(tx, m.Account)
		return err
	})
	if err != nil || a.Roundup.Every == socket.EveryMessage {
		return time.Time{}, err
	}
	now := s.now()
	due := r.next(a.Roundup, now)
	if !due.After(now) && !first {
		due = now.Add(time.Hour)
	}
	if due.After(now) && !m.Expires.Before(due.Add(minLeft)) {
		due = due.UTC().Truncate(time.Millisecond)
		d.roundups = append(d.roundups, await{m.Account, message, due})
		return due, nil
	}
	if first && a.Roundup.Every == socket.EveryHour {
		claimed = true
		d.tells = append(d.tells, m.Account)
	}
	return time.Time{}, nil
}

// next is when an account is told of what comes now: with what waits already, if
// that is so.
func (r roundupRecord) next(how socket.Roundup, now time.Time) time.Time {
	next := how.Next(r.Last, now)
	if !r.Due.IsZero() && (r.Due.Before(next) || !next.After(now)) {
		return later(now.Add(time.Millisecond), r.Due)
	}
	return next
}

// putRoundups files what waits, and notes who gets a notice. The account may have
// chosen something else meanwhile: nothing is told later than Seal said.
func (d *Deposit) putRoundups(c *change) error {
	s := d.store
	for _, w := range d.roundups {
		var a accountRecord
		if err := s.vault.get(c.Tx, bucketAccount, w.account[:], &a); err != nil {
			return err // sameAccounts found it
		}
		r, err := s.vault.roundup(c.Tx, w.account)
		if err != nil {
			return err
		}
		if err := c.put(bucketAwaiting, accountKey(w.account, w.message[:]), nil); err != nil {
			return err
		}
		due := a.Roundup.Next(r.Last, s.now())
		if due.After(w.due) {
			due = w.due
		}
		if err := s.putRoundup(c, w.account, r.sooner(due)); err != nil {
			return err
		}
	}
	for _, account := range d.tells {
		r, err := s.vault.roundup(c.Tx, account)
		if err != nil {
			return err
		}
		r.Last = s.now().UTC()
		if err := s.putRoundup(c, account, r); err != nil {
			return err
		}
	}
	return nil
}

// sooner is r, due at the latest at the time given.
func (r roundupRecord) sooner(due time.Time) roundupRecord {
	if r.Due.IsZero() || due.Before(r.Due) {
		r.Due = due.UTC().Truncate(time.Millisecond)
	}
	return r
}

// roundup returns an account's record, or that of one for which nothing waits.
func (v *vault) roundup(tx *bbolt.Tx, account accountID) (roundupRecord, error) {
	r := roundupRecord{versioned: current}
	err := v.get(tx, bucketRoundup, account[:], &r)
	if errors.Is(err, errNotFound) {
		return roundupRecord{versioned: current}, nil
	}
	return r, err
}

// putRoundup stores an account's record, and when it is due.
func (s *Store) putRoundup(c *change, account accountID, r roundupRecord) error {
	old, err := s.vault.roundup(c.Tx, account)
	if err != nil {
		return err
	}
	if !old.Due.IsZero() {
		if err := c.drop(bucketExpiry, expiryKey(old.Due, dueRoundup, account[:])); err != nil {
			return err
		}
	}
	if r.Due.IsZero() && r.Last.IsZero() {
		return c.drop(bucketRoundup, account[:])
	}
	if err := s.vault.put(c, bucketRoundup, account[:], r); err != nil || r.Due.IsZero() {
		return err
	}
	return c.put(bucketExpiry, expiryKey(r.Due, dueRoundup, account[:]), nil)
}

// hasten makes what waits due by another choice, if that is sooner.
func (s *Store) hasten(c *change, account accountID, how socket.Roundup) error {
	r, err := s.vault.roundup(c.Tx, account)
	if err != nil || r.Due.IsZero() {
		return err
	}
	return s.putRoundup(c, account, r.sooner(how.Next(r.Last, s.now())))
}

// closeRoundup forgets when a closed account was told last. What waits has a
// round-up still, if it does not end with the account: see sendRoundup.
func (s *Store) closeRoundup(c *change, account accountID) error {
	r, err := s.vault.roundup(c.Tx, account)
	if err != nil {
		return err
	}
	r.Last = time.Time{}
	return s.putRoundup(c, account, r)
}

// awaiting says when the round-up tells of a message; zero if it does not wait.
func (s *Store) awaiting(tx *bbolt.Tx, account accountID, message id) (time.Time, error) {
	key := accountKey(account, message[:])
	if k, _ := tx.Bucket([]byte(bucketAwaiting)).Cursor().Seek(key); !bytes.Equal(k, key) {
		return time.Time{}, nil
	}
	r, err := s.vault.roundup(tx, account)
	return r.Due, err
}

// sendRoundup tells an account of what waits. Of what its holder has seen meanwhile
// nothing is told, and where that is all there is no mail.
func (s *Store) sendRoundup(c *change, account accountID) error {
	r, err := s.vault.roundup(c.Tx, account)
	now := s.now().UTC()
	if err != nil || r.Due.IsZero() || r.Due.After(now) {
		return err
	}
	var a accountRecord
	err = s.vault.get(c.Tx, bucketAccount, account[:], &a)
	gone := errors.Is(err, errNotFound)
	if err != nil && !gone {
		return err
	}
	waiting := suffixes(c.Tx, bucketAwaiting, account[:])
	r.Due = time.Time{}
	if len(waiting) > maxRoundup {
		waiting = waiting[:maxRoundup]
		r = r.sooner(later(now.Add(time.Minute), a.Roundup.Next(now, now)))
	}
	var tell []awaited
	for _, k := range waiting {
		if err := c.drop(bucketAwaiting, accountKey(account, k)); err != nil {
			return err
		}
		m, unseen, err := s.unseen(c, id(k))
		if err != nil {
			return err
		}
		switch {
		case !unseen:
		case gone: // it closed while the message came: it is told as a stranger is
			if err := s.remind(c, RemindUnread, id(k), m, Entry{}); err != nil {
				return err
			}
		default:
			tell = append(tell, awaited{id(k), m})
		}
	}
	if len(tell) > 0 {
		r.Last = now
		if err := s.mailRoundup(c, a, tell, now); err != nil {
			return err
		}
	} else if a.Roundup.Every != socket.EveryHour || now.Sub(r.Last) >= time.Hour {
		r.Last = time.Time{}
	}
	return s.putRoundup(c, account, r)
}

// An awaited message is one that a round-up tells of.
type awaited struct {
	id     id
	record messageRecord
}

// unseen returns a message that lives and that its recipient did not come across.
// One that was read without having been opened counts as announced.
func (s *Store) unseen(c *change, message id) (messageRecord, bool, error) {
	m, live, err := s.liveOf(c.Tx, message)
	if err != nil || !live || m.Gone || !m.Opened.IsZero() {
		return m, false, err
	}
	e, _ := s.entryOf(c.Tx, message, m)
	if m.Deleted || e.flags&inboxRead != 0 {
		return m, false, s.noteNotice(c, message, false)
	}
	return m, true, nil
}

// mailRoundup puts the mail into the outbox, the latest message first.
func (s *Store) mailRoundup(c *change, a accountRecord, tell []awaited, now time.Time) error {
	slices.Reverse(tell)
	out := RoundupMail{
		ID: newID().String(), Address: a.Address, Name: a.Name, Language: a.language(), Phrase: a.Phrase,
		Check: s.vault.checkCode(tell[0].id), More: max(0, len(tell)-maxRoundupLines),
		Zone: a.Roundup.Location(), Now: now,
	}
	r := mailRecord{}
	var entries []Entry
	for n, w := range tell {
		r.Messages = append(r.Messages, w.id)
		if n < maxRoundupLines {
			out.Messages = append(out.Messages, RoundupLine{Sender: w.record.Sender, Sent: w.record.Created, Expires: w.record.Expires})
		}
		entries = append(entries, Entry{Event: EventAnnounced, Message: w.id.String(), Address: a.Address, Sender: w.record.Sender})
	}
	mail, err := s.o.Mails.Roundup(out)
	if err != nil {
		return fmt.Errorf("render a round-up: %w", err)
	}
	mail.To = []string{a.Address}
	if err := s.sendAbout(c, mail, r, now.Add(s.o.MailLife)); err != nil {
		return err
	}
	return s.audit(c, entries...)
}
