package portal

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// A joiningView is the data of the page on which an address is added to an account,
// or removed from it.
type joiningView struct {
	Address string
	Main    string // of the account
	Waiting int    // messages that are added with it
	Code    string // of the link; "": the address is to be removed
	Ask     bool   // the present password is wanted
	Stale   string // there is none, and the log-in proves nothing any more
	Problem string // why it can't be done at all
	Error   string // about the password
}

// Field is the field for the present password.
func (v joiningView) Field() fieldView { return fieldView{"j", v.Error} }

// askAddress has a code mailed to an address. What the page then says is the same
// whether the address has an account or not.
func (p *portal) askAddress(c *call) error {
	if err := c.form(); err != nil {
		return err
	}
	address := strings.TrimSpace(c.r.PostFormValue("address"))
	v := settingsView{Typed: clip(address, maxAddress), Errors: map[string]string{}}
	method, err := p.owner.SignInMethod(c.ctx(), address)
	switch {
	case err != nil || typedAddress(address) == "":
		v.Errors["address"] = c.text("forgot.badaddress")
	case method != socket.MethodPassword:
		v.Errors["address"] = c.text("addresses.directory")
	}
	if len(v.Errors) > 0 {
		return p.renderSettings(c, http.StatusUnprocessableEntity, v)
	}
	proof, _, err := p.proof(c)
	if err == nil {
		err = p.owner.AskAddress(c.ctx(), c.user.token, proof, address)
	}
	if problem := addressProblem(err); problem != "" {
		v.Errors["address"] = c.text(problem)
		return p.renderSettings(c, http.StatusUnprocessableEntity, v)
	}
	if problem := c.proofProblem(err); problem != "" {
		v.Errors["addresses"] = problem
		return p.renderSettings(c, http.StatusForbidden, v)
	}
	if err != nil {
		return err
	}
	p.event(c, eventAddress, "address", c.user.address)
	return c.redirect("/settings?done=asked#s-addresses")
}

// withdrawAddress ends what was asked for about an address, such as one that was typed
// wrong.
func (p *portal) withdrawAddress(c *call) error {
	if err := c.form(); err != nil {
		return err
	}
	if err := p.owner.WithdrawAddress(c.ctx(), c.user.token, c.r.PostFormValue("address")); err != nil {
		return err
	}
	p.event(c, eventAddress, "address", c.user.address)
	return c.redirect("/settings?done=withdrawn#s-addresses")
}

// addressProblem is the key of the text for an address that can't be added.
func addressProblem(err error) string {
	switch {
	case errors.Is(err, socket.ErrConflict):
		return "addresses.own"
	case errors.Is(err, socket.ErrInvalid):
		return "addresses.directory"
	case errors.Is(err, socket.ErrTooLarge):
		return "addresses.many"
	}
	return ""
}

// removeAddress asks whether an address is to be removed, and then does it.
func (p *portal) removeAddress(c *call) error {
	if err := c.form(); err != nil {
		return err
	}
	address := c.r.PostFormValue("address")
	info, err := p.owner.Account(c.ctx(), c.user.token)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(info.Addresses.Further, func(f socket.FurtherAddress) bool { return f.Address == address }) {
		return errNotFound
	}
	v := joiningView{Address: address, Main: info.Address, Ask: info.Password}
	if !info.Password && !info.Fresh {
		v.Stale = c.stale()
	}
	if c.r.PostFormValue("sure") == "" {
		return p.renderJoining(c, http.StatusOK, v)
	}
	proof, _, err := p.proof(c)
	if err == nil {
		err = p.owner.RemoveAddress(c.ctx(), c.user.token, proof, address)
	}
	if err != nil {
		return p.unjoined(c, v, err)
	}
	p.event(c, eventAddress, "address", c.user.address)
	return c.redirect("/settings?done=parted#s-addresses")
}

func (p *portal) renderJoining(c *call, status int, v joiningView) error {
	title := c.text("addresses.add.title")
	if v.Code == "" {
		title = c.text("addresses.remove.title")
	}
	return p.render(c, status, "joining", title, v)
}

// unjoined shows the page again when the proof was refused.
func (p *portal) unjoined(c *call, v joiningView, err error) error {
	if errors.Is(err, socket.ErrExpired) {
		v.Stale = c.stale()
	}
	if v.Error = c.proofProblem(err); v.Error == "" {
		return err
	}
	return p.renderJoining(c, http.StatusForbidden, v)
}

