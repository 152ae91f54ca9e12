package milter

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/postseal/postseal/milter/guard"
	"github.com/postseal/postseal/rules"
	"github.com/postseal/postseal/store"
)

// endOfHeader looks at what is known before the body comes: whether the mail is
// our own, and whether the rules let it pass whatever its body says. In both
// cases the body is not kept.
//
// It answers nothing. An answer here could spare the MTA the sending of such a
// body (SMFIR_ACCEPT), but every other message would wait for one more round
// trip; without it the MTA streams the body on while we think.
func (s *session) endOfHeader() {
	m, o := s.message, s.server.options
	for _, mark := range m.takeMarks() {
		e := guard.Envelope{From: m.from, To: m.addresses(), MessageID: m.get("Message-ID")}
		brought, ok := o.Guard.Genuine(mark, e, o.Now())
		switch {
		case !ok && guard.Carries(mark) && rules.Internal(m.from, o.InternalDomains):
			// Something between the outbox and us divided or kept the mail, and what
			// was to be done with it is lost: it may have been to be sealed.
			s.deferred(errPass, "released message")
			m.fail(replyLater)
		case !ok:
			s.log().Warn("forged mark of our own mail", "event", "ignored")
		case brought == nil:
			m.own = true
		default:
			if err := m.bring(brought); err != nil {
				s.deferred(err, "released message")
				m.fail(replyLater)
			}
		}
	}
	m.takeWays()
	if m.fault != nil || m.own {
		m.clear = m.own
		return
	}
	m.rules = s.server.current()
	m.offer = s.server.offer(m)
	ctx := s.server.working
	d, ok, err := m.rules.EvaluateHeader(ctx, s.server.forRules(ctx, m))
	if err == nil && ok {
		s.server.lookAheadFor(d)
		m.clear, err = s.server.passes(ctx, m, d)
	}
	if err != nil {
		s.deferred(err, "rules")
		m.fail(replyFor(err))
		return
	}
	if m.clear {
		logAside(s.log(), d)
	}
}

// forRules is the message as the rules see it before its body is there.
func (s *Server) forRules(ctx context.Context, m *message) *rules.Message {
	r := m.forRules()
	r.Released = s.released(ctx, m, nil, 0)
	return r
}

// passes reports whether all recipients get the message as it is.
func (s *Server) passes(ctx context.Context, m *message, d *rules.Decision) (bool, error) {
	if err := s.keepSecret(ctx, m, d); err != nil {
		return false, err
	}
	if slices.ContainsFunc(d.Verdicts, func(v rules.Verdict) bool { return s.doubtful(&v) }) {
		return false, nil
	}
	p, err := s.assort(m, d)
	return err == nil && p.allClear() && len(clearChanges(m, p.clear)) == 0 && len(notified(p)) == 0, nil
}

// endOfMessage decides about the message, does what that takes, and returns the
// answer. The modifications wait in the connection for it.
func (s *session) endOfMessage() answer {
	m := s.message
	if m.rules == nil && !m.own {
		// No end of header came. Postfix and Sendmail always send one.
		s.endOfHeader()
	}
	if m.fault != nil {
		s.log().Info("message refused", "event", "refused", "code", m.fault.code)
		return m.fault.answer()
	}
	p := m.ownPlan()
	if !m.clear {
		ctx, cancel := context.WithTimeout(s.server.working, s.server.options.Limits.EndOfMessage)
		defer cancel()
		stop := s.keepAlive()
		defer stop()
		var refusal *reply
		var err error
		p, refusal, err = s.server.decide(ctx, s.log(), m)
		stop()
		if err != nil {
			s.deferred(err, "end of message")
			return replyFor(err).answer()
		}
		if refusal != nil {
			if refusal.code >= 500 {
				m.offer = nil // it counts for good, and otherwise when it comes again
			}
			return refusal.answer()
		}
	} else {
		event := "passed"
		if m.own {
			event = "own"
		}
		s.log().Info("message passed", "event", event)
	}
	frames, err := p.frames(m, s.leading())
	if err != nil {
		s.deferred(err, "modifications")
		return replyFor(err).answer()
	}
	m.offer = nil // it counts for good
	s.conn.hold(frames)
	return p.answer()
}

