package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// Inbox implements [socket.Mailbox].
func (s *Store) Inbox(ctx context.Context, session seal.Token, cursor string, limit int) (socket.Page, error) {
	list, err := s.List(ctx, session, socket.ListQuery{
		Folder: socket.FolderInbox, Cursor: cursor, Limit: min(limit, maxPage), Flat: true, Full: true,
	})
	if err != nil {
		return socket.Page{}, err
	}
	n := list.Counts[socket.FolderInbox]
	page := socket.Page{Messages: make([]socket.Message, 0, len(list.Items)), Next: list.Next, Total: n.Total, Unread: n.Unread}
	for _, item := range list.Items {
		page.Messages = append(page.Messages, item.Message)
	}
	return page, nil
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

// outside is what the owner itself knows of a message.
func outside(message id, m messageRecord) socket.Message {
	out := socket.Message{
		ID: message.String(), Received: m.Created, Expires: m.Expires, Opened: m.Opened,
		Replied: m.Replied, CanReply: m.canReply(), Others: m.Others,
	}
	if m.RepliedBy != nil {
		out.RepliedBy = m.RepliedBy.shown()
	}
	return out
}

func (s *Store) withGrant(tx *bbolt.Tx, message id, m messageRecord, grant byte) (socket.Message, error) {
	out := outside(message, m)
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
		e, _ := s.entryOf(tx, message, m)
		out.Read = e.flags&inboxRead != 0
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
	if err != nil || m.Account != r.Account || m.Mode != seal.ModeAccount || m.Gone {
		return message, m, socket.ErrUnknown
	}
	return message, m, nil
}

// Message implements [socket.Mailbox]. Grant is empty for a message that the
// account has not claimed yet. Each of a mailbox's people opens it anew, so that the
// sender is told of each.
func (s *Store) Message(ctx context.Context, session seal.Token, text string) (socket.Message, error) {
	var out socket.Message
	err := s.meta.view(func(tx *bbolt.Tx) error {
		message, m, err := s.own(tx, session, text)
		if err != nil {
			return err
		}
		by, err := s.actor(tx, session)
		if err != nil {
			return err
		}
		if m.newTo(by) {
			m.Opened = time.Time{}
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
		if err := s.setFlags(c, message, m, set, clear); err != nil {
			return err
		}
		by, err := s.actor(c.Tx, session)
		if err != nil {
			return err
		}
		return s.openedBy(c, message, &m, by)
	})
}
