package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

const (
	maxDraft    = 4 << 20 // octets of a draft's sealed content
	maxOwnFiles = 50      // attachments of a draft
	maxFilePart = 8 << 20 // octets that PutFile takes at a time
)

// PutDraft implements [socket.Drafts]. The draft ends at the same time whatever is
// done to it later: its payloads lie in that week's file.
func (s *Store) PutDraft(ctx context.Context, session seal.Token, d socket.Draft, content io.Reader) error {
	i, err := parseID(d.ID)
	if err != nil || len(d.Index) == 0 || len(d.Index) > maxIndex {
		return socket.ErrInvalid
	}
	if err := s.space(); err != nil {
		return err
	}
	var old ownRecord
	err = s.meta.view(func(tx *bbolt.Tx) (err error) {
		_, old, err = s.draft(tx, session, i)
		return err
	})
	if err != nil {
		return err
	}
	w := s.newPayload(ctx, weekOf(old.Expires))
	defer s.active.remove(w.id)
	if _, err := io.CopyBuffer(onlyWriter{w}, &cappedReader{r: content, left: maxDraft}, make([]byte, chunkSize)); err != nil {
		return fmt.Errorf("store a draft: %w", err)
	}
	record, stored := w.finish()
	record.Refs = 1
	if err := <-stored; err != nil {
		return fmt.Errorf("store a draft: %w", err)
	}
	var freed []freedPayload
	err = s.update(ctx, func(c *change) error {
		freed = nil
		known, o, err := s.draft(c.Tx, session, i)
		if err != nil {
			return err
		}
		if known != (old.Content != id{}) || o.Expires != old.Expires && known {
			return socket.ErrConflict
		}
		o.Expires = old.Expires
		flags := byte(inboxOwn)
		size := record.Size
		if known {
			flags = flagsAt(c.Tx, o.entry(i))
			if err := s.dropEntry(c, o.entry(i)); err != nil {
				return err
			}
			size -= s.payloadSize(c.Tx, o.Content)
			if freed, err = s.unref(c, o.Content, true); err != nil {
				return err
			}
		}
		if err := s.roomForOwn(c.Tx, o, size, !known); err != nil {
			return err
		}
		if o.Thread, o.Answers, err = s.answersThread(c.Tx, o, d.Answers); err != nil {
			return err
		}
		o.Content, o.Size, o.Changed = w.id, o.Size+size, s.now().UTC().Truncate(time.Millisecond)
		if err := s.putPayload(c, w.id, record); err != nil {
			return err
		}
		if err := c.put(bucketIndex, accountKey(o.Account, i[:]), d.Index); err != nil {
			return err
		}
		if !known {
			if err := c.put(bucketExpiry, expiryKey(o.Expires, expireOwn, i[:]), nil); err != nil {
				return err
			}
		}
		if err := s.vault.put(c, bucketOwn, i[:], o); err != nil {
			return err
		}
		if err := s.chargeOwn(c, o.Account, size); err != nil {
			return err
		}
		e := o.entry(i)
		e.flags = flags
		return s.putEntry(c, e)
	})
	if err == nil {
		s.discard(ctx, freed)
	}
	return err
}

// draft returns a draft of a session's account that can be changed, or what a new
// one with this id begins with.
func (s *Store) draft(tx *bbolt.Tx, session seal.Token, i id) (known bool, o ownRecord, err error) {
	r, err := s.session(tx, session)
	if err != nil {
		return false, o, err
	}
	err = s.vault.get(tx, bucketOwn, i[:], &o)
	switch {
	case errors.Is(err, errNotFound):
		if tx.Bucket([]byte(bucketMessage)).Get(i[:]) != nil {
			return false, o, socket.ErrUnknown
		}
		return false, ownRecord{versioned: current, Account: r.Account, Expires: s.now().Add(s.o.OwnLife).UTC().Truncate(time.Millisecond)}, nil
	case err != nil:
		return false, o, err
	case o.Account != r.Account:
		return false, ownRecord{}, socket.ErrUnknown
	case o.Sent || o.Deleted:
		return false, ownRecord{}, socket.ErrConflict
	}
	return true, o, nil
}

