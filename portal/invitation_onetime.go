package portal

import (
	"errors"
	"net/http"
	"strings"

	"github.com/postseal/postseal/portal/display"
	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// maxEvent bounds what a browser tells of the event that it answers, in octets.
const maxEvent = 16 << 10

// answerOneTimeInvitation answers the invitation in a one-time message that was
// opened. A browser that opened it sends the link's token, and of the event what
// an answer needs; who has no scripts sends the code, and the portal reads again.
// Either way the answer is made anew here and goes to the message's sender.
func (p *portal) answerOneTimeInvitation(c *call) error {
	if err := c.form(); err != nil {
		return err
	}
	a, err := p.chosenAnswer(c)
	if err != nil {
		return err
	}
	token, in, who, err := p.oneTimeInvitation(c)
	if err != nil {
		return err
	}
	if !mayAnswer(in) {
		return errNotFound
	}
	subject, text := p.answerText(c, in, a)
	reply := socket.Reply{Message: strings.ToLower(c.arg("id")), Subject: subject, Nonce: a.nonce}
	object := invitationReply(in, display.Person{Address: who}, a.status, a.comment, p.now())
	if err := p.sendInvitationReply(c, socket.Caller{Link: token}, reply, text, object); err != nil {
		return err
	}
	return p.render(c, http.StatusOK, "sent", c.text("sent.title"), sentView{At: p.now()})
}

// oneTimeInvitation returns what is answered, and the address that answers.
func (p *portal) oneTimeInvitation(c *call) (token seal.Token, in *display.Invitation, who string, err error) {
	if c.r.PostFormValue("code") == "" {
		return p.toldInvitation(c)
	}
	code, err := c.formCode()
	if err != nil {
		return token, nil, "", err
	}
	f, _, err := p.unlockOneTime(c, code)
	if err != nil {
		return token, nil, "", err
	}
	m, err := p.openOneTimeMail(c, code, f)
	if err != nil {
		return token, nil, "", err
	}
	defer m.Close()
	mail, err := display.Read(m.reader())
	if err != nil {
		return token, nil, "", err
	}
	in, err = display.ReadCalendar(mail.Calendar)
	if err != nil {
		return token, nil, "", errNotFound
	}
	return code.Token(), in, f.manifest.Recipient, nil
}

// toldInvitation reads what the browser tells of the event, within the bounds of
// any calendar object. It can't be compared with the message, which is closed here;
// whoever can tell something else could write it in a reply too.
func (p *portal) toldInvitation(c *call) (token seal.Token, in *display.Invitation, who string, err error) {
	if token, err = seal.ParseToken(c.r.PostFormValue("token")); err != nil {
		return token, nil, "", socket.ErrUnknown
	}
	info, err := p.owner.Link(c.ctx(), token)
	if err != nil {
		return token, nil, "", err
	}
	if info.Kind != socket.LinkOneTime || !strings.EqualFold(info.Message, c.arg("id")) {
		return token, nil, "", socket.ErrUnknown
	}
	event := c.r.PostFormValue("event")
	if len(event) > maxEvent {
		return token, nil, "", errForm
	}
	in, err = display.ReadCalendar("BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\n" + event + "\nEND:VEVENT\nEND:VCALENDAR\n")
	if errors.Is(err, display.ErrCalendar) {
		err = errForm
	}
	return token, in, info.Recipient, err
}
