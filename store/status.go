package store

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

const (
	// remindEvery is how often a sender can have one notice sent again.
	remindEvery = time.Hour
	// shownLines are the recipients of a dispatch in a list of many dispatches.
	shownLines = 10
	// maxSent is the largest page of what was sent.
	maxSent = 100
)

// followed returns the dispatch that a caller may follow.
func (s *Store) followed(tx *bbolt.Tx, by socket.Follower) (id, dispatchRecord, error) {
	var d dispatchRecord
	var dispatch id
	switch {
	case (by.Session == seal.Token{}) == (by.Link == seal.Token{}):
		return dispatch, d, socket.ErrInvalid
	case by.Link != seal.Token{}:
		l, err := s.linkOf(tx, by.Link, socket.LinkStatus)
		if err != nil {
			return dispatch, d, err
		}
		dispatch = l.Message
		return dispatch, d, s.vault.get(tx, bucketDispatch, dispatch[:], &d)
	}
	r, err := s.session(tx, by.Session)
	if err != nil {
		return dispatch, d, err
	}
	if dispatch, err = parseID(by.Dispatch); err != nil {
		return dispatch, d, socket.ErrUnknown
	}
	err = s.vault.get(tx, bucketDispatch, dispatch[:], &d)
	if errors.Is(err, errNotFound) {
		return dispatch, d, socket.ErrUnknown
	}
	if err != nil {
		return dispatch, d, err
	}
	sender, err := s.resolve(tx, d.Sender)
	if err == nil && sender != r.Account {
		err = socket.ErrUnknown
	}
	return dispatch, d, err
}

// Status implements [socket.Following].
func (s *Store) Status(ctx context.Context, by socket.Follower) (socket.Status, error) {
	var out socket.Status
	err := s.meta.view(func(tx *bbolt.Tx) error {
		dispatch, d, err := s.followed(tx, by)
		if err != nil {
			return err
		}
		out, err = s.status(ctx, tx, dispatch, d, d.Lines)
		return err
	})
	if err != nil {
		return socket.Status{}, err
	}
	return out, nil
}

// status puts together what became of the first recipients of a dispatch.
func (s *Store) status(ctx context.Context, tx *bbolt.Tx, dispatch id, d dispatchRecord, limit int) (socket.Status, error) {
	limit = min(limit, d.Lines)
	out := socket.Status{
		ID: dispatch.String(), Sender: d.Sender, Subject: d.Subject, MessageID: d.MessageID, Created: d.Created,
		Lines: make([]socket.StatusLine, 0, limit), More: d.Lines - limit,
	}
	lines, err := s.dispatchLines(tx, dispatch, limit)
	if err != nil {
		return out, err
	}
	for _, l := range lines {
		if err := ctx.Err(); err != nil {
			return out, err
		}
		line, err := s.statusLine(tx, l)
		if err != nil {
			return out, err
		}
		out.Lines = append(out.Lines, line)
	}
	return out, nil
}

// dispatchLines returns the first recipients of a dispatch.
func (s *Store) dispatchLines(tx *bbolt.Tx, dispatch id, limit int) ([]dispatchLine, error) {
	var out []dispatchLine
	for first := 0; first < limit; first += linesInRecord {
		var r lineRecord
		if err := s.vault.get(tx, bucketLine, lineKey(dispatch, first), &r); err != nil {
			return nil, fmt.Errorf("dispatch %s: %w", dispatch, err)
		}
		out = append(out, r.Lines...)
	}
	return out[:min(len(out), limit)], nil
}

