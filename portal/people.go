package portal

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/mail"
	"slices"
	"strings"

	"github.com/postseal/postseal/store/socket"
)

// maxSuggested bounds the contacts that a look-up shows before the directory's.
const maxSuggested = 10

// people answers the script of the page for writing: who in the organisation's
// directory begins as was typed. It is a POST, so that what is looked for stands in
// no address.
func (p *portal) people(c *call) error {
	var q struct {
		Text string `json:"text"`
	}
	if c.r.Header.Get("Content-Type") != "application/json" || json.NewDecoder(c.r.Body).Decode(&q) != nil {
		return errForm
	}
	found, err := p.owner.LookUp(c.ctx(), c.user.token, q.Text)
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, found)
}

// lookUp fills the page for writing, without scripts, with those who begin as was
// typed: the account's contacts, then the directory's. A directory that does not
// answer is said, and stops nothing.
func (p *portal) lookUp(c *call, v *writeView, text string) {
	v.Who, v.Looked = text, true
	known := map[string]int{} // place in v.Found
	for _, k := range p.contacts(c) {
		if c.user.mayWriteTo(k.Address) && k.begins(text) && len(v.Found) < maxSuggested {
			known[strings.ToLower(k.Address)] = len(v.Found)
			v.Found = append(v.Found, socket.FoundPerson{Name: k.Name, Address: k.Address})
		}
	}
	found, err := p.owner.LookUp(c.ctx(), c.user.token, text)
	var wait *socket.ThrottledError
	switch {
	case errors.As(err, &wait):
		v.Errors["who"] = c.text("people.throttled")
	case errors.Is(err, socket.ErrInvalid):
		v.Errors["who"] = c.text("people.short")
	case err != nil:
		v.Errors["who"] = c.text("people.away")
	}
	for _, f := range found.People {
		n, ok := known[strings.ToLower(f.Address)]
		switch {
		case !ok:
			v.Found = append(v.Found, f)
		case v.Found[n].Name == "":
			v.Found[n].Name = f.Name
		}
	}
	v.More = found.More
}

// begins reports whether the contact's address, its name or a word of it begins
// with text.
func (k contact) begins(text string) bool {
	text = strings.ToLower(strings.TrimSpace(text))
	begin := func(s string) bool { return strings.HasPrefix(strings.ToLower(s), text) }
	return text != "" && (begin(k.Address) || begin(k.Name) || slices.ContainsFunc(strings.Fields(k.Name), begin))
}

// withAddresses is a line of recipients with more of them. What is no address is
// left out: it came from a form.
func withAddresses(line string, more []string) string {
	if len(more) == 0 {
		return line
	}
	line = strings.TrimRight(line, ",; ")
	for _, address := range more {
		a, err := mail.ParseAddress(address)
		if err != nil || a.Address != address || strings.ContainsAny(address, ",;") || slices.ContainsFunc(splitAddresses(line), func(s string) bool {
			return strings.EqualFold(s, address)
		}) {
			continue
		}
		if line != "" {
			line += ", "
		}
		line += address
	}
	return clip(line, maxAddresses)
}

// splitAddresses are the parts of a line of recipients.
func splitAddresses(line string) (out []string) {
	for _, text := range strings.FieldsFunc(line, func(r rune) bool { return r == ',' || r == ';' }) {
		if text = strings.TrimSpace(text); text != "" {
			out = append(out, text)
		}
	}
	return out
}