// joinByNotice is for somebody with a first notice who has an account already,
// under another address.
func (p *portal) joinByNotice(c *call) error {
	if err := c.form(); err != nil {
		return err
	}
	code, err := seal.ParseCode(c.r.PostFormValue("code"))
	if err != nil {
		return socket.ErrUnknown
	}
	info, err := p.owner.Link(c.ctx(), code.Token())
	switch {
	case err != nil:
		return err
	case info.Kind != socket.LinkActivate:
		return socket.ErrUnknown
	case info.Account:
		return p.claimOrLogin(c, code, info)
	}
	return p.joinOrLogin(c, code)
}

// joinOrLogin shows what a link would add to the account that is logged in, or the
// form to log in.
func (p *portal) joinOrLogin(c *call, code seal.Code) error {
	u, err := p.findUser(c)
	if err != nil {
		return err
	}
	if u == nil {
		return p.renderLogin(c, http.StatusOK, loginView{aim: aim{Code: code.Fragment(), Join: true}})
	}
	c.user = u
	return p.showJoining(c, code)
}

// showJoining asks whether an address is to be added. It changes nothing.
func (p *portal) showJoining(c *call, code seal.Code) error {
	info, err := p.owner.Link(c.ctx(), code.Token())
	if err != nil {
		return err
	}
	v := joiningView{Address: info.Recipient, Main: c.user.address, Code: code.Fragment()}
	j, err := p.owner.Joining(c.ctx(), c.user.token, code.Token())
	if errors.Is(err, socket.ErrConflict) && c.user.writesFrom(info.Recipient) == info.Recipient {
		if info.Kind == socket.LinkActivate {
			return p.claimOrLogin(c, code, info)
		}
		return c.redirect("/settings#s-addresses") // it has been added
	}
	if err != nil {
		switch problem := addressProblem(err); {
		case errors.Is(err, socket.ErrConflict):
			v.Problem = c.text("addresses.taken")
		case problem != "":
			v.Problem = c.text(problem)
		case errors.Is(err, socket.ErrUnknown): // the link is genuine: it is another's
			v.Problem = c.text("addresses.another")
		default:
			return err
		}
		return p.renderJoining(c, http.StatusForbidden, v)
	}
	return p.renderJoin(c, http.StatusOK, v, j)
}

func (p *portal) renderJoin(c *call, status int, v joiningView, j socket.Joining) error {
	v.Waiting = len(j.Messages)
	if j.Proof {
		info, err := p.owner.Account(c.ctx(), c.user.token)
		if err != nil {
			return err
		}
		if v.Ask = info.Password; !v.Ask {
			v.Stale = c.stale()
		}
	}
	return p.renderJoining(c, status, v)
}

// joinAddress adds the address of a link to the account.
func (p *portal) joinAddress(c *call) error {
	if err := c.form(); err != nil {
		return err
	}
	code, err := seal.ParseCode(c.r.PostFormValue("code"))
	if err != nil {
		return p.badAddressCode(c, "link.badcode")
	}
	if c.r.PostFormValue("sure") == "" {
		switch err := p.showJoining(c, code); {
		case errors.Is(err, socket.ErrUnknown):
			return p.badAddressCode(c, "addresses.badcode")
		case refusal(err):
			return p.badAddressCode(c, "error.link.text")
		default:
			return err
		}
	}
	j, err := p.owner.Joining(c.ctx(), c.user.token, code.Token())
	if err != nil {
		return p.showJoining(c, code) // which says what is wrong
	}
	v := joiningView{Address: j.Address, Main: c.user.address, Code: code.Fragment()}
	q := socket.Join{Proof: socket.Proof{Client: c.client}}
	if j.Proof {
		if q.Proof, _, err = p.proof(c); err != nil {
			v.Ask, v.Waiting = true, len(j.Messages)
			return p.unjoined(c, v, err)
		}
	}
	id, err := code.Identity()
	if err != nil {
		return err
	}
	q.Grants = p.waitingGrants(socket.Waiting{Recipient: j.Address, Messages: j.Messages}, id, c.user.key)
	if err := p.owner.JoinAddress(c.ctx(), c.user.token, code.Token(), q); err != nil {
		v.Ask, v.Waiting = j.Proof, len(j.Messages)
		return p.unjoined(c, v, err)
	}
	p.event(c, eventAddress, "address", c.user.address)
	if j.Message == "" {
		return c.redirect("/settings?done=joined#s-addresses")
	}
	u, err := p.findUser(c) // who has one address more
	if err != nil {
		return err
	}
	if u == nil {
		return errNoSession
	}
	return p.openAndShow(c, u, j.Message)
}

// badAddressCode shows the account's page again with what is wrong with a code.
func (p *portal) badAddressCode(c *call, key string) error {
	return p.renderSettings(c, http.StatusUnprocessableEntity, settingsView{Errors: map[string]string{"join": c.text(key)}})
}
