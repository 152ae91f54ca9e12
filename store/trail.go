package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"go.etcd.io/bbolt"
)

// Events returns every verb of the audit trail.
func Events() []Event {
	return []Event{
		EventSealed, EventPassed, EventReturned, EventDiscarded, EventQuarantined,
		EventNoticed, EventAnnounced, EventMailed, EventMailDropped, EventOpened, EventReplied,
		EventBlocked, EventReleased, EventWithdrawn, EventRejected, EventShown, EventHoldExpired,
		EventUnwanted, EventTrustRevoked, EventPINFailed, EventExtended, EventReminded,
		EventExpired, EventRecalled, EventActivated, EventClaimed, EventLogin,
		EventLoginFailed, EventLogout, EventResetAsked, EventReset, EventPassword, EventFactor, EventClosed, EventEntered, EventSeat, EventComposed,
		EventAddressAsked, EventAddressWithdrawn, EventAddressAdded, EventAddressRemoved,
	}
}

// byKey is the context's key of [By].
type byKey struct{}

// By names the administrator for whom the calls with this context are made. Each
// entry that they add to the trail has the name.
func By(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, byKey{}, name)
}

func doneBy(ctx context.Context) string {
	name, _ := ctx.Value(byKey{}).(string)
	return name
}

// A TrailQuery chooses entries of the audit trail. A zero field chooses all.
type TrailQuery struct {
	Since   time.Time // not before
	Message string    // id of a sealed message
	Event   Event
}

func (q TrailQuery) has(e Entry) bool {
	return (q.Since.IsZero() || !e.Time.Before(q.Since)) &&
		(q.Message == "" || strings.EqualFold(q.Message, e.Message)) &&
		(q.Event == "" || q.Event == e.Event)
}

// A TrailEntry is an entry with its place in the trail, counted from 1.
type TrailEntry struct {
	Seq uint64 `json:"seq"`
	Entry
}

// A TrailEnd is what [Store.ReadTrail] found on its way through the whole trail.
type TrailEnd struct {
	Entries  uint64    `json:"entries"`            // in the trail, chosen or not
	Problems []Problem `json:"problems,omitempty"` // where the chain of hashes breaks; maxTrailProblems at most
}

const (
	// trailBatch is how many entries one transaction reads: a reader that waits
	// keeps no pages of the database from being used again.
	trailBatch       = 1000
	maxTrailProblems = 100
)

// ReadTrail calls each with the chosen entries, oldest first, and follows the
// chain of hashes through all of them up to the head. Entries that are written
// meanwhile are read too. What is wrong with the trail is in the TrailEnd; an
// error is one of reading or of each's.
func (s *Store) ReadTrail(ctx context.Context, q TrailQuery, each func(TrailEntry) error) (TrailEnd, error) {
	w := trailWalk{query: q}
	for !w.done {
		var batch []TrailEntry
		err := s.meta.view(func(tx *bbolt.Tx) (err error) {
			batch, err = s.walkTrail(tx, &w)
			return err
		})
		if err != nil {
			return w.end, err
		}
		for _, e := range batch {
			if err := each(e); err != nil {
				return w.end, err
			}
		}
		if err := ctx.Err(); err != nil {
			return w.end, err
		}
	}
	return w.end, nil
}

// A trailWalk is how far the trail was followed.
type trailWalk struct {
	query TrailQuery
	at    auditHead // the last entry read
	done  bool      // the head was reached
	end   TrailEnd
}

func (w *trailWalk) bad(format string, args ...any) {
	if len(w.end.Problems) < maxTrailProblems {
		w.end.Problems = append(w.end.Problems, Problem{Where: bucketAudit, What: fmt.Sprintf(format, args...)})
	}
}

// walkTrail reads the next entries and returns those that were chosen.
func (s *Store) walkTrail(tx *bbolt.Tx, w *trailWalk) (chosen []TrailEntry, err error) {
	cur := tx.Bucket([]byte(bucketAudit)).Cursor()
	k, v := cur.Seek(binary.BigEndian.AppendUint64(nil, w.at.seq+1))
	for range trailBatch {
		if k == nil {
			break
		}
		if len(k) != 8 {
			w.bad("a key is broken")
			k, v = cur.Next()
			continue
		}
		seq := binary.BigEndian.Uint64(k)
		if seq != w.at.seq+1 || len(v) < sha256.Size || [sha256.Size]byte(v[:sha256.Size]) != w.at.hash {
			w.bad("the chain breaks at entry %d", seq)
		}
		e, err := s.auditEntry(k, v)
		switch {
		case err != nil:
			w.bad("entry %d: %v", seq, err)
		case w.query.has(e):
			chosen = append(chosen, TrailEntry{seq, e})
		}
		w.at = auditHead{seq, auditHash(k, v)}
		w.end.Entries++
		k, v = cur.Next()
	}
	if k != nil {
		return chosen, nil
	}
	w.done = true
	head, err := readAuditHead(tx)
	if err != nil {
		w.bad("%v", err)
	} else if head != w.at {
		w.bad("the chain ends at entry %d, the head is %d", w.at.seq, head.seq)
	}
	return chosen, nil
}
