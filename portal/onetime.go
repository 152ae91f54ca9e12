package portal

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/postseal/postseal/portal/display"
	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// A oneTimeView is the data of the page on which a one-time link arrives. The
// same for everybody: the server knows no more than the id in the path.
type oneTimeView struct {
	ID      string
	Typed   string // what was typed, when it is not a code
	Error   string // about the code field
	Nonce   string
	Limit   int64
	Reasons []reason
	PIN     pinView // for the field of its form
	Words   string  // calendarWords, for the card of an invitation
	Answer  string  // nonce of an answer to an invitation
}

// A reason is the text of an error that a script may have to show.
type reason struct{ Key, Title, Text string }

func (p *portal) oneTimePage(c *call) error {
	c.plain = true
	return p.renderOneTime(c, http.StatusOK, "", "")
}

func (p *portal) renderOneTime(c *call, status int, typed, problem string) error {
	words, err := calendarWordsOf(c.viewer)
	if err != nil {
		return err
	}
	v := oneTimeView{
		ID: c.arg("id"), Typed: typed, Error: problem, Nonce: seal.NewToken().Encode(), Limit: p.limits.Reply,
		Words: words, Answer: seal.NewToken().Encode(),
	}
	for _, k := range []string{"unknown", "expired", "recalled", "used", "pinlocked", "throttled", "unavailable", "integrity", "internal"} {
		r := reason{k, c.text("error." + k + ".title"), c.text("error." + k + ".text")}
		if k == "throttled" {
			r.Text = c.text("error.throttled.text", "Wait", c.plural("wait.minutes", 1))
		}
		v.Reasons = append(v.Reasons, r)
	}
	return p.render(c, status, "onetime", c.text("onetime.title"), v)
}

// A pickup is what the browser needs to open a one-time message by itself.
type pickup struct {
	Manifest []byte    `json:"manifest"` // JSON, signature verified here
	Summary  []byte    `json:"summary"`
	Grant    []byte    `json:"grant"`
	Expires  time.Time `json:"expires"`
	CanReply bool      `json:"canReply"`
	NeedsPIN bool      `json:"needsPIN"` // there is no grant yet
}

// oneTimeOpen gives the browser everything but the payload. It gets the link's
// token; the code stays in the browser.
func (p *portal) oneTimeOpen(c *call) error {
	token, err := c.jsonToken()
	if err != nil {
		return p.jsonError(c, err)
	}
	m, err := p.openLink(c, token)
	if err != nil {
		return p.jsonError(c, err)
	}
	if !m.NeedsPIN {
		p.event(c, eventOpened, "id", m.ID)
	}
	return c.json(http.StatusOK, pickupOf(m))
}

func pickupOf(m socket.Message) pickup {
	return pickup{m.Manifest.JSON, m.Summary, m.Grant, m.Expires, m.CanReply, m.NeedsPIN}
}

// oneTimePIN gives the browser the grant of a message with a PIN. It gets the
// stretched PIN's verifier; what opens the grant stays in the browser.
func (p *portal) oneTimePIN(c *call) error {
	var body struct {
		Token    seal.Token `json:"token"`
		Verifier []byte     `json:"verifier"`
	}
	if err := json.NewDecoder(c.r.Body).Decode(&body); err != nil || len(body.Verifier) != seal.KeySize {
		return p.jsonError(c, errForm)
	}
	m, err := p.openLink(c, body.Token)
	if err != nil {
		return p.jsonError(c, err)
	}
	got, err := p.owner.TryPIN(c.ctx(), socket.Caller{Link: body.Token}, m.ID, body.Verifier, c.client)
	if err == nil && got.ID != m.ID {
		err = errIntegrity
	}
	if wrongPIN(err) {
		p.event(c, eventPINFailed, "id", m.ID)
	}
	if errors.Is(err, socket.ErrThrottled) {
		return c.json(http.StatusTooManyRequests, map[string]string{"error": "pinlocked"})
	}
	if err != nil {
		return p.jsonError(c, err)
	}
	p.event(c, eventOpened, "id", m.ID)
	return c.json(http.StatusOK, pickupOf(got))
}

