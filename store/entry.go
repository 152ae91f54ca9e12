package store

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// The folders in keys and values.
const (
	inInbox   = 'i' // has bucketInbox for itself
	inSent    = 's'
	inDrafts  = 'd'
	inDeleted = 'x'
)

var folderLetters = map[socket.Folder]byte{
	socket.FolderInbox: inInbox, socket.FolderSent: inSent, socket.FolderDrafts: inDrafts, socket.FolderDeleted: inDeleted,
}

func folderName(letter byte) socket.Folder {
	for name, l := range folderLetters {
		if l == letter {
			return name
		}
	}
	return ""
}

// An entry is a line in one of an account's lists. What changes it goes through
// putEntry and dropEntry, which keep conversations and counts right.
type entry struct {
	account accountID
	folder  byte
	at      time.Time // lists are in this order
	id      id
	thread  []byte // of its conversation; nil: it is alone
	flags   byte
}

// place returns where the entry is.
func (e entry) place() (bucket string, key []byte) {
	if e.folder == inInbox {
		return bucketInbox, inboxKey(e.account, e.at, e.id)
	}
	return bucketFolder, folderKey(e.account, e.folder, e.at, e.id)
}

// folderKey puts the newest of a folder first.
func folderKey(account accountID, folder byte, at time.Time, i id) []byte {
	k := append(make([]byte, 0, 41), account[:]...)
	k = binary.BigEndian.AppendUint64(append(k, folder), ^uint64(at.UnixMilli()))
	return append(k, i[:]...)
}

// conversationKey puts the newest of a conversation first.
func (e entry) conversationKey() []byte {
	k := append(append(make([]byte, 0, 56), e.account[:]...), e.thread...)
	k = binary.BigEndian.AppendUint64(k, ^uint64(e.at.UnixMilli()))
	return append(k, e.id[:]...)
}

// listed reports whether a list shows an entry with these flags.
func listed(flags byte) bool { return flags&(inboxGranted|inboxEnded|inboxOwn) != 0 }

// unread reports whether it counts as unread.
func unread(flags byte) bool {
	return flags&inboxGranted != 0 && flags&(inboxRead|inboxEnded|inboxOwn) == 0
}

// conversation names a conversation of an account by the Message-ID at its root
// (RFC 5322 section 3.6.4: the first of References). nil without one.
func (v *vault) conversation(account accountID, messageID, references string) []byte {
	root := strings.TrimSpace(messageID)
	if f := strings.Fields(references); len(f) > 0 {
		root = f[0]
	}
	if root == "" {
		return nil
	}
	mac := hmac.New(sha256.New, v.index[:])
	mac.Write([]byte("conversation\x00"))
	mac.Write(account[:])
	mac.Write([]byte(root))
	return mac.Sum(nil)[:threadSize]
}

const threadSize = 16

// entryOf returns a message's entry as it is now.
func (s *Store) entryOf(tx *bbolt.Tx, message id, m messageRecord) (entry, bool) {
	e := s.entryFor(message, m, 0)
	bucket, key := e.place()
	v := tx.Bucket([]byte(bucket)).Get(key)
	if len(v) != 1 {
		return e, false
	}
	e.flags = v[0]
	return e, true
}

func (s *Store) entryFor(message id, m messageRecord, flags byte) entry {
	e := entry{account: m.Account, folder: inInbox, at: m.Created, id: message, flags: flags}
	if m.Deleted {
		e.folder = inDeleted
	}
	e.thread = s.vault.conversation(m.Account, m.MessageID, m.References)
	return e
}

// putEntry stores an entry, in the place of an old one with the same place.
func (s *Store) putEntry(c *change, e entry) error {
	bucket, key := e.place()
	old := c.Bucket([]byte(bucket)).Get(key)
	if len(old) == 1 && old[0] == e.flags {
		return nil
	}
	before := tally{}
	if len(old) == 1 {
		before = tallyOf(old[0])
	}
	if err := c.put(bucket, key, []byte{e.flags}); err != nil {
		return err
	}
	if err := s.linkConversation(c, e, conversing(e)); err != nil {
		return err
	}
	return s.count(c, e.account, e.folder, before, tallyOf(e.flags))
}

// dropEntry removes an entry, if it is there.
func (s *Store) dropEntry(c *change, e entry) error {
	bucket, key := e.place()
	old := c.Bucket([]byte(bucket)).Get(key)
	if len(old) != 1 {
		return nil
	}
	before := tallyOf(old[0])
	if err := c.drop(bucket, key); err != nil {
		return err
	}
	if err := s.linkConversation(c, e, false); err != nil {
		return err
	}
	return s.count(c, e.account, e.folder, before, tally{})
}

// conversing reports whether an entry is part of its conversation. Deleted ones
// are, for whoever deletes or brings back all of it; drafts are not.
func conversing(e entry) bool {
	return e.thread != nil && e.flags&(inboxGranted|inboxOwn) != 0 && e.folder != inDrafts
}

