package socket

import (
	"context"
	"net/http"

	"github.com/postseal/postseal/store/seal"
)

// The calls around mailboxes that several people open.
const (
	pathSwitch         = "/v1/people/switch"
	pathFurnish        = "/v1/people/furnish"
	pathFillSeat       = "/v1/people/fill"
	pathPeople         = "/v1/people"
	pathInvite         = "/v1/people/invite"
	pathSendInvitation = "/v1/people/invite/send"
	pathInvited        = "/v1/people/invited"
	pathAccept         = "/v1/people/accept"
	pathSetPerson      = "/v1/people/set"
	pathRemovePerson   = "/v1/people/remove"
	pathLeaveMailbox   = "/v1/people/leave"
	pathSetAccess      = "/v1/people/access"
)

type (
	mailboxRequest struct {
		Session seal.Token `json:"session"`
		Mailbox string     `json:"mailbox"`
	}
	furnishRequest struct {
		Session    seal.Token `json:"session"`
		Link       seal.Token `json:"link"`
		Activation Activation `json:"activation"`
	}
	inviteRequest struct {
		Session    seal.Token `json:"session"`
		Proof      Proof      `json:"proof"`
		Invitation Invitation `json:"invitation"`
	}
	invitationRequest struct {
		Session seal.Token `json:"session"`
		Ticket  []byte     `json:"ticket"`
		Key     []byte     `json:"key"`
	}
	acceptRequest struct {
		Session seal.Token `json:"session"`
		Link    seal.Token `json:"link"`
		Key     []byte     `json:"key,omitempty"`
	}
	personRequest struct {
		Session seal.Token `json:"session"`
		Proof   Proof      `json:"proof"`
		Person  string     `json:"person"`
		Manager bool       `json:"manager,omitempty"`
	}
	accessRequest struct {
		Session seal.Token `json:"session"`
		Proof   Proof      `json:"proof"`
		Access  Access     `json:"access"`
	}
)

// peopleRoutes adds the part of the table around mailboxes with people.
func (s *Server) peopleRoutes(mux *http.ServeMux) {
	o := s.owner
	for path, h := range map[string]http.HandlerFunc{
		pathSwitch: call(s, maxRequest, func(ctx context.Context, q mailboxRequest) (Switched, error) {
			return o.Switch(ctx, q.Session, q.Mailbox)
		}),
		pathFurnish: call(s, maxActivate, func(ctx context.Context, q furnishRequest) (nothing, error) {
			return nothing{}, o.Furnish(ctx, q.Session, q.Link, q.Activation)
		}),
		pathFillSeat: call(s, maxRequest, func(ctx context.Context, q keyRequest) (nothing, error) {
			return nothing{}, o.FillSeat(ctx, q.Session, q.Sealed)
		}),
		pathPeople: call(s, maxRequest, func(ctx context.Context, q sessionRequest) (PeopleInfo, error) {
			return o.People(ctx, q.Session)
		}),
		pathInvite: call(s, maxRequest, func(ctx context.Context, q inviteRequest) (InvitationTicket, error) {
			return o.Invite(ctx, q.Session, q.Proof, q.Invitation)
		}),
		pathSendInvitation: call(s, maxRequest, func(ctx context.Context, q invitationRequest) (nothing, error) {
			return nothing{}, o.SendInvitation(ctx, q.Session, q.Ticket, q.Key)
		}),
		pathInvited: call(s, maxRequest, func(ctx context.Context, q acceptRequest) (Invited, error) {
			return o.Invited(ctx, q.Session, q.Link)
		}),
		pathAccept: call(s, maxRequest, func(ctx context.Context, q acceptRequest) (nothing, error) {
			return nothing{}, o.Accept(ctx, q.Session, q.Link, q.Key)
		}),
		pathSetPerson: call(s, maxRequest, func(ctx context.Context, q personRequest) (nothing, error) {
			return nothing{}, o.SetPerson(ctx, q.Session, q.Proof, q.Person, q.Manager)
		}),
		pathRemovePerson: call(s, maxRequest, func(ctx context.Context, q personRequest) (nothing, error) {
			return nothing{}, o.RemovePerson(ctx, q.Session, q.Proof, q.Person)
		}),
		pathLeaveMailbox: call(s, maxRequest, func(ctx context.Context, q mailboxRequest) (nothing, error) {
			return nothing{}, o.LeaveMailbox(ctx, q.Session, q.Mailbox)
		}),
		pathSetAccess: call(s, maxRequest, func(ctx context.Context, q accessRequest) (nothing, error) {
			return nothing{}, o.SetAccess(ctx, q.Session, q.Proof, q.Access)
		}),
	} {
		mux.HandleFunc("POST "+path, h)
	}
}
