package socket

import (
	"context"
	"time"

	"github.com/postseal/postseal/store/seal"
)

// LinkAddress is the link of the mail that asks whether an address is to be part of
// an account. It does nothing without a session of that account.
const LinkAddress LinkKind = "address"

// Addresses are the calls around further addresses of one person: mail to them is
// for the same account. Whoever joins an address shows that its mail reaches him.
//
// The errors, beside those of a [Proof]: ErrInvalid for what is no address, and for
// one that the organisation's directory or provider speaks for; ErrConflict for one
// that is of this account already; ErrTooLarge if the account has too many.
type Addresses interface {
	// AskAddress mails a code to an address. The answer is the same whether or not
	// the address has an account; then the mail has no code.
	AskAddress(ctx context.Context, session seal.Token, p Proof, address string) error
	// Joining says what a link would join to the session's account: that of a mail
	// which this account asked for, or of a notice to somebody without an account.
	// Any other link is ErrUnknown. An address that has an account is ErrConflict.
	Joining(ctx context.Context, session, link seal.Token) (Joining, error)
	// JoinAddress joins it, with grants for what waits.
	JoinAddress(ctx context.Context, session, link seal.Token, j Join) error
	// WithdrawAddress ends what AskAddress asked for: the mailed code is worth nothing
	// any more. An address that nothing was asked for is no error.
	WithdrawAddress(ctx context.Context, session seal.Token, address string) error
	// RemoveAddress makes a further address a stranger's again. What it has received
	// stays with the account.
	RemoveAddress(ctx context.Context, session seal.Token, p Proof, address string) error
}

// Joining is what a link would join.
type Joining struct {
	Address string `json:"address"`
	// Proof: JoinAddress wants one. Who asked by mail gave one then, and a session
	// that began a short while ago will do.
	Proof    bool             `json:"proof,omitempty"`
	Message  string           `json:"message,omitempty"` // id, of a notice's link
	Messages []WaitingMessage `json:"messages"`          // as of [Waiting]
}

// A Join confirms a [Joining].
type Join struct {
	Proof  Proof             `json:"proof"`
	Grants map[string][]byte `json:"grants"` // message id -> grant for the account's key
}

// A FurtherAddress is one that was joined to an account.
type FurtherAddress struct {
	Address string    `json:"address"`
	Since   time.Time `json:"since"`
}

// An AskedAddress waits for the code that was mailed to it.
type AskedAddress struct {
	Address string    `json:"address"`
	Expires time.Time `json:"expires"`
}

// AddressInfo is what the settings show of an account's addresses.
type AddressInfo struct {
	CanJoin bool             `json:"canJoin"` // addresses can be added
	Further []FurtherAddress `json:"further,omitempty"`
	Asked   []AskedAddress   `json:"asked,omitempty"`
}
