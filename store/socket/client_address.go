package socket

import (
	"context"

	"github.com/postseal/postseal/store/seal"
)

// AskAddress implements [Addresses].
func (c *Client) AskAddress(ctx context.Context, session seal.Token, p Proof, address string) error {
	return c.ask(ctx, pathAskAddress, once, provenRequest[string]{session, p, address}, nil)
}

// Joining implements [Addresses].
func (c *Client) Joining(ctx context.Context, session, link seal.Token) (Joining, error) {
	return get[Joining](ctx, c, pathJoining, again, linkedRequest[[]byte]{Session: session, Link: link})
}

// JoinAddress implements [Addresses].
func (c *Client) JoinAddress(ctx context.Context, session, link seal.Token, j Join) error {
	return c.ask(ctx, pathJoinAddress, once, linkedRequest[Join]{session, link, j}, nil)
}

// WithdrawAddress implements [Addresses].
func (c *Client) WithdrawAddress(ctx context.Context, session seal.Token, address string) error {
	return c.ask(ctx, pathWithdrawAddress, again, aboutRequest[string]{session, address}, nil)
}

// RemoveAddress implements [Addresses].
func (c *Client) RemoveAddress(ctx context.Context, session seal.Token, p Proof, address string) error {
	return c.ask(ctx, pathRemoveAddress, once, provenRequest[string]{session, p, address}, nil)
}
