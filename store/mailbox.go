package store

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"

	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// maxPage is the largest page of an inbox.
const maxPage = 200

// Inbox implements [socket.Mailbox]. Messages that the account has no grant for
// yet (Claim) are not in it.
func (s *Store) Inbox(ctx context.Context, session seal.Token, cursor string, limit int) (socket.Page, error) {
	from, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(from) != 0 && len(from) != 24 {
		return socket.Page{}, socket.ErrInvalid
	}
	limit = min(max(limit, 1), maxPage)
	page := socket.Page{Messages: []socket.Message{}}
	err = s.meta.view(func(tx *bbolt.Tx) error {
		r, err := s.session(tx, session)
		if err != nil {
			return err
		}
		return s.page(ctx, tx, r.Account, from, limit, &page)
	})
	if err != nil {
		return socket.Page{}, err
	}
	return page, nil
}

// page fills a page with what follows from. It walks over all entries, to count.
func (s *Store) page(ctx context.Context, tx *bbolt.Tx, account accountID, from []byte, limit int, page *socket.Page) error {
	var last []byte
	cur := tx.Bucket([]byte(bucketInbox)).Cursor()
	for k, v := cur.Seek(account[:]); bytes.HasPrefix(k, account[:]); k, v = cur.Next() {
		if len(v) != 1 {
			return errors.New("inbox: broken entry")
		}
		if v[0]&(inboxGranted|inboxEnded) == 0 {
			continue
		}
		page.Total++
		if v[0]&(inboxRead|inboxEnded) == 0 {
			page.Unread++
		}
		rest := k[len(account):]
		if from != nil && bytes.Compare(rest, from) <= 0 {
			continue
		}
		if len(page.Messages) == limit {
			if page.Next == "" {
				page.Next = base64.RawURLEncoding.EncodeToString(last)
			}
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		message, err := inboxID(k)
		if err != nil {
			return err
		}
		m, err := s.liveMessage(tx, message)
		var out socket.Message
		var end *socket.EndedError
		switch {
		case errors.As(err, &end):
			out, err = endedMessage(message, m, end), nil
			out.Read = v[0]&inboxRead != 0
		case err == nil:
			out, err = s.message(tx, message, m, partGrant)
		}
		if err != nil { // one broken message must not close the inbox
			s.log.Error("inbox: a message is left out; run the check", "error", err)
			continue
		}
		page.Messages = append(page.Messages, out)
		last = append(last[:0], rest...)
	}
	return nil
}

// endedMessage is the line of a message that ended: nothing of its content.
func endedMessage(message id, m messageRecord, end *socket.EndedError) socket.Message {
	return socket.Message{
		ID: message.String(), Received: m.Created, Expires: m.Expires, Opened: m.Opened, Replied: m.Replied,
		Ended: end.How, EndedBy: end.By, EndedAt: end.At, Sender: m.Sender,
	}
}

// message returns a message with the caller's grant, but for one with a PIN: see
// [Store.TryPIN].
func (s *Store) message(tx *bbolt.Tx, message id, m messageRecord, grant byte) (socket.Message, error) {
	out, err := s.withGrant(tx, message, m, grant)
	if m.PIN != nil {
		out.Grant, out.NeedsPIN = nil, true
	}
	return out, err
}

func (s *Store) withGrant(tx *bbolt.Tx, message id, m messageRecord, grant byte) (socket.Message, error) {
	out := socket.Message{
		ID: message.String(), Received: m.Created, Expires: m.Expires, Opened: m.Opened,
		Replied: m.Replied, CanReply: m.canReply(),
	}
	var err error
	if out.Manifest, err = s.vault.manifest(tx, message); err != nil {
		return out, err
	}
	if out.Summary, err = s.vault.part(tx, message, partSummary); err != nil {
		return out, err
	}
	if out.Grant, err = s.vault.part(tx, message, grant); err != nil {
		return out, err
	}
	if m.Mode == seal.ModeAccount {
		v := tx.Bucket([]byte(bucketInbox)).Get(inboxKey(m.Account, m.Created, message))
		out.Read = len(v) == 1 && v[0]&inboxRead != 0
	}
	return out, nil
}

// own returns a message of a session's account, or how it ended. Another's
// message is unknown, whatever became of it.
func (s *Store) own(tx *bbolt.Tx, session seal.Token, text string) (id, messageRecord, error) {
	message, m, err := s.ownOrEnded(tx, session, text)
	if err != nil {
		return message, m, err
	}
	m, err = s.liveMessage(tx, message)
	return message, m, err
}

// ownOrEnded is own, but that an ended message is no error.
func (s *Store) ownOrEnded(tx *bbolt.Tx, session seal.Token, text string) (id, messageRecord, error) {
	r, err := s.session(tx, session)
	if err != nil {
		return id{}, messageRecord{}, err
	}
	message, err := parseID(text)
	if err != nil {
		return id{}, messageRecord{}, socket.ErrUnknown
	}
	var m messageRecord
	err = s.vault.get(tx, bucketMessage, message[:], &m)
	if err != nil && !errors.Is(err, errNotFound) {
		return message, m, err
	}
	if err != nil || m.Account != r.Account || m.Mode != seal.ModeAccount {
		return message, m, socket.ErrUnknown
	}
	return message, m, nil
}

// Message implements [socket.Mailbox]. Grant is empty for a message that the
// account has not claimed yet.
func (s *Store) Message(ctx context.Context, session seal.Token, text string) (socket.Message, error) {
	var out socket.Message
	err := s.meta.view(func(tx *bbolt.Tx) error {
		message, m, err := s.own(tx, session, text)
		if err != nil {
			return err
		}
		out, err = s.message(tx, message, m, partGrant)
		return err
	})
	if err != nil {
		return socket.Message{}, err
	}
	return out, nil
}

// Payload implements [socket.Mailbox].
func (s *Store) Payload(ctx context.Context, session seal.Token, text string) (io.ReadCloser, error) {
	var r *payloadReader
	err := s.meta.view(func(tx *bbolt.Tx) error {
		_, m, err := s.own(tx, session, text)
		if err != nil {
			return err
		}
		r, err = s.payload(tx, m.Payload)
		return err
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// payload returns a reader that begins its transactions later.
func (s *Store) payload(tx *bbolt.Tx, payload id) (*payloadReader, error) {
	var p payloadRecord
	if err := s.vault.get(tx, bucketPayload, payload[:], &p); err != nil {
		return nil, fmt.Errorf("payload %s: %w", payload, err)
	}
	return &payloadReader{store: s, id: payload, record: p}, nil
}

// MarkOpened implements [socket.Mailbox].
func (s *Store) MarkOpened(ctx context.Context, session seal.Token, text string, read bool) error {
	defer s.mailAdded() // a read receipt
	return s.update(ctx, func(c *change) error {
		message, m, err := s.own(c.Tx, session, text)
		if err != nil {
			return err
		}
		set, clear := byte(inboxRead), byte(0)
		if !read {
			set, clear = 0, inboxRead
		}
		if err := s.setInboxFlags(c, message, m, set, clear); err != nil {
			return err
		}
		if !m.Opened.IsZero() {
			return nil
		}
		return s.opened(c, message, &m)
	})
}
