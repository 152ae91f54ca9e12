package store

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/postseal/postseal/store/seal"
)

// maxInlineMail is the size up to which a mail lies in meta.db. Large values
// there would slow the mail path down.
const maxInlineMail = 64 << 10

// queue adds a mail to the deposit: in meta.db if it is small, else as a payload.
func (d *Deposit) queue(ctx context.Context, m Mail) error {
	s := d.store
	mail, now := newID(), s.now()
	r := mailRecord{
		versioned: current, Kind: m.Kind, From: m.From, To: m.To, ID: m.ID,
		Queued: now.UTC(), Expires: now.Add(s.o.MailLife).UTC(), Size: int64(len(m.Data)),
	}
	if len(m.Data) <= maxInlineMail {
		r.Data = m.Data
	} else {
		p := s.newMailPayload(ctx, mail, r.Expires)
		d.payloads = append(d.payloads, p.payload.id)
		if _, err := p.Write(m.Data); err != nil {
			return fmt.Errorf("store a mail: %w", err)
		}
		stored := d.queuePayload(p, &r)
		d.waiting = append(d.waiting, stored)
	}
	d.putMail(mail, r, now)
	return nil
}

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
