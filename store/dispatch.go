package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

const (
	linesInRecord = 100     // recipients in one record of bucketLine
	maxShown      = 1 << 10 // octets of a subject that a sender is shown
)

// Follow lets the sender follow what the deposit holds, after Seal and Hold: the
// lines name their ids. It returns the code of the status link.
func (d *Deposit) Follow(r Dispatch) (seal.Code, error) {
	if r.Sender == "" || len(r.Sender) > maxAddress || len(r.Lines) == 0 || len(r.Lines) > 2*maxRecipients {
		return seal.Code{}, fmt.Errorf("follow: %w: %d recipients, sender of %d octets", socket.ErrInvalid, len(r.Lines), len(r.Sender))
	}
	dispatch, err := d.dispatchID(r.ID)
	if err != nil {
		return seal.Code{}, err
	}
	code := seal.NewCode()
	rec := dispatchRecord{
		versioned: current, Sender: r.Sender, Subject: code.SealText(cut(r.Subject, maxShown)),
		MessageID: bounded(r.MessageID, maxMessageID), Rule: r.Rule, Lines: len(r.Lines),
		Created: r.Created.UTC().Truncate(time.Millisecond), Expires: r.Expires.UTC(),
	}
	if rec.Expires.Before(rec.Created) { // nothing was sealed
		rec.Expires = rec.Created
	}
	lines, err := d.lines(dispatch, r.Lines, &rec)
	if err != nil {
		return seal.Code{}, err
	}
	for first := 0; first < len(lines); first += linesInRecord {
		part := lines[first:min(first+linesInRecord, len(lines))]
		d.putRecord(bucketLine, lineKey(dispatch, first), lineRecord{current, part})
	}
	rec.Forgotten = rec.Expires.Add(d.store.o.StatusMemory)
	rec.Link = *d.senderLink(code, socket.LinkStatus, dispatch, r.Sender, rec.Created)
	d.putRecord(bucketDispatch, dispatch[:], rec)
	d.put(bucketSent, inboxKey(d.store.vault.account(r.Sender), rec.Created, dispatch), nil)
	d.put(bucketExpiry, expiryKey(rec.Forgotten, expireDispatch, dispatch[:]), nil)
	return code, nil
}

// dispatchID is the id that was promised, unless it is taken: by the same message,
// when it came for the first time.
func (d *Deposit) dispatchID(promised string) (id, error) {
	if promised == "" {
		return newID(), nil
	}
	dispatch, err := parseID(promised)
	if err != nil {
		return id{}, fmt.Errorf("follow: %w: id of a dispatch", socket.ErrInvalid)
	}
	err = d.store.meta.view(func(tx *bbolt.Tx) error {
		if tx.Bucket([]byte(bucketDispatch)).Get(dispatch[:]) != nil {
			dispatch = newID()
		}
		return nil
	})
	return dispatch, err
}

// lines finds what the lines name, and ties it to the dispatch.
func (d *Deposit) lines(dispatch id, given []DispatchLine, rec *dispatchRecord) ([]dispatchLine, error) {
	messages := map[string]*deposited[messageRecord]{}
	for _, m := range d.messages {
		messages[m.id.String()] = m
	}
	holds := map[string]*deposited[holdRecord]{}
	for _, h := range d.holds {
		holds[h.id.String()] = h
	}
	out := make([]dispatchLine, 0, len(given))
	for _, g := range given {
		l := dispatchLine{To: bounded(g.Recipient, maxAddress), Action: g.Action}
		if g.Message != "" {
			m := messages[g.Message]
			if m == nil {
				return nil, fmt.Errorf("follow: %w: message %q is not in the deposit", socket.ErrInvalid, g.Message)
			}
			l.Message, m.record.Dispatch = m.id, dispatch
			rec.Expires = later(rec.Expires, m.record.Expires)
		}
		if g.Held != "" {
			h := holds[g.Held]
			if h == nil {
				return nil, fmt.Errorf("follow: %w: held message %q is not in the deposit", socket.ErrInvalid, g.Held)
			}
			l.Hold, h.record.Dispatch = h.id, dispatch
			rec.Expires = later(rec.Expires, h.record.Expires)
		}
		out = append(out, l)
	}
	return out, nil
}

// Noticed notes that a sealed message's notice left in the place of the message.
func (d *Deposit) Noticed(message string) {
	for _, m := range d.messages {
		if m.id.String() == message {
			m.record.Noticed = d.store.now().UTC()
		}
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// cut shortens s to at most limit octets, at the end of a character.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	for limit > 0 && !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}

func lineKey(dispatch id, first int) []byte {
	return binary.BigEndian.AppendUint32(dispatch[:], uint32(first))
}

// remembered returns when the dispatch that something belongs to is forgotten,
// and whether it is there: until then what is left of it is kept too.
func (s *Store) remembered(tx *bbolt.Tx, dispatch id) (time.Time, bool, error) {
	if dispatch == (id{}) {
		return time.Time{}, false, nil
	}
	var r dispatchRecord
	err := s.vault.get(tx, bucketDispatch, dispatch[:], &r)
	if errors.Is(err, errNotFound) {
		return time.Time{}, false, nil
	}
	return r.Forgotten, err == nil, err
}

// forgetDispatch removes a dispatch and its link.
func (s *Store) forgetDispatch(c *change, dispatch id) error {
	var r dispatchRecord
	err := s.vault.get(c.Tx, bucketDispatch, dispatch[:], &r)
	if errors.Is(err, errNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	for first := 0; first < r.Lines; first += linesInRecord {
		if err := c.drop(bucketLine, lineKey(dispatch, first)); err != nil {
			return err
		}
	}
	if err := c.drop(bucketSent, inboxKey(s.vault.account(r.Sender), r.Created, dispatch)); err != nil {
		return err
	}
	if err := c.drop(bucketLink, r.Link[:]); err != nil {
		return err
	}
	return c.drop(bucketDispatch, dispatch[:])
}