// openLink opens a one-time message by its link's token. The manifest has been
// verified and names the message of the path.
func (p *portal) openLink(c *call, token seal.Token) (socket.Message, error) {
	info, err := p.owner.Link(c.ctx(), token)
	if err != nil {
		return socket.Message{}, err
	}
	// Asked first, so that a wrong path doesn't use the link up.
	if info.Kind != socket.LinkOneTime || (c.arg("id") != "" && !strings.EqualFold(info.Message, c.arg("id"))) {
		return socket.Message{}, socket.ErrUnknown
	}
	m, err := p.owner.OpenOneTime(c.ctx(), token)
	if err != nil {
		return m, err
	}
	manifest, err := p.verify(m.Manifest)
	if err != nil {
		return m, err
	}
	if manifest.Message != m.ID || m.ID != info.Message || manifest.Mode != seal.ModeOneTime || digest(m.Summary) != manifest.Summary {
		return m, errIntegrity
	}
	return m, nil
}

// oneTimePayload sends the sealed payload to the browser, which compares its
// digest with the manifest's.
func (p *portal) oneTimePayload(c *call) error {
	token, err := c.jsonToken()
	if err != nil {
		return p.jsonError(c, err)
	}
	m, err := p.openLink(c, token)
	if err != nil {
		return p.jsonError(c, err)
	}
	manifest, err := p.verify(m.Manifest)
	if err != nil {
		return p.jsonError(c, err)
	}
	if manifest.PayloadSize > p.limits.Payload {
		return p.jsonError(c, socket.ErrTooLarge)
	}
	src, err := p.owner.OneTimePayload(c.ctx(), token)
	if err != nil {
		return p.jsonError(c, err)
	}
	defer src.Close()
	c.w.Header().Set("Content-Type", "application/octet-stream")
	c.w.Header().Set("Content-Length", strconv.FormatInt(manifest.PayloadSize, 10))
	n, err := io.Copy(c.w, io.LimitReader(src, manifest.PayloadSize))
	if err == nil && n != manifest.PayloadSize {
		err = errIntegrity
	}
	return err
}

// unlockOneTime opens a one-time message here, for a browser without scripts. One
// with a PIN that the form lacks is errPIN; the message is returned all the same,
// as it is with the other errors about a PIN.
func (p *portal) unlockOneTime(c *call, code seal.Code) (*fetched, socket.Message, error) {
	m, err := p.openLink(c, code.Token())
	if err != nil {
		return nil, m, err
	}
	id, err := code.Identity()
	if err != nil {
		return nil, m, err
	}
	if !m.NeedsPIN {
		f, err := p.unlock(m, opener{id: id}, seal.ModeOneTime)
		return f, m, err
	}
	if !c.r.PostForm.Has("pin") {
		return nil, m, errPIN
	}
	pin, err := seal.ParsePIN(c.r.PostFormValue("pin"))
	if err != nil {
		return nil, m, err
	}
	keys, err := p.stretchPIN(c, pin, m.ID)
	if err != nil {
		return nil, m, err
	}
	f, err := p.unlockPIN(c, socket.Caller{Link: code.Token()}, m, opener{id, &keys}, seal.ModeOneTime)
	return f, m, err
}

func (p *portal) openOneTimeMail(c *call, code seal.Code, f *fetched) (*plain, error) {
	src, err := p.owner.OneTimePayload(c.ctx(), code.Token())
	if err != nil {
		return nil, err
	}
	defer src.Close()
	return p.openPayload(c, src, f)
}

