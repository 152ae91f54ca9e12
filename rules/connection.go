package rules

import (
	"net/netip"
	"strings"
)

// An authCondition tests the name with which the sender authenticated.
type authCondition struct{ names []string } // globs, folded

func (c authCondition) level() level { return levelHeader }

func (c authCondition) test(st *state) truth {
	user := strings.ToLower(st.message.AuthUser)
	if user == "" || !anyGlob(c.names, user) {
		return no
	}
	st.found(Evidence{What: "auth_user", Part: "connection", Name: "auth_user", Masked: maskAddress(user)})
	return yes
}

func decodeAuth(l *loader, n node, _ scope) condition {
	var c authCondition
	for _, e := range l.entries(n.texts()) {
		c.names = append(c.names, strings.ToLower(e.text))
	}
	return l.share(c)
}

// A clientCondition tests the address of the SMTP client.
type clientCondition struct {
	networks []netip.Prefix
	local    bool // a message from the local command
}

func (c clientCondition) level() level { return levelHeader }

func (c clientCondition) test(st *state) truth {
	client := st.message.Client.Unmap()
	if !client.IsValid() {
		if c.local {
			st.found(Evidence{What: "client", Part: "connection", Name: "local", Masked: "local"})
		}
		return truthOf(c.local)
	}
	for _, network := range c.networks {
		if network.Contains(client.WithZone("")) {
			st.found(Evidence{What: "client", Part: "connection", Name: network.String(), Masked: client.String()})
			return yes
		}
	}
	return no
}

func decodeClient(l *loader, n node, _ scope) condition {
	var c clientCondition
	for _, e := range l.entries(n.texts()) {
		if e.text == "local" {
			c.local = true
			continue
		}
		network, err := netip.ParsePrefix(e.text)
		if err != nil {
			var address netip.Addr
			if address, err = netip.ParseAddr(e.text); err == nil {
				network = netip.PrefixFrom(address.Unmap(), address.Unmap().BitLen())
			}
		}
		switch {
		case err != nil:
			l.problem(e, n.owner, `"`+e.text+`" is no network; write one like "10.0.0.0/8", "2001:db8::/32", "192.0.2.1" or "local"`)
		case network.Masked() != network:
			l.problem(e, n.owner, `"`+e.text+`" has bits beyond its length; write "`+network.Masked().String()+`"`)
		default:
			c.networks = append(c.networks, network)
		}
	}
	return l.share(c)
}

// A tlsCondition tests how the message came in.
type tlsCondition struct {
	secure   *bool
	versions []string // globs, folded
}

func (c tlsCondition) level() level { return levelHeader }

func (c tlsCondition) test(st *state) truth {
	version := st.message.TLS
	holds := version != "" && anyGlob(c.versions, strings.ToLower(version))
	if c.secure != nil {
		holds = *c.secure == (version != "")
	}
	if !holds {
		return no
	}
	if version == "" {
		version = "in clear"
	}
	st.found(Evidence{What: "client_tls", Part: "connection", Name: "client_tls", Masked: version})
	return yes
}

func decodeTLS(l *loader, n node, _ scope) condition {
	var c tlsCondition
	if b, ok := n.value.(bool); ok {
		c.secure = &b
		return l.share(c)
	}
	if _, ok := n.value.(int64); ok {
		n.errorf("is a number; write true, false or versions like \"TLSv1.3\"")
		return nil
	}
	for _, item := range n.texts() {
		c.versions = append(c.versions, strings.ToLower(item.value.(string)))
	}
	return l.share(c)
}

// A directionCondition tests whether the message leaves, for the recipient that
// is being decided. Whoever authenticated counts as a member, whatever sender
// address was given.
type directionCondition struct {
	domains    []string
	directions map[string]bool
}

func (c directionCondition) level() level { return levelHeader }

func (c directionCondition) test(st *state) truth {
	direction := map[[2]bool]string{
		{true, true}: "internal", {true, false}: "outbound", {false, true}: "inbound", {false, false}: "through",
	}[[2]bool{
		st.message.AuthUser != "" || Internal(st.message.From, c.domains),
		Internal(st.recipient, c.domains),
	}]
	if !c.directions[direction] {
		return no
	}
	st.found(Evidence{What: "direction", Part: "envelope", Name: direction, Masked: direction})
	return yes
}

func decodeDirection(l *loader, n node, _ scope) condition {
	c := directionCondition{l.options.InternalDomains, map[string]bool{}}
	l.choices(n, []string{"outbound", "inbound", "internal", "through"}, func(s string) { c.directions[s] = true })
	return c
}

// choices hands each of n's values to use; only known ones are allowed.
func (l *loader) choices(n node, known []string, use func(string)) {
	for _, item := range n.texts() {
		s := item.value.(string)
		found := false
		for _, k := range known {
			found = found || k == s
		}
		if !found {
			item.errorf("%q is unknown here; write %s", s, strings.Join(known, ", "))
			continue
		}
		use(s)
	}
}
