package portal

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/postseal/postseal/portal/display"
	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// A releaseView is the data of the page on which the sender of a held or deferred
// message decides what becomes of it.
type releaseView struct {
	Code       string
	Heading    string // where it is, in one line
	State      string // as in socket.Held; "waiting" has the form
	Deferred   bool
	Done       bool // by this request
	Rule, Text string
	Sender     string
	Recipients []string
	Subject    string
	Created    time.Time
	Expires    time.Time
	Ended      time.Time
	Trust      string // "", "recipient" or "sender"
	TrustDays  int    // 0: for ever
	Reason     string
}

// maxReason bounds the reason of a release, in characters.
const maxReason = 500

// showHeld shows what waits behind a release link. Nothing happens to it.
func (p *portal) showHeld(c *call, code seal.Code, done bool) error {
	h, err := p.owner.Held(c.ctx(), code.Token())
	if err != nil {
		return err
	}
	v := releaseView{
		Code: code.Fragment(), State: h.State, Deferred: h.Deferred, Done: done, Rule: h.Rule, Text: h.Text,
		Sender: h.Sender, Recipients: h.Recipients, Created: h.Created, Expires: h.Expires, Ended: h.Ended,
		Trust: h.Trust, TrustDays: int((h.TrustFor + 12*time.Hour) / (24 * time.Hour)),
	}
	if h.State == "waiting" {
		if _, v.Subject, err = p.openHeld(code, h); err != nil {
			return err
		}
	}
	v.Heading = c.text(v.headingKey())
	title := v.Heading
	if h.State == "waiting" {
		title = c.text("release.title")
	}
	return p.render(c, http.StatusOK, "release", title, v)
}

// headingKey names the text that says in one line where the message is.
func (v releaseView) headingKey() string {
	switch v.State {
	case "waiting":
		return "release.heading"
	case "released":
		if v.Done {
			return "release.released.heading"
		}
		return "release.already.heading"
	case "withdrawn":
		return "release.withdrawn.heading"
	case "rejected":
		return "release.rejected.heading"
	}
	return "release.expired.heading"
}

// openHeld opens what the code of a release link opens: the subject, and of a held
// message its key.
func (p *portal) openHeld(code seal.Code, h socket.Held) (key seal.MessageKey, subject string, err error) {
	if h.Deferred {
		if len(h.Subject) > 0 {
			subject, err = code.OpenText(h.Subject)
		}
		return key, display.Decode(subject), err
	}
	m, err := p.verify(h.Manifest)
	if err != nil {
		return key, "", err
	}
	if m.Message != h.ID || m.Mode != seal.ModeHeld || digest(h.Summary) != m.Summary {
		return key, "", errIntegrity
	}
	id, err := code.Identity()
	if err != nil {
		return key, "", err
	}
	if key, err = seal.OpenGrant(h.Grant, id, m); err != nil {
		return key, "", err
	}
	s, err := key.OpenSummary(h.ID, h.Summary)
	return key, display.Decode(s.Subject), err
}

// release lets the message of a release link go.
func (p *portal) release(c *call) error {
	code, err := c.formCode()
	if err != nil {
		return err
	}
	h, err := p.owner.Held(c.ctx(), code.Token())
	if err != nil {
		return err
	}
	if h.State != "waiting" {
		return p.showHeld(c, code, false)
	}
	order := socket.ReleaseOrder{Reason: clipRunes(cleanLine(c.r.PostFormValue("reason")), maxReason), Client: c.client}
	key, _, err := p.openHeld(code, h)
	if err != nil {
		return err
	}
	if !h.Deferred {
		order.Key = key.Text()
	}
	err = p.owner.Release(c.ctx(), code.Token(), order)
	return p.decided(c, code, eventReleased, h.ID, err)
}

// withdraw ends the message of a release link: it is never sent.
func (p *portal) withdraw(c *call) error {
	code, err := c.formCode()
	if err != nil {
		return err
	}
	h, err := p.owner.Held(c.ctx(), code.Token())
	if err != nil {
		return err
	}
	if h.State != "waiting" {
		return p.showHeld(c, code, false)
	}
	err = p.owner.Withdraw(c.ctx(), code.Token(), c.client)
	return p.decided(c, code, eventWithdrawn, h.ID, err)
}

// decided shows what became of the message. If its time was over, or somebody else
// had decided meanwhile, it shows that.
func (p *portal) decided(c *call, code seal.Code, verb, id string, err error) error {
	switch {
	case errors.Is(err, socket.ErrConflict), errors.Is(err, socket.ErrExpired):
		return p.showHeld(c, code, false)
	case err != nil:
		return err
	}
	p.event(c, verb, "id", id)
	return p.showHeld(c, code, true)
}

// formCode reads a form and the code in it, which the form of the page before
// carried on.
func (c *call) formCode() (seal.Code, error) {
	if err := c.form(); err != nil {
		return seal.Code{}, err
	}
	code, err := seal.ParseCode(c.r.PostFormValue("code"))
	if err != nil {
		return seal.Code{}, socket.ErrUnknown
	}
	return code, nil
}

// clipRunes shortens s to at most n characters.
func clipRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return strings.TrimSpace(s[:i])
		}
		n--
	}
	return s
}
