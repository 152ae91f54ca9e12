package store

import (
	"slices"
	"time"

	"github.com/postseal/postseal/store/seal"
)

// A Mailer renders the mails that the store itself starts. It must not
// block and keeps nothing of what it is given.
type Mailer interface {
	FollowMailer
	// Reset renders the mail with a reset link. It is also called for addresses
	// that get none, so that both take the same time.
	Reset(ResetMail) (Mail, error)
	// ReplyHeader writes a reply's header. Data of the result holds the fields,
	// each ended by CRLF, without Content-Type and Content-Transfer-Encoding
	// and without the empty line; MIME-Version is among them. From, ID and Kind
	// are set; To is not looked at, the store addresses the reply itself.
	ReplyHeader(ReplyMail) (Mail, error)
}

// ResetMail is what a reset mail says.
type ResetMail struct {
	ID      string // unique, to derive the Message-ID from
	Address string // who gets it
	Name    string // of the account, "" if there is none yet
	// Language is of the account (BCP 47); "" if it is not known.
	Language string
	Code     seal.Code
	Created  time.Time
	Expires  time.Time
}

// ReplyMail is what a reply's header is made of. Guest text (Name, Subject) has
// no control characters and is bounded, but is otherwise untrusted.
type ReplyMail struct {
	ID    string   // unique, to derive the Message-ID from
	Guest string   // address of the guest who writes
	Name  string   // the guest's name, may be ""
	To    string   // where the reply goes
	Also  []string // further recipients, of a new message
	Cc    []string
	// Member: the writer is a member, whose own address it comes from.
	Member     bool
	Subject    string
	InReplyTo  string // Message-ID of the message answered to, with <>; may be ""
	References string // its References, unfolded; may be ""
	Date       time.Time
}

// recipients are all addresses that the mail goes to, each once.
func (r ReplyMail) recipients() []string {
	out := []string{}
	seen := map[string]bool{}
	for _, to := range slices.Concat([]string{r.To}, r.Also, r.Cc) {
		if n := normalise(to); !seen[n] {
			seen[n] = true
			out = append(out, to)
		}
	}
	return out
}
