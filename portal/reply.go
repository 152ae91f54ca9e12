package portal

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/postseal/postseal/portal/display"
	"github.com/postseal/postseal/store/socket"
)

// An answer is what the form of a reply carried.
type answer struct {
	subject, body, name, nonce string
	token, code                string // of a one-time link
	files                      []file

	// Of an account:
	mailbox              string // that the form was made for
	draft, kind, answers string
	to, cc, action       string
	options              socket.SendOptions
	kept                 []draftFile // that are with the draft already
	who                  string      // to be looked up
	chosen               []string    // addresses of those who were found
}

// A file is an attachment: what it holds, or where that is read from.
type file struct {
	name string
	data []byte
	open func() (io.ReadCloser, error) // nil: data is all
}

const (
	maxSubject = 500     // octets
	maxBody    = 1 << 20 // octets of text
	maxFiles   = 50
	maxFields  = 200
	// maxAddresses bounds a line of recipients, in octets.
	maxAddresses = 8000
	maxAdded     = 50 // people who were looked up and are added at once
)

// replySubject is the message's subject with one "Re:".
func replySubject(f *fetched) string {
	s := display.Decode(f.summary.Subject)
	if len(s) >= 3 && strings.EqualFold(s[:3], "re:") {
		return clip(s, maxSubject)
	}
	return clip("Re: "+s, maxSubject)
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

// plainText is a text as it is typed: lines end with a line feed, and of the control
// characters only the tabulator is kept beside it.
func plainText(s string) string {
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, s)
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
		a.files = append(a.files, file{name: display.CleanName(name, ""), data: b})
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
		a.body = plainText(s)
	case "nonce":
		if len(s) <= 100 {
			a.nonce = s
		}
	case "in":
		a.mailbox = clip(s, maxAddress)
	case "draft":
		a.draft = clip(s, 36)
	case "kind":
		a.kind = clip(s, 10)
	case "answers":
		a.answers = clip(s, 36)
	case "to":
		a.to = clip(cleanLine(s), maxAddresses)
	case "cc":
		a.cc = clip(cleanLine(s), maxAddresses)
	case "who":
		a.who = clip(cleanLine(s), 200)
	case "add":
		if len(a.chosen) < maxAdded {
			a.chosen = append(a.chosen, clip(cleanLine(s), 254))
		}
	case "action":
		a.action = clip(s, 50)
	case "option":
		a.option(s)
	case "days":
		a.options.Days, _ = strconv.Atoi(s)
	case "kept":
		if f, ok := parseKept(s); ok && len(a.kept) < maxFiles {
			a.kept = append(a.kept, f)
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
