package portal

import (
	"errors"
	"net/http"
	"strings"

	"github.com/postseal/postseal/store/socket"
)

// A forgotView is the data of the page for a forgotten password.
type forgotView struct {
	Address string
	Sent    bool
	Offline bool
	Life    string // of the link
	Error   string
}

func (p *portal) forgotForm(c *call) error {
	return p.renderForgot(c, http.StatusOK, forgotView{})
}

func (p *portal) renderForgot(c *call, status int, v forgotView) error {
	v.Offline, v.Life = p.recovery == nil, c.span(p.resetLife)
	return p.render(c, status, "forgot", c.text("forgot.title"), v)
}

// forgot asks the owner to mail a reset link. The answer is the same whether
// there is such an account or not.
func (p *portal) forgot(c *call) error {
	if err := c.form(); err != nil {
		return err
	}
	v := forgotView{Address: cleanLine(c.r.PostFormValue("address"))}
	if at := strings.LastIndexByte(v.Address, '@'); at < 1 || at == len(v.Address)-1 || len(v.Address) > maxAddress {
		v.Error = c.text("forgot.badaddress")
		return p.renderForgot(c, http.StatusUnprocessableEntity, v)
	}
	err := p.owner.RequestReset(c.ctx(), v.Address, c.client)
	if err != nil && !errors.Is(err, socket.ErrUnknown) && !errors.Is(err, socket.ErrInvalid) {
		return err
	}
	p.event(c, eventResetAsked, "address", typedAddress(v.Address))
	v.Sent = true
	return p.renderForgot(c, http.StatusOK, v)
}