// answersThread returns the conversation of a draft, which is that of the message
// it answers.
func (s *Store) answersThread(tx *bbolt.Tx, o ownRecord, answers string) ([]byte, id, error) {
	if answers == "" {
		return nil, id{}, nil
	}
	message, err := parseID(answers)
	if err != nil {
		return nil, id{}, socket.ErrInvalid
	}
	var m messageRecord
	err = s.vault.get(tx, bucketMessage, message[:], &m)
	if err != nil && !errors.Is(err, errNotFound) {
		return nil, id{}, err
	}
	if err != nil || m.Account != o.Account || m.Gone {
		return o.Thread, o.Answers, nil // it went meanwhile
	}
	return s.vault.conversation(m.Account, m.MessageID, m.References), message, nil
}

// roomForOwn refuses what is over an account's limits. size is what is added.
func (s *Store) roomForOwn(tx *bbolt.Tx, o ownRecord, size int64, more bool) error {
	n, err := accountCounts(tx, o.Account)
	if err != nil {
		return err
	}
	number := n.of(inSent).total + n.of(inDrafts).total
	if more && number+n.of(inDeleted).total >= s.o.MaxOwnItems {
		number = len(ownOf(tx, o.Account)) // the deleted ones among them are still stored
	}
	if o.Size+size > s.o.MaxReply+maxDraft || n.own+size > s.o.MaxOwn || more && number >= s.o.MaxOwnItems {
		return socket.ErrTooLarge
	}
	return nil
}

func (s *Store) payloadSize(tx *bbolt.Tx, payload id) int64 {
	var p payloadRecord
	if s.vault.get(tx, bucketPayload, payload[:], &p) != nil {
		return 0
	}
	return p.Size
}

// putPayload records a payload that is stored.
func (s *Store) putPayload(c *change, payload id, p payloadRecord) error {
	end, _ := week(p.Week).end()
	if err := c.put(bucketExpiry, expiryKey(end, expirePayload, payload[:]), nil); err != nil {
		return err
	}
	return s.vault.put(c, bucketPayload, payload[:], p)
}

// ownItem returns an own item of a session's account.
func (s *Store) ownItem(tx *bbolt.Tx, session seal.Token, text string) (id, ownRecord, error) {
	var o ownRecord
	r, err := s.session(tx, session)
	if err != nil {
		return id{}, o, err
	}
	i, err := parseID(text)
	if err != nil {
		return id{}, o, socket.ErrUnknown
	}
	err = s.vault.get(tx, bucketOwn, i[:], &o)
	if errors.Is(err, errNotFound) || err == nil && o.Account != r.Account {
		err = socket.ErrUnknown
	}
	return i, o, err
}

// OwnItem implements [socket.Drafts].
func (s *Store) OwnItem(ctx context.Context, session seal.Token, text string) (socket.OwnItem, error) {
	var out socket.OwnItem
	err := s.meta.view(func(tx *bbolt.Tx) error {
		i, o, err := s.ownItem(tx, session, text)
		if err != nil {
			return err
		}
		out = socket.OwnItem{
			ID: i.String(), Folder: folderName(o.entry(i).folder), Changed: o.Changed, Expires: o.Expires, Size: o.Size,
			Files: []socket.OwnFile{},
		}
		if o.Answers != (id{}) {
			out.Answers = o.Answers.String()
		}
		if o.Dispatch != (id{}) {
			out.Dispatch = o.Dispatch.String()
		}
		for _, f := range o.Files {
			out.Files = append(out.Files, f.shown())
		}
		return nil
	})
	return out, err
}

