package portal

import (
	"net/http"
	"net/url"

	"github.com/gorilla/mux"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// An aim is what somebody who logs in came for. The forms on the way carry it on.
type aim struct {
	Message string `json:"message,omitempty"` // id of the message to open
	Code    string `json:"code,omitempty"`    // of a link that is for somebody with an account
	Join    bool   `json:"join,omitempty"`    // the address of Code's link is to be added to whichever account logs in
	Place   string `json:"place,omitempty"`   // path of the page to show
}

// maxCode bounds a code as a form carries it.
const maxCode = 100

// aimOf reads what a form of the log-in carried.
func (p *portal) aimOf(c *call) aim {
	field := c.r.PostFormValue
	return p.checked(aim{Message: field("message"), Code: field("link"), Join: field("join") != "", Place: field("place")})
}

// checked leaves out of an aim what no page of ours has put there: it comes from the
// browser.
func (p *portal) checked(a aim) aim {
	a.Message, a.Code = messageID(a.Message), clip(a.Code, maxCode)
	if !p.isPlace(a.Place) {
		a.Place = ""
	}
	return a
}

// isPlace reports whether a path is that of a page which a GET shows.
func (p *portal) isPlace(path string) bool {
	return p.places.Match(&http.Request{Method: http.MethodGet, URL: &url.URL{Path: path}}, &mux.RouteMatch{})
}

// arrive leads a user whose session is whole to what they came for.
func (p *portal) arrive(c *call, u *user, a aim) error {
	p.event(c, eventLogin, "address", u.address)
	if a.Join {
		code, err := seal.ParseCode(a.Code)
		if err != nil {
			return socket.ErrUnknown
		}
		c.user = u
		return p.showJoining(c, code)
	}
	if shown, err := p.invitedTo(c, u, a.Code); err != nil || shown {
		return err
	}
	if a.Code != "" {
		if id, err := p.claim(c, u, a.Code); err == nil {
			a.Message = id
		} else if !refusal(err) {
			return err
		}
	}
	if a.Message == "" && a.Place != "" {
		return c.redirect(a.Place)
	}
	return p.openAndShow(c, u, a.Message)
}
