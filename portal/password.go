package portal

import (
	"bufio"
	"bytes"
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/postseal/postseal/portal/web"
	"golang.org/x/text/unicode/norm"
)

// The rules for a password are those of NIST SP 800-63B-4, section 3.1.1.2: at
// least 15 characters where the password stands alone, any character, no rule of
// composition, no expiry, and a list of common and contextual words that it may
// not be made of. web/static/password.js ticks the same rules off while typing;
// the check here is the one that counts.
const (
	usualPasswordRunes = 15
	maxPasswordRunes   = 256
	// minOwnRunes is how much of a password must be left when common and
	// contextual words, runs and repetitions are taken out.
	minOwnRunes = 6
)

// A passwordRule is one line of the requirements, as the form shows it.
type passwordRule struct{ Key, Text string }

// passwordKeys are the requirements that the form names. The texts of each are
// "password.KEY" and "password.KEY.error".
var passwordKeys = []string{"length", "common", "context"}

type passwordRules struct {
	length int      // characters at least
	common []string // lower case, longest first
}

func newPasswordRules(length int) (*passwordRules, error) {
	b, err := web.Files.ReadFile("static/common.txt")
	if err != nil {
		return nil, err
	}
	r := &passwordRules{length: length}
	if length == 0 {
		r.length = usualPasswordRunes
	}
	for s := bufio.NewScanner(bytes.NewReader(b)); s.Scan(); {
		if w := strings.TrimSpace(s.Text()); w != "" && w[0] != '#' {
			r.common = append(r.common, w)
		}
	}
	sortLongestFirst(r.common)
	return r, nil
}

// check returns the keys of the rules that a password breaks. context are words that belong
// to the account or the site.
func (r *passwordRules) check(password string, context []string) []string {
	password = normalPassword(password)
	n := utf8.RuneCountInString(password)
	switch {
	case !utf8.ValidString(password) || n > maxPasswordRunes:
		return []string{"long"}
	case n < r.length:
		return []string{"length"}
	}
	folded := foldPassword(password)
	if ownRunes(folded, context) < minOwnRunes {
		return []string{"context"}
	}
	if ownRunes(folded, append(append([]string{}, context...), r.common...)) < minOwnRunes {
		return []string{"common"}
	}
	return nil
}

// normalPassword is the form in which a password is stretched: one spelling for
// what looks the same on every keyboard (Unicode NFKC, as SP 800-63B-4 advises).
func normalPassword(s string) string { return norm.NFKC.String(s) }

// foldPassword undoes what people do to common words: case, spaces and
// punctuation between them, and digits for letters stay as they are.
func foldPassword(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r) || unicode.IsPunct(r) || unicode.IsSymbol(r):
			return -1
		}
		return unicode.ToLower(r)
	}, s)
}

// ownRunes counts the characters of s that are left when every word of the list
// is taken out, and runs such as "aaaa", "1234" and repetitions count once.
func ownRunes(s string, words []string) int {
	for _, w := range words {
		w = foldPassword(w)
		if utf8.RuneCountInString(w) >= 4 {
			s = strings.ReplaceAll(s, w, "\x00")
		}
	}
	seen := map[string]bool{}
	n := 0
	for part := range strings.SplitSeq(s, "\x00") {
		part = unrun(part)
		if seen[part] {
			continue
		}
		seen[part] = true
		n += utf8.RuneCountInString(part)
	}
	return n
}

// unrun drops characters that repeat or continue the two before them ("aaa",
// "abc", "321"), and a second copy of what stands before it.
func unrun(s string) string {
	var out []rune
	r := []rune(s)
	for i, c := range r {
		if i >= 2 {
			d := c - r[i-1]
			if d == r[i-1]-r[i-2] && (d == 0 || d == 1 || d == -1) {
				continue
			}
		}
		out = append(out, c)
	}
	for period := 1; period <= len(out)/2; period++ {
		repeats := true
		for i := period; i < len(out) && repeats; i++ {
			repeats = out[i] == out[i-period]
		}
		if repeats {
			return string(out[:period])
		}
	}
	return string(out)
}

// context returns the words of an account and the site that make a bad password.
func (p *portal) context(name, address string) []string {
	var out []string
	add := func(s string) {
		for _, w := range strings.FieldsFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			if utf8.RuneCountInString(w) >= 4 {
				out = append(out, strings.ToLower(w))
			}
		}
	}
	add(name)
	add(address)
	add(p.brand.Name)
	add(p.url.Hostname())
	add("postseal")
	sortLongestFirst(out)
	return out
}

// sortLongestFirst orders words so that a long one is found before one that it
// contains.
func sortLongestFirst(words []string) {
	slices.SortFunc(words, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
	})
}
