package milter

import "github.com/postseal/postseal/store"

// outcomes pairs everybody with the event of the audit trail and the log.
func (w *work) outcomes(each func(p *person, e store.Event)) {
	for _, g := range []struct {
		ps []*person
		e  store.Event
	}{
		{w.who.clear, store.EventPassed}, {w.who.sealed, store.EventSealed},
		{w.who.returned, store.EventReturned}, {w.who.discarded, store.EventDiscarded},
		{w.who.blocked, store.EventBlocked}, {w.who.quarantined, store.EventQuarantined},
	} {
		for _, p := range g.ps {
			each(p, g.e)
		}
	}
}

// entries are those of the audit trail about the message.
func (w *work) entries() []store.Entry {
	client := ""
	if w.m.client.IsValid() {
		client = w.m.client.String()
	}
	var out []store.Entry
	w.outcomes(func(p *person, e store.Event) {
		out = append(out, store.Entry{
			Event: e, Message: w.kept(p), Address: p.key, Sender: w.m.from,
			Client: client, Queue: w.m.queue, Rule: p.verdict.Rule, Note: p.verdict.Reason,
		})
	})
	return out
}

// kept is the id of what the store has of the message for p, "" for nothing.
func (w *work) kept(p *person) string {
	if id := w.sealed[p.key].Message; id != "" {
		return id
	}
	return w.held[p.key].ID
}

func (w *work) audit(d Deposit) {
	for _, e := range w.entries() {
		d.Audit(e)
	}
}

// logDone writes a line per recipient.
func (w *work) logDone() {
	w.outcomes(func(p *person, e store.Event) {
		about := []any{"event", string(e), "to", p.address, "rule", name(p)}
		if id := w.kept(p); id != "" {
			about = append(about, "message", id)
		}
		w.log.Info("verdict applied", append(about, "verdict", p.verdict)...)
	})
}
