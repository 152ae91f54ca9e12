package portal

import (
	"errors"
	"io"
	"net/http"
	"net/mail"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/postseal/postseal/portal/display"
	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// The kinds of what an account writes.
const (
	kindReply   = "reply"
	kindAll     = "all" // a reply to all
	kindForward = "forward"
	kindNew     = "new"
)

// A writeView is the data of the form for a reply or a new message.
type writeView struct {
	draftContent
	ID       string // of the draft
	Heading  string
	Back     string
	To       string // of a reply: whom it goes to
	Others   string // of a reply to all
	Mailbox  string // the account's address
	From     string // that of its addresses which it leaves from
	By       string // who writes, in a mailbox that several people open
	Fixed    bool   // the recipients can't be chosen
	Member   bool   // there are options
	Domains  string // to which a guest may write
	Contacts []contact
	Limit    int64 // of the whole message, in octets
	Chunk    int   // octets of a file that are sent at a time
	Saved    bool
	Errors   map[string]string
	LookUp   bool // there is a directory
	kept     bool // all of it is in the draft
	// Of a look-up without scripts: what was looked for, and who was found.
	Who    string
	Looked bool
	Found  []socket.FoundPerson
	More   bool
}

var headings = map[string]string{kindReply: "reply.heading", kindAll: "message.all", kindForward: "message.forward", kindNew: "mailbox.compose"}

// original fetches the message that a reply or a forward is about, if it may be.
func (p *portal) original(c *call, kind, id string) (*fetched, error) {
	f, err := p.fetch(c, c.user, id)
	if err != nil {
		return nil, err
	}
	switch {
	case f.Opened.IsZero():
		return nil, errNotFound // a GET must not open it
	case kind == kindForward && (!f.mayForward() || c.user.compose == socket.ComposeNothing):
		return nil, errNoForward
	case kind == kindForward:
		return f, nil
	case f.manifest.Restrict.NoReply:
		return nil, errNoReply
	case !f.CanReply || kind == kindAll && len(f.Others) == 0:
		return nil, errNotFound
	}
	return f, nil
}

func (p *portal) replyForm(c *call) error    { return p.answerForm(c, kindReply) }
func (p *portal) replyAllForm(c *call) error { return p.answerForm(c, kindAll) }
func (p *portal) forwardForm(c *call) error  { return p.answerForm(c, kindForward) }

// answerForm shows an empty form about a message. Nothing is stored before
// something is written.
func (p *portal) answerForm(c *call, kind string) error {
	f, err := p.original(c, kind, c.arg("id"))
	if err != nil {
		return err
	}
	d := draftContent{Kind: kind, Answers: f.ID, Subject: replySubject(f), Body: c.user.preferences.body(), Nonce: seal.NewToken().Encode()}
	if kind == kindForward {
		m, err := p.read(c, f)
		if err != nil {
			return err
		}
		d.Subject = clip("Fwd: "+display.Decode(f.summary.Subject), maxSubject)
		d.Body += p.forwarded(c, f, m)
	}
	return p.renderWrite(c, http.StatusOK, writeView{draftContent: d})
}

// forwarded is the text of a message as it is passed on.
func (p *portal) forwarded(c *call, f *fetched, m *display.Mail) string {
	var b strings.Builder
	b.WriteString("\n\n---------- " + c.text("write.forwarded") + " ----------\n")
	for _, l := range [][2]string{{"message.from", c.sender(f)}, {"message.date", c.printed(f.summary.Date)}, {"message.to", display.Decode(f.summary.To)}, {"reply.subject", display.Decode(f.summary.Subject)}} {
		if l[1] != "" {
			b.WriteString(c.text(l[0]) + ": " + l[1] + "\n")
		}
	}
	b.WriteString("\n" + clip(m.Text, maxBody/2))
	return b.String()
}

// newForm shows an empty form.
func (p *portal) newForm(c *call) error {
	if c.user.compose == socket.ComposeNothing {
		return errNotFound
	}
	return p.renderWrite(c, http.StatusOK, writeView{draftContent: draftContent{
		Kind: kindNew, Body: c.user.preferences.body(), Nonce: seal.NewToken().Encode(),
	}})
}

// draftForm goes on with a draft.
func (p *portal) draftForm(c *call) error {
	item, d, err := p.openOwn(c, c.arg("id"))
	if err != nil {
		return err
	}
	if item.Folder != socket.FolderDrafts {
		return c.redirect("/m/own/" + item.ID)
	}
	return p.renderWrite(c, http.StatusOK, writeView{draftContent: d, ID: item.ID, Saved: c.r.URL.Query().Has("saved")})
}

func (p *portal) renderWrite(c *call, status int, v writeView) error {
	if v.ID == "" {
		v.ID = uuid.Must(uuid.NewV7()).String()
	}
	v.Mailbox, v.From, v.Limit, v.Chunk = c.user.address, c.user.address, p.limits.Reply, 16*plainChunk
	v.To, v.Back = v.draftContent.To, folderPath(socket.FolderDrafts)
	if c.user.visitor != nil {
		v.By = c.user.visitor.Name
	}
	v.Fixed = v.Kind == kindReply || v.Kind == kindAll
	switch v.Kind {
	case kindReply, kindAll:
		f, err := p.original(c, v.Kind, v.Answers)
		if err != nil {
			return err
		}
		v.To, v.Back = c.sender(f), "/m/"+f.ID
		v.From = c.user.writesFrom(f.manifest.Recipient)
		if v.Kind == kindAll {
			v.Others = strings.Join(f.Others, ", ")
		}
	case kindForward:
		v.Back = "/m/" + v.Answers
	default:
		v.Back = "/inbox"
	}
	switch {
	case v.kept:
		c.here = "/m/write/" + v.ID
	case c.r.Method == http.MethodPost:
		c.here = nowhere
	}
	v.Heading = c.text(headings[v.Kind])
	if !v.Fixed {
		v.Member, v.Domains, v.LookUp = c.user.compose == socket.ComposeAny, c.user.domainNames(), c.user.lookUp
		for _, k := range p.contacts(c) {
			if c.user.mayWriteTo(k.Address) && len(v.Contacts) < 100 {
				v.Contacts = append(v.Contacts, k)
			}
		}
	}
	return p.render(c, status, "reply", v.Heading, v)
}

// reply takes the form of a reply.
func (p *portal) reply(c *call) error { return p.written(c, kindReply, c.arg("id")) }

// write takes the form of anything else, and drafts.
func (p *portal) write(c *call) error { return p.written(c, "", "") }

// written keeps what was written as a draft, and then sends it, or not.
func (p *portal) written(c *call, kind, answers string) error {
	a, err := p.readAnswer(c)
	if err != nil && !errors.Is(err, socket.ErrTooLarge) {
		return err
	}
	if err := c.meant(a.mailbox); err != nil {
		return err
	}
	if kind == "" {
		kind, answers = a.kind, a.answers
	}
	d := draftContent{
		Kind: kind, Answers: answers, To: a.to, Cc: a.cc, Subject: a.subject, Body: a.body, Nonce: a.nonce, Options: a.options, Files: a.kept,
	}
	v := writeView{ID: a.draft, Errors: map[string]string{}}
	if d.Nonce == "" {
		d.Nonce = seal.NewToken().Encode()
	}
	if v.ID == "" {
		v.ID = c.draftOf(d.Nonce)
	}
	action, what, _ := strings.Cut(a.action, ":")
	if action == "add" && what == "cc" {
		d.Cc = withAddresses(d.Cc, a.chosen)
	} else {
		d.To = withAddresses(d.To, a.chosen)
	}
	f, ferr := p.about(c, &d)
	if ferr != nil {
		return ferr
	}
	over := errors.Is(err, socket.ErrTooLarge) || d.size()+a.size() > p.limits.Reply
	if over {
		v.draftContent = d
		v.Errors["files"] = c.text("reply.toolarge", "Size", c.viewer.Size(p.limits.Reply))
		return p.renderWrite(c, http.StatusRequestEntityTooLarge, v)
	}
	if action == "discard" {
		return p.discard(c, v.ID)
	}
	empty := strings.TrimSpace(d.Body) == "" && len(a.files)+len(d.Files) == 0
	if action == "" && empty {
		v.draftContent = d
		v.Errors["body"] = c.text("reply.empty")
		return p.renderWrite(c, http.StatusUnprocessableEntity, v)
	}
	if err := p.keepDraft(c, v.ID, &d, a.files); err != nil {
		return p.notKept(c, v, d, err)
	}
	v.draftContent, v.kept = d, true
	switch action {
	case "save":
		if c.r.Header.Get("Accept") == "application/json" {
			return c.json(http.StatusOK, map[string]string{"draft": v.ID})
		}
		return c.redirect("/m/write/" + v.ID + "?saved")
	case "drop":
		return p.dropFile(c, v.ID, d, what)
	case "look":
		p.lookUp(c, &v, a.who)
		return p.renderWrite(c, http.StatusOK, v)
	case "add":
		return c.redirect("/m/write/" + v.ID)
	}
	return p.sendDraft(c, v, f)
}

// draftOf is the id of the draft of a form that brought none: the same form gives
// the same draft.
func (c *call) draftOf(nonce string) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte(c.user.address+"\x00"+nonce)).String()
}

