package portal

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// A linkView is the data of the pages on which a link arrives: a field for the
// code, which a script fills from the fragment, and a button.
type linkView struct {
	Action   string // where the form goes
	Anywhere bool   // the page for typing a code of any kind, rather than one that a link leads to
	Heading  string // key of the text that says what the link is for; "": a message
	Typed    string // what was typed, when it is not a code
	Error    string // about the code field
}

// linkPage is where all links lead but one-time ones. It is the same for everybody.
func (p *portal) linkPage(c *call) error {
	return p.renderLink(c, http.StatusOK, linkView{Action: c.r.URL.Path, Heading: linkHeadings[c.route.path]})
}

// linkHeadings are the headings of the pages of links that lead to no message.
var linkHeadings = map[string]string{
	"/h": "link.heading.release", "/s": "link.heading.status", "/r": "reset.heading",
	"/j": "addresses.add.title", "/p": "invited.heading",
}

// codePage is for typing a code.
func (p *portal) codePage(c *call) error {
	return p.renderLink(c, http.StatusOK, linkView{Action: "/code", Anywhere: true})
}

func (p *portal) renderLink(c *call, status int, v linkView) error {
	title := "link.title"
	if v.Heading != "" {
		title = v.Heading
	}
	return p.render(c, status, "link", c.text(title), v)
}

// mendLink sends a link whose "#" was turned into "%23" on to the fragment,
// which the browser keeps for itself.
func (p *portal) mendLink(c *call) error {
	to := "/" + c.arg("kind")
	if id := c.arg("id"); id != "" {
		to += "/" + id
	}
	if code, err := seal.ParseCode(c.arg("code")); err == nil {
		to += "#" + code.Fragment()
	}
	return c.redirect(to)
}

// useCode takes a code by a form and does what its link is for.
func (p *portal) useCode(c *call) error {
	if err := c.form(); err != nil {
		return err
	}
	typed := clip(c.r.PostFormValue("code"), 80)
	code, err := seal.ParseCode(typed)
	if err != nil {
		if strings.HasPrefix(c.route.path, "/o/") {
			return p.renderOneTime(c, http.StatusUnprocessableEntity, typed, c.text("link.badcode"))
		}
		return p.renderLink(c, http.StatusUnprocessableEntity,
			linkView{Action: c.r.URL.Path, Anywhere: c.route.path == "/code", Heading: linkHeadings[c.route.path], Typed: typed, Error: c.text("link.badcode")})
	}
	info, err := p.owner.Link(c.ctx(), code.Token())
	if err != nil {
		return err
	}
	if id := c.arg("id"); id != "" && !strings.EqualFold(id, info.Message) {
		return socket.ErrUnknown
	}
	switch info.Kind {
	case socket.LinkOneTime:
		return p.showOneTime(c, code)
	case socket.LinkReset:
		return p.activationForm(c, code, info)
	case socket.LinkRelease:
		return p.showHeld(c, code, false)
	case socket.LinkStatus:
		return p.showStatus(c, code)
	case socket.LinkSeat:
		return p.showInvitation(c, code, info)
	case socket.LinkAddress:
		return p.joinOrLogin(c, code)
	case socket.LinkActivate:
		if !info.Account {
			return p.activationForm(c, code, info)
		}
		return p.claimOrLogin(c, code, info)
	}
	return socket.ErrUnknown
}

// claimOrLogin adds the message of an activation link to its recipient's
// account, once that is logged in.
func (p *portal) claimOrLogin(c *call, code seal.Code, info socket.LinkInfo) error {
	u, err := p.findUser(c)
	if err != nil {
		return err
	}
	if u == nil || u.writesFrom(info.Recipient) != info.Recipient {
		return p.renderLogin(c, http.StatusOK,
			loginView{Address: info.Recipient, As: u.openMailbox(), aim: aim{Code: code.Fragment(), Message: info.Message}})
	}
	id, err := p.claim(c, u, code.Fragment())
	if errors.Is(err, socket.ErrConflict) {
		id, err = info.Message, nil // it has the message already
	}
	if err != nil {
		return err
	}
	return p.openAndShow(c, u, id)
}

// claim turns the grant for a link's code into one for the user's account and
// returns the message's id.
func (p *portal) claim(c *call, u *user, text string) (string, error) {
	code, err := seal.ParseCode(text)
	if err != nil {
		return "", socket.ErrUnknown
	}
	w, err := p.owner.ClaimGrant(c.ctx(), u.token, code.Token())
	if err != nil {
		return "", err
	}
	m, err := p.verify(w.Manifest)
	if err != nil {
		return "", err
	}
	if m.Mode != seal.ModeAccount || u.writesFrom(m.Recipient) != m.Recipient {
		return "", errIntegrity
	}
	id, err := code.Identity()
	if err != nil {
		return "", err
	}
	grant, err := regrant(w.Grant, m, id, u.key)
	if err != nil {
		return "", err
	}
	return m.Message, p.owner.Claim(c.ctx(), u.token, code.Token(), grant)
}

// findCode tells a script where a code belongs. It gets the link's token, which
// opens nothing, and not the code.
func (p *portal) findCode(c *call) error {
	token, err := c.jsonToken()
	if err != nil {
		return p.jsonError(c, err)
	}
	info, err := p.owner.Link(c.ctx(), token)
	if err != nil {
		return p.jsonError(c, err)
	}
	to := "/r"
	switch info.Kind {
	case socket.LinkOneTime:
		to = "/o/" + info.Message
	case socket.LinkActivate:
		to = "/a/" + info.Message
	case socket.LinkRelease:
		to = "/h"
	case socket.LinkStatus:
		to = "/s"
	case socket.LinkSeat:
		to = "/p"
	case socket.LinkAddress:
		to = "/j"
	}
	return c.json(http.StatusOK, map[string]string{"to": to})
}

// jsonToken reads {"token": "..."}.
func (c *call) jsonToken() (seal.Token, error) {
	var body struct {
		Token seal.Token `json:"token"`
	}
	if err := json.NewDecoder(c.r.Body).Decode(&body); err != nil {
		return seal.Token{}, errForm
	}
	return body.Token, nil
}

func (c *call) json(status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	c.w.Header().Set("Content-Type", "application/json")
	c.w.WriteHeader(status)
	_, _ = c.w.Write(b) // the browser may have gone
	return nil
}

// jsonError answers a script with the key of an error; its texts are in the page.
func (p *portal) jsonError(c *call, err error) error {
	f, known := classify(err)
	if !known || f.status >= 500 {
		p.log.Error("answer to a script failed", "route", c.route.path, "error", err)
	}
	answer := struct {
		Error string    `json:"error"`
		By    string    `json:"by,omitempty"` // who took the message back
		At    time.Time `json:"at,omitzero"`
	}{Error: f.key}
	var ended *socket.EndedError
	if errors.As(err, &ended) {
		answer.By, answer.At = ended.By, ended.At
	}
	return c.json(f.status, answer)
}
