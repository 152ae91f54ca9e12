package store

import (
	"context"

	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// claimedElsewhere reports whether the message of an activation link is no longer
// of its address: an account took it that the address was part of.
func (s *Store) claimedElsewhere(m messageRecord, account accountID) bool {
	return m.Account != account && m.Account != s.vault.account(m.Recipient)
}

// claimable returns the message of an activation link that belongs to the
// session's account, and whether the account has a grant for it already.
func (s *Store) claimable(tx *bbolt.Tx, session, link seal.Token) (id, messageRecord, bool, error) {
	r, err := s.session(tx, session)
	if err != nil {
		return id{}, messageRecord{}, false, err
	}
	l, err := s.link(tx, link)
	if err != nil {
		return id{}, messageRecord{}, false, err
	}
	if l.Kind != socket.LinkActivate {
		return id{}, messageRecord{}, false, socket.ErrUnknown
	}
	m, err := s.liveMessage(tx, l.Message)
	if err != nil {
		return id{}, messageRecord{}, false, err
	}
	account, err := s.resolve(tx, l.Address)
	if err != nil {
		return id{}, messageRecord{}, false, err
	}
	// One from before its address was joined waits under the address's own account.
	if account != r.Account || m.Account != account && m.Account != s.vault.account(l.Address) || m.Gone {
		return id{}, messageRecord{}, false, socket.ErrUnknown
	}
	has := tx.Bucket([]byte(bucketPart)).Get(partKey(l.Message, partGrant)) != nil
	return l.Message, m, has, nil
}

// ClaimGrant implements [socket.Accounts]. It is an ErrConflict when the account
// has the message already.
func (s *Store) ClaimGrant(ctx context.Context, session, link seal.Token) (socket.WaitingMessage, error) {
	var out socket.WaitingMessage
	err := s.meta.view(func(tx *bbolt.Tx) error {
		message, m, has, err := s.claimable(tx, session, link)
		if err != nil {
			return err
		}
		if has {
			return socket.ErrConflict
		}
		out, err = s.waitingMessage(tx, message, m, true)
		out.Recovery = nil // the code opens it; no more than that is needed
		return err
	})
	if err != nil {
		return socket.WaitingMessage{}, err
	}
	return out, nil
}

// Claim implements [socket.Accounts]. Claiming twice is no error.
func (s *Store) Claim(ctx context.Context, session, link seal.Token, grant []byte) error {
	if len(grant) == 0 || len(grant) > maxSealed {
		return socket.ErrInvalid
	}
	return s.update(ctx, func(c *change) error {
		message, m, has, err := s.claimable(c.Tx, session, link)
		if err != nil || has {
			return err
		}
		r, err := s.session(c.Tx, session)
		if err != nil {
			return err
		}
		if m, err = s.refile(c, r.Account, message, m); err != nil {
			return err
		}
		if err := s.storeGrant(c, message, m, grant); err != nil {
			return err
		}
		by, err := s.actor(c.Tx, session)
		if err != nil {
			return err
		}
		return s.audit(c, Entry{Event: EventClaimed, Message: message.String(), Address: m.Recipient, Sender: m.Sender, Actor: by.address()})
	})
}
