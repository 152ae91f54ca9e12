package rules

import (
	"bytes"
	"context"

	"github.com/postseal/postseal/rules/extract"
	"github.com/postseal/postseal/rules/mail"
)

// allAreas is every area of a message that a condition can look at.
const allAreas = mail.InSubject | mail.InHeaders | mail.InBody | mail.InAttachments

// stringsLabel is how the label of a text ends that was swept out of a binary
// content.
const stringsLabel = " strings"

// pgpMessage begins an encrypted text (RFC 9580 section 6.2.1), also inside a
// document.
const pgpMessage = "-----BEGIN PGP MESSAGE-----"

// A Text is a piece of a message as detectors and dictionaries see it.
type Text struct {
	Label string // where it stands, as evidence says it: "body text/plain"
	Part  string // path of the part, "" for the header and the raw sweep
	Inner string // path inside an attachment that holds others, "" for itself
	Chunk int    // 0, 1, ... when a long text of the message comes in pieces
	Data  []byte // valid until visit returns; a long text of a document comes in several that overlap
}

// Texts hands everything that rules could look at in m to visit, read in the
// same way as Evaluate does. It returns what is wrong with the message's form and
// what couldn't be read.
func Texts(ctx context.Context, m *Message, o Options, visit func(Text) error) (defects, unread []string, err error) {
	extractor := o.Extractor
	if extractor == nil {
		extractor = inProcess{}
	}
	st := &state{ctx: ctx, message: m, set: &Set{limits: o.Limits, extractor: extractor}}
	if err := st.readStructure(ctx); err != nil {
		return nil, nil, err
	}
	err = st.texts(ctx, allAreas, func(t seenText) error {
		if t.Chunk > 0 {
			t.Data = t.Data[min(mail.OverlapBytes, len(t.Data)):]
		}
		return visit(t.Text)
	})
	if err != nil {
		return nil, nil, err
	}
	for _, d := range st.mail.Defects {
		defects = append(defects, d.String())
	}
	for _, d := range st.notRead() {
		unread = append(unread, d.String())
	}
	return defects, unread, nil
}

// A seenText is a Text with its area.
type seenText struct {
	Text
	where mail.Where
}

// texts hands all text in areas to visit: that of the message, then that of the
// documents attached to it.
func (st *state) texts(ctx context.Context, areas mail.Where, visit func(seenText) error) error {
	labels := map[*mail.Part]string{}
	// The extractor reads the document itself: what lies raw in it, such as the
	// tables of offsets in a PDF, would only be found by mistake.
	st.mail.ReadElsewhere = func(p *mail.Part) (bool, error) {
		_, opened, err := st.look(p)
		return opened, err
	}
	err := st.mail.Texts(ctx, areas, func(t *mail.Text) error {
		text := seenText{Text{Label: t.Label, Chunk: t.Chunk, Data: t.Data}, t.Where}
		if t.Part != nil {
			text.Part = t.Part.Path
			if labels[t.Part] == "" {
				labels[t.Part] = trimLabel(t.Label)
			}
		}
		return visit(text)
	})
	if err != nil || areas&mail.InAttachments == 0 {
		return err
	}
	return st.readDocuments(ctx, func(p *mail.Part, t *extract.Text) error {
		if bytes.Contains(t.Data, []byte(pgpMessage)) {
			st.notOpened(p, extract.ReasonEncrypted)
		}
		label := labels[p]
		if label == "" {
			label = "attachment " + p.Path
		}
		if t.Path != "" {
			label += " (a file in it)"
		}
		return visit(seenText{Text{Label: label, Part: p.Path, Inner: t.Path, Data: t.Data}, mail.InAttachments})
	})
}
