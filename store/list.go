package store

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

const (
	maxPage         = 200  // items of a page
	maxFlat         = 1000 // of one that lists each message by itself
	maxLooked       = 5000 // entries that one call looks at
	maxConversation = 100  // of a conversation, the newest
)

// List implements [socket.Folders]. Messages that the account has no grant for
// yet (Claim) are in no list.
func (s *Store) List(ctx context.Context, session seal.Token, q socket.ListQuery) (socket.List, error) {
	from, err := base64.RawURLEncoding.DecodeString(q.Cursor)
	letter := folderLetters[q.Folder]
	if err != nil || len(from) != 0 && len(from) != 24 || letter == 0 {
		return socket.List{}, socket.ErrInvalid
	}
	limit := maxPage
	if q.Flat {
		limit = maxFlat
	}
	q.Limit = min(max(q.Limit, 1), limit)
	var out socket.List
	err = s.meta.view(func(tx *bbolt.Tx) error {
		r, err := s.session(tx, session)
		if err != nil {
			return err
		}
		n, err := accountCounts(tx, r.Account)
		if err != nil {
			return err
		}
		out = socket.List{Items: []socket.Item{}, Counts: map[socket.Folder]socket.Count{}}
		for name, letter := range folderLetters {
			t := n.of(letter)
			out.Counts[name] = socket.Count{Total: t.total, Unread: t.unread}
		}
		l := &lister{s: s, ctx: ctx, tx: tx, account: r.Account, folder: letter, q: q, out: &out}
		return l.walk(from)
	})
	if err != nil {
		return socket.List{}, err
	}
	return out, nil
}

// A lister fills one page.
type lister struct {
	s       *Store
	ctx     context.Context
	tx      *bbolt.Tx
	account accountID
	folder  byte
	q       socket.ListQuery
	out     *socket.List
}

// walk goes through a folder from what follows a cursor.
func (l *lister) walk(from []byte) error {
	bucket, prefix := bucketInbox, l.account[:]
	if l.folder != inInbox {
		bucket, prefix = bucketFolder, append(l.account[:], l.folder)
	}
	start := slices.Concat(prefix, from)
	if !l.q.Until.IsZero() {
		// Inverted times: whatever is not before Until sorts up to here.
		first := binary.BigEndian.AppendUint64(slices.Clone(prefix), ^uint64(l.q.Until.UnixMilli()-1))
		if bytes.Compare(first, start) > 0 {
			start = first
		}
	}
	var last []byte
	looked := 0
	next := func() { l.out.Next = base64.RawURLEncoding.EncodeToString(last) }
	cur := l.tx.Bucket([]byte(bucket)).Cursor()
	for k, v := cur.Seek(start); bytes.HasPrefix(k, prefix); k, v = cur.Next() {
		rest := k[len(prefix):]
		if len(v) != 1 || len(rest) != 24 {
			return errors.New("list: broken entry")
		}
		if len(from) > 0 && bytes.Equal(rest, from) {
			continue
		}
		at := time.UnixMilli(int64(^binary.BigEndian.Uint64(rest)))
		if !l.q.Since.IsZero() && at.Before(l.q.Since) {
			return nil
		}
		if looked++; looked > maxLooked {
			next()
			return nil
		}
		if err := l.ctx.Err(); err != nil {
			return err
		}
		e := entry{account: l.account, folder: l.folder, at: at, id: id(rest[8:]), flags: v[0]}
		if l.passes(e.flags) {
			item, ok := l.item(e)
			if ok && len(l.out.Items) == l.q.Limit {
				next()
				return nil
			}
			if ok {
				l.out.Items = append(l.out.Items, item)
			}
		}
		last = append(last[:0], rest...)
	}
	return nil
}

// passes applies the filters to an entry's flags.
func (l *lister) passes(flags byte) bool {
	return listed(flags) && (!l.q.Unread || unread(flags)) && (!l.q.Starred || flags&inboxStar != 0)
}

// item returns the line of an entry, unless a newer one of its conversation has
// it. One broken message must not close the list: it is left out.
func (l *lister) item(e entry) (socket.Item, bool) {
	out, thread, err := l.s.item(l.tx, e, l.q.Full)
	if err == nil && !l.q.Flat && thread != nil {
		e.thread = thread
		if !l.first(e) {
			return out, false
		}
		out.Count, out.Unread = l.sizes(e)
	}
	if err != nil {
		l.s.log.Error("list: an entry is left out; run the check", "error", err)
		return out, false
	}
	return out, true
}

// first reports whether an entry is the newest of its conversation, among those of
// this folder that pass.
func (l *lister) first(e entry) bool {
	for other := range conversationOf(l.tx, l.account, e.thread) {
		if other.id == e.id {
			return true
		}
		if other.folder == l.folder && l.passes(flagsAt(l.tx, other)) {
			return false
		}
	}
	return true // it is older than what is looked at of a conversation
}

