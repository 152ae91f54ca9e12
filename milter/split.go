package milter

import (
	"crypto/sha256"
	"fmt"
	"io"
	"slices"

	"github.com/postseal/postseal/milter/guard"
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

// A split is who gets the message itself, and who gets mail of his own.
type split struct {
	itself  []*person // all in clear, all held in the MTA, or one sealed
	copies  []*person // in clear, the message as a mail of its own
	notices []*person // sealed, with a notice of their own
	hold    []*person // quarantined, to be kept with us
}

// split divides the recipients. The message itself goes into the MTA's hold if
// somebody's is to be quarantined there, for the hold knows no recipients; else to
// those in clear, or the most of them who share a way; else it becomes the notice of
// the first sealed recipient. Where that takes a deletion that the MTA may not carry
// out, nobody gets it. Whoever waits for a round-up gets nothing now.
func (w *work) split() split {
	who, s, told := w.who, split{}, w.told()
	switch {
	case len(who.quarantined) > 0 && !w.server.options.Sealed:
		s.itself, s.copies, s.notices = who.quarantined, who.clear, told
	case len(who.clear) > 0:
		s.itself, s.copies = byWay(who.clear)
		s.notices = told
	case len(told) > 0:
		s.itself, s.notices = told[:1], told[1:]
	}
	if len(s.itself) > 0 && !w.m.removable(w.others(s.itself)) {
		s = split{copies: who.clear, notices: told}
	}
	if len(s.itself) == 0 || s.itself[0] != first(who.quarantined) {
		s.hold = who.quarantined
	}
	return s
}

// told are the sealed recipients whom a notice tells of the message: the store says
// who waits for a round-up instead.
func (w *work) told() []*person {
	var out []*person
	for _, p := range w.who.sealed {
		if w.sealed[p.key].Waits.IsZero() {
			out = append(out, p)
		}
	}
	return out
}

func first(ps []*person) *person {
	if len(ps) == 0 {
		return nil
	}
	return ps[0]
}

// others lists the RCPT arguments of all but ps.
func (w *work) others(ps []*person) []string {
	var out []string
	for _, p := range w.who.all() {
		if !slices.Contains(ps, p) {
			out = append(out, p.raws...)
		}
	}
	return out
}

// plan is what is done to the message itself.
func (w *work) plan(s split) (*plan, error) {
	if len(s.itself) == 0 {
		return &plan{Discard: true}, nil
	}
	p := &plan{Delete: w.others(s.itself)}
	switch {
	case slices.Contains(w.who.sealed, s.itself[0]):
		return p, w.replace(p, s.itself[0])
	case s.itself[0] == first(w.who.quarantined):
		p.Quarantine = "Postseal: held by " + names(s.itself)
	}
	p.Set, p.Add = clearSet(w.m, s.itself), clearAdd(s.itself)
	return p, nil
}

// copy is the message as a mail of its own to one of those who get it in clear.
func (w *work) copy(to *person) store.Mail {
	id, head := w.ownID("copy")
	set := clearSet(w.m, []*person{to})
	for _, f := range w.m.header {
		if !slices.ContainsFunc(set, func(s planField) bool { return f.is(s.Name) }) {
			head = f.appendTo(head)
		}
	}
	for _, f := range append(set, clearAdd([]*person{to})...) {
		head = field{f.Name, " " + folded(f.Value)}.appendTo(head)
	}
	return store.Mail{
		Kind: store.KindCopy, From: w.m.from, To: []string{to.address}, ID: id,
		Data: append(head, "\r\n"...), Rest: io.NewSectionReader(w.body, 0, w.size),
	}
}

// ownID is what mail of the outbox that is the message is known by, its Message-ID,
// and the field to add where it has none.
func (w *work) ownID(kind string) (id string, added []byte) {
	if id = guard.ID(headerLine(w.m.get("Message-ID"))); id != "" {
		return id, nil
	}
	id = fmt.Sprintf("<%s.%x@postseal.invalid>", kind, sha256.Sum256([]byte(w.about())))
	return id, field{"Message-ID", " " + id}.appendTo(nil)
}