// about checks what a draft is about.
func (p *portal) about(c *call, d *draftContent) (*fetched, error) {
	switch d.Kind {
	case kindReply, kindAll, kindForward:
		f, err := p.original(c, d.Kind, d.Answers)
		if err == nil && d.Kind != kindForward {
			d.To, d.Cc, d.From = c.sender(f), "", c.user.other(c.user.writesFrom(f.manifest.Recipient))
			if d.Kind == kindAll {
				d.Cc = strings.Join(f.Others, ", ")
			}
			if d.Subject == "" {
				d.Subject = replySubject(f)
			}
		}
		return f, err
	case kindNew:
		d.Answers = ""
		if c.user.compose == socket.ComposeNothing {
			return nil, errNotFound
		}
		return nil, nil
	}
	return nil, errForm
}

// notKept says why a draft could not be stored. One that was sent a moment ago, by
// the same form, was sent.
func (p *portal) notKept(c *call, v writeView, d draftContent, err error) error {
	if errors.Is(err, socket.ErrConflict) {
		if item, gone := p.owner.OwnItem(c.ctx(), c.user.token, v.ID); gone == nil && item.Folder == socket.FolderSent {
			return c.redirect(d.sentPage())
		}
	}
	if errors.Is(err, socket.ErrTooLarge) && c.r.Header.Get("Accept") != "application/json" {
		v.draftContent = d
		v.Errors["files"] = c.text("write.full")
		return p.renderWrite(c, http.StatusRequestEntityTooLarge, v)
	}
	return err
}

