package seal

import (
	"strings"

	"filippo.io/age"
)

// ForPerson seals the private half of a mailbox's account key to one of the people
// who may open it. mailbox is its address: a seat in one mailbox passed off as one
// in another does not open.
func (k AccountKey) ForPerson(to *age.HybridRecipient, mailbox string) ([]byte, error) {
	return encrypt(to, []byte(labelSeat+mailbox+"\n"+k.id.String()))
}

// OpenSeat is the inverse of [AccountKey.ForPerson]. The error is [ErrOpen].
func OpenSeat(sealed []byte, by *age.HybridIdentity, mailbox string) (AccountKey, error) {
	b, err := decrypt(by, sealed, maxGrant)
	if err != nil {
		return AccountKey{}, err
	}
	text, ok := strings.CutPrefix(string(b), labelSeat+mailbox+"\n")
	if !ok {
		return AccountKey{}, ErrOpen
	}
	return parseAccountKey(text)
}

// ForInvitation seals the private half of a mailbox's account key for whoever holds
// an invitation's code and is at the portal: to is the code's public half, and
// pepper the portal's own secret. The owner mails the code and stores the result, so
// the code alone must not open it.
func (k AccountKey) ForInvitation(pepper []byte, to *age.HybridRecipient, mailbox string) ([]byte, error) {
	b, err := k.ForPerson(to, mailbox)
	if err != nil {
		return nil, err
	}
	return NewBox(Derive(pepper, labelInvitation)).Seal(b, labelInvitation+mailbox), nil
}

// OpenInvitation is the inverse of [AccountKey.ForInvitation]. The error is
// [ErrOpen].
func OpenInvitation(sealed, pepper []byte, code Code, mailbox string) (AccountKey, error) {
	b, err := NewBox(Derive(pepper, labelInvitation)).Open(sealed, labelInvitation+mailbox)
	if err != nil {
		return AccountKey{}, err
	}
	id, err := code.Identity()
	if err != nil {
		return AccountKey{}, err
	}
	return OpenSeat(b, id, mailbox)
}

// ForVisit seals, as [AccountKey.ForSession] does, the mailbox's key and with it the
// key of the person who opened it, so that the way back needs no log-in.
func (k AccountKey) ForVisit(person AccountKey, secret Token) []byte {
	return NewBox(Derive(secret[:], labelSession)).Seal([]byte(k.id.String()+"\n"+person.id.String()), labelVisit)
}

// KeysOfVisit is the inverse of [AccountKey.ForVisit].
func KeysOfVisit(sealed []byte, secret Token) (mailbox, person AccountKey, err error) {
	b, err := NewBox(Derive(secret[:], labelSession)).Open(sealed, labelVisit)
	if err != nil {
		return AccountKey{}, AccountKey{}, err
	}
	first, second, _ := strings.Cut(string(b), "\n")
	if mailbox, err = parseAccountKey(first); err == nil {
		person, err = parseAccountKey(second)
	}
	return mailbox, person, err
}

func parseAccountKey(text string) (AccountKey, error) {
	id, err := age.ParseHybridIdentity(text)
	if err != nil {
		return AccountKey{}, ErrOpen
	}
	return AccountKey{id}, nil
}
