package socket

import (
	"context"
	"encoding/json"
	"time"

	"github.com/postseal/postseal/store/seal"
)

// The ways to sign in, by the domain of an address.
const (
	MethodPassword = "password" // a password of the portal; guests, too
	MethodDomain   = "ldap"     // the organisation's directory checks the password
	MethodCloud    = "oidc"     // the organisation's identity provider signs in
)

// SignIns are the calls of somebody whom the organisation's directory or identity
// provider verifies. The owner verifies, not the portal.
type SignIns interface {
	// SignInMethod says how an address signs in. The answer depends on its domain
	// alone: it tells nothing about who has an account.
	SignInMethod(ctx context.Context, address string) (string, error)
	// DomainLogin lets the directory check a password. The errors are those of
	// Login, and ErrUnavailable while the directory does not answer.
	DomainLogin(ctx context.Context, l DomainLogin) (SignedIn, error)
	// BeginCloud starts a sign-in at the identity provider. again: it is to ask also
	// somebody whom it remembers.
	BeginCloud(ctx context.Context, address, client string, again bool) (CloudStart, error)
	// FinishCloud verifies what the provider sent back.
	FinishCloud(ctx context.Context, f CloudFinish) (SignedIn, error)
}

// A DomainLogin is one attempt.
type DomainLogin struct {
	Address  string `json:"address"`
	Password string `json:"password"`
	Client   string `json:"client"`
	Agent    string `json:"agent,omitempty"` // the browser's User-Agent, for the list of sessions
}

// A CloudStart tells the portal where to send the browser.
type CloudStart struct {
	URL string `json:"url"`
	// Ticket goes into a cookie and comes back with FinishCloud. Only the owner
	// can read it; it ties the provider's answer to this browser.
	Ticket []byte `json:"ticket"`
}

// A CloudFinish is what came back by the browser.
type CloudFinish struct {
	Ticket []byte `json:"ticket"`
	State  string `json:"state"`
	Code   string `json:"code"`
	Client string `json:"client"`
	Agent  string `json:"agent,omitempty"`
}

// SignedIn is who was verified. Without an account yet there is a Link for
// Waiting and Activate in place of a session: its activation has no KDF, Verifier
// and Wrapped, but an Escrow.
type SignedIn struct {
	Address string     `json:"address"`
	Name    string     `json:"name,omitempty"` // as the directory has it
	Link    seal.Token `json:"link,omitzero"`
	Session Session    `json:"session,omitzero"`
}

// The kinds of second factors.
const (
	FactorTOTP    = "totp"    // a code of an app (RFC 6238)
	FactorPasskey = "passkey" // WebAuthn
	FactorCode    = "code"    // a recovery code
)

// Factors are the calls around the second factor. A session whose account has one
// is pending after the login: it can do nothing but KeepKey, SecondFactor, Confirm
// and Logout.
type Factors interface {
	// SecondFactor says what a pending session is asked for. For any other it is
	// ErrUnknown.
	SecondFactor(ctx context.Context, session seal.Token) (SecondFactor, error)
	// Confirm makes a pending session a whole one. The errors are ErrLogin and
	// ErrThrottled.
	Confirm(ctx context.Context, session seal.Token, a FactorAnswer) error
	// BeginTOTP makes a secret, which counts once FinishTOTP was given its code.
	BeginTOTP(ctx context.Context, session seal.Token, p Proof) (TOTPSetup, error)
	// FinishTOTP returns recovery codes if these are the account's first.
	FinishTOTP(ctx context.Context, session seal.Token, code string) (RecoveryCodes, error)
	// BeginPasskey returns PublicKeyCredentialCreationOptions in JSON (WebAuthn 3,
	// section 5.1.8).
	BeginPasskey(ctx context.Context, session seal.Token, p Proof) ([]byte, error)
	// FinishPasskey takes the browser's RegistrationResponseJSON.
	FinishPasskey(ctx context.Context, session seal.Token, name string, response []byte) (RecoveryCodes, error)
	// RemoveFactor takes the id of a [Factor].
	RemoveFactor(ctx context.Context, session seal.Token, p Proof, id string) error
	// NewRecoveryCodes replaces those that are left.
	NewRecoveryCodes(ctx context.Context, session seal.Token, p Proof) (RecoveryCodes, error)
}

// SecondFactor is what a pending session is asked for.
type SecondFactor struct {
	Address string `json:"address"`
	TOTP    bool   `json:"totp"`
	Codes   int    `json:"codes"` // recovery codes that are left
	// Passkey is PublicKeyCredentialRequestOptions in JSON, if there is a passkey.
	Passkey []byte `json:"passkey,omitempty"`
}

// A FactorAnswer is one of a code (of the app, or for recovery) and a passkey's
// AuthenticationResponseJSON.
type FactorAnswer struct {
	Code    string `json:"code,omitempty"`
	Passkey []byte `json:"passkey,omitempty"`
	Client  string `json:"client"`
	Agent   string `json:"agent,omitempty"`
}

