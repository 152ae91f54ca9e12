package store

import (
	"context"
	"slices"

	"github.com/postseal/postseal/store/socket"
)

// followBatch is how many messages one transaction of a sender's order changes:
// others wait for it meanwhile.
const followBatch = 200

// Recall implements [socket.Following]. Messages that ended otherwise stay as they
// are.
func (s *Store) Recall(ctx context.Context, by socket.Follower, messages []string) (socket.Status, error) {
	ids, d, _, err := s.chosen(by, messages)
	if err != nil {
		return socket.Status{}, err
	}
	for batch := range slices.Chunk(ids, followBatch) {
		var freed []freedPayload
		err := s.update(ctx, func(c *change) error {
			freed = nil
			var entries []Entry
			who, err := s.actor(c.Tx, by.Session)
			if err != nil {
				return err
			}
			for _, i := range batch {
				m, live, err := s.liveOf(c.Tx, i)
				if err != nil {
					return err
				}
				if !live {
					continue
				}
				f, err := s.endMessage(c, i, m, endRecalled, d.Sender)
				if err != nil {
					return err
				}
				freed = append(freed, f...)
				entries = append(entries, Entry{
					Event: EventRecalled, Message: i.String(), Address: m.Recipient, Sender: m.Sender, Client: bounded(by.Client, 64),
					Actor: who.address(),
				})
			}
			return s.audit(c, entries...)
		})
		if err != nil {
			return socket.Status{}, err
		}
		s.discard(ctx, freed)
	}
	return s.Status(ctx, by)
}
