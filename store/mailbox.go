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
		if v[0]&inboxGranted == 0 {
			continue
		}
		page.Total++
		if v[0]&inboxRead == 0 {
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
		if errors.Is(err, socket.ErrExpired) {
			continue // the next purge takes it
		}
		var out socket.Message
		if err == nil {
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

// message returns a message with the caller's grant.
func (s *Store) message(tx *bbolt.Tx, message id, m messageRecord, grant byte) (socket.Message, error) {
	out := socket.Message{
		ID: message.String(), Received: m.Created, Expires: m.Expires, Opened: m.Opened,
		Replied: m.Replied, CanReply: m.ReplyTo != "",
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
	m, err = s.liveMessage(tx, message)
	return message, m, err
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
		r, err = s.payload(tx, m)
		return err
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// payload returns a reader that begins its transactions later.
func (s *Store) payload(tx *bbolt.Tx, m messageRecord) (*payloadReader, error) {
	var p payloadRecord
	if err := s.vault.get(tx, bucketPayload, m.Payload[:], &p); err != nil {
		return nil, fmt.Errorf("payload %s: %w", m.Payload, err)
	}
	return &payloadReader{store: s, id: m.Payload, record: p}, nil
}

// MarkOpened implements [socket.Mailbox].
func (s *Store) MarkOpened(ctx context.Context, session seal.Token, text string, read bool) error {
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
		m.Opened = s.now().UTC()
		if err := s.vault.put(c, bucketMessage, message[:], m); err != nil {
			return err
		}
		return s.audit(c, Entry{Event: EventOpened, Message: text, Address: m.Recipient, Sender: m.Sender})
	})
}
