package extract

import (
	"strings"
	"unicode/utf8"

	"github.com/postseal/postseal/rules/mail"
)

// chunkBytes is the length of text after which a new chunk starts, overlapBytes
// what two neighbouring chunks have in common.
const (
	chunkBytes   = 1 << 20
	overlapBytes = 8 << 10
)

// A sink takes the text of one document and hands it out in chunks. Its first
// error stays and is returned by close; writes after it do nothing.
type sink struct {
	job  *job
	path string
	buf  []byte
	kept int // octets in buf that the last chunk had already
	err  error
}

func (j *job) sink(n node) *sink { return &sink{job: j, path: n.path} }

func (s *sink) str(p string) {
	for len(p) > 0 && s.err == nil {
		n := min(len(p), overlapBytes)
		s.buf = append(s.buf, p[:n]...)
		s.check()
		p = p[n:]
	}
}

func (s *sink) bytes(p []byte) {
	for len(p) > 0 && s.err == nil {
		n := min(len(p), overlapBytes)
		s.buf = append(s.buf, p[:n]...)
		s.check()
		p = p[n:]
	}
}

func (s *sink) rune(r rune) {
	if s.err == nil {
		s.buf = utf8.AppendRune(s.buf, r)
		s.check()
	}
}

// line gives a piece of text on a line of its own.
func (s *sink) line(p string) {
	if p = strings.TrimSpace(p); p == "" {
		return
	}
	s.newline()
	s.str(p)
	s.str("\n")
}

// newline ends the line, unless it is empty.
func (s *sink) newline() {
	if n := len(s.buf); n > 0 && s.buf[n-1] != '\n' {
		s.str("\n")
	}
}

// gap separates what comes from what was, unless there is space already.
func (s *sink) gap(with string) {
	if n := len(s.buf); n > 0 && s.buf[n-1] != '\n' && s.buf[n-1] != ' ' && s.buf[n-1] != '\t' {
		s.str(with)
	}
}

func (s *sink) check() {
	if s.err == nil && len(s.buf) >= chunkBytes {
		s.flush()
		if s.err == nil {
			tail := s.buf[len(s.buf)-overlapBytes:]
			for len(tail) > 0 && !utf8.RuneStart(tail[0]) {
				tail = tail[1:]
			}
			s.kept = copy(s.buf, tail)
			s.buf = s.buf[:s.kept]
		}
	}
}

func (s *sink) flush() {
	if s.job.text -= int64(len(s.buf) - s.kept); s.job.text < 0 {
		s.err = s.job.stop(ReasonText)
		return
	}
	if s.err = s.job.ctx.Err(); s.err != nil {
		return
	}
	s.err = s.job.visit(&Text{Path: s.path, Data: []byte(mail.Normalise(string(s.buf)))})
}

// close hands out what is left.
func (s *sink) close() error {
	if s.err == nil && len(s.buf) > s.kept {
		s.flush()
	}
	return s.err
}
