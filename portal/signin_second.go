package portal

import (
	"errors"
	"net/http"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// A secondView is the data of the page that asks for the second factor.
type secondView struct {
	Address string
	TOTP    bool
	Codes   int
	Passkey string // PublicKeyCredentialRequestOptions in JSON; "": none
	Error   string
	aim
}

// askSecond asks for the second factor. The challenge for a passkey is made anew
// each time.
func (p *portal) askSecond(c *call, session seal.Token, v secondView) error {
	q, err := p.owner.SecondFactor(c.ctx(), session)
	if err != nil {
		return err
	}
	v.Address, v.TOTP, v.Codes, v.Passkey = q.Address, q.TOTP, q.Codes, string(q.Passkey)
	status := http.StatusOK
	if v.Error != "" {
		status = http.StatusUnauthorized
	}
	return p.render(c, status, "signin-second", c.text("second.title"), v)
}

// secondFactor takes the answer. Only then the session is one.
func (p *portal) secondFactor(c *call) error {
	if err := c.form(); err != nil {
		return err
	}
	token, _, ok := p.readCookie(c)
	if !ok {
		return errNoSession
	}
	v := secondView{aim: p.aimOf(c)}
	err := p.owner.Confirm(c.ctx(), token, socket.FactorAnswer{
		Code: c.r.PostFormValue("code"), Passkey: []byte(c.r.PostFormValue("passkey")), Client: c.client, Agent: c.agent(),
	})
	var wait *socket.ThrottledError
	switch {
	case errors.Is(err, socket.ErrLogin), errors.Is(err, socket.ErrInvalid), errors.Is(err, socket.ErrExpired):
		p.event(c, eventLoginFailed, "address", "")
		v.Error = c.text("second.wrong")
		return p.askSecond(c, token, v)
	case errors.As(err, &wait):
		v.Error = c.text("login.throttled", "Wait", c.wait(wait.RetryAfter))
		return p.askSecond(c, token, v)
	case errors.Is(err, socket.ErrUnknown):
		return errNoSession
	case err != nil:
		return err
	}
	u, err := p.findUser(c)
	if err != nil {
		return err
	}
	if u == nil {
		return errNoSession
	}
	return p.arrive(c, u, v.aim)
}