func (s *Store) statusLine(tx *bbolt.Tx, l dispatchLine) (socket.StatusLine, error) {
	out := socket.StatusLine{Recipient: l.To, Action: l.Action}
	if l.Hold != (id{}) {
		h, err := s.hold(tx, l.Hold)
		if err != nil && !errors.Is(err, socket.ErrUnknown) {
			return out, err
		}
		out.Held, out.Expires, out.EndedAt = string(h.State), h.Expires, h.Ended
	}
	if l.Message == (id{}) {
		return out, nil
	}
	out.Message = l.Message.String()
	var m messageRecord
	err := s.vault.get(tx, bucketMessage, l.Message[:], &m)
	if errors.Is(err, errNotFound) { // an outline never goes before its dispatch
		return out, fmt.Errorf("message %s of a dispatch is not there", l.Message)
	}
	if err != nil {
		return out, err
	}
	now := s.now()
	if m.Ended == "" && !now.Before(m.Expires) { // the next purge says so too
		m.Ended, m.EndedAt = endExpired, m.Expires
	}
	if m.Ended == "" && s.graceOver(m) {
		m.Ended, m.EndedAt = endUsed, m.Opened.Add(s.o.OneTimeGrace)
	}
	out.Restrict, out.Noticed, out.NoticeLost = m.Restrict, m.Noticed, m.NoticeLost
	out.Opened, out.Replied, out.Expires = m.Opened, m.Replied, m.Expires
	for _, by := range m.OpenedBy {
		out.OpenedBy = append(out.OpenedBy, socket.Opening{Name: by.shown(), At: by.At})
	}
	if m.RepliedBy != nil {
		out.RepliedBy = m.RepliedBy.shown()
	}
	out.Ended, out.EndedAt = m.Ended, m.EndedAt
	out.PIN = m.PIN != nil && m.PIN.Failures >= maxPINFailures
	out.CanRecall = m.Ended == ""
	out.CanExtend = extendable(m)
	if out.Waits, err = s.awaiting(tx, m.Account, l.Message); err != nil {
		return out, err
	}
	out.WhyNot = s.whyNotRemind(tx, m, !out.Waits.IsZero())
	out.CanRemind = out.WhyNot == ""
	return out, nil
}

// extendable reports whether more time means anything: an opened one-time message
// has its grace period.
func extendable(m messageRecord) bool {
	return m.Ended == "" && (m.Mode == seal.ModeAccount || m.Opened.IsZero())
}

// Sent implements [socket.Following].
func (s *Store) Sent(ctx context.Context, session seal.Token, cursor string, limit int) (socket.SentPage, error) {
	from, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(from) != 0 && len(from) != 24 {
		return socket.SentPage{}, socket.ErrInvalid
	}
	limit = min(max(limit, 1), maxSent)
	page := socket.SentPage{Items: []socket.Status{}}
	err = s.meta.view(func(tx *bbolt.Tx) error {
		r, err := s.session(tx, session)
		if err != nil {
			return err
		}
		var last []byte
		cur := tx.Bucket([]byte(bucketSent)).Cursor()
		for k, _ := cur.Seek(r.Account[:]); bytes.HasPrefix(k, r.Account[:]); k, _ = cur.Next() {
			page.Total++
			rest := k[len(r.Account):]
			switch {
			case len(from) > 0 && bytes.Compare(rest, from) <= 0:
				continue
			case len(page.Items) == limit:
				page.Next = base64.RawURLEncoding.EncodeToString(last)
				continue
			}
			dispatch, err := inboxID(k)
			if err != nil {
				return err
			}
			var d dispatchRecord
			if err := s.vault.get(tx, bucketDispatch, dispatch[:], &d); err != nil {
				return err
			}
			st, err := s.status(ctx, tx, dispatch, d, shownLines)
			if err != nil {
				return err
			}
			page.Items = append(page.Items, st)
			last = append(last[:0], rest...)
		}
		return nil
	})
	if err != nil {
		return socket.SentPage{}, err
	}
	return page, nil
}

// chosen returns the messages of a dispatch that a caller names; none: all.
func (s *Store) chosen(by socket.Follower, named []string) ([]id, dispatchRecord, id, error) {
	if len(named) > 2*maxRecipients {
		return nil, dispatchRecord{}, id{}, socket.ErrTooLarge
	}
	var out []id
	var d dispatchRecord
	var dispatch id
	err := s.meta.view(func(tx *bbolt.Tx) (err error) {
		out = nil
		if dispatch, d, err = s.followed(tx, by); err != nil {
			return err
		}
		lines, err := s.dispatchLines(tx, dispatch, d.Lines)
		if err != nil {
			return err
		}
		of := map[string]id{}
		for _, l := range lines {
			if l.Message == (id{}) {
				continue
			}
			of[l.Message.String()] = l.Message
			if len(named) == 0 {
				out = append(out, l.Message)
			}
		}
		for _, n := range named {
			m, ok := of[n]
			if !ok {
				return socket.ErrUnknown
			}
			out = append(out, m)
		}
		return nil
	})
	return out, d, dispatch, err
}

// liveOf returns a message of a dispatch if it lives, at the time of the change.
func (s *Store) liveOf(tx *bbolt.Tx, message id) (m messageRecord, live bool, err error) {
	m, err = s.liveMessage(tx, message)
	var end *socket.EndedError
	if errors.As(err, &end) || errors.Is(err, socket.ErrUnknown) || err == nil && s.graceOver(m) {
		return m, false, nil
	}
	return m, err == nil, err
}
