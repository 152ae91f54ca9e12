package store

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/mail"
	"slices"
	"strings"

	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// maxComposed bounds the recipients of a new message.
const maxComposed = 50

// mayCompose says to whom an account may write.
func (s *Store) mayCompose(address string) (string, []string) {
	o := s.o.Compose
	switch {
	case o.Member != nil && o.Pass != nil && o.Member(address):
		return socket.ComposeAny, nil
	case len(o.Domains) > 0:
		return socket.ComposeInternal, o.Domains
	}
	return socket.ComposeNothing, nil
}

// Compose implements [socket.Writing].
func (s *Store) Compose(ctx context.Context, session seal.Token, m socket.Composition, entity io.Reader) error {
	if m.Nonce == "" || len(m.Nonce) > maxNonce || !plainText(m.Subject, maxSubject) {
		return socket.ErrInvalid
	}
	if err := s.space(); err != nil {
		return err
	}
	var w writer
	err := s.meta.view(func(tx *bbolt.Tx) (err error) {
		w, err = s.writer(tx, session, m)
		return err
	})
	if err != nil || w.done {
		return err
	}
	most := limitCompose
	if w.pass != nil {
		most = limitMember
	}
	if err := s.guard.try(map[string]limit{"compose " + string(w.account[:]): most}); err != nil {
		return err
	}
	header := ReplyMail{
		Guest: w.record.Address, Name: signed(w.record.Name, w.by), Subject: m.Subject, Cc: m.Cc, Member: w.pass != nil,
	}
	if len(m.To) > 0 {
		header.To, header.Also = m.To[0], m.To[1:]
	} else {
		header.To, header.Cc = m.Cc[0], m.Cc[1:]
	}
	d := s.Begin(DepositKey{}) // only to collect
	defer d.Abandon()
	sent, err := s.queueEntity(ctx, d, header, w.pass, entity)
	if err != nil {
		return err
	}
	if w.pass == nil {
		d.noteThread(sent.ID, w.record.Address) // the answer is sealed as well
	}
	for _, stored := range d.waiting {
		if err := <-stored; err != nil {
			d.waiting = nil
			return fmt.Errorf("store a message: %w", err)
		}
	}
	d.waiting = nil
	err = s.update(ctx, func(c *change) error {
		now, err := s.writer(c.Tx, session, m)
		if err != nil || now.done {
			return err
		}
		if err := d.putAll(c); err != nil {
			return err
		}
		if err := c.put(bucketNonce, now.nonce, []byte{1}); err != nil {
			return err
		}
		if err := c.put(bucketExpiry, expiryKey(s.now().Add(nonceLife), expireNonce, now.nonce), nil); err != nil {
			return err
		}
		if m.Draft != "" {
			if err := s.keepSent(c, now.account, m.Draft, s.vault.conversation(now.account, sent.ID, ""), w.dispatch); err != nil {
				return err
			}
		}
		return s.audit(c, Entry{Event: EventComposed, Sender: w.record.Address, Actor: w.by.address(), Note: fmt.Sprintf("%d recipients", len(header.recipients()))})
	})
	if err == nil {
		s.mailAdded()
	}
	return err
}

// A writer is whoever composes a message.
type writer struct {
	account  accountID
	record   accountRecord
	by       *byPerson // of a mailbox that several people open
	pass     []byte    // of a member's message
	dispatch id        // by which a member is to follow it
	nonce    []byte    // key of bucketNonce
	done     bool      // this message was stored already
}

// writer checks that a session may send to these addresses: the owner is no relay
// for whoever took the portal over.
func (s *Store) writer(tx *bbolt.Tx, session seal.Token, m socket.Composition) (w writer, err error) {
	r, err := s.session(tx, session)
	if err != nil {
		return w, err
	}
	w.account = r.Account
	if w.by, err = s.actorOf(tx, r); err != nil {
		return w, err
	}
	if err := s.vault.get(tx, bucketAccount, r.Account[:], &w.record); err != nil {
		return w, err
	}
	h := sha256.Sum256([]byte("compose\x00" + m.Nonce))
	w.nonce = accountKey(r.Account, h[:])
	w.done = tx.Bucket([]byte(bucketNonce)).Get(w.nonce) != nil
	may, domains := s.mayCompose(w.record.Address)
	all := slices.Concat(m.To, m.Cc)
	if may == socket.ComposeNothing || len(all) == 0 || len(all) > maxComposed {
		return w, fmt.Errorf("%w: %d recipients", socket.ErrInvalid, len(all))
	}
	for _, to := range all {
		a, err := mail.ParseAddress(to)
		if err != nil || a.Name != "" || a.Address != to || len(to) > maxAddress || may == socket.ComposeInternal && !within(to, domains) {
			return w, fmt.Errorf("%w: recipient", socket.ErrInvalid)
		}
	}
	if may == socket.ComposeAny {
		if d := m.Options.Days; d != 0 && d != 1 && d != 7 && d != 30 {
			return w, fmt.Errorf("%w: %d days", socket.ErrInvalid, d)
		}
		w.dispatch = newID()
		w.pass, err = s.o.Compose.Pass(w.record.Address, w.dispatch.String(), m.Options)
	}
	return w, err
}

// within reports whether an address is of one of the domains. A local part that a
// mail server of ours would read as a way on (user%other@domain, other!user@domain)
// leads elsewhere.
func within(address string, domains []string) bool {
	n := normalise(address)
	local, domain, ok := strings.Cut(n, "@")
	if !ok || local == "" || strings.ContainsAny(local, `%!"`) || strings.Contains(domain, "@") {
		return false
	}
	return slices.ContainsFunc(domains, func(d string) bool {
		d = strings.ToLower(d)
		return domain == d || strings.HasPrefix(d, ".") && strings.HasSuffix(domain, d)
	})
}
