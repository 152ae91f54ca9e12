package milter

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// A recipient is judged by its address, so it must be one that the MTA and we
// read alike. Postfix (strict_rfc821_envelopes = no) takes for an address what
// could stand in a header: "<Bob <bob@guest.example>>", a source route, a group, a
// list, comments. A rule for guest.example would not know the domain in those, and
// a colleague's could stand in its place.

// mailbox reports whether a RCPT argument is a mailbox of RFC 5321 section 4.1.2,
// with or without its domain. Octets beyond ASCII are those of RFC 6531.
func mailbox(raw string) bool {
	a := bracketed(raw)
	at := strings.LastIndexByte(a, '@')
	if at < 0 {
		return utf8.ValidString(a) && (dotString(a) || quotedString(a))
	}
	local := a[:at]
	return utf8.ValidString(a) && (dotString(local) || quotedString(local)) && domain(a[at+1:])
}

// plainMailbox reports whether it is one without any peculiarity: a domain is
// there, and nothing is quoted but what has to be and means nothing elsewhere.
func plainMailbox(raw string) bool {
	a := bracketed(raw)
	at := strings.LastIndexByte(a, '@')
	return at > 0 && mailbox(raw) && (a[0] != '"' || !strings.ContainsAny(a[1:at-1], `"\@%!:<>,;()`))
}

// dotString reports whether s is made of atoms (RFC 5322 section 3.2.3) and dots,
// wherever those are: some sites have such addresses.
func dotString(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r < utf8.RuneSelf && !alphanumeric(r) && !strings.ContainsRune(".!#$%&'*+-/=?^_`{|}~", r)
	})
}

// quotedString reports whether s is a Quoted-string.
func quotedString(s string) bool {
	n := len(s)
	if n < 2 || s[0] != '"' || s[n-1] != '"' {
		return false
	}
	for i := 1; i < n-1; i++ {
		if s[i] == '\\' {
			i++
			if i == n-1 {
				return false // it escapes the last quote
			}
		} else if s[i] == '"' {
			return false
		}
		if s[i] < ' ' || s[i] == 0x7f {
			return false
		}
	}
	return true
}

// domain reports whether s looks like a domain or an address literal. Underscores
// are in use, and a final dot; with two of them it would be another domain to the
// rules, and to an MTA that takes off all there are the same.
func domain(s string) bool {
	more := ".-_"
	if n := len(s); n > 2 && s[0] == '[' && s[n-1] == ']' {
		s, more = s[1:n-1], ".-:"
	}
	return s != "" && !strings.HasPrefix(s, ".") && !strings.Contains(s, "..") && !strings.ContainsFunc(s, func(r rune) bool {
		return r < utf8.RuneSelf && !alphanumeric(r) && !strings.ContainsRune(more, r)
	}) && !disguised(s)
}

// disguised reports whether a domain is another one when it is looked up: letters
// of full width, invisible characters and the like are mapped away (RFC 5895), but
// an MTA's own tables don't do so. What is internal for the one is not for the other.
func disguised(domain string) bool {
	domain = strings.ToLower(strings.TrimSuffix(domain, "."))
	a, err := idna.Lookup.ToASCII(domain)
	if err != nil || a == domain {
		return false // nobody takes it for another
	}
	u, err := idna.Lookup.ToUnicode(a)
	return err != nil || u != domain
}

// alphanumeric reports whether r is an ASCII letter or digit.
func alphanumeric(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}
