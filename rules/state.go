package rules

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/postseal/postseal/rules/detect"
	"github.com/postseal/postseal/rules/extract"
	"github.com/postseal/postseal/rules/mail"
)

// state is what is known of one message during its evaluation.
type state struct {
	ctx       context.Context // of the evaluation
	err       error           // of a condition; ends the evaluation
	set       *Set
	message   *Message
	recipient string // the one that is being decided
	level     level  // how much has been read

	evidence []Evidence // of the rule that is being tested
	wanted   level      // the level that an unknown condition asked for
	doubt    string     // why a condition stayed unknown

	outcomes   []outcome // of shared conditions
	decoded    []string  // header values made readable, filled on first use
	mail       *mail.Message
	structural int // how many of mail.Unscannable concern the parts themselves
	tally      *detect.Tally
	documents  map[*mail.Part]*extract.Result // what attachments are
	unopened   []mail.Defect                  // why some of them can't be read
}

// want notes that a condition is unknown: before level l is reached because it
// has to be read, afterwards because of doubt.
func (st *state) want(l level, doubt string) {
	st.wanted = max(st.wanted, l)
	if st.doubt == "" && l <= st.level {
		st.doubt = doubt
	}
}

func (st *state) found(e Evidence) { st.evidence = append(st.evidence, e) }

// raise reads more of the message.
func (st *state) raise(ctx context.Context) error {
	st.level++
	switch st.level {
	case levelStructure:
		return st.readStructure(ctx)
	case levelText:
		return st.readText(ctx)
	}
	return errors.New("no more to read") // a condition asked for a level that doesn't exist
}

func (st *state) readStructure(ctx context.Context) error {
	m := st.message
	header := make([]mail.Field, len(m.Header))
	for i, f := range m.Header {
		header[i] = mail.Field(f)
	}
	body, size := m.Body, m.BodySize
	if body == nil {
		if size != 0 {
			return errors.New("the body was not given")
		}
		body = strings.NewReader("")
	}
	var err error
	if st.mail, err = mail.Read(ctx, header, body, size, st.set.limits); err != nil {
		return err
	}
	st.structural = len(st.mail.Unscannable)
	return nil
}

func (st *state) readText(ctx context.Context) error {
	if st.set.scanner == nil {
		return nil
	}
	st.tally = st.set.scanner.NewTally()
	return st.texts(ctx, st.set.areas, func(t seenText) error {
		st.tally.Scan(t.Data, uint8(t.where), t.Label)
		return ctx.Err()
	})
}

// unread returns why some text in areas couldn't be read, "" if all was.
func (st *state) unread(areas mail.Where) string {
	for _, d := range st.notRead() {
		if st.area(d.Part)&areas != 0 {
			return d.String()
		}
	}
	return ""
}

// notRead lists all that couldn't be read.
func (st *state) notRead() []mail.Defect {
	return slices.Concat(st.mail.Unscannable, st.unopened)
}

// area returns where the text of a part stands; for the message and for a part
// that holds others that is anywhere.
func (st *state) area(path string) mail.Where {
	const anywhere = mail.InSubject | mail.InHeaders | mail.InBody | mail.InAttachments
	for _, p := range st.mail.Parts {
		if path == "" || p.Path != path {
			continue
		}
		switch {
		case p.Nested || p.Kind == mail.Attachment:
			return mail.InAttachments
		case p.Kind == mail.Body:
			return mail.InBody
		}
	}
	return anywhere
}

// value returns the i-th header field made readable.
func (st *state) value(i int) string {
	if st.decoded == nil {
		st.decoded = make([]string, len(st.message.Header))
		for j, f := range st.message.Header {
			st.decoded[j] = mail.DecodeHeader(f.Value)
		}
	}
	return st.decoded[i]
}

// size returns the octets of the whole message, ok false while it isn't known.
func (st *state) size() (n int64, ok bool) {
	m := st.message
	if m.Size > 0 {
		return m.Size, true
	}
	if st.level == levelHeader {
		return 0, false
	}
	n = m.BodySize + 2 // the empty line
	for _, f := range m.Header {
		n += int64(len(f.Name) + 1 + len(f.Value) + 2)
	}
	return n, true
}
