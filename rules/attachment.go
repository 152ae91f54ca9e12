package rules

import (
	"cmp"
	"path"
	"strconv"
	"strings"

	"github.com/postseal/postseal/rules/mail"
)

// An attachmentCondition holds when one attachment satisfies all keys.
type attachmentCondition struct {
	names      []string // globs, folded
	extensions []string // without the dot, folded
	types      []string // globs, folded
	realTypes  []string // globs, folded
	size       *comparison
	encrypted  *bool
	macros     *bool
	inside     bool // a file in an archive or document, not the attachment itself
}

// attachmentKeys are the keys of `attachment`, with their documentation.
func attachmentKeys() []keyInfo {
	return []keyInfo{
		{name: "name", value: "globs", doc: "The file name; * stands for any characters, ? for one. Case doesn't matter.", example: `attachment.name = ["*payroll*", "salaries.*"]`},
		{name: "extension", value: "extensions", doc: "The end of the file name, with or without its dot.", example: `attachment.extension = ["xls", "xlsx"]`},
		{name: "type", value: "media types", doc: "The declared media type; * and ? as in `name`.", example: `attachment.type = ["image/*", "application/pdf"]`},
		{name: "real_type", value: "media types", doc: "The media type by content, whatever was declared.", example: `attachment.real_type = "application/vnd.microsoft.portable-executable"`},
		{name: "encrypted", value: "true or false", doc: "It, or a file in it, needs a password or key.", example: `attachment.encrypted = true`},
		{name: "macros", value: "true or false", doc: "It, or a file in it, carries program code of an office suite.", example: `attachment.macros = true`},
		{name: "inside", value: "true or false", doc: "With true the keys are about a file inside of an archive or a document, at any depth, instead of the attachment itself.", example: `attachment = { inside = true, extension = ["exe", "js"] }`},
		{name: "size", value: "a comparison of sizes", doc: "The size when saved to a file.", example: `attachment.size = "> 20 kB"`},
	}
}

// opens tells whether attachments have to be opened for the condition.
func (c *attachmentCondition) opens() bool {
	return len(c.realTypes) > 0 || c.encrypted != nil || c.macros != nil || c.inside
}

func (c *attachmentCondition) level() level {
	if c.opens() {
		return levelText
	}
	return levelStructure
}

func (c *attachmentCondition) test(st *state) truth {
	if st.level < c.level() {
		st.want(c.level(), "")
		return unknown
	}
	for _, f := range st.files(c.inside) {
		if c.matches(f) {
			st.found(Evidence{What: "attachment", Part: "attachment " + f.part, Name: cmp.Or(f.real, f.declared), Masked: mask(f.name) + " " + strconv.FormatInt(f.size, 10) + " B"})
			return yes
		}
	}
	if c.opens() {
		// That something is encrypted is known even if what it holds isn't.
		if why := st.unopenedFor(c.encrypted != nil && c.macros == nil && !c.inside); why != "" {
			st.want(levelText, why)
			return unknown
		}
	}
	return st.missingParts()
}

// missingParts is the truth about an attachment that wasn't found: unknown when
// some parts were not read, since it may be among them.
func (st *state) missingParts() truth {
	if st.structural > 0 {
		st.want(levelStructure, st.mail.Unscannable[0].String())
		return unknown
	}
	return no
}

func (c *attachmentCondition) matches(f file) bool {
	name := strings.ToLower(strings.TrimSpace(f.name))
	// Windows drops dots and spaces at the end of a name.
	extension := strings.TrimPrefix(path.Ext(strings.TrimRight(name, ". ")), ".")
	return anyGlob(c.names, name) && anyGlob(c.types, cmp.Or(f.declared, f.real)) && anyGlob(c.realTypes, f.real) &&
		(c.size == nil || c.size.holds(f.size)) &&
		(c.encrypted == nil || *c.encrypted == f.encrypted) && (c.macros == nil || *c.macros == f.macros) &&
		(len(c.extensions) == 0 || extension != "" && anyGlob(c.extensions, extension))
}

// anyGlob reports whether s fits one of the patterns; no patterns fit all.
func anyGlob(patterns []string, s string) bool {
	for _, p := range patterns {
		if globMatch(p, s) {
			return true
		}
	}
	return len(patterns) == 0
}

