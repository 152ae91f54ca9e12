package milter

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/postseal/postseal/store"
)

// An MTA says nothing when it does not know the recipient it is to delete, and
// then that one gets the message in clear. Postfix does not know again
//
//   - recipients of mail that a local command submitted: we are shown the address
//     as rewritten (canonical_maps, a domain that was missing, a final dot), and
//     it compares with the address as it was before;
//   - some that are written in an unusual way, for it reads the address of RCPT
//     and ours (SMFIR_DELRCPT) with different care.
//
// So no such recipient is deleted. The message is dropped instead, and everybody
// gets mail of his own from the outbox: those in clear a copy, the others their
// notice.

// removable reports whether the MTA is sure to take these recipients off.
func (m *message) removable(raws []string) bool {
	return len(raws) == 0 || !m.rewritten && !slices.ContainsFunc(raws, func(r string) bool { return !plainMailbox(r) })
}

// local reports whether a local command submitted the message, from the macros v
// of the connection and i of MAIL. Postfix knows the queue id at MAIL for no other
// mail. Sendmail knows it always, has a number for its version, and takes mail of
// its command by SMTP.
func local(version, queue string) bool {
	return queue != "" && (version == "" || version[0] < '0' || version[0] > '9')
}

// errApart is the error about a message to be held for some and not for others
// of its recipients, who can't be told apart.
var errApart = errors.New("held, and the MTA would not know again whom to delete")

// apart replaces p by a plan that deletes nobody.
func (w *work) apart(d Deposit, p *plan) error {
	who := w.who
	switch {
	case len(who.held) > 0:
		return errApart
	case len(who.clear) > 0:
		for _, to := range who.clear {
			d.Send(w.copy(to))
		}
	default:
		// The message was to become the notice of the first.
		if err := w.notify(d, who.sealed[0]); err != nil {
			return err
		}
	}
	*p = plan{Discard: true}
	return nil
}

// copy is the message as a mail of its own to one of those who get it in clear.
func (w *work) copy(to *person) store.Mail {
	id := headerLine(w.m.get("Message-ID"))
	var head []byte
	if id == "" {
		id = fmt.Sprintf("<copy.%x@postseal.invalid>", sha256.Sum256([]byte(w.about())))
		head = field{"Message-ID", " " + id}.appendTo(head)
	}
	set := clearSet(w.m, w.who)
	for _, f := range w.m.header {
		i := slices.IndexFunc(set, func(s planField) bool { return f.is(s.Name) })
		if i < 0 {
			head = f.appendTo(head)
		}
	}
	for _, f := range append(set, clearAdd(w.who)...) {
		head = field{f.Name, " " + folded(f.Value)}.appendTo(head)
	}
	return store.Mail{
		Kind: store.KindCopy, From: w.m.from, To: []string{to.address}, ID: id,
		Data: append(head, "\r\n"...), Rest: io.NewSectionReader(w.body, 0, w.size),
	}
}
