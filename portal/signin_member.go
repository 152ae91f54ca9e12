package portal

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// The steps of the form to log in, beside the names of the methods.
const stepAddress = "address"

// errNoRecovery: somebody without a password signs in, and there is no recovery key
// to open the account's messages with.
var errNoRecovery = errors.New("sign-in without a password needs the recovery key")

// agent returns the browser's User-Agent, bounded.
func (c *call) agent() string { return clip(cleanLine(c.r.UserAgent()), 200) }

// welcome makes a fresh session the browser's, and leads on: to the second factor,
// or to what the user came for.
func (p *portal) welcome(c *call, s socket.Session, key seal.AccountKey, a aim) error {
	u, err := p.begin(c, s, key)
	if err != nil {
		return err
	}
	if s.Pending {
		return p.askSecond(c, s.Token, secondView{aim: a})
	}
	return p.arrive(c, u, a)
}

// domainLogin lets the owner ask the organisation's directory.
func (p *portal) domainLogin(c *call, address, password string) (socket.SignedIn, error) {
	if p.recovery == nil {
		return socket.SignedIn{}, errNoRecovery
	}
	return p.owner.DomainLogin(c.ctx(), socket.DomainLogin{Address: address, Password: password, Client: c.client, Agent: c.agent()})
}

// memberSession returns the session of somebody whom the owner has verified, and
// the account key, which recovery opens. Without an account it makes one first.
func (p *portal) memberSession(c *call, in socket.SignedIn) (socket.Session, seal.AccountKey, error) {
	if in.Link == (seal.Token{}) {
		key, err := seal.OpenEscrow(in.Session.Escrow, p.recovery)
		return in.Session, key, err
	}
	w, err := p.owner.Waiting(c.ctx(), in.Link)
	if err != nil {
		return socket.Session{}, seal.AccountKey{}, err
	}
	key, err := p.accountKey(w)
	if err != nil {
		return socket.Session{}, seal.AccountKey{}, err
	}
	name := cleanLine(in.Name)
	if name == "" {
		name, _, _ = strings.Cut(in.Address, "@")
	}
	a := socket.Activation{
		Name: clip(name, maxNameRunes), PublicKey: key.Recipient(), Grants: p.waitingGrants(w, nil, key),
		Client: c.client, Agent: c.agent(),
	}
	if a.Escrow, err = key.Escrow(p.escrow); err != nil {
		return socket.Session{}, seal.AccountKey{}, err
	}
	s, err := p.owner.Activate(c.ctx(), in.Link, a)
	if err == nil {
		p.event(c, eventActivated, "address", s.Address)
	}
	return s, key, err
}

// A cloudView is the data of the pages before and after the identity provider.
type cloudView struct {
	Address string
	To      string // where the provider is
	Code    string // what it sent back
	State   string
	Error   string
}

// cloudCookie is the cookie that ties the provider's answer to this browser: the
// owner's ticket and what the user came for.
const cloudCookie = "postseal-signin"

// outCookie is kept for a while after somebody has logged out here: the identity
// provider, which remembers them, is then to ask again. Who sits at the browser of
// somebody else does not get back in by a press of a button.
const (
	outCookie = "postseal-out"
	outLife   = 12 * time.Hour
)

// signInAway shows the way to the identity provider: as a link, because a form's
// redirect to another site is against our pages' policy.
func (p *portal) signInAway(c *call, v loginView) error {
	if p.recovery == nil {
		return errNoRecovery
	}
	_, out := c.r.Cookie(p.hostCookie(outCookie))
	start, err := p.owner.BeginCloud(c.ctx(), v.Address, c.client, out == nil)
	if err != nil {
		return err
	}
	came, err := json.Marshal(v.aim)
	if err != nil {
		return err
	}
	p.setOwnCookie(c, cloudCookie, base64.RawURLEncoding.EncodeToString(start.Ticket)+"."+base64.RawURLEncoding.EncodeToString(came), 10*time.Minute)
	return p.render(c, http.StatusOK, "signin-away", c.text("signin.away.title"), cloudView{Address: v.Address, To: start.URL})
}

func (p *portal) setOwnCookie(c *call, name, value string, life time.Duration) {
	http.SetCookie(c.w, &http.Cookie{
		Name: p.hostCookie(name), Value: value, Path: "/", MaxAge: int(life.Seconds()),
		Secure: p.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// signInReturn is where the provider sends the browser back to. A GET never logs
// in: the page carries the answer on by a form.
func (p *portal) signInReturn(c *call) error {
	q := c.r.URL.Query()
	v := cloudView{Code: q.Get("code"), State: q.Get("state")}
	if v.Code == "" || v.State == "" || len(v.Code) > 8192 || len(v.State) > 1024 {
		v.Code, v.Error = "", c.text("signin.refused")
		return p.render(c, http.StatusUnauthorized, "signin-return", c.text("signin.return.title"), v)
	}
	return p.render(c, http.StatusOK, "signin-return", c.text("signin.return.title"), v)
}

// finishSignIn lets the owner verify what the provider sent back.
func (p *portal) finishSignIn(c *call) error {
	if err := c.form(); err != nil {
		return err
	}
	refuse := func(status int) error {
		return p.render(c, status, "signin-return", c.text("signin.return.title"), cloudView{Error: c.text("signin.refused")})
	}
	ck, err := c.r.Cookie(p.hostCookie(cloudCookie))
	if err != nil {
		return refuse(http.StatusUnauthorized)
	}
	sealed, came, _ := strings.Cut(ck.Value, ".")
	ticket, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil || p.recovery == nil {
		return refuse(http.StatusUnauthorized)
	}
	var a aim
	if b, err := base64.RawURLEncoding.DecodeString(came); err != nil || json.Unmarshal(b, &a) != nil {
		return refuse(http.StatusUnauthorized)
	}
	p.setOwnCookie(c, cloudCookie, "", -time.Second)
	in, err := p.owner.FinishCloud(c.ctx(), socket.CloudFinish{
		Ticket: ticket, State: c.r.PostFormValue("state"), Code: c.r.PostFormValue("code"), Client: c.client, Agent: c.agent(),
	})
	if errors.Is(err, socket.ErrLogin) || errors.Is(err, socket.ErrUnknown) || errors.Is(err, socket.ErrExpired) {
		p.event(c, eventLoginFailed, "address", "")
		return refuse(http.StatusUnauthorized)
	}
	if err != nil {
		return err
	}
	s, key, err := p.memberSession(c, in)
	if err != nil {
		return err
	}
	p.setOwnCookie(c, outCookie, "", -time.Second)
	return p.welcome(c, s, key, p.checked(a))
}
