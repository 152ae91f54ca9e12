package mail

import (
	"bytes"
	"strings"
)

// The defects of headers.
const (
	defectHeaderLine   = "a header line without a name"
	defectHeaderSpace  = "a space before the colon of a header field"
	defectHeaderTwice  = "a content header field stands twice"
	defectHeaderBlank  = "a header line of nothing but space"
	defectHeaderOctet  = "a control octet in a header"
	defectHeaderEnd    = "a header without its end"
	defectContentType  = "a content type that makes no sense"
	defectParameter    = "a parameter that makes no sense"
	defectParamTwice   = "a parameter stands twice"
	defectParamSplit   = "a parameter in pieces"
	defectComment      = "a comment in a content header field"
	defectEncodedWord  = "an encoded word that makes no sense"
	defectEncodingName = "a transfer encoding by a wrong name"
)

// parseFields splits a header into its fields (RFC 5322 section 2.2). Lines that
// are none are left out.
func parseFields(block []byte, defect func(string)) []Field {
	var fields []Field
	for len(block) > 0 {
		// One field is a line and those after it that begin with space.
		end, next := len(block), len(block)
		for at := 0; ; {
			i := bytes.IndexByte(block[at:], '\n')
			if i < 0 {
				break
			}
			at += i + 1
			if at < len(block) && (block[at] == ' ' || block[at] == '\t') {
				continue
			}
			end, next = at-1, at
			break
		}
		raw := block[:end]
		block = block[next:]
		if n := len(raw); n > 0 && raw[n-1] == '\r' {
			raw = raw[:n-1]
		}
		if len(raw) == 0 {
			continue
		}
		if bytes.IndexByte(raw, 0) >= 0 {
			defect(defectHeaderOctet)
		}
		colon := bytes.IndexByte(raw, ':')
		if colon <= 0 || raw[0] == ' ' || raw[0] == '\t' {
			defect(defectHeaderLine)
			continue
		}
		name := string(raw[:colon])
		if t := strings.TrimRight(name, " \t"); t != name {
			defect(defectHeaderSpace)
			name = t
		}
		if strings.ContainsAny(name, " \t\r\n") {
			defect(defectHeaderLine)
			continue
		}
		fields = append(fields, Field{name, strings.TrimLeft(string(raw[colon+1:]), " \t")})
	}
	return fields
}

// content is what the content fields of a header say (RFC 2045, 2183).
type content struct {
	mediaType   string
	declared    bool // there is a Content-Type that could be read
	params      map[string]string
	encoding    string
	disposition string
	name        string
}

// parseContent reads the content fields. The first of two counts.
func parseContent(fields []Field, defect func(string)) content {
	c := content{}
	var dispositionParams map[string]string
	seen := [3]bool{}
	once := func(i int) bool {
		if seen[i] {
			defect(defectHeaderTwice)
			return false
		}
		seen[i] = true
		return true
	}
	for _, f := range fields {
		if len(f.Name) < len("Content-Type") || !strings.EqualFold(f.Name[:8], "Content-") {
			continue
		}
		switch strings.ToLower(f.Name) {
		case "content-type":
			if once(0) {
				value, params := parseParams(f.Value, defect)
				c.params = params
				var ok bool
				if c.mediaType, ok = mediaType(value); !ok {
					defect(defectContentType)
				}
				c.declared = c.mediaType != ""
			}
		case "content-transfer-encoding":
			if once(1) {
				c.encoding = strings.ToLower(strings.Trim(stripComments(f.Value, defect), " \t\r\n\"';"))
			}
		case "content-disposition":
			if once(2) {
				var value string
				value, dispositionParams = parseParams(f.Value, defect)
				c.disposition = strings.ToLower(value)
			}
		}
	}
	c.name = dispositionParams["filename"]
	if c.name == "" {
		c.name = c.params["name"]
	}
	return c
}

// mediaType returns "type/subtype" in lower case, "" for what is none, and
// whether there is nothing wrong with it.
func mediaType(s string) (mediaType string, ok bool) {
	t, sub, found := strings.Cut(strings.ToLower(s), "/")
	t = strings.TrimSpace(t)
	words := strings.Fields(sub)
	if !found || t == "" || len(words) == 0 {
		return "", false
	}
	mediaType = t + "/" + words[0]
	if strings.ContainsAny(mediaType, " \t\r\n\x00\",;=<>@()[]:?\\") || strings.Contains(words[0], "/") {
		return "", false
	}
	return mediaType, len(words) == 1
}
