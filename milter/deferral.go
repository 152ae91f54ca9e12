package milter

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/postseal/postseal/rules"
	"github.com/postseal/postseal/store"
)

// defers reports whether the whole message waits at its sender's server. It does so
// only where one rule blocks it for everybody: a server tries again for all of the
// recipients or for none. Mail of a local command would wait in a queue of ours,
// what comes back from a hold is ours already, and a bounce has nobody who could
// release it.
func (w *work) defers() bool {
	m, ps := w.m, w.who.blocked
	if !w.who.allBlocked() || len(byRule(ps)) > 1 || m.from == "" || m.rewritten || m.pass != nil {
		return false
	}
	r := ps[0].verdict.Release
	return r.Offered && w.server.mode(m, r) == rules.Defer
}

// mode is how a blocked message waits: as its rule says, or the configuration, or,
// where neither does, with us if it was submitted here, for a mail client would
// show its user an error, and else at the server that sent it.
func (s *Server) mode(m *message, r rules.Release) rules.ReleaseMode {
	switch {
	case r.Mode != "":
		return r.Mode
	case s.options.Block != "":
		return s.options.Block
	case m.submitted():
		return rules.Hold
	}
	return rules.Defer
}

// submitted reports whether the message was submitted here: under an authenticated
// name, by a local command, or from a network that is not public.
func (m *message) submitted() bool {
	c := m.client
	return m.authUser != "" || m.rewritten || !c.IsValid() || c.IsLoopback() || c.IsPrivate() || c.IsLinkLocalUnicast()
}

// deferral answers a message that waits at its sender's server: later, with the
// link that releases it, the same each time; or never, once that was decided. It
// records no outcome, for the message is to be decided anew when it comes again.
func (w *work) deferral() (*reply, error) {
	p := w.who.blocked[0]
	key, err := w.m.deferralKey(ruleOf(p), w.body, w.size)
	if err != nil {
		return nil, err
	}
	if err := w.reportOnce(key); err != nil {
		return nil, err
	}
	d, err := w.server.options.Store.Defer(w.ctx, key, store.DeferRequest{
		Sender: w.m.from, Recipients: addressesOf(w.who.blocked), MessageID: headerLine(w.m.get("Message-ID")),
		Rule: ruleOf(p), Text: p.verdict.Text, Subject: decoded(w.m.get("Subject")), Trust: trust(p.verdict.Release),
		Created: w.m.received, Expires: w.m.received.Add(w.server.options.Hold),
	}, w.entries()...)
	if err != nil {
		return nil, fmt.Errorf("defer: %w", err)
	}
	w.log.Info("message waits at its sender's server", "event", "blocked", "state", string(d.State),
		"rule", names(w.who.blocked), "recipients", len(w.who.blocked), "verdict", p.verdict)
	switch d.State {
	case store.HoldWaiting:
		text := w.server.options.Notices.Deferred(w.m.from, p.verdict.Text, d.Code)
		return &reply{451, "4.7.1", strings.Join(text, "\n")}, nil
	case store.HoldReleased:
		return replyLater, nil // a moment ago; it passes the next time
	}
	text := w.server.options.Notices.Refused(w.m.from, p.verdict.Text, d.State)
	return &reply{550, "5.7.1", strings.Join(text, "\n")}, nil
}

// reportOnce tells those whom a rule names, when the message is offered for the
// first time.
func (w *work) reportOnce(key [32]byte) error {
	if len(notified(w.who)) == 0 {
		return nil
	}
	if _, known, err := w.server.options.Store.Deferral(w.ctx, key); known || err != nil {
		return err
	}
	d := w.server.options.Store.Begin(store.DepositKey{From: w.m.from, To: w.m.addresses(), Content: key})
	defer d.Abandon()
	if err := w.report(d); err != nil {
		return err
	}
	if err := d.Commit(w.ctx); err != nil && !errors.Is(err, store.ErrDuplicate) {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// trust is what a release by the sender means for later mail.
func trust(r rules.Release) store.TrustGrant {
	return store.TrustGrant{Recipients: r.Trust == rules.TrustRecipient, Anybody: r.Trust == rules.TrustSender, For: r.For}
}

// deferralKey knows a message again that its sender's server offers again, whatever
// the order of its recipients and however it was handed on meanwhile.
func (m *message) deferralKey(rule string, body io.ReaderAt, size int64) ([32]byte, error) {
	id, err := m.identify(body, size)
	if err != nil {
		return [32]byte{}, err
	}
	to := make([]string, len(m.recipients))
	for i, r := range m.recipients {
		to[i] = r.key
	}
	slices.Sort(to)
	h := sha256.New()
	for _, s := range append([]string{"deferral", rule, normalise(m.from), id.messageID, string(id.digest[:])}, slices.Compact(to)...) {
		put(h, s)
	}
	return [32]byte(h.Sum(nil)), nil
}
