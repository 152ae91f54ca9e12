package portal

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"time"

	"github.com/postseal/postseal/portal/display"
	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// A messageView is the data of the page that shows a message. The same page
// shows one-time messages opened without scripts.
type messageView struct {
	ID       string
	From     string
	Envelope string // address of the envelope, when the From line names another
	To, Cc   string
	For      string // the address of the account that it is to, if not the main one
	Subject  string
	Date     time.Time
	Expires  time.Time
	Soon     bool
	Replied  time.Time
	By       string // who answered, of a mailbox that several people open; "": the reader
	CanReply bool
	Sender   bool // there is an envelope address that mail can be unwanted from
	NoReply  bool // the sender doesn't let it be answered
	NoPrint  bool // the sender doesn't let it be printed
	Opened   bool // else the summary and a button are all there is

	Mode        string // "html" or "text": which of the two is shown
	HasHTML     bool
	Remote      bool // pictures from the web were left out
	Unsafe      bool // there is HTML, and it can't be shown
	Text        string
	Header      []display.Field
	Attachments []display.Attachment
	Damaged     bool
	Cut         bool
	Invitation  *invitationView // nil: there is none

	Starred bool
	Deleted bool
	All     bool       // it can be answered to all
	Forward bool       // it can be forwarded
	Thread  []inboxRow // of its conversation, this one too; nil: it is alone

	// Of a one-time message without scripts:
	Code  string // for the forms of its attachments
	PIN   string // the same
	Inner string // sanitised HTML for srcdoc; html/template escapes it as text
	Nonce string
	Reply string // subject of a reply
}

// sanitiseTime bounds the work on one mail's HTML.
const sanitiseTime = 2 * time.Second

// message shows a message that has been opened before, or its summary and a
// button. It changes nothing.
func (p *portal) message(c *call) error {
	f, err := p.fetch(c, c.user, c.arg("id"))
	if wrongPIN(err) {
		m, gone := p.owner.Message(c.ctx(), c.user.token, c.arg("id"))
		if gone != nil {
			return gone
		}
		return p.askPIN(c, m, seal.Code{}, err)
	}
	if errors.Is(err, socket.ErrUnknown) && len(c.otherMailboxes()) > 0 {
		return p.messageElsewhere(c)
	}
	if err != nil {
		return err
	}
	v := p.summaryView(c, f)
	v.For = c.user.other(f.manifest.Recipient)
	v.Opened = !f.Opened.IsZero()
	self, err := p.conversation(c, f.ID, &v)
	if err != nil {
		return err
	}
	v.All = v.CanReply && len(f.Others) > 0
	v.Forward = v.Opened && c.user.compose != socket.ComposeNothing && f.mayForward()
	if v.Opened {
		m, err := p.read(c, f)
		if err != nil {
			return err
		}
		v.fill(m)
		v.Invitation = p.invitation(c, f, m)
		p.keepText(c, self, f, m.Text)
		v.Mode = mode(c.r.URL.Query().Get("view"), m)
		if v.Mode == "html" {
			clean, err := p.sanitise(c.ctx(), m)
			v.Remote = clean.Remote
			if err != nil {
				v.Mode, v.Unsafe = "text", true
			}
		}
	}
	title := v.Subject
	if title == "" {
		title = c.text("message.nosubject")
	}
	return p.render(c, http.StatusOK, "message", title, v)
}

// conversation fills in what belongs together with a message, and returns the
// message's own item.
func (p *portal) conversation(c *call, id string, v *messageView) (self socket.Item, err error) {
	items, err := p.owner.Conversation(c.ctx(), c.user.token, id)
	if err != nil {
		return self, err
	}
	find := p.finder(c)
	for _, i := range items {
		r := p.row(find, i)
		if i.ID == id {
			self, v.Starred, v.Deleted, r.Path = i, i.Starred, i.Folder == socket.FolderDeleted, ""
		}
		v.Thread = append(v.Thread, r)
	}
	find.keep()
	if len(items) < 2 {
		v.Thread = nil
	}
	return self, nil
}

