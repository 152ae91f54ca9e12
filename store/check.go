package store

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// A Problem is something that [Store.Check] found.
type Problem struct {
	Where string // bucket or file
	What  string // names ids and keys in hex, never an address
}

// maxProblems bounds what Check reports.
const maxProblems = 1000

// Check verifies the whole store: the files' own structure, that every record
// opens, every index entry resolves, every payload that is named is there with
// its size and digest, and the audit trail is unbroken. It reads everything; the
// store goes on working meanwhile, but for short stops.
func (s *Store) Check(ctx context.Context) ([]Problem, error) {
	// Payloads that are named in our snapshot must not go while we look.
	s.upkeep.Lock()
	defer s.upkeep.Unlock()
	c := &checker{s: s, ctx: ctx, refs: map[id]int{}, payloads: map[id]payloadRecord{}, leftovers: map[string]bool{}}
	if err := c.structure(metaFile, s.meta); err != nil {
		return nil, err
	}
	err := s.meta.view(func(tx *bbolt.Tx) error {
		c.tx = tx
		for _, step := range []func() error{
			c.payloadRecords, c.messages, c.own, c.lists, c.parts, c.links, c.accounts,
			c.sessions, c.outbox, c.mails, c.dedup, c.nonces, c.holds, c.trusts, c.dispatches, c.seats, c.roundups, c.expiry, c.trail, c.countRefs,
		} {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := step(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := c.files(); err != nil {
		return nil, err
	}
	return c.problems, nil
}

type checker struct {
	s        *Store
	ctx      context.Context
	tx       *bbolt.Tx
	refs     map[id]int
	payloads map[id]payloadRecord
	// leftovers are keys, behind the kind of bucketExpiry that has to name them:
	// what of its time is known there alone.
	leftovers map[string]bool
	problems  []Problem
}

func (c *checker) bad(where, format string, args ...any) {
	if len(c.problems) < maxProblems {
		c.problems = append(c.problems, Problem{where, fmt.Sprintf(format, args...)})
	}
}

// structure runs bbolt's own check. It looks at the list of free pages, which
// nobody may change meanwhile: changes of this file wait.
func (c *checker) structure(name string, f *file) error {
	return f.between(c.ctx, func() error {
		return f.view(func(tx *bbolt.Tx) error {
			for err := range tx.Check() {
				c.bad(name, "%v", err)
			}
			return nil
		})
	})
}

// each visits a bucket's keys of the right length.
func (c *checker) each(bucket string, length int, fn func(k, v []byte)) error {
	return c.tx.Bucket([]byte(bucket)).ForEach(func(k, v []byte) error {
		if length > 0 && len(k) != length {
			c.bad(bucket, "key %x of %d octets", k, len(k))
			return nil
		}
		fn(k, v)
		return c.ctx.Err()
	})
}

// record decodes a record, or reports it.
func (c *checker) record(bucket string, k []byte, out record) bool {
	if err := c.s.vault.get(c.tx, bucket, k, out); err != nil {
		c.bad(bucket, "%x: %v", k, err)
		return false
	}
	return true
}

func (c *checker) has(bucket string, k []byte) bool {
	got, _ := c.tx.Bucket([]byte(bucket)).Cursor().Seek(k)
	return string(got) == string(k)
}

// needs reports a key that is missing.
func (c *checker) needs(from string, k []byte, bucket string, want []byte) {
	if !c.has(bucket, want) {
		c.bad(from, "%x: nothing in %s at %x", k, bucket, want)
	}
}

func (c *checker) payloadRecords() error {
	return c.each(bucketPayload, 16, func(k, _ []byte) {
		var p payloadRecord
		if !c.record(bucketPayload, k, &p) {
			return
		}
		end, ok := week(p.Week).end()
		if !ok {
			c.bad(bucketPayload, "%x: week %q", k, p.Week)
			return
		}
		c.needs(bucketPayload, k, bucketExpiry, expiryKey(end, expirePayload, k))
		c.payloads[id(k)] = p
	})
}

func (c *checker) messages() error {
	return c.each(bucketMessage, 16, func(k, _ []byte) {
		var m messageRecord
		if !c.record(bucketMessage, k, &m) {
			return
		}
		if m.Ended != "" {
			c.leftover(expireOutline, k)
			return
		}
		if _, ok := c.payloads[m.Payload]; !ok {
			c.bad(bucketMessage, "%x: payload %s is not recorded", k, m.Payload)
		}
		c.refs[m.Payload]++
		c.needs(bucketMessage, k, bucketExpiry, expiryKey(m.Expires, expireMessage, k))
		c.needs(bucketMessage, k, bucketPart, partKey(id(k), partSummary))
		if m.Link != nil {
			c.needs(bucketMessage, k, bucketLink, m.Link[:])
		}
		for _, due := range m.dueKeys(id(k)) {
			// One that came is gone.
			if c.s.now().Before(keyTime(due)) {
				c.needs(bucketMessage, k, bucketExpiry, due)
			}
		}
		if m.Dispatch != (id{}) {
			c.needs(bucketMessage, k, bucketDispatch, m.Dispatch[:])
		}
		if m.Mode == seal.ModeAccount {
			if _, ok := c.s.entryOf(c.tx, id(k), m); ok == m.Gone {
				c.bad(bucketMessage, "%x: in a list: %v, removed: %v", k, ok, m.Gone)
			}
		} else if c.has(bucketPart, partKey(id(k), partRecovery)) {
			c.bad(bucketMessage, "%x: a one-time message has a recovery grant", k)
		}
		c.manifest(id(k), m.Payload)
	})
}

func (c *checker) manifest(message, payload id) {
	signed, err := c.s.vault.manifest(c.tx, message)
	if err != nil {
		c.bad(bucketPart, "%v", err)
		return
	}
	man, err := signed.Verify(c.s.o.Keys.Signing.Public().(ed25519.PublicKey))
	if err != nil {
		c.bad(bucketPart, "manifest of %s: %v", message, err)
		return
	}
	if p, ok := c.payloads[payload]; ok && (man.Payload != p.Digest || man.PayloadSize != p.Size || man.Message != message.String()) {
		c.bad(bucketPart, "manifest of %s names another payload", message)
	}
	if b, err := c.s.vault.part(c.tx, message, partSummary); err == nil && man.Summary != sha256.Sum256(b) {
		c.bad(bucketPart, "manifest of %s names another summary", message)
	}
}

func (c *checker) parts() error {
	return c.each(bucketPart, 17, func(k, _ []byte) {
		if _, err := c.s.vault.open(c.tx, bucketPart, k); err != nil {
			c.bad(bucketPart, "%x: %v", k, err)
		}
		if c.has(bucketHold, k[:16]) {
			var h holdRecord
			if c.record(bucketHold, k[:16], &h) && h.State != HoldWaiting {
				c.bad(bucketPart, "%x: held message ended", k)
			}
			return
		}
		var m messageRecord
		if c.record(bucketMessage, k[:16], &m) && m.Ended != "" {
			c.bad(bucketPart, "%x: message ended", k)
		}
	})
}

func (c *checker) links() error {
	err := c.each(bucketLink, 32, func(k, _ []byte) {
		var l linkRecord
		if !c.record(bucketLink, k, &l) {
			return
		}
		if l.Ended != "" {
			c.leftover(expireLinkGone, k)
			return
		}
		if bucket, key := c.s.vault.listed(l, k); key != nil {
			c.needs(bucketLink, k, bucket, key)
			c.needs(bucketLink, k, bucketExpiry, expiryKey(l.Expires, expireLink, k))
			return
		}
		about := bucketMessage
		switch l.Kind {
		case socket.LinkRelease:
			about = bucketHold
		case socket.LinkStatus:
			about = bucketDispatch
		}
		c.needs(bucketLink, k, about, l.Message[:])
	})
	if err != nil {
		return err
	}
	for _, list := range []string{bucketReset, bucketAsked, bucketInvited} {
		if err := c.each(list, 48, func(k, _ []byte) { c.needs(list, k, bucketLink, k[16:]) }); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) accounts() error {
	listed := map[accountID]accountID{}
	err := c.each(bucketAccount, 16, func(k, _ []byte) {
		var a accountRecord
		if !c.record(bucketAccount, k, &a) {
			return
		}
		if c.s.vault.account(a.Address) != accountID(k) {
			c.bad(bucketAccount, "%x: address belongs elsewhere", k)
		}
		for _, x := range a.Aliases {
			own := c.s.vault.account(x.Address)
			c.needs(bucketAccount, k, bucketAlias, own[:])
			listed[own] = accountID(k)
		}
	})
	if err != nil {
		return err
	}
	return c.each(bucketAlias, 16, func(k, _ []byte) {
		var r aliasRecord
		if c.record(bucketAlias, k, &r) && listed[accountID(k)] != r.Account {
			c.bad(bucketAlias, "%x: its account doesn't list it", k)
		}
		if c.has(bucketAccount, k) {
			c.bad(bucketAlias, "%x: has an account of its own", k)
		}
	})
}

func (c *checker) sessions() error {
	err := c.each(bucketSession, 32, func(k, _ []byte) {
		var r sessionRecord
		if !c.record(bucketSession, k, &r) {
			return
		}
		c.needs(bucketSession, k, bucketAccount, r.Account[:])
		for _, account := range r.accounts() {
			c.needs(bucketSession, k, bucketLogins, accountKey(account, k))
		}
		c.needs(bucketSession, k, bucketExpiry, expiryKey(r.Expires, expireSession, k))
	})
	if err != nil {
		return err
	}
	return c.each(bucketLogins, 48, func(k, _ []byte) { c.needs(bucketLogins, k, bucketSession, k[16:]) })
}

func (c *checker) outbox() error {
	seen := map[id]bool{}
	err := c.each(bucketOutbox, 24, func(k, _ []byte) {
		var q outboxRecord
		c.record(bucketOutbox, k, &q)
		if seen[id(k[8:])] {
			c.bad(bucketOutbox, "%x: mail is queued twice", k)
		}
		seen[id(k[8:])] = true
		c.needs(bucketOutbox, k, bucketMail, k[8:])
	})
	if err != nil {
		return err
	}
	return c.each(bucketMail, 16, func(k, _ []byte) {
		if !seen[id(k)] {
			c.bad(bucketMail, "%x: mail is not queued", k)
		}
	})
}

func (c *checker) mails() error {
	return c.each(bucketMail, 16, func(k, _ []byte) {
		var m mailRecord
		if !c.record(bucketMail, k, &m) {
			return
		}
		c.needs(bucketMail, k, bucketExpiry, expiryKey(m.Expires, expireMail, k))
		if m.Key != nil {
			c.refs[m.Payload]++
		}
	})
}

func (c *checker) dedup() error {
	return c.each(bucketDedup, 32, func(k, _ []byte) {
		var r dedupRecord
		if c.record(bucketDedup, k, &r) {
			c.needs(bucketDedup, k, bucketExpiry, expiryKey(r.Expires, expireDedup, k))
		}
	})
}

// leftover notes what bucketExpiry has to name with a kind, or it stays for ever.
func (c *checker) leftover(kind byte, k []byte) { c.leftovers[string(kind)+string(k)] = true }

func (c *checker) nonces() error {
	return c.each(bucketNonce, 48, func(k, _ []byte) { c.leftover(expireNonce, k) })
}

// expiry reports ends of things that are not there, for they show a deletion that
// forgot its entry, and leftovers that have no end.
func (c *checker) expiry() error {
	err := c.each(bucketExpiry, 0, func(k, _ []byte) {
		if len(k) < 10 || expiring[k[8]] == "" {
			c.bad(bucketExpiry, "key %x", k)
			return
		}
		kind, what := k[8], k[9:]
		if kind == dueUnread && len(what) == 17 {
			what = what[:16]
		}
		c.needs(bucketExpiry, k, expiring[kind], what)
		delete(c.leftovers, string(kind)+string(what))
	})
	for k := range c.leftovers {
		c.bad(expiring[k[0]], "%x: stays for ever", k[1:])
	}
	return err
}

// trail follows the hashes from the first audit entry to the head.
func (c *checker) trail() error {
	var at auditHead
	err := c.each(bucketAudit, 8, func(k, v []byte) {
		seq := binary.BigEndian.Uint64(k)
		if seq != at.seq+1 || len(v) < sha256.Size || [sha256.Size]byte(v[:sha256.Size]) != at.hash {
			c.bad(bucketAudit, "the chain breaks at entry %d", seq)
		}
		if _, err := c.s.auditEntry(k, v); err != nil {
			c.bad(bucketAudit, "entry %d: %v", seq, err)
		}
		at = auditHead{seq, auditHash(k, v)}
	})
	if err != nil {
		return err
	}
	head, err := readAuditHead(c.tx)
	if err != nil || head != at {
		c.bad(bucketAudit, "the chain ends at entry %d, the head is %d", at.seq, head.seq)
	}
	return nil
}

func (c *checker) countRefs() error {
	for i, p := range c.payloads {
		if p.Refs != c.refs[i] {
			c.bad(bucketPayload, "%s: %d references recorded, %d found", i, p.Refs, c.refs[i])
		}
	}
	return nil
}

// files checks the payload files, and each payload that is named against its
// digest. Payloads that nothing names are no problem: they are swept.
func (c *checker) files() error {
	list, err := c.s.weeks.list()
	if err != nil {
		return err
	}
	for _, w := range list {
		err := c.s.weeks.with(w, false, func(f *file) error {
			return c.structure(w.file(), f)
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	for i, p := range c.payloads {
		if err := c.ctx.Err(); err != nil {
			return err
		}
		h := sha256.New()
		n, err := io.Copy(h, &payloadReader{store: c.s, id: i, record: p})
		switch {
		case errors.Is(err, ErrFailed):
			return err
		case err != nil:
			c.bad("payload-"+p.Week, "%v", err)
		case n != p.Size || seal.Digest(h.Sum(nil)) != p.Digest:
			c.bad("payload-"+p.Week, "payload %s is changed", i)
		}
	}
	return nil
}
