package display

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName bounds a file name in octets: file systems take 255.
const maxName = 150

// CleanName returns a file name that is safe to suggest to a browser: one path
// element, no control, format or reordering characters, no leading dot, not
// empty, at most 150 octets with its extension kept. kind is the media type, for
// a name where the mail gives none.
func CleanName(name, kind string) string {
	name = strings.ToValidUTF8(name, "_")
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	name = strings.Map(func(r rune) rune {
		switch {
		case strings.ContainsRune(`<>:"|?*;%`, r):
			return '_' // forbidden on Windows, or read as syntax by some client
		case r == utf8.RuneError:
			return '_'
		case unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point) || r == blankCell:
			return -1 // among them U+202E, which turns exe.pdf around
		case unicode.IsSpace(r):
			return ' '
		}
		return r
	}, name)
	name = strings.Trim(strings.Join(strings.Fields(name), " "), ". ")
	if strings.IndexFunc(name, visible) < 0 {
		return "attachment" + extension(kind)
	}
	stem, ext := name, ""
	if i := strings.LastIndexByte(name, '.'); i > 0 && len(name)-i <= 16 {
		stem, ext = name[:i], name[i:]
	}
	if reserved(stem) {
		stem = "_" + stem
	}
	if len(stem)+len(ext) > maxName {
		for len(stem)+len(ext) > maxName {
			_, n := utf8.DecodeLastRuneInString(stem)
			stem = stem[:len(stem)-n]
		}
		stem = strings.TrimRight(stem, ". ")
	}
	return stem + ext
}

// reserved says whether Windows takes the name for a device.
func reserved(stem string) bool {
	if i := strings.IndexByte(stem, '.'); i >= 0 {
		stem = stem[:i]
	}
	s := strings.ToUpper(strings.TrimSpace(stem))
	switch s {
	case "CON", "PRN", "AUX", "NUL":
		return true
	}
	return len(s) == 4 && (s[:3] == "COM" || s[:3] == "LPT") && '0' <= s[3] && s[3] <= '9'
}

func extension(kind string) string {
	switch kind {
	case "text/plain":
		return ".txt"
	case "text/html":
		return ".html"
	case "text/calendar":
		return ".ics"
	case "application/pdf":
		return ".pdf"
	case "message/rfc822":
		return ".eml"
	case "image/png":
		return ".png"
	case "image/jpeg":
		return ".jpg"
	case "image/gif":
		return ".gif"
	case "application/zip":
		return ".zip"
	}
	return ".bin"
}