// A TOTPSetup is what an app needs.
type TOTPSetup struct {
	Secret string `json:"secret"` // base 32
	URL    string `json:"url"`    // otpauth://
}

// RecoveryCodes are shown once.
type RecoveryCodes struct {
	Codes []string `json:"codes,omitempty"`
}

// A Proof shows that whoever has the session may change how the account is
// protected: the verifier of the password, or, where there is none, a session
// that began a short while ago (else ErrExpired). A wrong password is ErrLogin.
type Proof struct {
	Verifier []byte `json:"verifier,omitempty"`
	Client   string `json:"client"`
}

// Settings are the calls of an account on itself.
type Settings interface {
	Account(ctx context.Context, session seal.Token) (AccountInfo, error)
	// ChangePassword ends every other session.
	ChangePassword(ctx context.Context, session seal.Token, p Proof, n NewPassword) error
	// EndSession takes the id of an [OpenSession]; "" ends all but this one.
	EndSession(ctx context.Context, session seal.Token, id string) error
	// Change sets what is not nil.
	Change(ctx context.Context, session seal.Token, n AccountChange) error
	// CloseAccount ends the account, its sessions and its messages.
	CloseAccount(ctx context.Context, session seal.Token, p Proof) error
}

// AccountInfo is what the settings show.
type AccountInfo struct {
	Address  string        `json:"address"`
	Name     string        `json:"name"`
	Method   string        `json:"method"`
	Password bool          `json:"password"` // the account has a password of the portal
	KDF      seal.KDF      `json:"kdf,omitzero"`
	Fresh    bool          `json:"fresh"` // the session is recent enough for a Proof without a password
	Created  time.Time     `json:"created"`
	Changed  time.Time     `json:"changed"` // the password
	Messages int           `json:"messages"`
	Sessions []OpenSession `json:"sessions"`
	Factors  []Factor      `json:"factors"`
	Codes    int           `json:"codes"`    // recovery codes that are left
	Passkeys bool          `json:"passkeys"` // they can be added here
	Alerts   bool          `json:"alerts"`
	Phrase   string        `json:"phrase,omitempty"`
	Roundup  Roundup       `json:"roundup,omitzero"`
	// Preferences are the portal's own business: a JSON object.
	Preferences json.RawMessage `json:"preferences,omitempty"`
	Addresses   AddressInfo     `json:"addresses"`
	// Visitor is who acts, in a visit: then what protects the account is not shown.
	Visitor   *Visitor `json:"visitor,omitempty"`
	Mailboxes []Seat   `json:"mailboxes,omitempty"` // that whoever acts has a seat in
	People    int      `json:"people"`              // who have a seat in this one
}

// An OpenSession is one login.
type OpenSession struct {
	ID      string    `json:"id"` // names it to EndSession; it opens nothing
	Own     bool      `json:"own"`
	Created time.Time `json:"created"`
	Used    time.Time `json:"used"` // to a minute
	Client  string    `json:"client"`
	Agent   string    `json:"agent"` // User-Agent, as the browser says
	// Of a visit: who visits (in the mailbox's list), or which mailbox (in the
	// person's).
	Visitor string `json:"visitor,omitempty"`
	Mailbox string `json:"mailbox,omitempty"`
}

// A Factor is one second factor.
type Factor struct {
	ID      string    `json:"id"`
	Kind    string    `json:"kind"`
	Name    string    `json:"name,omitempty"`
	Created time.Time `json:"created"`
	Used    time.Time `json:"used,omitzero"`
}

// A NewPassword is the account key under another password.
type NewPassword struct {
	KDF      seal.KDF `json:"kdf"`
	Verifier []byte   `json:"verifier"`
	Wrapped  []byte   `json:"wrapped"`
}

// An AccountChange is what an account may set without a proof.
type AccountChange struct {
	Name   *string `json:"name,omitempty"`
	Alerts *bool   `json:"alerts,omitempty"`
	Phrase *string `json:"phrase,omitempty"` // shown in notices; at most 60 characters
	// Roundup says how often the account is told of messages. What waits already is
	// never told later for it.
	Roundup *Roundup `json:"roundup,omitempty"`
	// Preferences are the portal's own, at most 16 KiB. Their "language" (BCP 47)
	// is also the language of mails to the account.
	Preferences json.RawMessage `json:"preferences,omitempty"`
}

// Notices is the call of somebody who doubts a notice.
type Notices interface {
	// Genuine says what a notice's check code is of. Any other code is ErrUnknown;
	// who tries many is slowed down.
	Genuine(ctx context.Context, code, client string) (GenuineNotice, error)
}

// A GenuineNotice is what is told of a notice of ours: not to whom it went.
type GenuineNotice struct {
	Sender  string    `json:"sender"`
	Domain  string    `json:"domain,omitempty"` // of the recipient; "" once it has ended
	Created time.Time `json:"created"`
	Ended   bool      `json:"ended,omitempty"`
}
