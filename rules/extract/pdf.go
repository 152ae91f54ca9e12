package extract

import (
	"github.com/postseal/postseal/rules/extract/pdf"
)

// readPDF reads the text of a PDF file and the files in it.
func readPDF(j *job, n node) error {
	s := j.sink(n)
	result, err := pdf.Read(n.data, pdf.Options{
		Text: func(text string) error {
			s.str(text)
			return s.err
		},
		XML: func(data []byte) error {
			if !xmlText(s, data) {
				j.note(ReasonMalformed)
			}
			return s.err
		},
		File: func(name string, data []byte) error { return j.embeddedRead(n, name, data) },
		Expand: func(octets int) error {
			if j.expanded -= int64(octets); j.expanded < 0 {
				return j.stop(ReasonExpanded)
			}
			return j.ctx.Err()
		},
	})
	if err != nil {
		return err
	}
	if err := s.close(); err != nil {
		return err
	}
	switch {
	case result.Encrypted:
		j.encrypted(n)
		return nil
	case result.Filter:
		j.note(ReasonMethod)
	}
	if result.Font {
		j.note(ReasonFont)
	}
	if result.Malformed {
		return j.malformed(n)
	}
	return nil
}
