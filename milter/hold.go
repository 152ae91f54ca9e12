package milter

import (
	"bytes"
	"fmt"
	"io"

	"github.com/postseal/postseal/milter/notice"
	"github.com/postseal/postseal/store"
	"github.com/postseal/postseal/store/seal"
)

// block keeps the message for those for whom a rule blocks it, and tells its
// sender: with a link that releases it, or that an administrator can. A bounce has
// nobody to tell.
func (w *work) block(d Deposit) error {
	for _, ps := range byRule(w.who.blocked) {
		r := ps[0].verdict.Release
		link := r.Offered && w.m.from != ""
		held, err := w.keep(d, ps, store.HoldRequest{Link: link, Trust: trust(r), Quarantine: w.m.from == ""})
		if err != nil {
			return err
		}
		if w.m.from == "" {
			continue
		}
		m, err := w.server.options.Notices.Held(notice.Held{
			ID: w.about(), To: w.m.from, MessageID: w.m.get("Message-ID"), Held: held,
			Recipients: addressesOf(ps), Subject: decoded(w.m.get("Subject")), Text: ps[0].verdict.Text,
			Sent: w.m.received,
		})
		if err != nil {
			return fmt.Errorf("write to the sender of a held message: %w", err)
		}
		d.Send(m)
	}
	return nil
}

// quarantine keeps the message for those for whom an administrator has to look at
// it. Nobody is told.
func (w *work) quarantine(d Deposit, people []*person) error {
	for _, ps := range byRule(people) {
		if _, err := w.keep(d, ps, store.HoldRequest{Quarantine: true}); err != nil {
			return err
		}
	}
	return nil
}

// keep puts the message into the store until somebody releases it, for people who
// wait for the same. r says how.
func (w *work) keep(d Deposit, ps []*person, r store.HoldRequest) (store.Held, error) {
	summary, err := w.summary()
	if err != nil {
		return store.Held{}, err
	}
	pass, err := w.m.passFor(ruleOf(ps[0]))
	if err != nil {
		return store.Held{}, err
	}
	id, added := w.ownID("held")
	original, size := w.m.original(nil, w.body, w.size)
	summary.Size = size
	r.Sender, r.Recipients, r.MessageID = w.m.from, addressesOf(ps), id
	r.Rule, r.Text, r.Summary, r.Pass = ruleOf(ps[0]), ps[0].verdict.Text, summary, pass
	r.Message = io.MultiReader(bytes.NewReader(added), original)
	r.Created, r.Expires = w.m.received, w.m.received.Add(w.server.options.Hold)
	held, err := d.Hold(w.ctx, r)
	if err != nil {
		return store.Held{}, fmt.Errorf("hold: %w", err)
	}
	for _, p := range ps {
		w.held[p.key] = held
	}
	return held, nil
}

// summary describes the message for inboxes and for the page that releases it.
func (w *work) summary() (seal.Summary, error) {
	if w.described == nil {
		s, err := summarise(w.ctx, w.m, w.body, w.size)
		if err != nil {
			return seal.Summary{}, fmt.Errorf("summarise the message: %w", err)
		}
		w.described = &s
	}
	return *w.described, nil
}
