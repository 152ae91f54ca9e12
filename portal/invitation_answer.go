package portal

import (
	"fmt"
	"io"
	"mime/multipart"
	"strings"
	"time"

	"github.com/postseal/postseal/portal/display"
	"github.com/postseal/postseal/store/socket"
)

// maxComment bounds the comment of an answer, in octets.
const maxComment = 4000

// answers are the answers of the form: the participation status (RFC 5545 section
// 3.2.12) and the text that begins the subject.
var answers = map[string]struct{ status, subject string }{
	answerAccept:    {"ACCEPTED", "calendar.accepted"},
	answerTentative: {"TENTATIVE", "calendar.tentative.sent"},
	answerDecline:   {"DECLINED", "calendar.declined"},
}

// answerInvitation answers an invitation by a mail to the message's sender: nobody
// whom the calendar object names gets anything.
func (p *portal) answerInvitation(c *call) error {
	if err := c.form(); err != nil {
		return err
	}
	a, err := p.chosenAnswer(c)
	if err != nil {
		return err
	}
	f, err := p.original(c, kindReply, c.arg("id"))
	if err != nil {
		return err
	}
	m, err := p.read(c, f)
	if err != nil {
		return err
	}
	in, err := display.ReadCalendar(m.Calendar)
	if err != nil || !mayAnswer(in) {
		return errNotFound
	}
	subject, text := p.answerText(c, in, a)
	d := draftContent{Kind: kindReply, Answers: f.ID, Subject: subject, Body: text, Nonce: a.nonce}
	v := writeView{ID: c.draftOf(f.ID + a.nonce), Errors: map[string]string{}} // what becomes the copy in sent
	if err := p.keepDraft(c, v.ID, &d, nil); err != nil {
		return p.notKept(c, v, d, err)
	}
	who := display.Person{Name: cleanLine(c.user.name), Address: c.user.writesFrom(f.manifest.Recipient)}
	reply := socket.Reply{Message: f.ID, Subject: subject, Nonce: a.nonce, Draft: v.ID}
	if err := p.sendInvitationReply(c, socket.Caller{Session: c.user.token}, reply, text, invitationReply(in, who, a.status, a.comment, p.now())); err != nil {
		return err
	}
	p.met(c, 1, c.sender(f))
	return c.redirect(d.sentPage())
}

// A chosenAnswer is what the form of an answer carried.
type chosenAnswer struct {
	status  string // as the calendar object has it
	subject string // key of the text that begins the subject
	comment string
	nonce   string
}

func (p *portal) chosenAnswer(c *call) (chosenAnswer, error) {
	chosen, ok := answers[c.r.PostFormValue("answer")]
	a := chosenAnswer{status: chosen.status, subject: chosen.subject, nonce: c.r.PostFormValue("nonce")}
	if !ok || a.nonce == "" || len(a.nonce) > 100 {
		return a, errForm
	}
	a.comment = strings.TrimSpace(clip(cleanText(c.r.PostFormValue("comment")), maxComment))
	return a, nil
}

// answerText is an answer for people.
func (p *portal) answerText(c *call, in *display.Invitation, a chosenAnswer) (subject, text string) {
	title := cleanLine(in.Summary)
	if title == "" {
		title = c.text("message.nosubject")
	}
	subject = clip(c.text(a.subject)+": "+title, maxSubject)
	text = subject + "\n" + whenOf(c.viewer, in) + "\n"
	if a.comment != "" {
		text += "\n" + a.comment + "\n"
	}
	return subject, text
}

// sendInvitationReply hands an answer to the owner.
func (p *portal) sendInvitationReply(c *call, by socket.Caller, reply socket.Reply, text, object string) error {
	r, w := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.CloseWithError(writeInvitationReply(w, text, object))
	}()
	err := p.owner.Reply(c.ctx(), by, reply, r)
	r.Close()
	<-done
	if err == nil {
		p.event(c, eventReplied, "id", reply.Message)
	}
	return err
}

// cleanText is text of several lines from a form.
func cleanText(s string) string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i := range lines {
		lines[i] = cleanLine(lines[i])
	}
	return strings.Join(lines, "\n")
}