// showOneTime shows a one-time message that was opened here. The frame is part
// of the page (srcdoc), for there is nothing that a second request could name:
// so the page's policy holds in it too, and the mail's own styles are left out.
func (p *portal) showOneTime(c *call, code seal.Code) error {
	f, asked, err := p.unlockOneTime(c, code)
	if wrongPIN(err) {
		return p.askPIN(c, asked, code, err)
	}
	if err != nil {
		return err
	}
	p.event(c, eventOpened, "id", f.ID, "address", f.manifest.Recipient)
	m, err := p.openOneTimeMail(c, code, f)
	if err != nil {
		return err
	}
	defer m.Close()
	mail, err := display.Read(m.reader())
	if err != nil {
		return err
	}
	v := p.summaryView(c, f)
	v.PIN = c.r.PostFormValue("pin")
	v.Opened, v.Code, v.Nonce, v.Reply = true, code.Fragment(), seal.NewToken().Encode(), replySubject(f)
	v.fill(mail)
	v.Invitation = p.invitation(c, f, mail)
	v.Mode = mode(c.r.PostFormValue("view"), mail)
	if v.Mode == "html" {
		clean, err := p.sanitise(c.ctx(), mail)
		v.Remote, v.Inner = clean.Remote, display.Unstyled(clean.HTML)
		if err != nil {
			v.Mode, v.Unsafe = "text", true
		}
	}
	c.w.Header().Set("Content-Security-Policy", strings.Replace(pagePolicy, "img-src 'self'", "img-src 'self' data:", 1))
	title := v.Subject
	if title == "" {
		title = c.text("message.nosubject")
	}
	return p.render(c, http.StatusOK, "onetime-message", title, v)
}

// withCode runs a download for a one-time message, by the code of a form.
func (p *portal) withCode(c *call, f func(*fetched, *plain) error) error {
	if err := c.form(); err != nil {
		return err
	}
	code, err := seal.ParseCode(c.r.PostFormValue("code"))
	if err != nil {
		return socket.ErrUnknown
	}
	msg, _, err := p.unlockOneTime(c, code)
	if err != nil {
		return err
	}
	m, err := p.openOneTimeMail(c, code, msg)
	if err != nil {
		return err
	}
	defer m.Close()
	return f(msg, m)
}

func (p *portal) oneTimePart(c *call) error {
	return p.withCode(c, func(_ *fetched, m *plain) error { return sendPart(c, m) })
}

func (p *portal) oneTimeOriginal(c *call) error {
	return p.withCode(c, func(f *fetched, m *plain) error {
		if f.manifest.Restrict.NoPrint {
			return errNoPrint
		}
		return sendOriginal(c, f, m)
	})
}

// A sentView is the data of the page that confirms a reply.
type sentView struct {
	ID string // "" for a one-time message
	To string
	At time.Time
}

// oneTimeReply sends an answer to a one-time message that was opened, by the
// link's token (a script's) or its code.
func (p *portal) oneTimeReply(c *call) error {
	a, err := p.readAnswer(c)
	if err != nil {
		return err
	}
	token, err := seal.ParseToken(a.token)
	if err != nil {
		code, err := seal.ParseCode(a.code)
		if err != nil {
			return socket.ErrUnknown
		}
		token = code.Token()
	}
	if strings.TrimSpace(a.body) == "" && len(a.files) == 0 {
		return errEmptyReply
	}
	if a.nonce == "" {
		return errForm
	}
	err = p.send(c, socket.Caller{Link: token}, c.arg("id"), a.nonce, a)
	if errors.Is(err, socket.ErrTooLarge) {
		return socket.ErrTooLarge
	}
	if err != nil {
		return err
	}
	return p.render(c, http.StatusOK, "sent", c.text("sent.title"), sentView{At: p.now()})
}

// emptyFrame is the document into which the script of a one-time page puts the
// sanitised mail. It brings the policy of the frame with it.
func (p *portal) emptyFrame(c *call) error {
	framed(c.w.Header(), display.FramePolicy)
	c.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(c.w, display.Frame(""))
	return nil
}
