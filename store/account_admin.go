package store

import (
	"context"
	"errors"
	"time"

	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/socket"
)

// An AccountReport is what an administrator is told of an account.
type AccountReport struct {
	Address  string               `json:"address"`
	Further  []string             `json:"further,omitempty"` // addresses that were joined
	Name     string               `json:"name"`
	Method   string               `json:"method"` // how the address signs in
	Created  time.Time            `json:"created"`
	Changed  time.Time            `json:"changed"` // the password
	Password bool                 `json:"password"`
	Recovery bool                 `json:"recovery"` // the recovery key opens its key
	Messages int                  `json:"messages"`
	Sessions []socket.OpenSession `json:"sessions"`
	Factors  []socket.Factor      `json:"factors"`
	Codes    int                  `json:"codes"`
}

// ErrNoAccount is returned for an address without an account.
var ErrNoAccount = errors.New("there is no account of this address")

// ErrNotAdded is returned for an address that its holder added to no account.
var ErrNotAdded = errors.New("this address was not added to an account")

// ReportAccount describes an account to an administrator.
func (s *Store) ReportAccount(ctx context.Context, address string) (AccountReport, error) {
	var out AccountReport
	err := s.meta.view(func(tx *bbolt.Tx) error {
		account, err := s.resolve(tx, address)
		if err != nil {
			return err
		}
		var a accountRecord
		if err := s.vault.get(tx, bucketAccount, account[:], &a); err != nil {
			return err
		}
		out = AccountReport{
			Address: a.Address, Name: a.Name, Method: string(s.method(a.Address)), Created: a.Created, Changed: a.Changed,
			Password: len(a.Wrapped) > 0, Recovery: len(a.Escrow) > 0, Messages: len(suffixes(tx, bucketInbox, account[:])),
			Factors: a.Factors.list(), Codes: len(a.Factors.Codes),
		}
		out.Further, _ = s.furtherOf(a)
		out.Sessions, err = s.openSessions(tx, account, tokenHash{})
		return err
	})
	if errors.Is(err, errNotFound) {
		return out, ErrNoAccount
	}
	return out, err
}

// DropFactors takes an account's second factors away, for somebody who lost them,
// and ends its sessions.
func (s *Store) DropFactors(ctx context.Context, address string) error {
	defer s.mailAdded()
	return s.update(ctx, func(c *change) error {
		account, err := s.resolve(c.Tx, address)
		if err != nil {
			return err
		}
		var a accountRecord
		err = s.vault.get(c.Tx, bucketAccount, account[:], &a)
		if errors.Is(err, errNotFound) {
			return ErrNoAccount
		}
		if err != nil {
			return err
		}
		if err := s.endSessions(c, account); err != nil {
			return err
		}
		if err := s.dropSeatsOf(c, account, seatUnlocked); err != nil {
			return err
		}
		a.PeopleOnly = false
		return s.saveFactors(c, sessionRecord{Account: account}, a, factors{}, AlertFactorGone, "all removed by an administrator", visit{})
	})
}