// sizes counts a conversation and what is unread of it.
func (l *lister) sizes(e entry) (count, unreads int) {
	for other := range conversationOf(l.tx, l.account, e.thread) {
		if (other.folder == inDeleted) != (l.folder == inDeleted) {
			continue
		}
		count++
		if unread(flagsAt(l.tx, other)) {
			unreads++
		}
	}
	return max(count, 1), unreads
}

// conversationOf yields the entries of a conversation without their flags, newest
// first.
func conversationOf(tx *bbolt.Tx, account accountID, thread []byte) func(func(entry) bool) {
	return func(yield func(entry) bool) {
		prefix := append(slices.Clone(account[:]), thread...)
		cur := tx.Bucket([]byte(bucketConversation)).Cursor()
		n := 0
		for k, v := cur.Seek(prefix); bytes.HasPrefix(k, prefix) && n < maxConversation; k, v = cur.Next() {
			rest := k[len(prefix):]
			if len(rest) != 24 || len(v) != 1 {
				continue
			}
			n++
			at := time.UnixMilli(int64(^binary.BigEndian.Uint64(rest)))
			if !yield(entry{account: account, folder: v[0], at: at, id: id(rest[8:]), thread: thread}) {
				return
			}
		}
	}
}

// flagsAt returns the flags of an entry that is named elsewhere.
func flagsAt(tx *bbolt.Tx, e entry) byte {
	bucket, key := e.place()
	if v := tx.Bucket([]byte(bucket)).Get(key); len(v) == 1 {
		return v[0]
	}
	return 0
}

// item describes an entry, and names its conversation.
func (s *Store) item(tx *bbolt.Tx, e entry, full bool) (socket.Item, []byte, error) {
	out := socket.Item{Folder: folderName(e.folder), Starred: e.flags&inboxStar != 0}
	out.Index = bytes.Clone(tx.Bucket([]byte(bucketIndex)).Get(accountKey(e.account, e.id[:])))
	if e.flags&inboxOwn != 0 {
		var o ownRecord
		err := s.vault.get(tx, bucketOwn, e.id[:], &o)
		out.ID, out.Own, out.Read, out.Received, out.Expires = e.id.String(), true, true, o.Changed, o.Expires
		return out, o.Thread, err
	}
	m, err := s.liveMessage(tx, e.id)
	var end *socket.EndedError
	if errors.As(err, &end) {
		out.Message = endedMessage(e.id, m, end)
		out.Read, out.Index = e.flags&inboxRead != 0, nil
		return out, nil, nil
	}
	if err != nil {
		return out, nil, err
	}
	thread := s.vault.conversation(m.Account, m.MessageID, m.References)
	if out.Index != nil && !full && m.PIN == nil {
		out.Message = outside(e.id, m)
	} else if out.Message, err = s.message(tx, e.id, m, partGrant); err != nil {
		return out, thread, err
	}
	out.Read = e.flags&inboxRead != 0
	return out, thread, nil
}

// Conversation implements [socket.Folders].
func (s *Store) Conversation(ctx context.Context, session seal.Token, text string) ([]socket.Item, error) {
	var out []socket.Item
	err := s.meta.view(func(tx *bbolt.Tx) error {
		r, err := s.session(tx, session)
		if err != nil {
			return err
		}
		own, err := s.entryNamed(tx, r.Account, text)
		if err != nil {
			return err
		}
		list := []entry{}
		if own.thread != nil {
			for e := range conversationOf(tx, r.Account, own.thread) {
				if (e.folder == inDeleted) == (own.folder == inDeleted) {
					list = append(list, e)
				}
			}
		}
		if !slices.ContainsFunc(list, func(e entry) bool { return e.id == own.id }) {
			list = []entry{own}
		}
		out = make([]socket.Item, 0, len(list))
		for _, e := range slices.Backward(list) {
			e.flags = flagsAt(tx, e)
			item, _, err := s.item(tx, e, false)
			if err != nil {
				s.log.Error("conversation: an entry is left out; run the check", "error", err)
				continue
			}
			out = append(out, item)
		}
		return ctx.Err()
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// entryNamed returns an account's entry of a message or an own item; anything else
// is unknown.
func (s *Store) entryNamed(tx *bbolt.Tx, account accountID, text string) (entry, error) {
	i, err := parseID(text)
	if err != nil {
		return entry{}, socket.ErrUnknown
	}
	var o ownRecord
	err = s.vault.get(tx, bucketOwn, i[:], &o)
	if err == nil && o.Account == account {
		e := o.entry(i)
		e.flags = flagsAt(tx, e)
		return e, nil
	}
	if err != nil && !errors.Is(err, errNotFound) {
		return entry{}, err
	}
	var m messageRecord
	err = s.vault.get(tx, bucketMessage, i[:], &m)
	if errors.Is(err, errNotFound) {
		return entry{}, socket.ErrUnknown
	}
	if err != nil {
		return entry{}, err
	}
	e, ok := s.entryOf(tx, i, m)
	if !ok || m.Account != account || m.Mode != seal.ModeAccount || !listed(e.flags) {
		return entry{}, socket.ErrUnknown
	}
	return e, nil
}
