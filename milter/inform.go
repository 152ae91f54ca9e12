package milter

import (
	"slices"
	"time"

	"github.com/postseal/postseal/milter/notice"
	"github.com/postseal/postseal/rules"
)

// tellReturned notifies the sender about recipients whom a rule kept from
// getting what others got. Nothing answers a bounce (RFC 5321 section 4.5.5).
func (w *work) tellReturned(d Deposit) error {
	if w.m.from == "" {
		return nil
	}
	s := notice.Status{
		ID: w.about(), To: w.m.from, Arrived: w.m.received, At: w.m.received,
		Queue: w.m.queue, Envelope: w.m.envelopeID,
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

// receipt tells a member what was sealed, where the rules say so.
func (w *work) receipt(d Deposit) error {
	if w.m.from == "" || !rules.Internal(w.m.from, w.server.options.InternalDomains) {
		return nil
	}
	r := notice.Receipt{
		ID: w.about(), To: w.m.from, MessageID: w.m.get("Message-ID"), Sent: w.m.received,
	}
	for _, p := range w.who.sealed {
		if wanted := p.verdict.Also.Receipt; wanted != nil && *wanted {
			r.Lines = append(r.Lines, notice.ReceiptOf(w.sealed[p.key], p.verdict.Reason))
		}
	}
	if len(r.Lines) == 0 {
		return nil
	}
	m, err := w.server.options.Notices.Receipt(r)
	if err != nil {
		return err
	}
	d.Send(m)
	return nil
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
					Recipient: p.address, Action: string(p.verdict.Action), Rule: names([]*person{p}),
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
