package store

import (
	"context"
	"io"
	"time"

	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// A HeldMessage is a held or deferred message as an administrator sees it.
type HeldMessage struct {
	ID         string    `json:"id"`
	State      HoldState `json:"state"`
	Deferred   bool      `json:"deferred"`   // the message itself is at its sender's server
	Quarantine bool      `json:"quarantine"` // its sender knows nothing
	Link       bool      `json:"link"`       // its sender may release it
	Sender     string    `json:"sender"`
	Recipients []string  `json:"recipients"`
	Rule       string    `json:"rule"`
	Text       string    `json:"text,omitempty"`
	Created    time.Time `json:"created"`
	Expires    time.Time `json:"expires"`
	Ended      time.Time `json:"ended,omitzero"`

	// Of one that waits, and of [Store.HeldMessage] alone: what the recovery key
	// opens.
	Manifest seal.SignedManifest `json:"manifest,omitzero"`
	Summary  []byte              `json:"summary,omitempty"`
	Grant    []byte              `json:"grant,omitempty"`
}

func (h holdRecord) message(hold id) HeldMessage {
	return HeldMessage{
		ID: hold.String(), State: h.State, Deferred: h.Deferred, Quarantine: h.Quarantine, Link: h.Link != nil,
		Sender: h.Sender, Recipients: h.Recipients, Rule: h.Rule, Text: h.Text,
		Created: h.Created, Expires: h.Expires, Ended: h.Ended,
	}
}

// HeldMessages lists what waits, oldest first; all: also what has ended and is
// remembered.
func (s *Store) HeldMessages(ctx context.Context, all bool) ([]HeldMessage, error) {
	out := []HeldMessage{}
	err := s.meta.view(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte(bucketHold)).ForEach(func(k, _ []byte) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			h, err := s.hold(tx, id(k))
			if err != nil {
				return err
			}
			if all || h.State == HoldWaiting {
				out = append(out, h.message(id(k)))
			}
			return nil
		})
	})
	return out, err
}

// HeldMessage returns one, with what the recovery key opens.
func (s *Store) HeldMessage(ctx context.Context, text string) (HeldMessage, error) {
	var out HeldMessage
	err := s.meta.view(func(tx *bbolt.Tx) error {
		hold, h, err := s.holdByID(tx, text)
		if err != nil {
			return err
		}
		out = h.message(hold)
		if h.State != HoldWaiting || h.Deferred {
			return nil
		}
		if out.Manifest, err = s.vault.manifest(tx, hold); err != nil {
			return err
		}
		if out.Summary, err = s.vault.part(tx, hold, partSummary); err != nil {
			return err
		}
		out.Grant, err = s.vault.part(tx, hold, partRecovery)
		return err
	})
	return out, err
}

func (s *Store) holdByID(tx *bbolt.Tx, text string) (id, holdRecord, error) {
	hold, err := parseID(text)
	if err != nil {
		return hold, holdRecord{}, socket.ErrUnknown
	}
	h, err := s.hold(tx, hold)
	return hold, h, err
}

// HeldPayload returns the sealed payload of a message that waits, for an
// administrator to read. That is audited before.
func (s *Store) HeldPayload(ctx context.Context, text string) (io.ReadCloser, error) {
	var payload id
	err := s.update(ctx, func(c *change) error {
		hold, h, err := s.holdByID(c.Tx, text)
		if err != nil {
			return err
		}
		if h.State != HoldWaiting || h.Deferred {
			return socket.ErrConflict
		}
		payload = h.Payload
		return s.audit(c, Entry{Event: EventShown, Message: hold.String(), Sender: h.Sender, Rule: h.Rule, Note: byAdministrator("")})
	})
	if err != nil {
		return nil, err
	}
	var r *payloadReader
	err = s.meta.view(func(tx *bbolt.Tx) (err error) {
		r, err = s.payload(tx, payload)
		return err
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// ReleaseHeld sends a held message on, as its administrator decides. key is as in
// [socket.ReleaseOrder]. It gives the sender no trust.
func (s *Store) ReleaseHeld(ctx context.Context, text, key, why string) error {
	hold, err := parseID(text)
	if err != nil {
		return socket.ErrUnknown
	}
	return s.releaseHold(ctx, hold, key, false, Entry{Note: byAdministrator(why)})
}

// RejectHeld ends a hold: the message is not sent, and who knows that it was held
// is told.
func (s *Store) RejectHeld(ctx context.Context, text, why string) error {
	return s.dropHold(ctx, HoldRejected, Entry{Event: EventRejected, Note: byAdministrator(why)},
		func(tx *bbolt.Tx) (id, holdRecord, error) { return s.holdByID(tx, text) })
}

func byAdministrator(why string) string {
	if why = reason(why); why != "" {
		return "by an administrator: " + why
	}
	return "by an administrator"
}
