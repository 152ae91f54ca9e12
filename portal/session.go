package portal

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// A user is the account behind a live session.
type user struct {
	token       seal.Token
	address     string
	further     []string // addresses of the same account
	former      []string // that it had once
	name        string
	key         seal.AccountKey
	preferences Preferences
	person      seal.AccountKey // of who acts: another one than key in a visit
	visitor     *socket.Visitor // who acts in a mailbox that several people open; nil for its holder
	mailboxes   []socket.Seat   // that whoever acts can switch to
	compose     string          // to whom it may write, as socket.SessionInfo says
	domains     []string        // of ComposeInternal
	lookUp      bool            // in the organisation's directory
	unproven    bool            // as in socket.SessionInfo
	index, own  *seal.Box       // for index entries, and for drafts and sent copies
}

// addresses are those that messages of the account can be to.
func (u *user) addresses() []string { return slices.Concat([]string{u.address}, u.further, u.former) }

// writesFrom is the address that an answer to a message is from: the one that it was
// sent to, while that is the account's.
func (u *user) writesFrom(recipient string) string {
	if slices.Contains(u.further, recipient) {
		return recipient
	}
	return u.address
}

// other is the address that a message is to, if that is not the main one.
func (u *user) other(recipient string) string {
	if recipient == u.address {
		return ""
	}
	return recipient
}

// cookieName is that of the session cookie. Browsers take a cookie with the
// __Host- prefix only from https, with Secure and Path=/ and for no other host,
// so that neither a sibling domain nor plain http can plant one. On loopback
// http there is no such prefix to have.
func (p *portal) cookieName() string {
	if p.secure {
		return "__Host-postseal"
	}
	return "postseal"
}

// setCookie gives the browser a session: the owner's token and the secret that
// the owner never sees. It has no lifetime of its own; the owner ends sessions.
func (p *portal) setCookie(c *call, token, secret seal.Token) {
	http.SetCookie(c.w, &http.Cookie{
		Name: p.cookieName(), Value: token.Encode() + "." + secret.Encode(), Path: "/",
		Secure: p.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

func (p *portal) clearCookie(c *call) {
	http.SetCookie(c.w, &http.Cookie{
		Name: p.cookieName(), Path: "/", MaxAge: -1,
		Secure: p.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// readCookie returns the halves of the session cookie.
func (p *portal) readCookie(c *call) (token, secret seal.Token, ok bool) {
	ck, err := c.r.Cookie(p.cookieName())
	if err != nil {
		return token, secret, false
	}
	c.cookie = true
	t, s, _ := strings.Cut(ck.Value, ".")
	token, err1 := seal.ParseToken(t)
	secret, err2 := seal.ParseToken(s)
	return token, secret, err1 == nil && err2 == nil
}

// findUser returns the account of the request's session, or nil if there is none.
// The error is one of the owner's being unavailable, never that of a session.
func (p *portal) findUser(c *call) (*user, error) {
	token, secret, ok := p.readCookie(c)
	if !ok {
		return nil, nil
	}
	info, err := p.owner.SessionInfo(c.ctx(), token)
	switch {
	case errors.Is(err, socket.ErrUnknown), errors.Is(err, socket.ErrExpired):
		return nil, nil
	case err != nil:
		return nil, err
	}
	key, person, err := sessionKeys(info, secret)
	if err != nil {
		// The token is right and the secret is not: nothing can be opened by it.
		return nil, nil
	}
	u := &user{
		token: token, address: info.Address, further: info.Addresses, former: info.Former, name: info.Name,
		key: key, person: person, visitor: info.Visitor, mailboxes: info.Mailboxes, preferences: parsePreferences(info.Preferences),
		compose: info.Compose, domains: info.Domains, lookUp: info.LookUp, unproven: info.Unproven, index: key.IndexBox(), own: key.OwnBox(),
	}
	c.viewer = p.viewerOf(c.r, u)
	return u, nil
}

// begin makes a fresh session the browser's, in place of any that it had.
func (p *portal) begin(c *call, s socket.Session, key seal.AccountKey) (*user, error) {
	secret := seal.NewToken()
	if err := p.owner.KeepKey(c.ctx(), s.Token, key.ForSession(secret)); err != nil {
		return nil, err
	}
	if old, _, ok := p.readCookie(c); ok {
		// The new session is good whether or not the old one could be ended.
		if err := p.owner.Logout(c.ctx(), old); err != nil {
			p.log.Warn("end the previous session", "error", err)
		}
	}
	p.setCookie(c, s.Token, secret)
	p.clearPIN(c) // it was given in the session before
	return &user{
		token: s.Token, address: s.Address, further: s.Addresses, former: s.Former, name: s.Name,
		key: key, person: key, index: key.IndexBox(), own: key.OwnBox(),
	}, nil
}

// needLogin answers a request that lacks a session: the form to log in, which
// leads on to the message that was asked for.
func (p *portal) needLogin(c *call) {
	v, at := loginView{Ended: c.cookie}, c.r.URL.Path
	if c.cookie {
		p.clearCookie(c)
	}
	if c.r.Method == http.MethodPost {
		// What was typed is still in the browser's history.
		v.Post, at = true, p.placeOf(c)
	}
	if strings.HasPrefix(c.route.path, "/m/"+id) {
		v.Message = c.arg("id")
	} else if p.isPlace(at) {
		v.Place = at
	}
	if err := p.renderLogin(c, http.StatusUnauthorized, v); err != nil {
		p.log.Error("login page failed", "error", err)
	}
}
