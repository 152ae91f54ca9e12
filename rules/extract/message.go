package extract

import (
	"bytes"
	"path"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"

	"github.com/postseal/postseal/rules/mail"
)

// readPlain reads text: UTF-8, UTF-16 or what is a superset of ASCII; and HTML, as
// the mail reader does, as what it shows and what it hides.
func readPlain(j *job, n node) error {
	if isHTML(n) {
		return readHTML(j, n)
	}
	data := n.data
	if wide := wideText(data); wide != nil {
		if utf8, err := wide.NewDecoder().Bytes(data); err == nil {
			data = utf8
		}
	}
	s := j.sink(n)
	s.bytes(data)
	return s.close()
}

// wideText tells whether text is in UTF-16, by its mark. Without one it is no text
// here: its strings are read.
func wideText(data []byte) encoding.Encoding {
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xfe")):
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	case bytes.HasPrefix(data, []byte("\xfe\xff")):
		return unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
	}
	return nil
}

func isHTML(n node) bool {
	switch strings.ToLower(path.Ext(n.name)) {
	case ".html", ".htm", ".xhtml", ".svg", ".shtml":
		return true
	}
	start := bytes.ToLower(bytes.TrimLeft(n.data[:min(len(n.data), 1<<10)], "\xef\xbb\xbf \t\r\n"))
	for _, with := range []string{"<!doctype html", "<html", "<head", "<body", "<?xml", "<svg", "<table", "<div"} {
		if bytes.HasPrefix(start, []byte(with)) {
			return true
		}
	}
	return false
}

func readHTML(j *job, n node) error {
	header := []mail.Field{
		{Name: "Content-Type", Value: "text/html"},
		{Name: "Content-Disposition", Value: "attachment"},
	}
	m, err := mail.Read(j.ctx, header, bytes.NewReader(n.data), int64(len(n.data)), j.mailLimits())
	if err != nil {
		return err
	}
	const attachment = mail.InAttachments // not the header, which is ours
	return j.texts(attachment, m, func(t *mail.Text) (string, bool) { return n.path, t.Part != nil })
}

// readMail reads a message, or a file of several (mbox).
func readMail(j *job, n node) error {
	data := bytes.TrimLeft(bytes.TrimPrefix(n.data, []byte("\xef\xbb\xbf")), "\r\n")
	if !bytes.HasPrefix(data, []byte("From ")) {
		return j.message(n, data)
	}
	for len(data) > 0 {
		_, data, _ = bytes.Cut(data, []byte("\n")) // the line "From ..."
		one := data
		if i := bytes.Index(data, []byte("\nFrom ")); i >= 0 {
			one, data = data[:i+1], data[i+1:]
		} else {
			data = nil
		}
		if err := j.message(n, one); err != nil {
			return err
		}
	}
	return nil
}

// message reads one message or MIME entity, attachments included.
func (j *job) message(n node, data []byte) error {
	header, body := splitMessage(data)
	m, err := mail.Read(j.ctx, header, bytes.NewReader(body), int64(len(body)), j.mailLimits())
	if err != nil {
		return err
	}
	const all = mail.InSubject | mail.InHeaders | mail.InBody | mail.InAttachments
	err = j.texts(all, m, func(t *mail.Text) (string, bool) {
		if t.Part == nil || t.Part.Path == "" {
			return n.path, true
		}
		return strings.TrimPrefix(n.path+"/"+t.Part.Path, "/"), true
	})
	if err != nil {
		return err
	}
	for _, p := range m.Parts {
		if p.Kind == mail.Container || p.Type == "message/rfc822" || p.Type == "message/global" {
			continue // read as part of this message
		}
		content, err := j.read(m.Open(p), uint64(max(p.Size, 0)))
		if isLimit(err) {
			return err
		}
		if err != nil {
			j.note(ReasonMail)
		}
		_, needed := Look(p.Name, p.Type, content[:min(len(content), HeadBytes)])
		if len(content) == 0 || p.Kind == mail.Body && !needed {
			continue
		}
		name := p.Name
		if name == "" {
			name = "part " + p.Path
		}
		c, err := j.enter(n, name)
		if err != nil {
			return err
		}
		if !needed {
			// Its text is there already.
			j.result.Members[c.member-1].Size = int64(len(content))
			j.result.Members[c.member-1].Type = p.Type
			continue
		}
		if err := j.descend(c, p.Type, content); err != nil {
			return err
		}
	}
	return nil
}

// mailLimits are such that our own limit of text is met first.
func (j *job) mailLimits() mail.Limits { return mail.Limits{TextBytes: j.text + 1<<30} }

// texts hands out the text of a message with the path that label gives, unless
// it is not wanted.
func (j *job) texts(where mail.Where, m *mail.Message, label func(*mail.Text) (path string, wanted bool)) error {
	err := m.Texts(j.ctx, where, func(t *mail.Text) error {
		path, wanted := label(t)
		if !wanted {
			return nil
		}
		if j.text -= int64(len(t.Data)); j.text < 0 {
			return j.stop(ReasonText)
		}
		return j.visit(&Text{Path: path, Data: t.Data})
	})
	if len(m.Unscannable) > 0 {
		j.note(ReasonMail)
	}
	return err
}

// splitMessage splits a message into its header fields and its body. What is no
// header field ends the header.
func splitMessage(data []byte) ([]mail.Field, []byte) {
	var fields []mail.Field
	for len(data) > 0 {
		line, rest, _ := bytes.Cut(data, []byte("\n"))
		text := strings.TrimSuffix(string(line), "\r")
		if text == "" {
			return fields, rest
		}
		if len(fields) > 0 && (text[0] == ' ' || text[0] == '\t') {
			fields[len(fields)-1].Value += "\r\n" + text
			data = rest
			continue
		}
		name, value, ok := strings.Cut(text, ":")
		if !ok || strings.ContainsAny(strings.TrimRight(name, " \t"), " \t") {
			return fields, data
		}
		fields = append(fields, mail.Field{Name: strings.TrimRight(name, " \t"), Value: value})
		data = rest
	}
	return fields, nil
}
