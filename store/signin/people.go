package signin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/mail"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"
)

// Bounds of a look-up. What a directory says is another system's word: it is
// bounded and cleaned here.
const (
	MaxFound  = 20 // people that one look-up returns
	MinText   = 2  // letters or digits that it needs
	MaxText   = 64 // characters that it may have
	maxRead   = 3 * MaxFound
	maxWords  = 5
	maxValues = 50  // addresses of one entry that are looked at
	maxName   = 100 // characters of a name

	findTimeout = 3 * time.Second
	finders     = 4 // look-ups at the same time
)

// PeopleOptions say what people are looked up by.
type PeopleOptions struct {
	// Attributes are compared with the beginning of what is typed; nil is cn,
	// givenName, sn and mail.
	Attributes []string
	Filter     string // what an entry must fulfil besides; "" is (objectClass=person)
}

// People is the organisation's directory for those who write. Its methods may be
// called at the same time. It keeps no connection: nobody waits for one that died.
type People struct {
	directory  *directory
	attributes []string
	filter     string
	turn       chan struct{}
}

// NewPeople returns one. It connects to nothing yet. Of the directory's options
// those about signing in are not used: DN, Filter, Group and GroupFilter.
func NewPeople(o DirectoryOptions, p PeopleOptions) (*People, error) {
	if o.Base == "" {
		return nil, errors.New("directory: no base to search below")
	}
	d, err := newDirectory(&o)
	if err != nil {
		return nil, err
	}
	l := &People{directory: d, attributes: p.Attributes, filter: cmp.Or(p.Filter, "(objectClass=person)"), turn: make(chan struct{}, finders)}
	if len(l.attributes) == 0 {
		l.attributes = []string{"cn", "givenName", "sn", d.o.Mail}
	}
	if _, err := ldap.CompileFilter(l.search("xx")); err != nil {
		return nil, fmt.Errorf("directory: the filter or an attribute to look up by makes no sense: %w", err)
	}
	return l, nil
}

// Find returns up to [MaxFound] people whose name or address begins as text says,
// each with one address that keep allows, in the order of their names. more: there
// are others. It takes 3 seconds at most; the error is [ErrUnavailable], or
// [ErrText] for what is too little or too much to look for.
func (l *People) Find(ctx context.Context, text string, keep func(address string) bool) (found []Person, more bool, err error) {
	text, err = readText(text)
	if err != nil {
		return nil, false, err
	}
	ctx, cancel := context.WithTimeout(ctx, findTimeout)
	defer cancel()
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return nil, false, fmt.Errorf("%w: directory: too many look-ups at a time", ErrUnavailable)
	}
	entries, more, err := l.read(ctx, l.search(text))
	if err != nil {
		return nil, false, err
	}
	seen := map[string]bool{}
	for _, e := range entries {
		p, ok := l.person(e, text, keep)
		if key := strings.ToLower(p.Address); ok && !seen[key] {
			seen[key] = true
			found = append(found, p)
		}
	}
	slices.SortFunc(found, func(a, b Person) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), cmp.Compare(a.Address, b.Address))
	})
	if len(found) > MaxFound {
		found, more = found[:MaxFound], true
	}
	return found, more, nil
}

// ErrText: what is looked for has too few letters, or too many.
var ErrText = errors.New("too little or too much to look for")

// readText is what somebody typed, without what can't be seen.
func readText(s string) (string, error) {
	if len(s) > 4*MaxText {
		return "", ErrText
	}
	s, letters := clean(s, MaxText+1), 0
	for _, r := range s {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			letters++
		}
	}
	if letters < MinText || utf8.RuneCountInString(s) > MaxText || len(strings.Fields(s)) > maxWords {
		return "", ErrText
	}
	return s, nil
}

