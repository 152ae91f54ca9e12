package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"time"

	"filippo.io/age"
	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// signatureSize is the length of an Ed25519 signature, in octets.
const signatureSize = 64

// Bounds of what a deposit names. SMTP allows an address 254 octets (RFC 5321
// section 4.5.3.1, errata 1690); the rest is room for odd but real mail.
const (
	maxAddress    = 1000
	maxMessageID  = 1000
	maxReferences = 8 << 10
	maxRecipients = 10000
)

// MaxPINs is how many recipients a message with PINs can have: making one takes a
// quarter of a second, and nobody tells more by telephone.
const MaxPINs = 100

// Seal seals a message for its recipients, and returns what their notices need
// in the order of r.Recipients. The payload is streamed to disk; the message is
// visible to nobody until Commit.
func (d *Deposit) Seal(ctx context.Context, r SealRequest) ([]Sealed, error) {
	if err := d.store.checkSeal(r); err != nil {
		return nil, err
	}
	if err := d.store.space(); err != nil {
		return nil, err
	}
	key, err := seal.NewMessageKey()
	if err != nil {
		return nil, err
	}
	p := d.store.newPayload(ctx, weekOf(r.Expires))
	d.payloads = append(d.payloads, p.id)
	if err := sealPayload(ctx, key, p, r.Message); err != nil {
		return nil, err
	}
	record, stored := p.finish()
	// The grants below are made while the last chunks go to disk.
	d.waiting = append(d.waiting, stored)

	out := make([]Sealed, 0, len(r.Recipients))
	for _, to := range r.Recipients {
		s, err := d.grant(key, p.id, record, r, to)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
		record.Refs++
	}
	end, _ := p.week.end()
	d.putRecord(bucketPayload, p.id[:], record)
	d.put(bucketExpiry, expiryKey(end, expirePayload, p.id[:]), nil)
	return out, nil
}

func (s *Store) checkSeal(r SealRequest) error {
	switch {
	case r.Mode != seal.ModeAccount && r.Mode != seal.ModeOneTime:
		return fmt.Errorf("seal: %w: mode %q", socket.ErrInvalid, r.Mode)
	case len(r.Recipients) == 0 || len(r.Recipients) > maxRecipients:
		return fmt.Errorf("seal: %w: %d recipients", socket.ErrInvalid, len(r.Recipients))
	case !r.Expires.After(s.now()) || r.Expires.After(s.now().AddDate(100, 0, 0)):
		return fmt.Errorf("seal: %w: it would expire at %s", socket.ErrInvalid, r.Expires.Format(time.RFC3339))
	case r.Restrict.PIN && len(r.Recipients) > MaxPINs:
		return fmt.Errorf("seal: %w: %d recipients with a PIN each", socket.ErrTooLarge, len(r.Recipients))
	case len(r.ReadReceipt) > maxAddress:
		return fmt.Errorf("seal: %w: address for the read receipt of %d octets", socket.ErrInvalid, len(r.ReadReceipt))
	case len(r.Sender) > maxAddress || len(r.ReplyTo) > maxAddress:
		return fmt.Errorf("seal: %w: sender address of %d octets", socket.ErrInvalid, len(r.Sender))
	}
	for _, to := range r.Recipients {
		if to == "" || len(to) > maxAddress {
			return fmt.Errorf("seal: %w: recipient address of %d octets", socket.ErrInvalid, len(to))
		}
	}
	return nil
}

// sealPayload encrypts the message into p.
func sealPayload(ctx context.Context, key seal.MessageKey, p *payloadWriter, message io.Reader) error {
	w, err := key.SealPayload(p)
	if err != nil {
		return fmt.Errorf("seal a payload: %w", err)
	}
	buf := make([]byte, chunkSize)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := message.Read(buf)
		if _, werr := w.Write(buf[:n]); werr != nil {
			return fmt.Errorf("seal a payload: %w", werr)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("read the message: %w", err)
		}
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("seal a payload: %w", err)
	}
	return nil
}

