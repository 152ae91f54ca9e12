package portal

import (
	"errors"
	"net/http"

	"github.com/postseal/postseal/store/socket"
)

// A genuineView is the data of the page on which a notice's check code is typed.
type genuineView struct {
	Code  string
	Found *socket.GenuineNotice
	Error string
}

// genuineForm asks for the check code of a notice that somebody doubts.
func (p *portal) genuineForm(c *call) error {
	return p.render(c, http.StatusOK, "genuine", c.text("genuine.title"), genuineView{})
}

// genuine says who sent the notice, and not to whom.
func (p *portal) genuine(c *call) error {
	if err := c.form(); err != nil {
		return err
	}
	v := genuineView{Code: clip(cleanLine(c.r.PostFormValue("code")), 40)}
	g, err := p.owner.Genuine(c.ctx(), v.Code, c.client)
	var wait *socket.ThrottledError
	switch {
	case errors.Is(err, socket.ErrUnknown):
		v.Error = c.text("genuine.no")
		return p.render(c, http.StatusUnprocessableEntity, "genuine", c.text("genuine.title"), v)
	case errors.As(err, &wait):
		v.Error = c.text("login.throttled", "Wait", c.wait(wait.RetryAfter))
		return p.render(c, http.StatusTooManyRequests, "genuine", c.text("genuine.title"), v)
	case err != nil:
		return err
	}
	v.Found = &g
	return p.render(c, http.StatusOK, "genuine", c.text("genuine.title"), v)
}