// sentPage is where the sender of a draft is led.
func (d draftContent) sentPage() string {
	if d.Kind == kindReply || d.Kind == kindAll {
		return "/m/" + d.Answers + "/sent"
	}
	return "/m/sent?done=sent&n=1"
}

// keepDraft stores a draft with new files, which join its list.
func (p *portal) keepDraft(c *call, id string, d *draftContent, files []file) error {
	if err := p.saveDraft(c, id, *d); err != nil || len(files) == 0 {
		return err
	}
	for _, f := range files {
		k := draftFile{ID: uuid.Must(uuid.NewV7()).String(), Name: f.name, Size: int64(len(f.data))}
		if err := p.putFile(c, id, k.ID, f.data); err != nil {
			return err
		}
		d.Files = append(d.Files, k)
	}
	return p.saveDraft(c, id, *d)
}

// discard deletes a draft. It can be brought back for a while.
func (p *portal) discard(c *call, id string) error {
	if err := p.owner.Move(c.ctx(), c.user.token, socket.Selection{IDs: []string{id}}, socket.ToDeleted); err != nil {
		return err
	}
	return c.redirect(withDone(folderPath(socket.FolderDrafts), "deleted", []string{id}, false))
}

func (p *portal) dropFile(c *call, id string, d draftContent, file string) error {
	for i, f := range d.Files {
		if f.ID != file {
			continue
		}
		if err := p.owner.DropFile(c.ctx(), c.user.token, id, file); err != nil {
			return err
		}
		d.Files = append(d.Files[:i:i], d.Files[i+1:]...)
		if err := p.saveDraft(c, id, d); err != nil {
			return err
		}
		break
	}
	return c.redirect("/m/write/" + id)
}

