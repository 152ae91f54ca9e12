package portal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/postseal/postseal/portal/display"
	"github.com/postseal/postseal/store/socket"
)

// A draftContent is what an account wrote, as it is sealed: a draft, and later the
// copy of what was sent. Its files are sealed beside it.
type draftContent struct {
	Kind    string             `json:"kind"` // reply, all, forward, new
	Answers string             `json:"answers,omitempty"`
	To      string             `json:"to,omitempty"`
	Cc      string             `json:"cc,omitempty"`
	Subject string             `json:"subject,omitempty"`
	Body    string             `json:"body,omitempty"`
	Nonce   string             `json:"nonce"`
	Options socket.SendOptions `json:"options,omitzero"`
	From    string             `json:"from,omitempty"` // a further address that an answer is from
	Files   []draftFile        `json:"files,omitempty"`
}

// A draftFile is an attachment. Its size tells whether all of it is there.
type draftFile struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Size int64  `json:"size"`
}

const (
	sealedChunk = 64 << 10              // as the owner stores it
	plainChunk  = sealedChunk - 24 - 16 // without nonce and tag
	maxContent  = 4 << 20
)

// saveDraft seals a draft and has the owner keep it.
func (p *portal) saveDraft(c *call, id string, d draftContent) error {
	b, err := d.encode()
	if err != nil {
		return err
	}
	e := indexEntry{From: d.recipients(), Sender: c.user.name + " " + c.user.address, To: d.To + " " + d.Cc, Subject: d.Subject, Date: p.now(), Text: d.Body, Kind: d.Kind}
	for _, f := range d.Files {
		e.Files = append(e.Files, f.Name)
	}
	return p.owner.PutDraft(c.ctx(), c.user.token,
		socket.Draft{ID: id, Answers: d.Answers, Index: c.user.sealIndex(id, e)},
		bytes.NewReader(c.user.own.Seal(b, "draft "+id)))
}

