package socket

import (
	"context"

	"github.com/postseal/postseal/store/seal"
)

// Switch implements [People].
func (c *Client) Switch(ctx context.Context, session seal.Token, mailbox string) (Switched, error) {
	return get[Switched](ctx, c, pathSwitch, once, aboutRequest[string]{session, mailbox})
}

// Furnish implements [People].
func (c *Client) Furnish(ctx context.Context, session, link seal.Token, a Activation) error {
	return c.ask(ctx, pathFurnish, once, linkedRequest[Activation]{session, link, a}, nil)
}

// FillSeat implements [People].
func (c *Client) FillSeat(ctx context.Context, visit seal.Token, key []byte) error {
	return c.ask(ctx, pathFillSeat, again, aboutRequest[[]byte]{visit, key}, nil)
}

// People implements [People].
func (c *Client) People(ctx context.Context, session seal.Token) (PeopleInfo, error) {
	return get[PeopleInfo](ctx, c, pathPeople, again, sessionRequest{session})
}

// Invite implements [People].
func (c *Client) Invite(ctx context.Context, session seal.Token, p Proof, i Invitation) (InvitationTicket, error) {
	return get[InvitationTicket](ctx, c, pathInvite, once, provenRequest[Invitation]{session, p, i})
}

// SendInvitation implements [People].
func (c *Client) SendInvitation(ctx context.Context, session seal.Token, ticket, key []byte) error {
	return c.ask(ctx, pathSendInvitation, once, invitationRequest{session, ticket, key}, nil)
}

// Invited implements [People].
func (c *Client) Invited(ctx context.Context, session, link seal.Token) (Invited, error) {
	return get[Invited](ctx, c, pathInvited, again, linkedRequest[[]byte]{Session: session, Link: link})
}

// Accept implements [People].
func (c *Client) Accept(ctx context.Context, session, link seal.Token, key []byte) error {
	return c.ask(ctx, pathAccept, once, linkedRequest[[]byte]{session, link, key}, nil)
}

// SetPerson implements [People].
func (c *Client) SetPerson(ctx context.Context, session seal.Token, p Proof, person string, manager bool) error {
	return c.ask(ctx, pathSetPerson, again, personRequest{session, p, person, manager}, nil)
}

// RemovePerson implements [People].
func (c *Client) RemovePerson(ctx context.Context, session seal.Token, p Proof, person string) error {
	return c.ask(ctx, pathRemovePerson, once, provenRequest[string]{session, p, person}, nil)
}

// LeaveMailbox implements [People].
func (c *Client) LeaveMailbox(ctx context.Context, session seal.Token, mailbox string) error {
	return c.ask(ctx, pathLeaveMailbox, once, aboutRequest[string]{session, mailbox}, nil)
}

// SetAccess implements [People].
func (c *Client) SetAccess(ctx context.Context, session seal.Token, p Proof, a Access) error {
	return c.ask(ctx, pathSetAccess, again, provenRequest[Access]{session, p, a}, nil)
}