// mayForward reports whether the sender lets a message be passed on.
func (f *fetched) mayForward() bool {
	r := f.manifest.Restrict
	return !r.NoPrint && !r.NoReply && !r.PIN
}

// mode chooses between HTML and text: what was asked for, if the mail has it.
func mode(asked string, m *display.Mail) string {
	if m.HTML == "" || asked == "text" {
		return "text"
	}
	return "html"
}

// summaryView shows what the sealed summary says.
func (p *portal) summaryView(c *call, f *fetched) messageView {
	v := messageView{
		ID: f.ID, From: c.sender(f), Envelope: otherAddress(display.Decode(f.summary.From), f.manifest.Sender),
		To: display.Decode(f.summary.To), Cc: display.Decode(f.summary.Cc),
		Subject: display.Decode(f.summary.Subject), Date: f.summary.Date,
		Expires: f.Expires, Soon: f.Expires.Sub(p.now()) < 3*24*time.Hour,
		Replied: f.Replied, CanReply: f.CanReply && !f.manifest.Restrict.NoReply,
		Sender: f.manifest.Sender != "", NoReply: f.manifest.Restrict.NoReply, NoPrint: f.manifest.Restrict.NoPrint,
		By: f.RepliedBy,
	}
	if v.By == "" && c.user != nil && c.user.visitor != nil { // the mailbox's own log-in
		v.By = c.user.name
	}
	return v
}

func (v *messageView) fill(m *display.Mail) {
	v.HasHTML, v.Text, v.Header = m.HTML != "", m.Text, m.Header
	v.Attachments, v.Damaged, v.Cut = m.Attachments, m.Damaged, m.Cut
}

// read opens the payload of a message and reads it for display.
func (p *portal) read(c *call, f *fetched) (*display.Mail, error) {
	m, err := p.openMail(c, f)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	return display.Read(m.reader())
}

// openMail fetches and opens the payload of a message of the user's.
func (p *portal) openMail(c *call, f *fetched) (*plain, error) {
	src, err := p.owner.Payload(c.ctx(), c.user.token, f.ID)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	return p.openPayload(c, src, f)
}

func (p *portal) sanitise(ctx context.Context, m *display.Mail) (display.Clean, error) {
	ctx, cancel := context.WithTimeout(ctx, sanitiseTime)
	defer cancel()
	return p.sanitiser.Sanitise(ctx, m.HTML, m.Inline)
}

// openMessage notes that a message was opened, and shows it.
func (p *portal) openMessage(c *call) error {
	f, err := p.fetch(c, c.user, c.arg("id"))
	if wrongPIN(err) {
		return c.redirect("/m/" + c.arg("id")) // which asks for it
	}
	if err != nil {
		return err
	}
	if err := p.owner.MarkOpened(c.ctx(), c.user.token, f.ID, true); err != nil {
		return err
	}
	p.event(c, eventOpened, "id", f.ID, "address", c.user.address)
	p.met(c, 0, c.sender(f))
	return c.redirect("/m/" + f.ID)
}

// messageHTML is what the frame of the message page shows.
func (p *portal) messageHTML(c *call) error {
	f, err := p.opened(c)
	if err != nil {
		return err
	}
	m, err := p.read(c, f)
	if err != nil {
		return err
	}
	clean, err := p.sanitise(c.ctx(), m)
	if errors.Is(err, display.ErrCostly) {
		// The page shows the text alone; a frame from before gets it too.
		clean.HTML = "<pre>" + template.HTMLEscapeString(m.Text) + "</pre>"
	} else if err != nil {
		return err
	}
	framed(c.w.Header(), display.FramePolicy)
	c.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = fmt.Fprint(c.w, display.Frame(clean.HTML)) // the browser may have gone
	return nil
}

// opened fetches a message that the user has opened. A GET must not open it.
func (p *portal) opened(c *call) (*fetched, error) {
	f, err := p.fetch(c, c.user, c.arg("id"))
	if err != nil {
		return nil, err
	}
	if f.Opened.IsZero() {
		return nil, errNotFound
	}
	return f, nil
}
