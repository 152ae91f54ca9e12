package milter

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"

	"github.com/postseal/postseal/milter/notice"
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

	described *seal.Summary           // nil until it was asked for
	sealed    map[string]store.Sealed // by normalised recipient
	held      map[string]store.Held   // by normalised recipient
}

// deposit does what the verdicts ask for inside d, and returns what is left to
// do with the message itself.
func (w *work) deposit(d Deposit) (*plan, error) {
	if err := w.seal(d); err != nil {
		return nil, err
	}
	s := w.split()
	if err := w.block(d); err != nil {
		return nil, err
	}
	if err := w.quarantine(d, s.hold); err != nil {
		return nil, err
	}
	p, err := w.plan(s)
	if err != nil {
		return nil, err
	}
	if p.Body != nil {
		d.Noticed(w.sealed[s.itself[0].key].Message)
	}
	for _, to := range s.copies {
		d.Send(w.copy(to))
	}
	for _, to := range s.notices {
		if err := w.notify(d, to); err != nil {
			return nil, err
		}
	}
	for _, tell := range []func(Deposit) error{w.tellReturned, w.receipt, w.report} {
		if err := tell(d); err != nil {
			return nil, err
		}
	}
	w.audit(d)
	return p, nil
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
		{"Content-Language", e.ContentLanguage},
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
		AutoSubmitted: w.m.get("Auto-Submitted"),
	})
	if err != nil {
		return err
	}
	m.Message = w.sealed[p.key].Message
	d.Send(m)
	return nil
}

func (w *work) noticeFor(p *person) notice.Notice {
	return notice.Notice{
		Sealed: w.sealed[p.key], Author: w.m.author(),
		Subject: strip(decoded(w.m.get("Subject")), []*person{p}), Restrict: w.terms(p).restrict,
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
