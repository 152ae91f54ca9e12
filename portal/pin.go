package portal

import (
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// A pinView is the data of the page that asks for the PIN of a message.
type pinView struct {
	ID      string
	Action  string // where the form goes
	Code    string // of a one-time link
	Sender  string
	Expires time.Time
	Error   string
	Locked  bool // too many wrong ones
}

// A pinned message was opened with its PIN in this browser session.
type pinned struct {
	id   string
	keys seal.PINKeys
}

// pinCookie is the name of the cookie that holds a [pinned]: it lets the parts of
// the message's page be fetched. It is of no use without the session's cookie. A
// browser remembers one message's PIN at a time.
func (p *portal) pinCookie() string { return p.cookieName() + "-pin" }

func (p *portal) setPIN(c *call, m pinned) {
	enc := base64.RawURLEncoding
	http.SetCookie(c.w, &http.Cookie{
		Name: p.pinCookie(), Value: m.id + "." + enc.EncodeToString(m.keys.Wrap[:]) + "." + enc.EncodeToString(m.keys.Verifier[:]),
		Path: "/", Secure: p.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

func (p *portal) clearPIN(c *call) {
	if _, err := c.r.Cookie(p.pinCookie()); err == nil {
		http.SetCookie(c.w, &http.Cookie{Name: p.pinCookie(), Path: "/", MaxAge: -1, Secure: p.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	}
}

// readPIN returns the stretched PIN of a message, if this browser gave it.
func (p *portal) readPIN(c *call, id string) (seal.PINKeys, bool) {
	ck, err := c.r.Cookie(p.pinCookie())
	if err != nil {
		return seal.PINKeys{}, false
	}
	parts := strings.Split(ck.Value, ".")
	if len(parts) != 3 || !strings.EqualFold(parts[0], id) {
		return seal.PINKeys{}, false
	}
	wrap, err1 := base64.RawURLEncoding.DecodeString(parts[1])
	verifier, err2 := base64.RawURLEncoding.DecodeString(parts[2])
	if err1 != nil || err2 != nil || len(wrap) != seal.KeySize || len(verifier) != seal.KeySize {
		return seal.PINKeys{}, false
	}
	return seal.PINKeys{Wrap: [seal.KeySize]byte(wrap), Verifier: [seal.KeySize]byte(verifier)}, true
}

// stretchPIN takes a slot of those for passwords: it is as much work.
func (p *portal) stretchPIN(c *call, pin, id string) (seal.PINKeys, error) {
	select {
	case p.stretching <- struct{}{}:
	case <-c.ctx().Done():
		return seal.PINKeys{}, errBusy
	}
	defer func() { <-p.stretching }()
	return seal.StretchPIN(pin, id)
}

// enterPIN opens a message of the user's with the PIN that was typed.
func (p *portal) enterPIN(c *call) error {
	if err := c.form(); err != nil {
		return err
	}
	m, err := p.owner.Message(c.ctx(), c.user.token, c.arg("id"))
	if err != nil {
		return err
	}
	pin, err := seal.ParsePIN(c.r.PostFormValue("pin"))
	if err != nil {
		return p.askPIN(c, m, seal.Code{}, err)
	}
	keys, err := p.stretchPIN(c, pin, m.ID)
	if err != nil {
		return err
	}
	f, err := p.unlockPIN(c, socket.Caller{Session: c.user.token}, m, opener{id: c.user.key.Identity(), pin: &keys}, seal.ModeAccount, c.user.addresses()...)
	if wrongPIN(err) {
		return p.askPIN(c, m, seal.Code{}, err)
	}
	if err != nil {
		return err
	}
	if err := p.owner.MarkOpened(c.ctx(), c.user.token, f.ID, true); err != nil {
		return err
	}
	p.event(c, eventOpened, "id", f.ID, "address", c.user.address)
	p.setPIN(c, pinned{f.ID, keys})
	return c.redirect("/m/" + f.ID)
}

// unlockPIN asks the owner for the grant of a message with a PIN, and opens it.
func (p *portal) unlockPIN(c *call, by socket.Caller, m socket.Message, o opener, mode seal.Mode, recipients ...string) (*fetched, error) {
	got, err := p.owner.TryPIN(c.ctx(), by, m.ID, o.pin.Verifier[:], c.client)
	if err != nil {
		if wrongPIN(err) {
			p.event(c, eventPINFailed, "id", m.ID)
		}
		return nil, err
	}
	if got.ID != m.ID {
		return nil, errIntegrity
	}
	return p.unlock(got, o, mode, recipients...)
}

// wrongPIN reports whether an error is about the PIN rather than the message.
func wrongPIN(err error) bool {
	return errors.Is(err, socket.ErrLogin) || errors.Is(err, socket.ErrThrottled) || errors.Is(err, errPIN) || errors.Is(err, seal.ErrPIN)
}

// askPIN shows the page that asks for the PIN of a message, and what was wrong
// with the one before. code is of a one-time link, else zero.
func (p *portal) askPIN(c *call, m socket.Message, code seal.Code, problem error) error {
	manifest, err := p.verify(m.Manifest)
	if err != nil {
		return err
	}
	v := pinView{ID: m.ID, Action: "/m/" + m.ID + "/pin", Sender: manifest.Sender, Expires: m.Expires}
	if code != (seal.Code{}) {
		v.Action, v.Code = "/o/"+m.ID, code.Fragment()
	}
	status := http.StatusUnprocessableEntity
	switch {
	case errors.Is(problem, socket.ErrThrottled):
		v.Locked = true
		status = http.StatusTooManyRequests
	case errors.Is(problem, socket.ErrLogin):
		v.Error = c.text("pin.wrong")
	case errors.Is(problem, seal.ErrPIN):
		v.Error = c.text("pin.bad")
	default:
		status = http.StatusOK
	}
	return p.render(c, status, "pin", c.text("pin.title"), v)
}
