package store

import (
	"fmt"
	"time"

	"github.com/postseal/postseal/store/seal"
)

// KindAddress is the [Mail].Kind of mails about an account's addresses.
const KindAddress = "address"

// An AddressMailer renders the mails about further addresses of an account. It must
// not block.
type AddressMailer interface {
	Address(AddressMail) (Mail, error)
}

// AddressKind says what a mail about an address is for.
type AddressKind string

const (
	AddressConfirm AddressKind = "confirm" // to the address: the code that joins it
	AddressTaken   AddressKind = "taken"   // to the address: it has an account, and how to go on
	AddressAdded   AddressKind = "added"   // to the account, and to the address
	AddressRemoved AddressKind = "removed" // to the account
)

// AddressMail is what a mail about an address says.
type AddressMail struct {
	ID       string // unique, to derive the Message-ID from
	Kind     AddressKind
	To       string // who gets it
	Address  string // that is joined
	Main     string // of the account
	Code     seal.Code
	Language string // of the account (BCP 47); "" if it is not known
	Created  time.Time
	Expires  time.Time // of Code
}

// mailAddress puts a mail about an address of an account into the outbox.
func (s *Store) mailAddress(c *change, a accountRecord, kind AddressKind, to, address string) error {
	if s.o.Addresses == nil {
		return nil
	}
	now := s.now().UTC()
	m, err := s.o.Addresses.Address(AddressMail{
		ID: newID().String(), Kind: kind, To: to, Address: address, Main: a.Address, Language: a.language(), Created: now,
	})
	if err != nil {
		return fmt.Errorf("render a mail about an address: %w", err)
	}
	m.To = []string{to}
	return s.send(c, m, id{}, now.Add(s.o.MailLife))
}
