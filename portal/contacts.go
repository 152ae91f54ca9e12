package portal

import (
	"encoding/json"
	"net/mail"
	"slices"
	"strings"
	"time"

	"github.com/postseal/postseal/store/socket"
)

// A contact is somebody whom the account has corresponded with.
type contact struct {
	Address string    `json:"address"`
	Name    string    `json:"name,omitempty"`
	Uses    int       `json:"uses,omitempty"` // how often it was written to
	Last    time.Time `json:"last,omitzero"`
}

const maxContacts = 300

// maxContactOctets is how long their list is at most: the owner takes 64 KiB.
const maxContactOctets = 60 << 10

// contacts returns the account's contacts, those most written to first. What does
// not open is as if there were none.
func (p *portal) contacts(c *call) []contact {
	sealed, err := p.owner.Contacts(c.ctx(), c.user.token)
	if err != nil {
		p.log.Warn("contacts could not be read", "error", err)
		return nil
	}
	var out []contact
	if b, err := c.user.index.Open(sealed, "contacts"); err != nil || json.Unmarshal(b, &out) != nil {
		return nil
	}
	return out
}

// met notes correspondents; uses is how much more they are written to. Losing one
// is no harm.
func (p *portal) met(c *call, uses int, addresses ...string) {
	if c.user.compose == socket.ComposeNothing {
		return
	}
	list := p.contacts(c)
	changed := false
	for _, text := range addresses {
		a, err := mail.ParseAddress(text)
		if err != nil || len(a.Address) > 254 || !c.user.mayWriteTo(a.Address) {
			continue
		}
		n := slices.IndexFunc(list, func(k contact) bool { return strings.EqualFold(k.Address, a.Address) })
		if n < 0 {
			list, n = append(list, contact{Address: a.Address}), len(list)
		} else if uses == 0 {
			continue // known
		}
		if a.Name != "" && !strings.ContainsRune(a.Name, '@') {
			list[n].Name = clip(a.Name, 100)
		}
		list[n].Uses, list[n].Last, changed = list[n].Uses+uses, p.now().UTC(), true
	}
	if !changed {
		return
	}
	slices.SortStableFunc(list, func(a, b contact) int {
		if a.Uses != b.Uses {
			return b.Uses - a.Uses
		}
		return b.Last.Compare(a.Last)
	})
	list = list[:min(len(list), maxContacts)]
	b, err := json.Marshal(list)
	for err == nil && len(b) > maxContactOctets {
		list = list[:len(list)*3/4]
		b, err = json.Marshal(list)
	}
	if err == nil {
		err = p.owner.KeepContacts(c.ctx(), c.user.token, c.user.index.Seal(b, "contacts"))
	}
	if err != nil {
		p.log.Warn("contacts could not be kept", "error", err)
	}
}

// domainNames are the domains that a guest may write to, as people read them.
func (u *user) domainNames() string {
	var out []string
	for _, d := range u.domains {
		if strings.HasPrefix(d, ".") {
			d = "*" + d
		}
		out = append(out, d)
	}
	return strings.Join(out, ", ")
}

// mayWriteTo reports whether an address is one to which the owner lets the account
// write. The owner checks it again.
func (u *user) mayWriteTo(address string) bool {
	if u.compose != socket.ComposeInternal {
		return u.compose == socket.ComposeAny
	}
	domain := strings.ToLower(address[strings.LastIndexByte(address, '@')+1:])
	return slices.ContainsFunc(u.domains, func(d string) bool {
		d = strings.ToLower(d)
		return domain == d || strings.HasPrefix(d, ".") && strings.HasSuffix(domain, d)
	})
}
