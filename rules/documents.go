package rules

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/postseal/postseal/rules/extract"
	"github.com/postseal/postseal/rules/mail"
)

// An Extractor reads text out of documents and says what they are.
type Extractor interface {
	// Extract hands all text of d to visit. The error is one of d.Open's reader, ctx or
	// visit; what is wrong with the document is in the result.
	Extract(ctx context.Context, d extract.Document, visit func(*extract.Text) error) (*extract.Result, error)
}

// inProcess extracts without the protection of a process of its own.
type inProcess struct{}

func (inProcess) Extract(ctx context.Context, d extract.Document, visit func(*extract.Text) error) (*extract.Result, error) {
	return extract.Extract(ctx, d, extract.Limits{}, visit)
}

// expandedBytes bounds what all attachments of a message are when expanded; the
// extractor bounds each of them. It bounds the time that a message can take, too.
const expandedBytes = 1 << 30

// readDocuments opens the attachments: their text goes to visit, what they are
// into st.documents, and what can't be read into st.unopened.
func (st *state) readDocuments(ctx context.Context, visit func(*mail.Part, *extract.Text) error) error {
	st.documents = map[*mail.Part]*extract.Result{}
	work := int64(expandedBytes)
	for _, p := range st.mail.Attachments() {
		mediaType, opened, err := st.look(p)
		result := &extract.Result{Facts: extract.Facts{Type: mediaType}}
		switch {
		case err != nil || !opened:
		case work <= 0:
			result.Unscannable = []extract.Reason{extract.ReasonExpanded}
		default:
			d := extract.Document{Name: p.Name, DeclaredType: p.Type, Open: func() io.Reader { return st.mail.Open(p) }}
			if result, err = st.set.extractor.Extract(ctx, d, func(t *extract.Text) error { return visit(p, t) }); err == nil {
				work -= result.Expanded
			}
		}
		if err != nil {
			return fmt.Errorf("part %s: %w", p.Path, err)
		}
		st.documents[p] = result
		for _, reason := range result.Unscannable {
			st.notOpened(p, reason)
		}
	}
	return nil
}

// notOpened notes, once, why something in a document can't be read.
func (st *state) notOpened(p *mail.Part, reason extract.Reason) {
	d := mail.Defect{Part: p.Path, What: string(reason)}
	if !slices.Contains(st.unopened, d) {
		st.unopened = append(st.unopened, d)
	}
}

// look tells what a part is by its first octets, and whether the extractor is
// asked about it: not about messages, which are read as such, nor about pictures
// and text, of which most attachments are.
func (st *state) look(p *mail.Part) (mediaType string, opened bool, err error) {
	if p.Kind != mail.Attachment || p.Type == "message/rfc822" || p.Type == "message/global" || p.Size == 0 {
		return "", false, nil
	}
	head, err := io.ReadAll(io.LimitReader(st.mail.Open(p), extract.HeadBytes))
	if err != nil {
		return "", false, err
	}
	mediaType, opened = extract.Look(p.Name, p.Type, head)
	return mediaType, opened, nil
}

// trimLabel leaves out of a text's label what is about that text alone.
func trimLabel(label string) string {
	for _, suffix := range []string{" header", stringsLabel, " hidden", " between parts"} {
		label = strings.TrimSuffix(label, suffix)
	}
	return label
}

// A file is an attachment, or a file inside one, as conditions see it.
type file struct {
	part      string // path of the attachment
	name      string
	declared  string // media type; "" inside of archives
	real      string // media type by content; "" if it wasn't looked at
	size      int64
	encrypted bool
	macros    bool
}

// files lists the attachments, or the files inside them.
func (st *state) files(inside bool) []file {
	var files []file
	for _, p := range st.mail.Attachments() {
		result := st.documents[p]
		if !inside {
			f := file{part: p.Path, name: p.Name, declared: p.Type, size: p.Size}
			if result != nil {
				f.real, f.encrypted, f.macros = result.Type, result.Encrypted, result.Macros
			}
			files = append(files, f)
			continue
		}
		if result == nil {
			continue
		}
		for _, m := range result.Members {
			name := m.Path[strings.LastIndexAny(m.Path, `/\`)+1:]
			files = append(files, file{part: p.Path, name: name, real: m.Type, size: m.Size, encrypted: m.Encrypted, macros: m.Macros})
		}
	}
	return files
}

// unopenedFor returns why a file may have been missed that a condition looks
// for, "" if none was.
func (st *state) unopenedFor(encrypted bool) string {
	i := slices.IndexFunc(st.unopened, func(d mail.Defect) bool {
		return !encrypted || d.What != string(extract.ReasonEncrypted)
	})
	if i < 0 {
		return ""
	}
	return st.unopened[i].String()
}
