package extract

import (
	"context"
	"errors"
	"io"
	"path"
	"strings"
)

// A job is the work on one document.
type job struct {
	ctx      context.Context
	limits   Limits
	visit    func(*Text) error
	result   Result
	text     int64 // octets of text that may still come
	expanded int64 // octets of members that may still come
	paths    int   // octets of their paths so far
}

// A node is a document or one inside it.
type node struct {
	path     string // of members, "" for the document itself
	name     string // file name
	declared string // media type
	data     []byte
	depth    int
	member   int // index in Facts.Members plus one; 0 for the document itself
}

// errLimit ends the work on a document; the reason is recorded already. No error
// of an extractor means anything else than to end all work: what is wrong with a
// document is noted.
var errLimit = errors.New("extract: a limit")

func isLimit(err error) bool { return errors.Is(err, errLimit) }

// note records why something was not read.
func (j *job) note(reason Reason) { j.result.add(reason) }

// stop is note for a limit after which nothing more is read.
func (j *job) stop(reason Reason) error {
	j.note(reason)
	return errLimit
}

// document reads one document with whatever reader its content asks for.
func (j *job) document(n node) (err error) {
	if err := j.ctx.Err(); err != nil {
		return err
	}
	kind, media := identify(n)
	if n.member > 0 {
		j.result.Members[n.member-1].Type = media
	} else {
		j.result.Type = media
	}
	defer func() {
		// A decoder's panic is about this document alone.
		if recover() != nil {
			j.note(ReasonFailed)
			err = j.sweep(n)
		}
	}()
	if err := j.readDocument(kind, n); err != nil || kind == kindZip || kind == kindText || !hasZipEnd(n.data) {
		return err
	}
	// A zip archive can follow anything, as it does in self-extracting archives.
	if _, err := openZip(n.data); err == nil {
		return readZip(j, n)
	}
	return nil
}

// sweep gives the strings of a document that its reader can't read.
func (j *job) sweep(n node) (err error) {
	defer func() {
		if recover() != nil {
			j.note(ReasonFailed)
			err = nil
		}
	}()
	return j.readStrings(n, n.data)
}

// malformed is for a document that its reader can't read: noted, and swept.
func (j *job) malformed(n node) error {
	j.note(ReasonMalformed)
	return j.sweep(n)
}

// encrypted records that n, or the member of n that has this index plus one,
// can't be read without a key.
func (j *job) encrypted(n node) {
	j.note(ReasonEncrypted)
	j.result.Encrypted = true
	if n.member > 0 {
		j.result.Members[n.member-1].Encrypted = true
	}
}

// macros records program code in n.
func (j *job) macros(n node) {
	j.result.Macros = true
	if n.member > 0 {
		j.result.Members[n.member-1].Macros = true
	}
}

// maxName bounds the name of a member, maxPaths all their paths, in octets.
const (
	maxName  = 1000
	maxPaths = 2 << 20
)

// enter lists a member of n. Its name is text too.
func (j *job) enter(n node, name string) (node, error) {
	if len(j.result.Members) >= j.limits.Members {
		return node{}, j.stop(ReasonMembers)
	}
	if len(name) > maxName {
		j.note(ReasonMalformed)
		name = name[:maxName]
	}
	name = strings.ToValidUTF8(name, "?")
	m := node{path: name, name: path.Base(strings.ReplaceAll(name, `\`, "/")), depth: n.depth + 1, member: len(j.result.Members) + 1}
	if n.path != "" {
		m.path = n.path + "/" + name
	}
	if len(m.path) > 4*maxName {
		m.path = m.path[:maxName] + "..." // deep and long: only shown
	}
	if j.paths += len(m.path); j.paths > maxPaths {
		return node{}, j.stop(ReasonMembers)
	}
	j.result.Members = append(j.result.Members, Member{Path: m.path})
	return m, nil
}

// names gives the names of the members from index from on as a text.
func (j *job) names(n node, from int) error {
	if from >= len(j.result.Members) {
		return nil
	}
	t := j.sink(n)
	for _, m := range j.result.Members[from:] {
		t.line(strings.TrimPrefix(m.Path, n.path+"/"))
	}
	return t.close()
}

// embedded reads the document in data, one inside n.
func (j *job) embedded(n node, name, declared string, data []byte) error {
	m, err := j.enter(n, name)
	if err != nil {
		return err
	}
	if j.expanded -= int64(len(data)); j.expanded < 0 {
		return j.stop(ReasonExpanded)
	}
	return j.descend(m, declared, data)
}

// member reads the member m from r; size is what it is said to have, 0 if nobody
// says.
func (j *job) member(m node, r io.Reader, size uint64) error {
	data, err := j.read(r, size)
	if isLimit(err) {
		return err
	}
	if err != nil {
		j.note(reasonOf(err))
	}
	return j.descend(m, "", data)
}

func (j *job) descend(m node, declared string, data []byte) error {
	j.result.Members[m.member-1].Size = int64(len(data))
	if len(data) == 0 {
		return nil
	}
	m.declared, m.data = declared, data
	if m.depth > j.limits.Depth {
		j.note(ReasonDepth)
		return nil
	}
	return j.document(m)
}

// maxHint bounds the memory that is set aside on somebody's word.
const maxHint = 4 << 20

// read reads an expanded content to its end; size is what it is said to have.
// With an error that is no limit it also returns what came before.
func (j *job) read(r io.Reader, size uint64) ([]byte, error) {
	data := make([]byte, 0, min(size, maxHint)+512)
	for {
		if len(data) == cap(data) {
			data = append(data, 0)[:len(data)]
		}
		n, err := r.Read(data[len(data):cap(data)])
		if j.expanded -= int64(n); j.expanded < 0 {
			return nil, j.stop(ReasonExpanded)
		}
		data = data[:len(data)+n]
		if err == io.EOF {
			return data, nil
		}
		if err != nil {
			return data, err
		}
		if err := j.ctx.Err(); err != nil {
			return nil, err
		}
	}
}

// reasonOf translates a decoder's error.
func reasonOf(err error) Reason {
	if errors.Is(err, errMethod) {
		return ReasonMethod
	}
	return ReasonMalformed
}

// errMethod is a compression that no decoder is there for.
var errMethod = errors.New("extract: unknown compression")
