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
	invitationRequest struct {
		Session seal.Token `json:"session"`
		Ticket  []byte     `json:"ticket"`
		Key     []byte     `json:"key"`
	}
	personRequest struct {
		Session seal.Token `json:"session"`
		Proof   Proof      `json:"proof"`
		Person  string     `json:"person"`
		Manager bool       `json:"manager"`
	}
)

// peopleRoutes adds the part of the table around mailboxes with people.
func (s *Server) peopleRoutes(mux *http.ServeMux) {
	o := s.owner
	for path, h := range map[string]http.HandlerFunc{
		pathSwitch: call(s, maxRequest, func(ctx context.Context, q aboutRequest[string]) (Switched, error) {
			return o.Switch(ctx, q.Session, q.About)
		}),
		pathFurnish: call(s, maxActivate, func(ctx context.Context, q linkedRequest[Activation]) (nothing, error) {
			return nothing{}, o.Furnish(ctx, q.Session, q.Link, q.About)
		}),
		pathFillSeat: call(s, maxRequest, func(ctx context.Context, q aboutRequest[[]byte]) (nothing, error) {
			return nothing{}, o.FillSeat(ctx, q.Session, q.About)
		}),
		pathPeople: call(s, maxRequest, func(ctx context.Context, q sessionRequest) (PeopleInfo, error) {
			return o.People(ctx, q.Session)
		}),
		pathInvite: call(s, maxRequest, func(ctx context.Context, q provenRequest[Invitation]) (InvitationTicket, error) {
			return o.Invite(ctx, q.Session, q.Proof, q.About)
		}),
		pathSendInvitation: call(s, maxRequest, func(ctx context.Context, q invitationRequest) (nothing, error) {
			return nothing{}, o.SendInvitation(ctx, q.Session, q.Ticket, q.Key)
		}),
		pathInvited: call(s, maxRequest, func(ctx context.Context, q linkedRequest[[]byte]) (Invited, error) {
			return o.Invited(ctx, q.Session, q.Link)
		}),
		pathAccept: call(s, maxRequest, func(ctx context.Context, q linkedRequest[[]byte]) (nothing, error) {
			return nothing{}, o.Accept(ctx, q.Session, q.Link, q.About)
		}),
		pathSetPerson: call(s, maxRequest, func(ctx context.Context, q personRequest) (nothing, error) {
			return nothing{}, o.SetPerson(ctx, q.Session, q.Proof, q.Person, q.Manager)
		}),
		pathRemovePerson: call(s, maxRequest, func(ctx context.Context, q provenRequest[string]) (nothing, error) {
			return nothing{}, o.RemovePerson(ctx, q.Session, q.Proof, q.About)
		}),
		pathLeaveMailbox: call(s, maxRequest, func(ctx context.Context, q aboutRequest[string]) (nothing, error) {
			return nothing{}, o.LeaveMailbox(ctx, q.Session, q.About)
		}),
		pathSetAccess: call(s, maxRequest, func(ctx context.Context, q provenRequest[Access]) (nothing, error) {
			return nothing{}, o.SetAccess(ctx, q.Session, q.Proof, q.About)
		}),
	} {
		mux.HandleFunc("POST "+path, h)
	}
}
