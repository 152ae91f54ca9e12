package extract

import (
	"context"
	"fmt"
	"io"
	"slices"
)

// A Document is what text is wanted of.
type Document struct {
	Name         string           // file name as the sender gave it, "" if there is none
	DeclaredType string           // media type as the sender gave it, lower case
	Open         func() io.Reader // its octets, from the start; called again for a second attempt
}

// A Text is a piece of a document's text, ready for detectors. A long text comes
// in several, each with the last octets of the one before.
type Text struct {
	Path string // names of the archive members that lead to it, joined by "/"; "" for the document itself
	Data []byte // UTF-8, normalised; valid until visit returns
}

// Facts are what a document was found to be.
type Facts struct {
	Type      string   // media type by content
	Encrypted bool     // it, or a member of it, needs a password or key
	Macros    bool     // it, or a member of it, carries program code of an office suite
	Members   []Member // of archives, and other embedded documents, in order
}

// A Member is a document inside another one.
type Member struct {
	Path      string // its name after the names of the members that it is in, joined by "/"
	Type      string // media type by content; "" if it was not read
	Size      int64  // octets, as far as known
	Encrypted bool
	Macros    bool
}

// A Result says what is known about a document after all its text was handed
// out.
type Result struct {
	Facts
	Unscannable []Reason // why some of it was not read, each once; none if all was
	Expanded    int64    // octets of all documents in it, the measure of the work that it was
}

// A Reason says why something was not read. Its words are fixed.
type Reason string

// The reasons.
const (
	ReasonEncrypted  Reason = "the content is encrypted"
	ReasonMalformed  Reason = "the content is malformed"
	ReasonFormat     Reason = "a format that is not read"
	ReasonMethod     Reason = "a compression that is not read"
	ReasonFont       Reason = "a font that names no characters"
	ReasonSize       Reason = "a document that is too large"
	ReasonDepth      Reason = "documents nested too deep"
	ReasonMembers    Reason = "too many documents in one"
	ReasonExpanded   Reason = "too much content when expanded"
	ReasonText       Reason = "too much text"
	ReasonMail       Reason = "a message that can't be read"
	ReasonFailed     Reason = "reading failed"
	ReasonTimeout    Reason = "reading took too long"
	ReasonIncomplete Reason = "a document in several files"
)

// reasons are all there are.
func reasons() []Reason {
	return []Reason{ReasonEncrypted, ReasonMalformed, ReasonFormat, ReasonMethod, ReasonFont, ReasonSize, ReasonDepth, ReasonMembers, ReasonExpanded, ReasonText, ReasonMail,
		ReasonFailed, ReasonTimeout, ReasonIncomplete}
}

// Limits bound the work on one document. What lies beyond one is a Reason. A
// zero field means the default.
type Limits struct {
	Size     int64 // octets of the document, default 64 MiB
	Depth    int   // nesting of documents, default 10
	Members  int   // documents in the document, default 10,000
	Expanded int64 // octets of all documents in it, expanded, default 256 MiB
	Text     int64 // octets of text, default 128 MiB
}

func (l Limits) withDefaults() Limits {
	if l.Size <= 0 {
		l.Size = 64 << 20
	}
	if l.Depth <= 0 {
		l.Depth = 10
	}
	if l.Members <= 0 {
		l.Members = 10_000
	}
	if l.Expanded <= 0 {
		l.Expanded = 256 << 20
	}
	if l.Text <= 0 {
		l.Text = 128 << 20
	}
	return l
}

// Extract hands all text of a document to visit. It runs in the caller's
// process: a defect in a decoder is not contained and a decoder that loops is not
// stopped, see Pool. The error is one of d.Open's reader, ctx or visit; whatever is
// wrong with the document is in the Result.
func Extract(ctx context.Context, d Document, limits Limits, visit func(*Text) error) (*Result, error) {
	limits = limits.withDefaults()
	data, err := io.ReadAll(io.LimitReader(d.Open(), limits.Size+1))
	if err != nil {
		return nil, fmt.Errorf("read the document: %w", err)
	}
	if int64(len(data)) > limits.Size {
		return tooLarge(), nil
	}
	return extract(ctx, d, data, limits, visit)
}

func tooLarge() *Result { return &Result{Unscannable: []Reason{ReasonSize}} }

// extract is Extract for a document in memory.
func extract(ctx context.Context, d Document, data []byte, limits Limits, visit func(*Text) error) (*Result, error) {
	j := &job{ctx: ctx, limits: limits, visit: visit, text: limits.Text, expanded: limits.Expanded}
	err := j.document(node{name: d.Name, declared: d.DeclaredType, data: data})
	if err != nil && !isLimit(err) {
		return nil, err
	}
	j.result.Expanded = limits.Expanded - max(j.expanded, 0)
	return &j.result, nil
}

// add records a reason once.
func (r *Result) add(reason Reason) {
	if !slices.Contains(r.Unscannable, reason) {
		r.Unscannable = append(r.Unscannable, reason)
	}
}
