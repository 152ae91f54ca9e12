package milter

import (
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"

	"github.com/postseal/postseal/rules"
	"github.com/postseal/postseal/store"
	"github.com/postseal/postseal/store/seal"
)

// terms are how recipients open a sealed message. Those with the same share one.
type terms struct {
	mode        seal.Mode
	expires     time.Duration
	restrict    seal.Restriction
	readReceipt string
}

// seal makes the sealed messages: one for all recipients who open it on the same
// terms.
func (w *work) seal(d Deposit) error {
	if len(w.who.sealed) == 0 {
		return nil
	}
	summary, err := w.summary()
	if err != nil {
		return err
	}
	type kind struct {
		terms
		subject string // as the rules leave it
	}
	var kinds []kind
	members := map[kind][]*person{}
	for _, p := range w.who.sealed {
		k := kind{w.terms(p), strip(summary.Subject, []*person{p})}
		if members[k] == nil {
			kinds = append(kinds, k)
		}
		members[k] = append(members[k], p)
	}
	for _, k := range kinds {
		original, size := w.m.original(clearSet(w.m, members[k][:1]), w.body, w.size)
		r := store.SealRequest{
			Mode: k.mode, Sender: w.m.from, Internal: w.internal(),
			MessageID: headerLine(w.m.get("Message-ID")), References: headerLine(w.m.get("References")),
			ReplyTo: w.replyTo(w.internal()), Summary: summary, Message: original,
			Created: w.m.received, Expires: w.m.received.Add(k.expires),
			Restrict: k.restrict, ReadReceipt: k.readReceipt, Others: w.answerable(),
		}
		r.Summary.Size = size
		r.Summary.Subject = k.subject
		for _, p := range members[k] {
			r.Recipients = append(r.Recipients, p.key)
		}
		sealed, err := d.Seal(w.ctx, r)
		if err != nil {
			return fmt.Errorf("seal: %w", err)
		}
		for _, s := range sealed {
			w.sealed[s.Recipient] = s
		}
	}
	for _, p := range w.who.sealed {
		if _, ok := w.sealed[p.key]; !ok {
			return errors.New("seal: a recipient was left out")
		}
	}
	return nil
}

// terms are those of p's verdict. A PIN is told to the sender alone; where nobody is
// told, there is none.
func (w *work) terms(p *person) terms {
	also := p.verdict.Also
	k := terms{
		mode: seal.ModeAccount, expires: also.Expire, readReceipt: w.readReceipt(also.ReadReceipt),
		restrict: seal.Restriction{
			NoPrint: also.Restrict.NoPrint, NoReply: also.Restrict.NoReply, PIN: also.Restrict.PIN && w.tells(),
		},
	}
	if p.verdict.Action == rules.OneTime {
		k.mode = seal.ModeOneTime
	}
	if retention := w.server.options.Retention; k.expires <= 0 || k.expires > retention {
		k.expires = retention
	}
	return k
}

// pins counts the recipients who need one.
func (w *work) pins() int {
	n := 0
	for _, p := range w.who.sealed {
		if w.terms(p).restrict.PIN {
			n++
		}
	}
	return n
}

// internal reports whether the sender is a member.
func (w *work) internal() bool { return rules.Internal(w.m.from, w.server.options.InternalDomains) }

// tells reports whether the sender gets receipts: members do.
func (w *work) tells() bool { return w.m.from != "" && w.internal() }

// readReceipt is where a disposition notification goes, "" for nowhere. wanted is
// what the rules say; unless they do, the message does (RFC 8098 section 2.1), and
// then only for its own sender, if that is a member: nobody can make us write to
// somebody else, and from outside nobody asks without the reader's consent (section 2.1).
func (w *work) readReceipt(wanted *bool) string {
	if wanted != nil {
		if *wanted {
			return w.m.from
		}
		return ""
	}
	l, err := mail.ParseAddressList(headerLine(w.m.get("Disposition-Notification-To")))
	if err != nil || len(l) != 1 || !w.tells() || !strings.EqualFold(l[0].Address, w.m.from) {
		return ""
	}
	return w.m.from
}
