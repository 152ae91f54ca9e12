package rules

import "time"

// A Release says who may let a blocked message go, and what follows from it.
type Release struct {
	// Offered is whether the sender gets a link that releases the message.
	// Without it only an administrator can.
	Offered bool
	// Mode is how the message waits; "" leaves it to the configuration.
	Mode ReleaseMode
	// Trust is what a release means for later mail that the same rule blocks.
	Trust Trust
	For   time.Duration // how long the trust lasts; 0: for ever
}

// A ReleaseMode is where a blocked message waits.
type ReleaseMode string

const (
	// Hold: sealed with us; a release sends it on at once.
	Hold ReleaseMode = "hold"
	// Defer: at the sender's server, which is answered with a temporary failure
	// until the message is released.
	Defer ReleaseMode = "defer"
)

// Trust is whose later mail a release lets through as well.
type Trust string

const (
	TrustNone      Trust = "none"      // the released message alone
	TrustRecipient Trust = "recipient" // from its sender to its recipient
	TrustSender    Trust = "sender"    // from its sender to anybody
)

// A TLSLevel is how a message must be protected on its way to the next server.
type TLSLevel string

const (
	TLSMay      TLSLevel = "may"      // if the other side offers it
	TLSEncrypt  TLSLevel = "encrypt"  // always, whoever the other side is
	TLSVerified TLSLevel = "verified" // always, and the other side proves its name: certificate, DANE or MTA-STS
)

// A TLSElse is what happens when the way is not as protected as a rule wants.
type TLSElse string

const (
	ElseWait   TLSElse = "wait"   // in the MTA's queue, and back to the sender in the end
	ElseReturn TLSElse = "return" // back to the sender at once
	ElsePickup TLSElse = "pickup" // sealed instead
)

// A Restriction is what a recipient can't do with a sealed message.
type Restriction struct {
	NoPrint bool // the portal offers no print view, and styles that print nothing
	NoReply bool // the portal takes no answer
	PIN     bool // opening takes a PIN, which the sender gives by another way
}