// encode returns the JSON of a draft. Whatever the text is, it takes at most twice
// [maxBody], which [maxContent] has room for: "<" and "&" stay one octet each, for no
// page has this JSON, and control characters are not taken ([plainText]).
func (d draftContent) encode() ([]byte, error) {
	var b bytes.Buffer
	j := json.NewEncoder(&b)
	j.SetEscapeHTML(false)
	if err := j.Encode(d); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// recipients are those that a list names.
func (d draftContent) recipients() string {
	var names []string
	for _, a := range strings.Split(d.To, ",") {
		if a = strings.TrimSpace(a); a != "" {
			names = append(names, shortName(a))
		}
	}
	return strings.Join(names, ", ")
}

// openOwn opens a draft or a sent copy.
func (p *portal) openOwn(c *call, id string) (socket.OwnItem, draftContent, error) {
	var d draftContent
	item, err := p.owner.OwnItem(c.ctx(), c.user.token, id)
	if err != nil {
		return item, d, err
	}
	r, err := p.owner.OwnContent(c.ctx(), c.user.token, id)
	if err != nil {
		return item, d, err
	}
	defer r.Close()
	sealed, err := io.ReadAll(io.LimitReader(r, maxContent+1))
	if err != nil {
		return item, d, err
	}
	b, err := c.user.own.Open(sealed, "draft "+id)
	if err != nil || json.Unmarshal(b, &d) != nil {
		return item, d, fmt.Errorf("open an own item: %w", errIntegrity)
	}
	return item, d, nil
}

// sealChunks seals the part of a file that begins with a chunk. Each is tied to
// its place.
func (c *call) sealChunks(draft, file string, from int, b []byte) []byte {
	out := make([]byte, 0, len(b)+len(b)/plainChunk*40+40)
	for ; len(b) > 0; from++ {
		n := min(len(b), plainChunk)
		out = append(out, c.user.own.Seal(b[:n], chunkPlace(draft, file, from))...)
		b = b[n:]
	}
	return out
}

func chunkPlace(draft, file string, n int) string {
	return "file " + draft + " " + file + " " + strconv.Itoa(n)
}

// putFile stores a whole file with a draft.
func (p *portal) putFile(c *call, draft, file string, data []byte) error {
	const part = 64 * plainChunk
	for at := 0; at < len(data); at += part {
		b := data[at:min(at+part, len(data))]
		from := at / plainChunk
		_, err := p.owner.PutFile(c.ctx(), c.user.token, socket.FilePart{Draft: draft, File: file, From: from}, bytes.NewReader(c.sealChunks(draft, file, from, b)))
		if err != nil {
			return err
		}
	}
	return nil
}

// openFile returns a reader of a draft's file. Anything but the whole of it is an
// error.
func (p *portal) openFile(c *call, draft string, f draftFile) (io.ReadCloser, error) {
	if f.Size == 0 {
		return io.NopCloser(bytes.NewReader(nil)), nil
	}
	r, err := p.owner.OwnFile(c.ctx(), c.user.token, draft, f.ID)
	if err != nil {
		return nil, err
	}
	return &chunkReader{ReadCloser: r, open: func(n int, b []byte) ([]byte, error) {
		return c.user.own.Open(b, chunkPlace(draft, f.ID, n))
	}, left: f.Size}, nil
}

// A chunkReader opens the chunks of a file one after the other.
type chunkReader struct {
	io.ReadCloser
	open func(n int, b []byte) ([]byte, error)
	n    int
	left int64
	buf  []byte
}

func (r *chunkReader) Read(b []byte) (int, error) {
	for len(r.buf) == 0 {
		if r.left <= 0 {
			return 0, io.EOF
		}
		sealed := make([]byte, sealedChunk)
		n, err := io.ReadFull(r.ReadCloser, sealed)
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			return 0, fmt.Errorf("file of an own item is cut: %w", errIntegrity)
		}
		if r.buf, err = r.open(r.n, sealed[:n]); err != nil {
			return 0, fmt.Errorf("file of an own item: %w", errIntegrity)
		}
		r.n++
		r.left -= int64(len(r.buf))
	}
	n := copy(b, r.buf)
	r.buf = r.buf[n:]
	return n, nil
}

// An ownView is the data of the page that shows a sent copy.
type ownView struct {
	draftContent
	Item    socket.OwnItem
	From    string
	Deleted bool
	Thread  []inboxRow
	Lines   []statusLine // what became of it
}

// ownItem shows the copy of what was sent.
func (p *portal) ownItem(c *call) error {
	item, d, err := p.openOwn(c, c.arg("id"))
	if err != nil {
		return err
	}
	if item.Folder == socket.FolderDrafts {
		return c.redirect("/m/write/" + item.ID)
	}
	v := ownView{draftContent: d, Item: item, From: c.user.address, Deleted: item.Folder == socket.FolderDeleted}
	if d.From != "" {
		v.From = d.From
	}
	var m messageView
	if _, err := p.conversation(c, item.ID, &m); err != nil {
		return err
	}
	v.Thread = m.Thread
	if v.Lines, err = p.ownLines(c, item); err != nil {
		return err
	}
	title := d.Subject
	if title == "" {
		title = c.text("message.nosubject")
	}
	return p.render(c, http.StatusOK, "own", title, v)
}

// ownPart sends a file of a draft or a sent copy.
func (p *portal) ownPart(c *call) error {
	item, d, err := p.openOwn(c, c.arg("id"))
	if err != nil {
		return err
	}
	for _, f := range d.Files {
		if f.ID != c.arg("file") {
			continue
		}
		r, err := p.openFile(c, item.ID, f)
		if err != nil {
			return err
		}
		defer r.Close()
		attachment(c.w.Header(), display.CleanName(f.Name, ""))
		c.w.Header().Set("Content-Length", strconv.FormatInt(f.Size, 10))
		c.w.WriteHeader(http.StatusOK)
		_, err = io.Copy(c.w, r)
		return err
	}
	return errNotFound
}
