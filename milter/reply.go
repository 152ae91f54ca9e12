package milter

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/emersion/go-milter"
	"github.com/postseal/postseal/milter/spool"
	"github.com/postseal/postseal/store"
)

// answer is what a step is answered with. go-milter gives a session another
// backend after each response that does not continue, and the rest of the
// connection would reach one that knows nothing of it: so this one always says
// that it does.
type answer struct {
	code byte
	data []byte
}

// Response returns the frame to send.
func (a answer) Response() *milter.Message { return &milter.Message{Code: a.code, Data: a.data} }

// Continue reports that the session keeps its backend.
func (a answer) Continue() bool { return true }

// The bounds of a reply that Postfix and Sendmail both take (RFC 5321 section
// 4.5.3.1.5 has lines of 512 octets with code and CRLF).
const (
	maxReplyLine  = 400
	maxReplyLines = 30
)

// reply is an SMTP reply (RFC 5321 section 4.2) with an enhanced code (RFC 3463)
// of the same class: with another class MTAs close the connection.
type reply struct {
	code     int
	enhanced string
	text     string
}

// The replies of our own. Text of rules makes others.
var (
	replyLater = &reply{451, "4.7.1", "The message can't be checked at present, please try again later"}
	replyFull  = &reply{452, "4.3.1", "No space left, please try again later"}
	// Postfix would be told to wait; where it can't be told, the sender keeps it.
	replyNoWay    = &reply{451, "4.7.10", "This message must be encrypted (TLS) on its way, and this mail server can't see to that"}
	replyTooLarge = &reply{552, "5.3.4", "The message is larger than this site takes"}
	replyHeader   = &reply{552, "5.3.4", "The message's header is larger than this site takes"}
	// For good: the next attempt would have as many.
	replyMany    = &reply{554, "5.5.3", "Too many recipients"}
	replyPINs    = &reply{550, "5.5.3", fmt.Sprintf("Each recipient needs a PIN, of which a message can have %d: send it to fewer at a time", store.MaxPINs)}
	replyMailbox = &reply{553, "5.1.3", "The address of a recipient is not a plain mailbox (name@domain)"}
)

// replyFor is the table from error to reply. Nothing of the error's text leaves.
func replyFor(err error) *reply {
	switch {
	case errors.Is(err, store.ErrFull), errors.Is(err, syscall.ENOSPC):
		return replyFull
	case errors.Is(err, errNoWay):
		return replyNoWay
	case errors.Is(err, spool.ErrTooLarge):
		return replyTooLarge
	default:
		return replyLater
	}
}

// returned is the reply to a message that a rule returns.
func returned(text string) *reply {
	if strings.TrimSpace(text) == "" {
		text = "This message is not allowed by the organisation's rules"
	}
	return &reply{550, "5.7.1", text}
}

// answer renders the reply as SMFIR_REPLYCODE.
func (r *reply) answer() answer {
	code, enhanced := r.code, r.enhanced
	if code < 400 || code > 599 || enhanced == "" || int(enhanced[0]-'0') != code/100 {
		code, enhanced = replyLater.code, replyLater.enhanced
	}
	lines := replyLines(r.text)
	var b strings.Builder
	for i, l := range lines {
		sep := "-"
		if i == len(lines)-1 {
			sep = " "
		}
		if i > 0 {
			b.WriteString("\r\n")
		}
		// "%" is doubled: a single one is dropped by Postfix and makes
		// Sendmail refuse for good what was meant to be tried again.
		fmt.Fprintf(&b, "%d%s%s %s", code, sep, enhanced, strings.ReplaceAll(l, "%", "%%"))
	}
	b.WriteByte(0)
	return answer{respReply, []byte(b.String())}
}

// replyLines breaks text into lines that may stand in a reply: printable ASCII
// (RFC 5321 section 4.2), bounded in length and number.
func replyLines(text string) []string {
	var lines []string
	for _, l := range strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' }) {
		var line strings.Builder
		for _, w := range strings.Fields(strings.Map(printable, l)) {
			for len(w) > maxReplyLine {
				w = w[:maxReplyLine]
			}
			if line.Len() > 0 && line.Len()+1+len(w) > maxReplyLine {
				lines = append(lines, line.String())
				line.Reset()
			}
			if line.Len() > 0 {
				line.WriteByte(' ')
			}
			line.WriteString(w)
		}
		if line.Len() > 0 {
			lines = append(lines, line.String())
		}
	}
	if len(lines) > maxReplyLines {
		lines = lines[:maxReplyLines]
	}
	if len(lines) == 0 {
		lines = []string{"Refused"}
	}
	return lines
}

func printable(r rune) rune {
	switch {
	case r == '\t':
		return ' '
	case r < ' ' || r == 0x7f:
		return -1
	case r > 0x7e:
		return '?'
	}
	return r
}

// errorKind names an error for a log line in fixed words.
func errorKind(err error) string {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case errors.Is(err, context.Canceled):
		return "shutdown"
	case errors.Is(err, store.ErrFull):
		return "store full"
	case errors.Is(err, spool.ErrTooLarge):
		return "too large"
	default:
		return "error"
	}
}
