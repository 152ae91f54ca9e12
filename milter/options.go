package milter

import (
	"log/slog"
	"time"

	"github.com/postseal/postseal/milter/guard"
	"github.com/postseal/postseal/milter/notice"
	"github.com/postseal/postseal/rules"
)

// Options configure [New]. Rules, Store, Notices and Guard are required.
type Options struct {
	Rules   Rules
	Store   Store            // [OfStore] for the real one
	Notices *notice.Renderer // what recipients and senders get to read
	Guard   *guard.Guard     // marks and recognises mail of our own
	// InternalDomains as in rules.Options.
	InternalDomains []string
	// Retention is how long a sealed message can be read unless a rule says
	// less; default 30 days.
	Retention time.Duration
	// Block is how a blocked message waits where its rule does not say: "" is with
	// us if it was submitted here, and else at the server that sent it.
	Block rules.ReleaseMode
	// Hold is how long a blocked or quarantined message waits with us; default 7 days.
	Hold time.Duration
	// Sealed keeps quarantined messages with us, sealed; else they are put on the
	// MTA's hold.
	Sealed bool
	// Receipt tells members what was sealed where no rule says whether to.
	Receipt bool
	// Thread seals what answers a reply from the portal, where no rule decides.
	Thread bool
	// KeepHeaders are names of header fields that stay in a message that
	// becomes a notice, beside those of [KeptInNotice].
	KeepHeaders []string
	// SpoolDir holds the encrypted temporary files of large bodies; "" is the
	// system's folder for temporary files.
	SpoolDir string
	// Incoming says which mail has to come in under TLS.
	Incoming IncomingTLS
	// Outgoing says how the MTA carries out the TLS levels of rules.
	Outgoing Outgoing
	Limits   Limits
	// Log gets the lines of the mail path; nil: discarded.
	Log *slog.Logger
	// Now is the clock; nil: [time.Now].
	Now func() time.Time
}

// Limits bound what an MTA, or whoever reaches the socket, can make us spend. A
// zero field means the default.
type Limits struct {
	Message      int64         // octets of a message, default 50 MB; a larger one is refused with 552
	Header       int           // octets of all header fields, default 1 MiB
	Fields       int           // header fields, default 5,000
	Recipients   int           // of one message, default 5,000
	Memory       int64         // octets of a body in memory, more go to an encrypted file; default 1 MiB
	Connections  int           // served at once, more wait; default 500
	Decisions    int           // messages decided at once, more wait; default 4 a CPU
	Idle         time.Duration // between two frames, default 10 min
	Frame        time.Duration // from a frame's first octet to its last, default 30 s
	Write        time.Duration // for an answer, default 30 s
	EndOfMessage time.Duration // for all the work at end of message, default 4 min
	Progress     time.Duration // between progress frames during that work, default 5 s
}

// Rules are the rules in force ([rules.Live]).
type Rules interface{ Current() *rules.Set }
