package rules

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/postseal/postseal/rules/mail"
)

// A headerCondition tests the fields of one name. Of several such fields one has
// to satisfy all that is asked; every text is tried on the value made readable
// and on the value as received, so that no encoding hides one.
type headerCondition struct {
	what     string // "subject", "header.List-Id"
	name     string
	present  *bool
	equals   []string // folded
	contains []string // folded
	matches  []*regexp.Regexp
}

func (c *headerCondition) level() level { return levelHeader }

func (c *headerCondition) test(st *state) truth {
	for i, f := range st.message.Header {
		if !strings.EqualFold(strings.TrimSpace(f.Name), c.name) {
			continue
		}
		if c.present != nil && !*c.present {
			return no
		}
		if e, ok := c.field(st.value(i), unfold(f.Value)); ok {
			e.What, e.Part = c.what, "header "+c.name
			st.found(e)
			return yes
		}
	}
	if c.present != nil && !*c.present {
		st.found(Evidence{What: c.what, Part: "header " + c.name, Name: "present = false"})
		return yes
	}
	return no
}

// field tests one field in both of its forms.
func (c *headerCondition) field(readable, received string) (e Evidence, ok bool) {
	e.Name = "present"
	forms := []string{readable}
	if received != readable {
		forms = append(forms, received)
	}
	try := func(n int, f func(i int, form string) (name, hit string, ok bool)) bool {
		for i := range n {
			for _, form := range forms {
				if name, hit, ok := f(i, form); ok {
					e.Name, e.Masked = name, mask(hit)
					return true
				}
			}
		}
		return n == 0
	}
	return e, try(len(c.equals), func(i int, form string) (string, string, bool) {
		return "equals", form, fold(form) == c.equals[i]
	}) && try(len(c.contains), func(i int, form string) (string, string, bool) {
		return "contains " + strconv.Quote(c.contains[i]), c.contains[i], strings.Contains(fold(form), c.contains[i])
	}) && try(len(c.matches), func(i int, form string) (string, string, bool) {
		at := c.matches[i].FindStringIndex(form)
		if at == nil {
			return "", "", false
		}
		return "matches " + c.matches[i].String(), form[at[0]:at[1]], true
	})
}

// fold prepares a text for comparing without regard to case.
func fold(s string) string {
	return strings.ToLower(mail.Normalise(strings.TrimSpace(s)))
}

// unfold undoes header folding (RFC 5322 section 2.2.3).
func unfold(value string) string {
	return strings.TrimSpace(strings.NewReplacer("\r\n", "", "\n", "", "\r", "").Replace(value))
}