func (f ownFile) shown() socket.OwnFile {
	return socket.OwnFile{ID: f.ID.String(), Chunks: int(f.Chunks), Size: f.Size}
}

// OwnContent implements [socket.Drafts].
func (s *Store) OwnContent(ctx context.Context, session seal.Token, text string) (io.ReadCloser, error) {
	return s.ownPayload(session, text, func(o ownRecord) (id, bool) { return o.Content, true })
}

// OwnFile implements [socket.Drafts].
func (s *Store) OwnFile(ctx context.Context, session seal.Token, text, file string) (io.ReadCloser, error) {
	return s.ownPayload(session, text, func(o ownRecord) (id, bool) {
		n := o.file(file)
		if n < 0 {
			return id{}, false
		}
		return o.Files[n].Payload, true
	})
}

func (s *Store) ownPayload(session seal.Token, text string, which func(ownRecord) (id, bool)) (io.ReadCloser, error) {
	var r *payloadReader
	err := s.meta.view(func(tx *bbolt.Tx) error {
		_, o, err := s.ownItem(tx, session, text)
		if err != nil {
			return err
		}
		payload, ok := which(o)
		if !ok {
			return socket.ErrUnknown
		}
		r, err = s.payload(tx, payload)
		return err
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// file returns the number of a file, -1 if it is not there.
func (o ownRecord) file(text string) int {
	return slices.IndexFunc(o.Files, func(f ownFile) bool { return f.ID.String() == text })
}

// PutFile implements [socket.Drafts]. The chunks are durable before the record
// that counts them.
func (s *Store) PutFile(ctx context.Context, session seal.Token, p socket.FilePart, chunks io.Reader) (socket.OwnFile, error) {
	draft, err1 := parseID(p.Draft)
	file, err2 := parseID(p.File)
	if err1 != nil || err2 != nil || p.From < 0 {
		return socket.OwnFile{}, socket.ErrInvalid
	}
	b, err := io.ReadAll(&cappedReader{r: chunks, left: maxFilePart})
	if err != nil {
		return socket.OwnFile{}, fmt.Errorf("store a file: %w", err)
	}
	if len(b) == 0 {
		return socket.OwnFile{}, socket.ErrInvalid
	}
	if err := s.space(); err != nil {
		return socket.OwnFile{}, err
	}
	// Two that write the same chunks would leave a mixture.
	if !s.appending.claim(file) {
		return socket.OwnFile{}, socket.ErrConflict
	}
	defer s.appending.remove(file)
	var o ownRecord
	var f ownFile
	err = s.meta.view(func(tx *bbolt.Tx) (err error) {
		o, f, err = s.fileOf(tx, session, draft, file, p, int64(len(b)))
		return err
	})
	if err != nil {
		return socket.OwnFile{}, err
	}
	w, err := s.resumed(ctx, o, f)
	if err != nil {
		return socket.OwnFile{}, err
	}
	defer s.active.remove(w.id)
	if _, err := w.Write(b); err != nil {
		return socket.OwnFile{}, fmt.Errorf("store a file: %w", err)
	}
	record, stored := w.finish()
	if err := <-stored; err != nil {
		return socket.OwnFile{}, fmt.Errorf("store a file: %w", err)
	}
	record.Refs = 1
	state, err := w.digest.(encoding.BinaryMarshaler).MarshalBinary()
	if err != nil {
		return socket.OwnFile{}, err
	}
	next := ownFile{ID: file, Payload: w.id, Chunks: record.Chunks, Size: record.Size, Hash: state}
	err = s.update(ctx, func(c *change) error {
		o, now, err := s.fileOf(c.Tx, session, draft, file, p, int64(len(b)))
		if err != nil {
			return err
		}
		if now.Payload != f.Payload {
			return socket.ErrConflict
		}
		if n := o.file(p.File); n >= 0 {
			o.Files[n] = next
		} else {
			o.Files = append(o.Files, next)
		}
		o.Size += int64(len(b))
		if err := s.putPayload(c, w.id, record); err != nil {
			return err
		}
		if err := s.chargeOwn(c, o.Account, int64(len(b))); err != nil {
			return err
		}
		return s.vault.put(c, bucketOwn, draft[:], o)
	})
	return next.shown(), err
}

// fileOf returns a draft and a file of it, which may be new, if size more octets
// may be added where the part says.
func (s *Store) fileOf(tx *bbolt.Tx, session seal.Token, draft, file id, p socket.FilePart, size int64) (o ownRecord, f ownFile, err error) {
	known, o, err := s.draft(tx, session, draft)
	if err != nil {
		return o, f, err
	}
	if !known {
		return o, f, socket.ErrUnknown
	}
	f.ID = file
	if n := o.file(p.File); n >= 0 {
		f = o.Files[n]
	} else if len(o.Files) >= maxOwnFiles {
		return o, f, socket.ErrTooLarge
	}
	if int(f.Chunks) != p.From || f.Size%chunkSize != 0 { // the last chunk is there
		return o, f, socket.ErrConflict
	}
	return o, f, s.roomForOwn(tx, o, size, false)
}

// resumed returns a writer that goes on where a file ends.
func (s *Store) resumed(ctx context.Context, o ownRecord, f ownFile) (*payloadWriter, error) {
	w := s.newPayload(ctx, weekOf(o.Expires))
	if f.Chunks == 0 {
		return w, nil
	}
	s.active.remove(w.id)
	w.id, w.chunks, w.size = f.Payload, f.Chunks, f.Size
	w.digest = sha256.New()
	if err := w.digest.(encoding.BinaryUnmarshaler).UnmarshalBinary(bytes.Clone(f.Hash)); err != nil {
		return nil, fmt.Errorf("file of a draft: %w", err)
	}
	s.active.add(w.id)
	return w, nil
}

// DropFile implements [socket.Drafts].
func (s *Store) DropFile(ctx context.Context, session seal.Token, text, file string) error {
	draft, err := parseID(text)
	if err != nil {
		return socket.ErrUnknown
	}
	var freed []freedPayload
	err = s.update(ctx, func(c *change) error {
		freed = nil
		known, o, err := s.draft(c.Tx, session, draft)
		if err != nil {
			return err
		}
		n := o.file(file)
		if !known || n < 0 {
			return nil
		}
		if freed, err = s.unref(c, o.Files[n].Payload, true); err != nil {
			return err
		}
		if err := s.chargeOwn(c, o.Account, -o.Files[n].Size); err != nil {
			return err
		}
		o.Size -= o.Files[n].Size
		o.Files = slices.Delete(o.Files, n, n+1)
		return s.vault.put(c, bucketOwn, draft[:], o)
	})
	if err == nil {
		s.discard(ctx, freed)
	}
	return err
}

// keepSent makes a draft the copy of what was sent, in a conversation, to be
// followed by a dispatch. One that is not there any more leaves no copy.
func (s *Store) keepSent(c *change, account accountID, text string, thread []byte, dispatch id) error {
	i, err := parseID(text)
	if err != nil {
		return nil
	}
	var o ownRecord
	err = s.vault.get(c.Tx, bucketOwn, i[:], &o)
	if errors.Is(err, errNotFound) || err == nil && (o.Account != account || o.Sent) {
		return nil
	}
	if err != nil {
		return err
	}
	e := o.entry(i)
	flags := flagsAt(c.Tx, e)
	if err := s.dropEntry(c, e); err != nil {
		return err
	}
	o.Sent, o.Deleted, o.Thread, o.Changed = true, false, thread, s.now().UTC().Truncate(time.Millisecond)
	o.Dispatch = dispatch
	if err := s.vault.put(c, bucketOwn, i[:], o); err != nil {
		return err
	}
	e = o.entry(i)
	e.flags = flags | inboxOwn
	return s.putEntry(c, e)
}
