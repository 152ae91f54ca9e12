// Package pdf finds the text of PDF files (ISO 32000-2), for detectors and not
// for display.
//
// It trusts no cross-reference table: programs differ in how they mend broken
// ones, and a table can hide from one reader what another one shows. It looks for
// all objects in the octets of the file, those in object streams and those that
// a later version replaced included, and gives the text of each page, of all
// other content streams (forms, appearances, what nothing refers to), the strings
// of all dictionaries (annotations, form fields, properties), XML and embedded
// files.
//
// A file that is encrypted is opened with the empty user password, as every
// reader does; Result.Encrypted says that this was not enough.
//
// Nothing is recursive without a bound, and time and memory are bounded by the
// size of the file and what Options.Expand lets through. Pictures are not read.
package pdf

// Options say where the text goes. Each function's error ends the reading and is
// returned.
type Options struct {
	Text   func(text string) error              // a piece of text, with its line breaks
	XML    func(data []byte) error              // metadata and forms in XML
	File   func(name string, data []byte) error // an embedded file
	Expand func(octets int) error               // called as streams are expanded, before they are used
}

// A Result says what was not read.
type Result struct {
	Encrypted bool // a password is needed; nothing was read
	Malformed bool // something broke off or made no sense
	Filter    bool // a stream of text has a filter that is not known
	Font      bool // a page shows characters that its font doesn't name
}
