package portal

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// A loginView is the data of the form to log in.
type loginView struct {
	Address string
	As      string // who is logged in, and for whom this is not
	aim
	Ended  bool   // a session has ended
	Out    bool   // the user has logged out
	Closed bool   // the account was closed
	Post   bool   // a form was sent without a session
	Step   string // "address" first, then the method's name; "": all at once
	Error  string
}

const (
	maxAddress  = 320
	maxPassword = 1024
)

// landing is the first page: the form to log in, or the inbox for who is.
func (p *portal) landing(c *call) error {
	u, err := p.findUser(c)
	if err != nil {
		return err
	}
	if u != nil {
		return c.redirect("/inbox")
	}
	return p.renderLogin(c, http.StatusOK, loginView{Out: c.r.URL.Query().Has("out"), Closed: c.r.URL.Query().Has("closed")})
}

func (p *portal) renderLogin(c *call, status int, v loginView) error {
	if p.members && v.Step == "" {
		v.Step = stepAddress
	}
	switch {
	case v.Join:
		c.here = "/j"
	case v.Code != "" && c.route.path == "/login":
		c.here = "/r" // where any code leads on
	case v.Message != "" && c.r.Method == http.MethodPost:
		c.here = "/m/" + v.Message
	case v.Place != "" && c.r.Method == http.MethodPost:
		c.here = v.Place
	}
	return p.render(c, status, "login", c.text("login.title"), v)
}

// login compares address and password, or asks for the password once the address
// has told how it signs in, and opens what the user came for.
func (p *portal) login(c *call) error {
	if err := c.form(); err != nil {
		return err
	}
	v := loginView{
		Address: strings.TrimSpace(c.r.PostFormValue("address")),
		aim:     p.aimOf(c),
	}
	password := c.r.PostFormValue("password")
	if v.Address == "" || len(v.Address) > maxAddress || len(password) > maxPassword {
		v.Error = c.text("login.wrong")
		return p.renderLogin(c, http.StatusUnprocessableEntity, v)
	}
	method, err := p.owner.SignInMethod(c.ctx(), v.Address)
	switch {
	case err != nil:
		return err
	case method == socket.MethodCloud:
		return p.signInAway(c, v)
	case password == "" && p.members:
		v.Step = method
		return p.renderLogin(c, http.StatusOK, v)
	case password == "":
		v.Error = c.text("login.wrong")
		return p.renderLogin(c, http.StatusUnprocessableEntity, v)
	}
	if p.members {
		v.Step = method
	}
	s, key, err := p.logIn(c, method, v.Address, password)
	var wait *socket.ThrottledError
	switch {
	case errors.Is(err, socket.ErrLogin):
		p.event(c, eventLoginFailed, "address", typedAddress(v.Address))
		v.Error = c.text("login.wrong")
		return p.renderLogin(c, http.StatusUnauthorized, v)
	case errors.As(err, &wait):
		p.event(c, eventThrottled, "address", typedAddress(v.Address))
		v.Error = c.text("login.throttled", "Wait", c.wait(wait.RetryAfter))
		return p.renderLogin(c, http.StatusTooManyRequests, v)
	case err != nil:
		return err
	}
	return p.welcome(c, s, key, v.aim)
}

// logIn starts a session by a password, of the portal or of the directory.
func (p *portal) logIn(c *call, method, address, password string) (socket.Session, seal.AccountKey, error) {
	if method == socket.MethodDomain {
		in, err := p.domainLogin(c, address, password)
		if err != nil {
			return socket.Session{}, seal.AccountKey{}, err
		}
		return p.memberSession(c, in)
	}
	kdf, err := p.owner.Challenge(c.ctx(), address)
	if err != nil {
		return socket.Session{}, seal.AccountKey{}, err
	}
	keys, err := p.stretch(c.ctx(), kdf, password)
	if err != nil {
		return socket.Session{}, seal.AccountKey{}, err
	}
	s, err := p.owner.Login(c.ctx(), socket.Login{Address: address, Verifier: keys.Verifier[:], Client: c.client, Agent: c.agent()})
	if err != nil {
		return socket.Session{}, seal.AccountKey{}, err
	}
	key, err := seal.UnwrapAccountKey(s.Wrapped, keys.Wrap, s.Address)
	return s, key, err
}

// stretch runs argon2id, as many at once as there are slots: each takes 64 MiB.
func (p *portal) stretch(ctx context.Context, kdf seal.KDF, password string) (seal.PasswordKeys, error) {
	select {
	case p.stretching <- struct{}{}:
	case <-ctx.Done():
		return seal.PasswordKeys{}, errBusy
	}
	defer func() { <-p.stretching }()
	return kdf.Derive(normalPassword(password), p.pepper)
}

// logout ends the session, if there is one.
func (p *portal) logout(c *call) error {
	if token, _, ok := p.readCookie(c); ok {
		if err := p.owner.Logout(c.ctx(), token); err != nil && !errors.Is(err, socket.ErrUnknown) {
			return err
		}
	}
	p.clearCookie(c)
	p.clearPIN(c)
	if p.members {
		p.setOwnCookie(c, outCookie, "1", outLife)
	}
	return c.redirect("/?out")
}

// openAndShow leads a user who has just come in to the message asked for. The
// request is a POST that followed a click, so the message counts as opened.
func (p *portal) openAndShow(c *call, u *user, id string) error {
	if id == "" {
		return c.redirect("/inbox")
	}
	m, err := p.fetch(c, u, id)
	if err == nil {
		err = p.owner.MarkOpened(c.ctx(), u.token, m.ID, true)
	}
	if err == nil {
		p.event(c, eventOpened, "id", m.ID, "address", u.address)
	}
	if err != nil && !refusal(err) {
		return err
	}
	return c.redirect("/m/" + id) // which says what is wrong, if something is
}

// refusal says whether the owner answered and the answer is no.
func refusal(err error) bool {
	return errors.Is(err, socket.ErrUnknown) || errors.Is(err, socket.ErrExpired) ||
		errors.Is(err, socket.ErrRecalled) || errors.Is(err, socket.ErrUsed) || errors.Is(err, socket.ErrConflict) || errors.Is(err, errPIN)
}

// form reads the fields of an ordinary form.
func (c *call) form() error {
	if err := c.r.ParseForm(); err != nil {
		return errForm
	}
	return nil
}

// messageID returns s if it can be the id of a message, else "".
func messageID(s string) string {
	if len(s) != 36 {
		return ""
	}
	for _, b := range []byte(s) {
		if !('0' <= b && b <= '9' || 'a' <= b && b <= 'f' || 'A' <= b && b <= 'F' || b == '-') {
			return ""
		}
	}
	return s
}