// grant prepares one recipient's copy: manifest, summary, grants, link, indexes.
func (d *Deposit) grant(key seal.MessageKey, payload id, pr payloadRecord, r SealRequest, given string) (Sealed, error) {
	s := d.store
	to := normalise(given) // the portal compares it with the account's address
	message := newID()
	summary, err := key.SealSummary(message.String(), r.Summary)
	if err != nil {
		return Sealed{}, fmt.Errorf("seal a summary: %w", err)
	}
	m := seal.Manifest{
		Message: message.String(), Mode: r.Mode, Sender: r.Sender, Recipient: to,
		Payload: pr.Digest, PayloadSize: pr.Size, Summary: sha256.Sum256(summary),
		Created: r.Created.UTC().Truncate(time.Millisecond), Internal: r.Internal, Restrict: r.Restrict,
	}
	signed, err := m.Sign(s.o.Keys.Signing)
	if err != nil {
		return Sealed{}, fmt.Errorf("sign a manifest: %w", err)
	}
	account, err := d.resolve(to)
	if err != nil {
		return Sealed{}, err
	}
	out := Sealed{Message: m.Message, Recipient: given, Mode: r.Mode, Check: s.vault.checkCode(message), Created: m.Created, Expires: r.Expires}
	rec := messageRecord{
		versioned: current, Account: account, Mode: r.Mode, Sender: r.Sender, Recipient: to,
		MessageID: bounded(r.MessageID, maxMessageID), References: bounded(r.References, maxReferences),
		ReplyTo: r.ReplyTo, Payload: payload, Created: m.Created, Expires: r.Expires.UTC(),
		Restrict: r.Restrict, Receipt: r.ReadReceipt, Others: others(r, to),
	}
	grants, err := d.partyGrants(key, m, &rec, &out)
	if err != nil {
		return Sealed{}, err
	}
	if out.Language, out.Phrase, err = s.reader(account); err != nil {
		return Sealed{}, err
	}
	if out.Waits, err = d.waits(message, rec, out.Account); err != nil {
		return Sealed{}, err
	}
	for kind, b := range grants {
		d.putPart(message, kind, b)
	}
	d.putPart(message, partManifest, append(signed.Signature[:signatureSize:signatureSize], signed.JSON...))
	d.putPart(message, partSummary, summary)
	d.schedule(message, &rec)
	d.messages = append(d.messages, &deposited[messageRecord]{message, rec})
	d.put(bucketExpiry, expiryKey(rec.Expires, expireMessage, message[:]), nil)
	if r.Mode == seal.ModeAccount {
		flags := byte(0)
		if out.Account {
			flags |= inboxGranted
		}
		d.lists = append(d.lists, s.entryFor(message, rec, flags))
	}
	if rec.Link != nil {
		kind := socket.LinkActivate
		if r.Mode == seal.ModeOneTime {
			kind = socket.LinkOneTime
		}
		d.putRecord(bucketLink, rec.Link[:], linkRecord{
			versioned: current, Kind: kind, Message: message, Address: to,
			Created: rec.Created, Expires: rec.Expires,
		})
	}
	return out, nil
}

// partyGrants makes the grants that the mode and the recipient call for
// (design, "Keys"). A one-time message gets none for recovery, ever. With a PIN
// all of them are locked: recovery needs it too, or has to try a hundred million.
func (d *Deposit) partyGrants(key seal.MessageKey, m seal.Manifest, rec *messageRecord, out *Sealed) (map[byte][]byte, error) {
	grants := map[byte][]byte{}
	grant := key.Grant
	if m.Restrict.PIN {
		out.PIN = seal.NewPIN()
		pin, err := seal.StretchPIN(out.PIN, m.Message)
		if err != nil {
			return nil, err
		}
		rec.PIN = &pinRecord{Verifier: sha256.Sum256(pin.Verifier[:])}
		grant = func(to *age.HybridRecipient, m seal.Manifest) ([]byte, error) {
			return key.LockedGrant(to, m, pin.Wrap)
		}
	}
	if m.Mode == seal.ModeAccount {
		public, err := d.publicKey(rec.Account)
		if err != nil {
			return nil, err
		}
		if public != "" {
			to, err := age.ParseHybridRecipient(public)
			if err != nil {
				return nil, fmt.Errorf("account %x has a broken public key", rec.Account[:4])
			}
			if grants[partGrant], err = grant(to, m); err != nil {
				return nil, err
			}
			out.Account = true
		}
		if d.store.o.Recovery != nil {
			var err error
			if grants[partRecovery], err = grant(d.store.o.Recovery, m); err != nil {
				return nil, err
			}
		}
	}
	if !out.Account {
		out.Code = seal.NewCode()
		identity, err := out.Code.Identity()
		if err != nil {
			return nil, err
		}
		if grants[partCode], err = grant(identity.Recipient(), m); err != nil {
			return nil, err
		}
		link := tokenHash(out.Code.Token().Hash())
		rec.Link = &link
	}
	return grants, nil
}

// resolve returns the account of a recipient. Commit checks that it is still the
// same.
func (d *Deposit) resolve(to string) (accountID, error) {
	account, err := d.store.resolved(to)
	if err == nil {
		d.resolved[to] = account
	}
	return account, err
}

// publicKey returns the public key of an account, "" if there is none. Commit
// checks that it is still the same.
func (d *Deposit) publicKey(account accountID) (string, error) {
	if public, ok := d.accounts[account]; ok {
		return public, nil
	}
	public, err := d.store.publicKey(account)
	if err != nil {
		return "", err
	}
	d.accounts[account] = public
	return public, nil
}

func (s *Store) publicKey(account accountID) (public string, err error) {
	err = s.meta.view(func(tx *bbolt.Tx) error {
		public, err = s.vault.publicKey(tx, account)
		return err
	})
	return public, err
}

func (v *vault) publicKey(tx *bbolt.Tx, account accountID) (string, error) {
	var a accountRecord
	err := v.get(tx, bucketAccount, account[:], &a)
	if errors.Is(err, errNotFound) {
		return "", nil
	}
	return a.PublicKey, err
}

// bounded drops a header value that is longer than any honest one.
func bounded(s string, limit int) string {
	if len(s) > limit {
		return ""
	}
	return s
}

// maxOthers bounds whom a reply to all goes to.
const maxOthers = 50

// others are those whom a recipient's reply to all goes to beside the sender.
func others(r SealRequest, to string) []string {
	var out []string
	for _, o := range r.Others {
		if n := normalise(o); n != to && n != normalise(r.ReplyTo) && len(o) <= maxAddress && len(out) < maxOthers {
			out = append(out, o)
		}
	}
	return out
}