func (s *Store) linkConversation(c *change, e entry, in bool) error {
	if e.thread == nil {
		return nil
	}
	k := e.conversationKey()
	if !in {
		return c.drop(bucketConversation, k)
	}
	return c.put(bucketConversation, k, []byte{e.folder})
}

// A tally is what one entry adds to the counts of its folder.
type tally struct{ total, unread int }

func tallyOf(flags byte) tally {
	t := tally{}
	if listed(flags) {
		t.total = 1
	}
	if unread(flags) {
		t.unread = 1
	}
	return t
}

// counts are those of an account: total and unread of each folder, and the octets
// of its own items.
type counts struct {
	folders [4]tally // in the order of countOrder
	own     int64
}

const (
	countOrder = "isdx"
	countsSize = 4*8 + 8
)

func (n *counts) of(folder byte) *tally {
	return &n.folders[strings.IndexByte(countOrder, folder)]
}

func parseCounts(b []byte) (n counts, err error) {
	if b == nil {
		return n, nil
	}
	if len(b) != countsSize {
		return n, errors.New("counts: broken value")
	}
	for i := range n.folders {
		n.folders[i] = tally{int(binary.BigEndian.Uint32(b[8*i:])), int(binary.BigEndian.Uint32(b[8*i+4:]))}
	}
	n.own = int64(binary.BigEndian.Uint64(b[32:]))
	return n, nil
}

func (n counts) encode() []byte {
	b := make([]byte, 0, countsSize)
	for _, t := range n.folders {
		b = binary.BigEndian.AppendUint32(b, uint32(t.total))
		b = binary.BigEndian.AppendUint32(b, uint32(t.unread))
	}
	return binary.BigEndian.AppendUint64(b, uint64(n.own))
}

func accountCounts(tx *bbolt.Tx, account accountID) (counts, error) {
	return parseCounts(tx.Bucket([]byte(bucketCount)).Get(account[:]))
}

// count changes the counts of a folder in the transaction that changes its list.
func (s *Store) count(c *change, account accountID, folder byte, before, after tally) error {
	if before == after {
		return nil
	}
	n, err := accountCounts(c.Tx, account)
	if err != nil {
		return err
	}
	t := n.of(folder)
	t.total += after.total - before.total
	t.unread += after.unread - before.unread
	if t.total < 0 || t.unread < 0 {
		return fmt.Errorf("counts of folder %q would be below zero", folder)
	}
	return s.putCounts(c, account, n)
}

func (s *Store) putCounts(c *change, account accountID, n counts) error {
	if n == (counts{}) {
		return c.drop(bucketCount, account[:])
	}
	return c.put(bucketCount, account[:], n.encode())
}

// setFlags changes the flags of a message's entry.
func (s *Store) setFlags(c *change, message id, m messageRecord, set, clear byte) error {
	e, ok := s.entryOf(c.Tx, message, m)
	if !ok {
		return fmt.Errorf("message %s is in no list", message)
	}
	e.flags = e.flags&^clear | set
	return s.putEntry(c, e)
}

// messagesOf returns the messages in an account's lists, newest first, then the
// deleted ones.
func messagesOf(tx *bbolt.Tx, account accountID) []id {
	var out []id
	for _, in := range []struct {
		bucket string
		prefix []byte
	}{{bucketInbox, account[:]}, {bucketFolder, append(account[:], inDeleted)}} {
		cur := tx.Bucket([]byte(in.bucket)).Cursor()
		for k, v := cur.Seek(in.prefix); bytes.HasPrefix(k, in.prefix); k, v = cur.Next() {
			if len(v) == 1 && v[0]&inboxOwn == 0 && len(k) >= 40 {
				out = append(out, id(k[len(k)-16:]))
			}
		}
	}
	return out
}

// indexMailboxes fills the buckets of counts and conversations from the inboxes,
// of a store from before there were any.
func (s *Store) indexMailboxes(tx *bbolt.Tx) error {
	sums := map[accountID]counts{}
	c := &change{Tx: tx}
	err := tx.Bucket([]byte(bucketInbox)).ForEach(func(k, v []byte) error {
		message, err := inboxID(k)
		if err != nil || len(v) != 1 {
			return errors.New("inbox: broken entry")
		}
		n := sums[accountID(k[:16])]
		t := tallyOf(v[0])
		n.folders[0].total += t.total
		n.folders[0].unread += t.unread
		sums[accountID(k[:16])] = n
		if v[0]&inboxGranted == 0 {
			return nil
		}
		var m messageRecord
		if err := s.vault.get(tx, bucketMessage, message[:], &m); err != nil {
			s.log.Error("a message is in no conversation; run the check", "error", err)
			return nil
		}
		if m.Mode != seal.ModeAccount || m.Ended != "" {
			return nil
		}
		return s.linkConversation(c, s.entryFor(message, m, v[0]), true)
	})
	if err != nil {
		return err
	}
	for account, n := range sums {
		if err := s.putCounts(c, account, n); err != nil {
			return err
		}
	}
	return nil
}
