package store

import (
	"context"
	"errors"
	"time"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

var errLater = errors.New("not there yet")

// Hold keeps a message until somebody releases it. It is visible to nobody until
// Commit.
func (d *Deposit) Hold(ctx context.Context, r HoldRequest) (Held, error) { return Held{}, errLater }

// Follow lets the sender follow what the deposit holds, after Seal and Hold: the
// lines name their ids. It returns the code of the status link.
func (d *Deposit) Follow(r Dispatch) (seal.Code, error) { return seal.Code{}, errLater }

// Noticed notes that a sealed message's notice left in the place of the message.
func (d *Deposit) Noticed(message string) {}

// Deferral returns what became of a deferred message, if it was offered before.
// key is a digest of what makes the message the same.
func (s *Store) Deferral(ctx context.Context, key [32]byte) (Deferral, bool, error) {
	return Deferral{}, false, errLater
}

// Defer notes that a message waits at its sender's server, and entries in the
// audit trail. One that was noted before stays as it is, and is returned: the
// code is the same each time.
func (s *Store) Defer(ctx context.Context, key [32]byte, r DeferRequest, entries ...Entry) (Deferral, error) {
	return Deferral{}, errLater
}

// Trusted reports whether a release by the sender made the rule let the sender's
// mail to the recipient pass, and the recipient does not mind.
func (s *Store) Trusted(ctx context.Context, rule, sender, recipient string) (bool, error) {
	return false, errLater
}

// InThread reports whether one of the Message-IDs (with <>) is of a reply that
// the recipient wrote in the portal.
func (s *Store) InThread(ctx context.Context, ids []string, recipient string) (bool, error) {
	return false, errLater
}

func (s *Store) Held(ctx context.Context, link seal.Token) (socket.Held, error) {
	return socket.Held{}, errLater
}
func (s *Store) Release(ctx context.Context, link seal.Token, r socket.ReleaseOrder) error {
	return errLater
}
func (s *Store) Withdraw(ctx context.Context, link seal.Token, client string) error { return errLater }
func (s *Store) Status(ctx context.Context, by socket.Follower) (socket.Status, error) {
	return socket.Status{}, errLater
}
func (s *Store) Recall(ctx context.Context, by socket.Follower, messages []string) (socket.Status, error) {
	return socket.Status{}, errLater
}
func (s *Store) Extend(ctx context.Context, by socket.Follower, messages []string, more time.Duration) (socket.Status, error) {
	return socket.Status{}, errLater
}
func (s *Store) Remind(ctx context.Context, by socket.Follower, message string) (socket.Status, error) {
	return socket.Status{}, errLater
}
func (s *Store) Sent(ctx context.Context, session seal.Token, cursor string, limit int) (socket.SentPage, error) {
	return socket.SentPage{}, errLater
}
func (s *Store) MarkUnwanted(ctx context.Context, session seal.Token, message string, off bool) error {
	return errLater
}
func (s *Store) TryPIN(ctx context.Context, by socket.Caller, message string, verifier []byte, client string) (socket.Message, error) {
	return socket.Message{}, errLater
}