// sendDraft sends a draft that is stored, which becomes the copy in sent.
func (p *portal) sendDraft(c *call, v writeView, f *fetched) error {
	d := v.draftContent
	to, cc, bad := []string(nil), []string(nil), ""
	if d.Kind == kindNew || d.Kind == kindForward {
		if to, bad = p.addresses(c, d.To); bad == "" {
			cc, bad = p.addresses(c, d.Cc)
		}
		if bad == "" && len(to)+len(cc) == 0 {
			v.Errors["to"] = c.text("write.noaddress")
		}
		if bad != "" {
			v.Errors["to"] = c.text("write.badaddress", "Address", bad)
		}
		if len(v.Errors) > 0 {
			return p.renderWrite(c, http.StatusUnprocessableEntity, v)
		}
	}
	var files []file
	for _, k := range d.Files {
		files = append(files, file{name: display.CleanName(k.Name, ""), open: func() (io.ReadCloser, error) { return p.openFile(c, v.ID, k) }})
	}
	r, w := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.CloseWithError(writeEntity(w, d.Body, files))
	}()
	var err error
	if d.Kind == kindNew || d.Kind == kindForward {
		err = p.owner.Compose(c.ctx(), c.user.token, socket.Composition{
			Draft: v.ID, To: to, Cc: cc, Subject: d.Subject, Nonce: d.Nonce, Options: d.Options,
		}, r)
	} else {
		err = p.owner.Reply(c.ctx(), socket.Caller{Session: c.user.token}, socket.Reply{
			Message: f.ID, Subject: d.Subject, Nonce: d.Nonce, All: d.Kind == kindAll, Draft: v.ID,
		}, r)
	}
	r.Close()
	<-done
	switch {
	case errors.Is(err, socket.ErrTooLarge):
		v.Errors["files"] = c.text("reply.toolarge", "Size", c.viewer.Size(p.limits.Reply))
		return p.renderWrite(c, http.StatusRequestEntityTooLarge, v)
	case err != nil:
		return err
	}
	if f != nil && d.Kind != kindForward {
		p.event(c, eventReplied, "id", f.ID)
		p.met(c, 1, c.sender(f))
	} else {
		p.event(c, eventComposed, "recipients", strconv.Itoa(len(to)+len(cc)))
		p.met(c, 1, append(to, cc...)...)
	}
	return c.redirect(d.sentPage())
}

// addresses reads a line of recipients. bad is the first that can't be written to.
func (p *portal) addresses(c *call, line string) (out []string, bad string) {
	for _, text := range splitAddresses(line) {
		a, err := mail.ParseAddress(text)
		if err != nil || !c.user.mayWriteTo(a.Address) {
			return nil, text
		}
		out = append(out, a.Address)
	}
	return out, ""
}

// size is what the files of a draft have.
func (d draftContent) size() (n int64) {
	for _, f := range d.Files {
		n += f.Size
	}
	return n
}

// size is what the form brought.
func (a answer) size() int64 {
	n := int64(len(a.body))
	for _, f := range a.files {
		n += int64(len(f.data))
	}
	return n
}

func (a *answer) option(name string) {
	switch name {
	case "receipt":
		a.options.ReadReceipt = true
	case "noprint":
		a.options.NoPrint = true
	case "noreply":
		a.options.NoPrint, a.options.NoReply = true, true
	}
}