// writeInvitationReply writes the answer as a MIME entity: for people and for
// calendars (RFC 6047 section 2.4).
func writeInvitationReply(w io.Writer, text, object string) error {
	m := multipart.NewWriter(w)
	if _, err := fmt.Fprintf(w, "Content-Type: multipart/alternative; boundary=%q\r\n\r\n", m.Boundary()); err != nil {
		return err
	}
	if err := writePart(m, "text/plain; charset=utf-8", text); err != nil {
		return err
	}
	if err := writePart(m, "text/calendar; method=REPLY; charset=utf-8", object); err != nil {
		return err
	}
	return m.Close()
}

// invitationReply is the calendar object that answers an invitation (RFC 5546
// section 3.2.3), its lines ending in LF. It repeats what tells the event from
// others, and names nobody but who answers.
func invitationReply(in *display.Invitation, who display.Person, status, comment string, now time.Time) string {
	o := &calendarObject{}
	o.line("BEGIN:VCALENDAR")
	o.line("PRODID:-//Postseal//Portal//EN")
	o.line("VERSION:2.0")
	o.line("METHOD:REPLY")
	o.line("BEGIN:VEVENT")
	o.text("UID", in.UID)
	o.line(fmt.Sprint("SEQUENCE:", in.Sequence))
	o.line("DTSTAMP:" + now.UTC().Format("20060102T150405Z"))
	o.person("ORGANIZER", in.Organiser)
	o.person("ATTENDEE;PARTSTAT="+status, who)
	o.moment("RECURRENCE-ID", in.Recurrence)
	if in.Start.Zone == "" { // else it would need a definition
		o.moment("DTSTART", in.Start)
		if in.End.After(in.Start.Time) && in.End.Zone == "" {
			o.moment("DTEND", in.End)
		}
	}
	o.text("SUMMARY", in.Summary)
	o.text("COMMENT", comment)
	o.line("END:VEVENT")
	o.line("END:VCALENDAR")
	return o.b.String()
}

// A calendarObject is being written.
type calendarObject struct{ b strings.Builder }

// line writes a content line, folded after 75 octets between characters (RFC 5545
// section 3.1). It must have no control characters.
func (o *calendarObject) line(s string) {
	room := 75
	for len(s) > room {
		n := len(clip(s, room))
		o.b.WriteString(s[:n] + "\n ")
		s, room = s[n:], 74
	}
	o.b.WriteString(s + "\n")
}

// escapeText is for the value type TEXT (RFC 5545 section 3.3.11).
var escapeText = strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\n", `\n`)

// text writes a text, unless it is empty.
func (o *calendarObject) text(name, value string) {
	if value != "" {
		o.line(name + ":" + escapeText.Replace(value))
	}
}

// escapeParam is for a quoted parameter (RFC 6868 section 3.2).
var escapeParam = strings.NewReplacer("^", "^^", `"`, "^'", "\n", "^n")

// person writes a calendar address with its name.
func (o *calendarObject) person(property string, p display.Person) {
	if p.Name != "" {
		property += `;CN="` + escapeParam.Replace(p.Name) + `"`
	}
	o.line(property + ":" + mailto(p.Address))
}

// mailto is an address as a URI (RFC 6068 section 2).
func mailto(address string) string {
	var b strings.Builder
	b.WriteString("mailto:")
	for _, r := range []byte(address) {
		if strings.IndexByte("%?#&=[]{}|\\^`<>\" /;,:", r) >= 0 || r < ' ' || r == 0x7f {
			fmt.Fprintf(&b, "%%%02X", r)
		} else {
			b.WriteByte(r)
		}
	}
	return b.String()
}

// moment writes a date or a time as it was meant, unless it is zero. What is a
// point in time goes in UTC, so that no zone needs to be defined.
func (o *calendarObject) moment(name string, m display.Moment) {
	const wall = "20060102T150405"
	switch {
	case m.IsZero():
	case m.Date:
		o.line(name + ";VALUE=DATE:" + m.Format("20060102"))
	case m.Floating:
		o.line(name + ":" + m.Format(wall))
	case m.Zone != "":
		o.line(name + `;TZID="` + strings.ReplaceAll(m.Zone, `"`, "") + `":` + m.Format(wall))
	default:
		o.line(name + ":" + m.UTC().Format(wall) + "Z")
	}
}
