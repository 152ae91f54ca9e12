package seal

import (
	"bytes"
	"testing"
)

// A mailbox's key opens for the person, the invitation or the session that it was
// sealed for, and for nobody and nothing else.
func TestSeatKeys(t *testing.T) {
	mailbox, person, other := must(NewAccountKey())(t), must(NewAccountKey())(t), must(NewAccountKey())(t)
	code, pepper, secret := NewCode(), bytes.Repeat([]byte{1}, 32), NewToken()
	const address = "claims@customer.test"
	seat := must(mailbox.ForPerson(person.Identity().Recipient(), address))(t)
	invited := must(mailbox.ForInvitation(pepper, must(code.Identity())(t).Recipient(), address))(t)
	visit := mailbox.ForVisit(person, secret)
	open := func(k AccountKey, err error) func() (AccountKey, error) {
		return func() (AccountKey, error) { return k, err }
	}
	visited := func(sealed []byte, secret Token) (AccountKey, error) {
		m, p, err := KeysOfVisit(sealed, secret)
		if err == nil && p.Recipient() != person.Recipient() {
			t.Error("the person's key is another")
		}
		return m, err
	}
	for name, tc := range map[string]struct {
		got  func() (AccountKey, error)
		want bool
	}{
		"the person":               {open(OpenSeat(seat, person.Identity(), address)), true},
		"another person":           {open(OpenSeat(seat, other.Identity(), address)), false},
		"another mailbox":          {open(OpenSeat(seat, person.Identity(), "other@customer.test")), false},
		"a part of its name":       {open(OpenSeat(seat, person.Identity(), "claims@customer.tes")), false},
		"an escrow as a seat":      {open(OpenSeat(must(mailbox.Escrow(person.Identity().Recipient()))(t), person.Identity(), address)), false},
		"a seat as an escrow":      {open(OpenEscrow(seat, person.Identity())), false},
		"the invitation":           {open(OpenInvitation(invited, pepper, code, address)), true},
		"another code":             {open(OpenInvitation(invited, pepper, NewCode(), address)), false},
		"without the pepper":       {open(OpenInvitation(invited, bytes.Repeat([]byte{2}, 32), code, address)), false},
		"by the code alone":        {open(OpenSeat(invited, must(code.Identity())(t), address)), false},
		"invited elsewhere":        {open(OpenInvitation(invited, pepper, code, "other@customer.test")), false},
		"the session":              {open(visited(visit, secret)), true},
		"another session":          {open(visited(visit, NewToken())), false},
		"a visit as a session":     {open(AccountKeyOfSession(visit, secret)), false},
		"a session as a visit":     {open(visited(mailbox.ForSession(secret), secret)), false},
		"a cut-off seat":           {open(OpenSeat(seat[:len(seat)-1], person.Identity(), address)), false},
		"nothing as an invitation": {open(OpenInvitation(nil, pepper, code, address)), false},
	} {
		k, err := tc.got()
		if (err == nil) != tc.want || err == nil && k.Recipient() != mailbox.Recipient() {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