// search is the filter for a text: an attribute begins with it, or each of its
// words begins one (RFC 4515; what is typed is escaped).
func (l *People) search(text string) string {
	begins := func(s string) string {
		var b strings.Builder
		b.WriteString("(|")
		for _, a := range l.attributes {
			b.WriteString("(" + a + "=" + ldap.EscapeFilter(s) + "*)")
		}
		return b.String() + ")"
	}
	wanted := begins(text)
	if words := strings.Fields(text); len(words) > 1 {
		each := ""
		for _, w := range words {
			each += begins(w)
		}
		wanted = "(|" + wanted + "(&" + each + "))"
	}
	return "(&" + l.filter + wanted + ")"
}

// read returns the entries that a filter finds. Referrals to other directories are
// not followed: they would lead anywhere, without our TLS.
func (l *People) read(ctx context.Context, filter string) (entries []*ldap.Entry, more bool, err error) {
	d := l.directory
	c, err := d.connect(ctx)
	if err != nil {
		return nil, false, err
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { c.Close() })
	defer stop()
	if err := d.bind(c); err != nil {
		return nil, false, err
	}
	q := ldap.NewSearchRequest(d.o.Base, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases,
		maxRead, int(findTimeout.Seconds()), false, filter, []string{d.o.Mail, d.o.Name}, nil)
	q.EnforceSizeLimit = true // whatever the server thinks of it
	r, err := c.Search(q)
	switch {
	case ldap.IsErrorWithCode(err, ldap.LDAPResultSizeLimitExceeded), ldap.IsErrorWithCode(err, ldap.LDAPResultAdminLimitExceeded),
		errors.Is(err, ldap.ErrSizeLimitExceeded):
		return r.Entries, true, nil
	case err != nil:
		return nil, false, fmt.Errorf("%w: directory: look people up: %s", ErrUnavailable, reason(err))
	}
	return r.Entries, false, nil
}

// reason is why a search failed, without what the directory has to say about it: it
// may repeat what was looked for.
func reason(err error) string {
	var e *ldap.Error
	if errors.As(err, &e) && e.ResultCode < ldap.ErrorNetwork {
		return fmt.Sprintf("result %d, %s", e.ResultCode, ldap.LDAPResultCodeMap[e.ResultCode])
	}
	return err.Error()
}

// person is what an entry tells of somebody: of several addresses the one that
// begins with the text, else the first.
func (l *People) person(e *ldap.Entry, text string, keep func(string) bool) (p Person, ok bool) {
	values := e.GetEqualFoldAttributeValues(l.directory.o.Mail)
	for _, v := range values[:min(len(values), maxValues)] {
		v = strings.TrimSpace(v)
		if !plainAddress(v) || !keep(v) {
			continue
		}
		if fits := strings.HasPrefix(strings.ToLower(v), strings.ToLower(text)); p.Address == "" || fits {
			p.Address = v
			if fits {
				break
			}
		}
	}
	p.Name = clean(e.GetEqualFoldAttributeValue(l.directory.o.Name), maxName)
	return p, p.Address != ""
}

// plainAddress reports whether s is one address that can be typed into a line of
// them.
func plainAddress(s string) bool {
	if len(s) > 254 || clean(s, 254) != s || strings.ContainsAny(s, " ,;<>\"()") {
		return false
	}
	a, err := mail.ParseAddress(s)
	return err == nil && a.Name == "" && a.Address == s
}

// clean is s as one line of at most so many characters, without control characters
// and marks that can't be seen or change how others are shown (Unicode's Cc and Cf,
// and what is not assigned). Those would let a name look like another's address.
func clean(s string, most int) string {
	var b strings.Builder
	space, n := false, 0
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
		case unicode.IsSpace(r):
			space = b.Len() > 0
		case unicode.IsGraphic(r) && !unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r):
			if space {
				b.WriteByte(' ')
				n++
			}
			if n++; n > most {
				return b.String()
			}
			b.WriteRune(r)
			space = false
		}
	}
	return b.String()
}

// Check looks whether the directory answers and has a person with an address.
func (l *People) Check(ctx context.Context) error {
	entries, _, err := l.read(ctx, "(&"+l.filter+"("+l.directory.o.Mail+"=*))")
	if err == nil && len(entries) == 0 {
		err = fmt.Errorf("%w: directory: nobody with an address is found", ErrUnavailable)
	}
	return err
}