// decide asks the rules and carries out what they say, all of it durable when it
// returns: the caller only has to make the modifications of the plan, or to give
// the refusal.
func (s *Server) decide(ctx context.Context, log *slog.Logger, m *message) (*plan, *reply, error) {
	// Reading a message takes memory; so many at once and no more.
	select {
	case s.deciding <- struct{}{}:
		defer func() { <-s.deciding }()
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	body, size, err := m.body.Reader()
	if err != nil {
		return nil, nil, err
	}
	rm := m.forRules()
	rm.Body, rm.BodySize, rm.Size = body, size, int64(m.headerSize)+2+size
	rm.Released = s.released(ctx, m, body, size)
	d, err := m.rules.Evaluate(ctx, rm)
	if err != nil {
		return nil, nil, fmt.Errorf("evaluate the rules: %w", err)
	}
	if err := s.keepSecret(ctx, m, d); err != nil {
		return nil, nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	logAside(log, d)
	if err := s.settle(ctx, log, d); err != nil {
		return nil, nil, err
	}
	who, err := s.assort(m, d)
	if err != nil {
		return nil, nil, err
	}
	w := &work{
		server: s, ctx: ctx, log: log, m: m, who: who, body: body, size: size,
		sealed: map[string]store.Sealed{}, held: map[string]store.Held{},
	}
	switch {
	case who.allClear() && oneWay(who.clear) && len(notified(who)) == 0:
		log.Info("message passed", "event", "passed", "recipients", len(m.recipients))
		return &plan{Set: clearSet(m, who.clear), Add: clearAdd(who.clear)}, nil, nil
	case who.allReturned():
		return nil, returned(texts(who.returned)), w.refuse()
	case w.defers():
		r, err := w.deferral()
		return nil, r, err
	case w.pins() > store.MaxPINs:
		log.Info("message refused", "event", "refused", "code", replyPINs.code)
		return nil, replyPINs, nil
	}
	p, err := w.apply()
	return p, nil, err
}

// keepAlive sends progress frames until stop is called, which may be called
// again. Nothing else is written meanwhile: modifications come after stop. Most
// messages are decided long before the first frame, so this is a timer and no
// goroutine.
func (s *session) keepAlive() (stop func()) {
	var mu sync.Mutex // held while a frame is written
	var timer *time.Timer
	stopped := false
	every := s.server.options.Limits.Progress
	mu.Lock()
	defer mu.Unlock()
	timer = time.AfterFunc(every, func() {
		mu.Lock()
		defer mu.Unlock()
		if stopped || s.conn.progress() != nil {
			return // after a failed write the answer will fail too
		}
		timer.Reset(every)
	})
	return func() {
		timer.Stop()
		mu.Lock()
		defer mu.Unlock()
		stopped = true
	}
}

// apply records and carries out the verdicts, once for all offers of the message.
func (w *work) apply() (*plan, error) {
	key, err := w.m.depositKey(w.who, w.body, w.size)
	if err != nil {
		return nil, err
	}
	p, err := w.recorded(key)
	if p != nil || err != nil {
		return p, err
	}
	d := w.server.options.Store.Begin(key)
	committed := false
	defer func() {
		if !committed {
			d.Abandon()
		}
	}()
	if p, err = w.deposit(d); err != nil {
		return nil, err
	}
	record, err := p.encode()
	if err != nil {
		return nil, err
	}
	d.SetOutcome(record)
	// What could not be made must be known before it is durable.
	if _, err := p.frames(w.m, true); err != nil {
		return nil, err
	}
	if err := w.ctx.Err(); err != nil {
		return nil, err
	}
	switch err := d.Commit(w.ctx); {
	case errors.Is(err, store.ErrDuplicate):
		committed = true
		p, err := w.recorded(key)
		if err == nil && p == nil {
			err = errors.New("the record of a duplicate is gone")
		}
		return p, err
	case err != nil:
		return nil, fmt.Errorf("commit: %w", err)
	}
	committed = true
	w.logDone()
	return p, nil
}

// recorded returns the plan of an earlier offer, nil if there was none.
func (w *work) recorded(key store.DepositKey) (*plan, error) {
	b, ok, err := w.server.options.Store.Outcome(w.ctx, key)
	if err != nil {
		return nil, fmt.Errorf("look for an earlier offer: %w", err)
	}
	if !ok {
		return nil, nil
	}
	p, err := decodePlan(b)
	if err == nil {
		if p.Body != nil {
			// A filter in front of us may have added fields since, which quote
			// the message.
			p.Remove = w.stripped(p.Set)
		}
		w.log.Info("message was offered before, the same is done again", "event", "replayed")
	}
	return p, err
}

// log returns the logger of the message at hand.
func (s *session) log() *slog.Logger {
	log := s.server.options.Log
	if m := s.message; m != nil {
		log = log.With("queue", m.queue, "message_id", short(m.get("Message-ID")), "from", short(m.from))
	}
	return log
}

// short bounds what a log line takes from a message.
func short(s string) string {
	s = headerLine(s)
	return s[:min(len(s), 200)]
}

// deferred logs why a message is not decided. The error says what failed, never
// anything of the content.
func (s *session) deferred(err error, during string) {
	s.log().Error("message not decided", "event", "deferred", "during", during,
		"why", errorKind(err), "error", err)
}

func (s *session) leading() bool { return s.conn.offer.leading() }