func decodeAttachment(l *loader, n node, _ scope) condition {
	c := &attachmentCondition{}
	fields := n.fields()
	if n.isTable() && len(fields) == 0 {
		n.errorf("has no conditions; for any attachment write attachments = \">= 1\"")
	}
	for _, f := range fields {
		switch f.name() {
		case "name":
			for _, e := range l.entries(f.texts()) {
				c.names = append(c.names, strings.ToLower(e.text))
			}
		case "extension":
			for _, e := range l.entries(f.texts()) {
				s := strings.ToLower(strings.TrimPrefix(strings.TrimPrefix(e.text, "*"), "."))
				if s == "" || strings.ContainsAny(s, ". /\\*") {
					l.problem(e, f.owner, `"`+e.text+`" is no extension; write one like "xlsx", or use name`)
				}
				c.extensions = append(c.extensions, s)
			}
		case "type":
			c.types = l.mediaTypes(f)
		case "real_type":
			c.realTypes = l.mediaTypes(f)
		case "encrypted":
			if b, ok := f.boolean(); ok {
				c.encrypted = &b
			}
		case "macros":
			if b, ok := f.boolean(); ok {
				c.macros = &b
			}
		case "inside":
			c.inside, _ = f.boolean()
		case "size":
			if size, ok := l.decodeComparison(f, parseSize, "> 20 kB"); ok {
				c.size = &size
			}
		default:
			f.unknown(keyNames(attachmentKeys()))
		}
	}
	if c.opens() {
		l.set.areas |= mail.InAttachments
		l.content = true
	}
	return l.share(c)
}

func (l *loader) mediaTypes(n node) []string {
	var types []string
	for _, e := range l.entries(n.texts()) {
		if !strings.Contains(e.text, "/") && e.text != "*" {
			l.problem(e, n.owner, `"`+e.text+`" is not a media type; write one like "application/pdf" or "image/*"`)
		}
		types = append(types, strings.ToLower(e.text))
	}
	return types
}

// An attachmentsCondition tests the number of attachments.
type attachmentsCondition struct{ comparison }

func (c attachmentsCondition) level() level { return levelStructure }

func (c attachmentsCondition) test(st *state) truth {
	if st.level < levelStructure {
		st.want(levelStructure, "")
		return unknown
	}
	n := int64(len(st.mail.Attachments()))
	if t := st.missingParts(); t == unknown {
		return unknown // neither more nor fewer is certain
	}
	if !c.holds(n) {
		return no
	}
	st.found(Evidence{What: "attachments", Part: "message", Name: c.String(), Masked: strconv.FormatInt(n, 10)})
	return yes
}

func decodeAttachments(l *loader, n node, _ scope) condition {
	c, ok := l.decodeComparison(n, parseNumber, "> 5")
	if !ok {
		return nil
	}
	return l.share(attachmentsCondition{c})
}

// An unscannableCondition holds when some of the content can't be read. It lets
// a rule decide what happens then, before defaults.unscannable does.
type unscannableCondition struct {
	want    bool
	reasons []string // globs, folded
}

func (c unscannableCondition) level() level { return levelText }

func (c unscannableCondition) test(st *state) truth {
	if st.level < levelText {
		st.want(levelText, "")
		return unknown
	}
	for _, d := range st.notRead() {
		if anyGlob(c.reasons, strings.ToLower(d.What)) {
			if c.want {
				st.found(Evidence{What: "unscannable", Part: "part " + d.Part, Name: d.What, Masked: d.What})
			}
			return truthOf(c.want)
		}
	}
	return truthOf(!c.want)
}

func decodeUnscannable(l *loader, n node, _ scope) condition {
	c := unscannableCondition{want: true}
	if b, ok := n.value.(bool); ok {
		c.want = b
	} else {
		for _, e := range l.entries(n.texts()) {
			c.reasons = append(c.reasons, strings.ToLower(e.text))
		}
	}
	l.set.areas |= mail.InSubject | mail.InHeaders | mail.InBody | mail.InAttachments
	l.content = true
	return l.share(c)
}
