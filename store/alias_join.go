package store

import (
	"context"

	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// A joint is an address that a link may join to a session's account.
type joint struct {
	session sessionRecord
	record  accountRecord
	link    linkRecord
	own     accountID // of the address, under which its messages wait
	proof   bool      // a proof is wanted
}

// joint checks a session and a link against each other.
func (s *Store) joint(tx *bbolt.Tx, session, link seal.Token) (j joint, err error) {
	if j.session, j.record, err = s.accountOf(tx, session); err != nil {
		return j, err
	}
	if j.session.visit() {
		return j, socket.ErrUnknown // the addresses are the holder's affair
	}
	if j.link, err = s.link(tx, link); err != nil {
		return j, err
	}
	j.own = s.vault.account(j.link.Address)
	switch j.link.Kind {
	case socket.LinkAddress:
		if j.link.Account != j.session.Account {
			return j, socket.ErrUnknown // another account asked for it
		}
	case socket.LinkActivate:
		if _, err := s.liveMessage(tx, j.link.Message); err != nil {
			return j, err
		}
		j.proof = !s.fresh(j.session)
	default:
		return j, socket.ErrUnknown
	}
	if err := s.mayJoin(j.record, j.link.Address); err != nil {
		return j, err
	}
	if s.taken(tx, j.link.Address) {
		return j, socket.ErrConflict
	}
	return j, nil
}

// Joining implements [socket.Addresses].
func (s *Store) Joining(ctx context.Context, session, link seal.Token) (socket.Joining, error) {
	var out socket.Joining
	err := s.meta.view(func(tx *bbolt.Tx) error {
		j, err := s.joint(tx, session, link)
		if err != nil {
			return err
		}
		out = socket.Joining{Address: j.link.Address, Proof: j.proof}
		if j.link.Kind == socket.LinkActivate {
			out.Message = j.link.Message.String()
		}
		out.Messages, err = s.waiting(ctx, tx, j.own, j.link.Message)
		return err
	})
	if err != nil {
		return socket.Joining{}, err
	}
	return out, nil
}

// JoinAddress implements [socket.Addresses]. What waits without a grant stays with
// its own link, which leads to the account from now on.
func (s *Store) JoinAddress(ctx context.Context, session, link seal.Token, q socket.Join) error {
	if err := checkWaitingGrants(q.Grants); err != nil {
		return err
	}
	var now joint
	err := s.meta.view(func(tx *bbolt.Tx) (err error) {
		now, err = s.joint(tx, session, link)
		return err
	})
	if err != nil {
		return err
	}
	join := func(c *change) error { return s.joinNow(c, session, link, q, now.proof) }
	if now.proof {
		err = s.proven(ctx, session, q.Proof, func(c *change, _ sessionRecord, _ accountRecord) error { return join(c) })
	} else {
		err = s.update(ctx, join)
	}
	if err == nil {
		s.mailAdded()
	}
	return err
}

func (s *Store) joinNow(c *change, session, link seal.Token, q socket.Join, proven bool) error {
	j, err := s.joint(c.Tx, session, link)
	if err != nil {
		return err
	}
	if j.proof && !proven {
		return socket.ErrExpired
	}
	grants, err := s.checkGrants(c.Tx, j.own, q.Grants)
	if err != nil {
		return err
	}
	account, address := j.session.Account, j.link.Address
	if err := s.join(c, account, &j.record, address); err != nil {
		return err
	}
	for message, g := range grants {
		m, err := s.refile(c, account, message, g.record)
		if err != nil {
			return err
		}
		if err := s.storeGrant(c, message, m, g.grant); err != nil {
			return err
		}
	}
	if err := s.endAsked(c, account, address); err != nil {
		return err
	}
	// Whoever has the mailbox learns of it, too: it may not be who has the account.
	for _, to := range []string{j.record.Address, address} {
		if err := s.mailAddress(c, j.record, AddressAdded, to, address); err != nil {
			return err
		}
	}
	return s.auditAddress(c, EventAddressAdded, j.record, address, q.Proof.Client)
}
