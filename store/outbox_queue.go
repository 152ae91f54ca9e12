package store

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"time"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// maxInlineMail is the size up to which a mail lies in meta.db. Large values
// there would slow the mail path down.
const maxInlineMail = 64 << 10

// maxOwnMail is the largest mail that the store writes in a transaction of its own,
// where there is no waiting for a payload: it may name all recipients of a message,
// each with a rule's text.
const maxOwnMail = 16 << 20

// queue adds a mail to the deposit: in meta.db if it is small, else as a payload.
func (d *Deposit) queue(ctx context.Context, m Mail) error {
	s := d.store
	mail, now := newID(), s.now()
	r := mailRecord{
		versioned: current, Kind: m.Kind, From: m.From, To: m.To, ID: m.ID,
		Queued: now.UTC(), Expires: now.Add(s.o.MailLife).UTC(), Pass: m.Pass,
	}
	if m.Message != "" {
		about, err := parseID(m.Message)
		if err != nil {
			return fmt.Errorf("store a mail: %w: message %q", socket.ErrInvalid, m.Message)
		}
		r.Message = about
	}
	all := io.Reader(bytes.NewReader(m.Data))
	if m.Rest != nil {
		all = io.MultiReader(all, m.Rest)
	}
	if err := d.fill(ctx, mail, &r, all); err != nil {
		return fmt.Errorf("store a mail: %w", err)
	}
	d.putMail(mail, r, now)
	return nil
}

// fill reads a mail to its end: into the record if it is small, else into a payload.
func (d *Deposit) fill(ctx context.Context, mail id, r *mailRecord, all io.Reader) error {
	first, err := io.ReadAll(io.LimitReader(all, maxInlineMail+1))
	if err != nil {
		return err
	}
	if len(first) <= maxInlineMail {
		r.Data, r.Size = first, int64(len(first))
		return nil
	}
	p := d.store.newMailPayload(ctx, mail, r.Expires)
	d.payloads = append(d.payloads, p.payload.id)
	if _, err := io.CopyBuffer(onlyWriter{p}, io.MultiReader(bytes.NewReader(first), all), make([]byte, chunkSize)); err != nil {
		return err
	}
	stored := d.queuePayload(p, r)
	d.waiting = append(d.waiting, stored)
	return nil
}

// onlyWriter hides any ReadFrom from io.CopyBuffer.
type onlyWriter struct{ io.Writer }

// queuePayload ends a mail's payload and notes where it is.
func (d *Deposit) queuePayload(p *mailPayload, r *mailRecord) <-chan error {
	record, stored := p.payload.finish()
	record.Refs = 1
	r.Payload, r.Key, r.Size = p.payload.id, p.key, p.size
	end, _ := p.payload.week.end()
	d.putRecord(bucketPayload, p.payload.id[:], record)
	d.put(bucketExpiry, expiryKey(end, expirePayload, p.payload.id[:]), nil)
	return stored
}

func (d *Deposit) putMail(mail id, r mailRecord, visible time.Time) {
	d.putRecord(bucketMail, mail[:], r)
	d.put(bucketExpiry, expiryKey(r.Expires, expireMail, mail[:]), nil)
	d.putRecord(bucketOutbox, queueKey(visible, mail), outboxRecord{versioned: current})
}

// send adds a mail of the store's own to the outbox, in the caller's transaction.
// The caller calls mailAdded after it.
func (s *Store) send(c *change, m Mail, about id, until time.Time) error {
	return s.sendAbout(c, m, mailRecord{Message: about}, until)
}

// sendAbout is send with a record that says what the mail announces.
func (s *Store) sendAbout(c *change, m Mail, r mailRecord, until time.Time) error {
	if len(m.Data) > maxOwnMail || m.Rest != nil {
		return fmt.Errorf("render a %s: more than %d octets", m.Kind, maxOwnMail)
	}
	now := s.now()
	d := s.Begin(DepositKey{}) // only to collect
	r.versioned, r.Kind, r.From, r.To, r.ID = current, m.Kind, m.From, m.To, m.ID
	r.Queued, r.Expires, r.Size, r.Data = now.UTC(), until.UTC(), int64(len(m.Data)), m.Data
	d.putMail(newID(), r, now)
	return d.putAll(c)
}

// A mailPayload writes a large mail. Its chunks are sealed under a key of their
// own, which goes with the mail's record: what stays in the payload file until
// the week ends opens to nobody.
type mailPayload struct {
	payload *payloadWriter
	key     []byte
	size    int64
}

func (s *Store) newMailPayload(ctx context.Context, mail id, expires time.Time) *mailPayload {
	key := make([]byte, seal.KeySize)
	rand.Read(key) // never fails (crypto/rand)
	p := s.newPayload(ctx, weekOf(expires))
	box := seal.NewBox([seal.KeySize]byte(key))
	p.wrap = func(n uint32, chunk []byte) []byte {
		return box.Seal(chunk, place(bucketChunk, chunkKey(mail, n)))
	}
	return &mailPayload{payload: p, key: key}
}

func (p *mailPayload) Write(b []byte) (int, error) {
	n, err := p.payload.Write(b)
	p.size += int64(n)
	return n, err
}

// mailAdded wakes whoever waits for the outbox.
func (s *Store) mailAdded() {
	select {
	case s.due <- struct{}{}:
	default:
	}
}

// MailDue yields when something was added to the outbox. It is a hint: mails
// also become due by time, and one receive may stand for many mails.
func (s *Store) MailDue() <-chan struct{} { return s.due }
