package milter

import (
	"fmt"
	"slices"
	"time"

	"github.com/postseal/postseal/milter/notice"
	"github.com/postseal/postseal/rules"
	"github.com/postseal/postseal/store"
)

// tellReturned notifies the sender about recipients whom a rule kept from
// getting what others got. Nothing answers a bounce (RFC 5321 section 4.5.5).
func (w *work) tellReturned(d Deposit) error {
	if w.m.from == "" {
		return nil
	}
	s := notice.Status{
		ID: w.about(), To: w.m.from, Arrived: w.m.received, At: w.m.received,
		Queue: w.m.queue, Envelope: w.m.envelopeID, MessageID: w.m.get("Message-ID"),
		Partly: len(w.who.discarded)+len(w.who.blocked)+len(w.who.quarantined) > 0,
	}
	for _, p := range w.who.returned {
		if p.silent {
			continue
		}
		s.Failures = append(s.Failures, notice.Failure{Address: p.address, Status: "5.7.1", Text: p.verdict.Text})
	}
	if len(s.Failures) == 0 {
		return nil
	}
	for _, f := range w.m.header {
		s.Header = f.appendTo(s.Header)
		if len(s.Header) > 64<<10 {
			break
		}
	}
	m, err := w.server.options.Notices.Returned(s)
	if err != nil {
		return err
	}
	d.Send(m)
	return nil
}

// receipt lets a member follow what was sealed or held, and tells of it where a rule
// or the configuration says so, or a PIN has to be passed on.
func (w *work) receipt(d Deposit) error {
	who := w.who
	if !w.tells() || len(who.sealed)+len(who.blocked) == 0 {
		return nil
	}
	code, err := d.Follow(w.dispatch())
	if err != nil {
		return fmt.Errorf("let the sender follow the message: %w", err)
	}
	if !slices.ContainsFunc(who.sealed, w.wantsReceipt) {
		return nil
	}
	r := notice.Receipt{
		ID: w.about(), To: w.m.from, MessageID: w.m.get("Message-ID"), Subject: decoded(w.m.get("Subject")),
		Code: code, Sent: w.m.received,
	}
	for _, p := range who.sealed {
		r.Lines = append(r.Lines, notice.ReceiptOf(w.sealed[p.key], plainReason(p)))
	}
	for _, p := range who.blocked {
		r.Lines = append(r.Lines, notice.ReceiptLine{
			Recipient: p.address, How: notice.HowHeld, Reason: plainReason(p), Expires: w.held[p.key].Expires,
		})
	}
	for _, p := range who.returned {
		r.Lines = append(r.Lines, notice.ReceiptLine{Recipient: p.address, How: notice.HowReturned, Reason: plainReason(p)})
	}
	m, err := w.server.options.Notices.Receipt(r)
	if err != nil {
		return err
	}
	d.Send(m)
	return nil
}

// wantsReceipt reports whether the sender is to be told that the message was sealed
// for p.
func (w *work) wantsReceipt(p *person) bool {
	if w.sealed[p.key].PIN != "" {
		return true // nobody else knows it
	}
	if wanted := p.verdict.Also.Receipt; wanted != nil {
		return *wanted
	}
	return w.server.options.Receipt
}

// plainReason says to the sender why a rule decided as it did.
func plainReason(p *person) string {
	if p.verdict.Text != "" {
		return p.verdict.Text
	}
	return p.verdict.Rule
}

// dispatch is what the sender can follow. What was discarded or quarantined is not
// in it: the sender is told of neither.
func (w *work) dispatch() store.Dispatch {
	out := store.Dispatch{
		Sender: w.m.from, Subject: decoded(w.m.get("Subject")), MessageID: headerLine(w.m.get("Message-ID")),
		Created: w.m.received,
	}
	if w.m.pass != nil && w.m.pass.Seal != nil {
		out.ID = w.m.pass.Seal.Dispatch
	}
	for _, p := range slices.Concat(w.who.clear, w.who.sealed, w.who.returned, w.who.blocked) {
		sealed, held := w.sealed[p.key], w.held[p.key]
		out.Lines = append(out.Lines, store.DispatchLine{
			Recipient: p.key, Message: sealed.Message, Held: held.ID, Action: string(p.verdict.Action),
		})
		for _, end := range []time.Time{sealed.Expires, held.Expires} {
			if end.After(out.Expires) {
				out.Expires = end
			}
		}
		if out.Rule == "" && p.verdict.Action != rules.Deliver {
			out.Rule = p.verdict.Rule
		}
	}
	return out
}

// report tells those whom a rule names.
func (w *work) report(d Deposit) error {
	for _, to := range notified(w.who) {
		r := notice.Report{
			ID: w.about(), To: to, Author: w.m.author(),
			MessageID: w.m.get("Message-ID"), Received: w.m.received,
		}
		for _, p := range w.who.all() {
			if slices.Contains(p.verdict.Also.Notify, to) {
				r.Lines = append(r.Lines, notice.ReportLine{
					Recipient: p.address, Action: string(p.verdict.Action), Rule: name(p),
				})
			}
		}
		m, err := w.server.options.Notices.Report(r)
		if err != nil {
			return err
		}
		d.Send(m)
	}
	return nil
}

// about identifies the message in the Message-IDs of what is sent about it.
func (w *work) about() string {
	return w.m.queue + " " + w.m.get("Message-ID") + " " + w.m.from + " " + w.m.received.UTC().Format(time.RFC3339Nano)
}
