package portal

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/postseal/postseal/portal/display"
	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// A replyView is the data of the form for a reply.
type replyView struct {
	ID      string
	To      string
	From    string // the account's address
	Subject string
	Body    string
	Nonce   string
	Limit   int64 // of the whole reply, in octets
	Errors  map[string]string
}

// An answer is what the form of a reply carried.
type answer struct {
	subject, body, name, nonce string
	token, code                string // of a one-time link
	files                      []file
}

type file struct {
	name string
	data []byte
}

const (
	maxSubject = 500     // octets
	maxBody    = 1 << 20 // octets of text
	maxFiles   = 50
	maxFields  = 100
)

func (p *portal) replyForm(c *call) error {
	f, err := p.opened(c)
	if err != nil {
		return err
	}
	if f.manifest.Restrict.NoReply {
		return errNoReply
	}
	if !f.CanReply {
		return errNotFound
	}
	return p.renderReply(c, http.StatusOK, f, replyView{Subject: replySubject(f), Body: c.user.preferences.body(), Nonce: seal.NewToken().Encode()})
}

func (p *portal) renderReply(c *call, status int, f *fetched, v replyView) error {
	v.ID, v.To, v.From, v.Limit = f.ID, c.sender(f), c.user.address, p.limits.Reply
	return p.render(c, status, "reply", c.text("reply.title"), v)
}

// replySubject is the message's subject with one "Re:".
func replySubject(f *fetched) string {
	s := display.Decode(f.summary.Subject)
	if len(s) >= 3 && strings.EqualFold(s[:3], "re:") {
		return clip(s, maxSubject)
	}
	return clip("Re: "+s, maxSubject)
}

// reply sends an answer to a message of the user's.
func (p *portal) reply(c *call) error {
	f, err := p.opened(c)
	if err != nil {
		return err
	}
	if f.manifest.Restrict.NoReply {
		return errNoReply
	}
	a, err := p.readAnswer(c)
	v := replyView{Subject: a.subject, Body: a.body, Nonce: a.nonce, Errors: map[string]string{}}
	if v.Nonce == "" {
		v.Nonce = seal.NewToken().Encode()
	}
	if v.Subject == "" {
		v.Subject = replySubject(f)
	}
	switch {
	case errors.Is(err, socket.ErrTooLarge):
		v.Errors["files"] = c.text("reply.toolarge", "Size", c.viewer.Size(p.limits.Reply))
		return p.renderReply(c, http.StatusRequestEntityTooLarge, f, v)
	case err != nil:
		return err
	case strings.TrimSpace(a.body) == "" && len(a.files) == 0:
		v.Errors["body"] = c.text("reply.empty")
		return p.renderReply(c, http.StatusUnprocessableEntity, f, v)
	}
	err = p.send(c, socket.Caller{Session: c.user.token}, f.ID, v.Nonce, a)
	switch {
	case errors.Is(err, socket.ErrTooLarge):
		v.Errors["files"] = c.text("reply.toolarge", "Size", c.viewer.Size(p.limits.Reply))
		return p.renderReply(c, http.StatusRequestEntityTooLarge, f, v)
	case err != nil:
		return err
	}
	return c.redirect("/m/" + f.ID + "/sent")
}

// replySent says that a reply is on its way.
func (p *portal) replySent(c *call) error {
	f, err := p.opened(c)
	if err != nil {
		return err
	}
	if f.Replied.IsZero() {
		return errNotFound
	}
	return p.render(c, http.StatusOK, "sent", c.text("sent.title"), sentView{ID: f.ID, To: c.sender(f), At: f.Replied})
}

// send hands an answer to the owner, as a MIME entity that is written while it
// is read.
func (p *portal) send(c *call, by socket.Caller, id, nonce string, a answer) error {
	subject := a.subject
	r, w := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.CloseWithError(writeEntity(w, a.body, a.files))
	}()
	err := p.owner.Reply(c.ctx(), by, socket.Reply{Message: id, Subject: subject, Name: a.name, Nonce: nonce}, r)
	r.Close()
	<-done
	if err == nil {
		p.event(c, eventReplied, "id", id)
	}
	return err
}

// readAnswer reads the form of a reply. Everything stays in memory: a library's
// multipart form would put large files on disk in clear. The answer holds what
// was readable even if the error is [socket.ErrTooLarge].
func (p *portal) readAnswer(c *call) (answer, error) {
	var a answer
	release, err := p.uploading.take(c.ctx(), c.client)
	if err != nil {
		return a, err
	}
	defer release()
	limit := p.limits.Reply + maxForm
	// A browser shows a dead connection rather than an answer when its upload
	// isn't read. So some more than the limit is read, and dropped.
	body := http.MaxBytesReader(c.w, c.r.Body, 4*limit)
	_, params, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil || params["boundary"] == "" {
		return a, errForm
	}
	c.r.Body = body
	form, err := c.r.MultipartReader()
	if err != nil {
		return a, errForm
	}
	room, over := limit, false
	for n := 0; ; n++ {
		part, err := form.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || n >= maxFields {
			return a, tooLargeOr(err, errForm)
		}
		b, err := io.ReadAll(io.LimitReader(part, room+1))
		if err != nil {
			return a, tooLargeOr(err, errForm)
		}
		if int64(len(b)) > room {
			over, room = true, 0
			if _, err := io.Copy(io.Discard, part); err != nil {
				return a, tooLargeOr(err, errForm)
			}
			continue
		}
		room -= int64(len(b))
		over = a.add(part.FormName(), part.FileName(), b) || over
	}
	if over {
		return a, socket.ErrTooLarge
	}
	return a, nil
}

// add takes one field of the form. It says whether a limit was hit.
func (a *answer) add(field, name string, b []byte) (over bool) {
	if field == "files" {
		if name == "" && len(b) == 0 {
			return false // no file was chosen
		}
		if len(a.files) >= maxFiles {
			return true
		}
		a.files = append(a.files, file{display.CleanName(name, ""), b})
		return false
	}
	if len(b) > maxBody {
		return true
	}
	s := strings.ToValidUTF8(string(b), "\uFFFD")
	switch field {
	case "subject":
		a.subject = clip(cleanLine(s), maxSubject)
	case "name":
		if s = cleanLine(s); utf8.RuneCountInString(s) <= maxNameRunes {
			a.name = s
		}
	case "body":
		a.body = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	case "nonce":
		if len(s) <= 100 {
			a.nonce = s
		}
	case "token":
		a.token = clip(s, 200)
	case "code":
		a.code = clip(s, 200)
	}
	return false
}

func tooLargeOr(err, other error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return socket.ErrTooLarge
	}
	return other
}
