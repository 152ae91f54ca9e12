package milter

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/postseal/postseal/milter/notice"
	"github.com/postseal/postseal/rules"
	"github.com/postseal/postseal/store"
	"github.com/postseal/postseal/store/seal"
)

// work is the dealing with one message at its end.
type work struct {
	server *Server
	ctx    context.Context
	log    *slog.Logger
	m      *message
	who    *sorted
	body   io.ReaderAt
	size   int64

	sealed map[string]store.Sealed // by normalised recipient
}

// deposit does what the verdicts ask for inside d, and returns what is left to
// do with the message itself.
//
// The message goes on for those who get it in clear. Those whom it is held for
// come along, and then it is held for all of them: the MTA's hold knows no
// recipients, and to deliver a copy that a rule wanted held would be worse than
// a colleague who waits. Without either, it becomes the notice of the first
// sealed recipient; without that too, it is dropped. So it is where the MTA would
// not delete whom we name (apart.go).
func (w *work) deposit(d Deposit) (*plan, error) {
	p, who := &plan{}, w.who
	if err := w.seal(d); err != nil {
		return nil, err
	}
	sealed := who.sealed
	switch {
	case len(who.clear)+len(who.held) > 0:
		p.Set, p.Add = w.clearSet(), w.clearAdd()
	case len(sealed) > 0:
		if err := w.replace(p, sealed[0]); err != nil {
			return nil, err
		}
		sealed = sealed[1:]
	default:
		p.Discard = true
	}
	for _, s := range sealed {
		if err := w.notify(d, s); err != nil {
			return nil, err
		}
	}
	if err := w.tellReturned(d); err != nil {
		return nil, err
	}
	if err := w.receipt(d); err != nil {
		return nil, err
	}
	if err := w.report(d); err != nil {
		return nil, err
	}
	if len(who.held) > 0 {
		p.Quarantine = "Postseal: held by " + names(who.held)
	}
	if !p.Discard {
		p.Delete = slices.Concat(raws(sealed), raws(who.returned), raws(who.discarded))
	}
	if !w.m.removable(p.Delete) {
		if err := w.apart(d, p); err != nil {
			return nil, err
		}
	}
	w.audit(d)
	return p, nil
}

// seal makes the sealed messages: one for all recipients who open it in the same
// way and for the same time.
func (w *work) seal(d Deposit) error {
	if len(w.who.sealed) == 0 {
		return nil
	}
	summary, err := summarise(w.ctx, w.m, w.body, w.size)
	if err != nil {
		return fmt.Errorf("summarise the message: %w", err)
	}
	type kind struct {
		mode    seal.Mode
		expires time.Duration
	}
	var kinds []kind
	members := map[kind][]*person{}
	for _, p := range w.who.sealed {
		k := kind{seal.ModeAccount, p.verdict.Also.Expire}
		if p.verdict.Action == rules.OneTime {
			k.mode = seal.ModeOneTime
		}
		if retention := w.server.options.Retention; k.expires <= 0 || k.expires > retention {
			k.expires = retention
		}
		if members[k] == nil {
			kinds = append(kinds, k)
		}
		members[k] = append(members[k], p)
	}
	w.sealed = map[string]store.Sealed{}
	internal := rules.Internal(w.m.from, w.server.options.InternalDomains)
	for _, k := range kinds {
		original, size := w.m.original(w.body, w.size)
		r := store.SealRequest{
			Mode: k.mode, Sender: w.m.from, Internal: internal,
			MessageID: headerLine(w.m.get("Message-ID")), References: headerLine(w.m.get("References")),
			ReplyTo: w.replyTo(internal), Summary: summary, Message: original,
			Created: w.m.received, Expires: w.m.received.Add(k.expires),
		}
		r.Summary.Size = size
		r.Summary.Subject = strip(summary.Subject, members[k])
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

// replace makes the message the notice of p.
func (w *work) replace(pl *plan, p *person) error {
	e, err := w.server.options.Notices.Notice(w.noticeFor(p))
	if err != nil {
		return err
	}
	pl.Body = e.Body
	pl.Set = []planField{
		{"Subject", e.Subject}, {"MIME-Version", "1.0"},
		{"Content-Type", e.ContentType}, {"Content-Transfer-Encoding", e.ContentTransferEncoding},
	}
	pl.Remove = w.stripped(pl.Set)
	return nil
}

// stripped lists the fields that go when the message becomes a notice with the
// fields of set.
func (w *work) stripped(set []planField) []string {
	var out []string
	seen := map[string]bool{}
	for _, f := range w.m.header {
		name := strings.TrimRight(f.name, " \t")
		isSet := slices.ContainsFunc(set, func(f planField) bool { return strings.EqualFold(f.Name, name) })
		if lower := strings.ToLower(name); !seen[lower] && !isSet && !w.server.keeps(name) {
			seen[lower] = true
			out = append(out, name)
		}
	}
	return out
}

func (s *Server) keeps(name string) bool {
	return KeptInNotice(name) ||
		slices.ContainsFunc(s.options.KeepHeaders, func(k string) bool { return strings.EqualFold(k, name) })
}

// notify sends p a notice of its own.
func (w *work) notify(d Deposit, p *person) error {
	m, err := w.server.options.Notices.NoticeMail(w.noticeFor(p), notice.Envelope{
		From: w.m.from, To: p.address, Date: w.m.received,
		InReplyTo: w.m.get("In-Reply-To"), References: w.m.get("References"),
	})
	if err != nil {
		return err
	}
	d.Send(m)
	return nil
}

func (w *work) noticeFor(p *person) notice.Notice {
	return notice.Notice{
		Sealed: w.sealed[p.key], Author: w.m.author(),
		Subject: strip(decoded(w.m.get("Subject")), []*person{p}),
	}
}

// refuse records that the whole message was returned.
func (w *work) refuse() error {
	w.logDone()
	key, err := w.m.depositKey(w.who, w.body, w.size)
	if err != nil {
		return err
	}
	d := w.server.options.Store.Begin(key)
	defer d.Abandon()
	if err := w.report(d); err != nil {
		return err
	}
	w.audit(d)
	if err := d.Commit(w.ctx); err != nil && !errors.Is(err, store.ErrDuplicate) {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// outcomes pairs everybody with the event of the audit trail and the log.
func (w *work) outcomes(each func(p *person, e store.Event)) {
	for _, g := range []struct {
		ps []*person
		e  store.Event
	}{
		{w.who.clear, store.EventPassed}, {w.who.sealed, store.EventSealed},
		{w.who.returned, store.EventReturned}, {w.who.discarded, store.EventDiscarded},
		{w.who.held, store.EventQuarantined},
	} {
		for _, p := range g.ps {
			each(p, g.e)
		}
	}
}

func (w *work) audit(d Deposit) {
	client := ""
	if w.m.client.IsValid() {
		client = w.m.client.String()
	}
	w.outcomes(func(p *person, e store.Event) {
		d.Audit(store.Entry{
			Event: e, Message: w.sealed[p.key].Message, Address: p.key, Sender: w.m.from,
			Client: client, Queue: w.m.queue, Rule: p.verdict.Rule, Note: p.verdict.Reason,
		})
	})
}

// logDone writes a line per recipient.
func (w *work) logDone() {
	w.outcomes(func(p *person, e store.Event) {
		about := []any{"event", string(e), "to", p.address, "rule", names([]*person{p})}
		if id := w.sealed[p.key].Message; id != "" {
			about = append(about, "message", id)
		}
		w.log.Info("verdict applied", append(about, "verdict", p.verdict)...)
	})
}
