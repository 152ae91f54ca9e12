package store

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// maxPass bounds what the milter wants to know again, in octets.
const maxPass = 16 << 10

// Hold keeps a message until somebody releases it. It is visible to nobody until
// Commit.
func (d *Deposit) Hold(ctx context.Context, r HoldRequest) (Held, error) {
	s := d.store
	if err := s.checkHold(r.Sender, r.Recipients, r.Pass, r.Expires); err != nil {
		return Held{}, fmt.Errorf("hold: %w", err)
	}
	if !r.Link && s.o.Recovery == nil {
		return Held{}, fmt.Errorf("hold: %w: without a link and without a recovery key nobody could release it", socket.ErrInvalid)
	}
	if err := s.space(); err != nil {
		return Held{}, err
	}
	key, err := seal.NewMessageKey()
	if err != nil {
		return Held{}, err
	}
	p := s.newPayload(ctx, weekOf(r.Expires))
	d.payloads = append(d.payloads, p.id)
	if err := sealPayload(ctx, key, p, r.Message); err != nil {
		return Held{}, err
	}
	payload, stored := p.finish()
	d.waiting = append(d.waiting, stored)
	payload.Refs = 1
	end, _ := p.week.end()
	d.putRecord(bucketPayload, p.id[:], payload)
	d.put(bucketExpiry, expiryKey(end, expirePayload, p.id[:]), nil)

	hold := newID()
	h := holdRecord{
		versioned: current, State: HoldWaiting, Quarantine: r.Quarantine, Sender: r.Sender, Recipients: r.Recipients,
		Rule: r.Rule, Text: r.Text, MessageID: bounded(r.MessageID, maxMessageID), Pass: r.Pass, Payload: p.id,
		Trust: r.Trust, Created: r.Created.UTC().Truncate(time.Millisecond), Expires: r.Expires.UTC(),
	}
	out := Held{ID: hold.String(), Expires: r.Expires}
	if r.Link {
		out.Code = seal.NewCode()
		h.Link = d.senderLink(out.Code, socket.LinkRelease, hold, r.Sender, h.Created)
	}
	if err := d.sealHold(key, hold, h, payload, r.Summary, out.Code); err != nil {
		return Held{}, err
	}
	d.holds = append(d.holds, &deposited[holdRecord]{hold, h})
	d.put(bucketExpiry, expiryKey(h.Expires, expireHold, hold[:]), nil)
	return out, nil
}

func (s *Store) checkHold(sender string, recipients []string, pass []byte, expires time.Time) error {
	switch {
	case len(recipients) == 0 || len(recipients) > maxRecipients:
		return fmt.Errorf("%w: %d recipients", socket.ErrInvalid, len(recipients))
	case !expires.After(s.now()) || expires.After(s.now().AddDate(100, 0, 0)):
		return fmt.Errorf("%w: it would expire at %s", socket.ErrInvalid, expires.Format(time.RFC3339))
	case len(sender) > maxAddress || len(pass) > maxPass:
		return fmt.Errorf("%w: sender address of %d octets, pass of %d", socket.ErrInvalid, len(sender), len(pass))
	}
	for _, to := range recipients {
		if to == "" || len(to) > maxAddress {
			return fmt.Errorf("%w: recipient address of %d octets", socket.ErrInvalid, len(to))
		}
	}
	return nil
}

// senderLink files the link of a hold or a dispatch, and returns its hash.
func (d *Deposit) senderLink(code seal.Code, kind socket.LinkKind, about id, sender string, created time.Time) *tokenHash {
	h := tokenHash(code.Token().Hash())
	d.putRecord(bucketLink, h[:], linkRecord{versioned: current, Kind: kind, Message: about, Address: sender, Created: created})
	return &h
}

// sealHold adds manifest, summary and grants: for the link's code, if there is
// one, and for recovery.
func (d *Deposit) sealHold(key seal.MessageKey, hold id, h holdRecord, p payloadRecord, about seal.Summary, code seal.Code) error {
	s := d.store
	summary, err := key.SealSummary(hold.String(), about)
	if err != nil {
		return fmt.Errorf("seal a summary: %w", err)
	}
	m := seal.Manifest{
		Message: hold.String(), Mode: seal.ModeHeld, Sender: h.Sender, Payload: p.Digest, PayloadSize: p.Size,
		Summary: sha256.Sum256(summary), Created: h.Created,
	}
	signed, err := m.Sign(s.o.Keys.Signing)
	if err != nil {
		return fmt.Errorf("sign a manifest: %w", err)
	}
	if h.Link != nil {
		identity, err := code.Identity()
		if err != nil {
			return err
		}
		grant, err := key.Grant(identity.Recipient(), m)
		if err != nil {
			return err
		}
		d.putPart(hold, partCode, grant)
	}
	if s.o.Recovery != nil {
		grant, err := key.Grant(s.o.Recovery, m)
		if err != nil {
			return err
		}
		d.putPart(hold, partRecovery, grant)
	}
	d.putPart(hold, partManifest, append(signed.Signature[:signatureSize:signatureSize], signed.JSON...))
	d.putPart(hold, partSummary, summary)
	return nil
}
