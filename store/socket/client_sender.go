package socket

import (
	"context"
	"time"

	"github.com/postseal/postseal/store/seal"
)

// Held implements [Releases].
func (c *Client) Held(ctx context.Context, link seal.Token) (Held, error) {
	return get[Held](ctx, c, pathHeld, again, linkRequest{link})
}

// Release implements [Releases].
func (c *Client) Release(ctx context.Context, link seal.Token, r ReleaseOrder) error {
	return c.ask(ctx, pathRelease, again, releaseRequest{Link: link, Order: r}, nil)
}

// Withdraw implements [Releases].
func (c *Client) Withdraw(ctx context.Context, link seal.Token, client string) error {
	return c.ask(ctx, pathWithdraw, again, releaseRequest{Link: link, Client: client}, nil)
}

// Status implements [Following].
func (c *Client) Status(ctx context.Context, by Follower) (Status, error) {
	return get[Status](ctx, c, pathStatus, again, followRequest{By: by})
}

// Recall implements [Following].
func (c *Client) Recall(ctx context.Context, by Follower, messages []string) (Status, error) {
	return get[Status](ctx, c, pathRecall, again, followRequest{By: by, Messages: messages})
}

// Extend implements [Following].
func (c *Client) Extend(ctx context.Context, by Follower, messages []string, more time.Duration) (Status, error) {
	return get[Status](ctx, c, pathExtend, again, followRequest{By: by, Messages: messages, More: more})
}

// Remind implements [Following].
func (c *Client) Remind(ctx context.Context, by Follower, message string) (Status, error) {
	return get[Status](ctx, c, pathRemind, once, followRequest{By: by, Messages: []string{message}})
}

// Sent implements [Following].
func (c *Client) Sent(ctx context.Context, session seal.Token, cursor string, limit int) (SentPage, error) {
	return get[SentPage](ctx, c, pathSent, again, inboxRequest{session, cursor, limit})
}

// MarkUnwanted implements [Unwanted].
func (c *Client) MarkUnwanted(ctx context.Context, session seal.Token, message string, off bool) error {
	return c.ask(ctx, pathMarkUnwanted, again, unwantedRequest{session, message, off}, nil)
}

// TryPIN implements [PINs].
func (c *Client) TryPIN(ctx context.Context, by Caller, message string, verifier []byte, client string) (Message, error) {
	return get[Message](ctx, c, pathTryPIN, once, pinRequest{by, message, verifier, client})
}
