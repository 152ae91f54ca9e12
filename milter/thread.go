package milter

import (
	"context"
	"fmt"
	"net/mail"
	"slices"
	"strings"

	"github.com/postseal/postseal/rules"
)

// maxThread bounds how many Message-IDs of a thread are looked up: the parent and
// the last ones tell it.
const maxThread = 50

// threadIDs lists the Message-IDs that the message answers to, those that tell most
// first. Programs separate them by anything, and write words between them.
func threadIDs(m *message) []string {
	var ids []string
	for _, name := range []string{"In-Reply-To", "References"} {
		var found []string
		for _, f := range m.header {
			if f.is(name) {
				found = append(found, bracketedIDs(f.value)...)
			}
		}
		slices.Reverse(found)
		for _, id := range found {
			if len(ids) < maxThread && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// bracketedIDs are what stands between < and > in text, without spaces: a fold may
// have come into a long one.
func bracketedIDs(text string) []string {
	var ids []string
	for {
		_, rest, ok := strings.Cut(text, "<")
		if !ok {
			return ids
		}
		id, rest, ok := strings.Cut(rest, ">")
		if !ok {
			return ids
		}
		id = id[strings.LastIndexByte(id, '<')+1:]
		if id = strings.Join(strings.Fields(id), ""); id != "" {
			ids = append(ids, "<"+id+">")
		}
		text = rest
	}
}

// keepSecret seals what answers somebody who wrote in the portal, where no rule said
// that it may go in clear: for that guest, and for everybody else outside whom the same
// mail is for, since it quotes the guest.
func (s *Server) keepSecret(ctx context.Context, m *message, d *rules.Decision) error {
	s.sealComposed(m, d)
	if !s.options.Thread || len(d.Verdicts) != len(m.recipients) {
		return nil
	}
	var guests []string // whom it goes to outside
	var open []int      // those who would get it in clear
	for i, v := range d.Verdicts {
		if rules.Internal(v.Recipient, s.options.InternalDomains) {
			continue
		}
		guests = append(guests, m.recipients[i].key)
		if v.Action == rules.Deliver && v.Rule == "" && v.Reason == "default" {
			open = append(open, i)
		}
	}
	if len(open) == 0 {
		return nil
	}
	if ok, err := s.answers(ctx, m, append(guests, m.named()...)); !ok || err != nil {
		return err
	}
	for _, i := range open {
		v := &d.Verdicts[i]
		v.Action, v.Rule, v.Reason = rules.Pickup, rules.Thread, ""
		v.Text = "It answers a message that was written in the portal."
	}
	return nil
}

// answers reports whether the message answers what one of the guests wrote.
func (s *Server) answers(ctx context.Context, m *message, guests []string) (bool, error) {
	ids := threadIDs(m)
	if len(ids) == 0 {
		return false, nil
	}
	for _, guest := range guests {
		ok, err := s.options.Store.InThread(ctx, ids, guest)
		if err != nil {
			return false, fmt.Errorf("look for the thread: %w", err)
		}
		if ok {
			return true, nil
		}
	}
	return false, nil
}

// maxNamed bounds the addresses of the header that are looked up.
const maxNamed = 100

// named are the addresses in To and Cc: an MTA in front of us may have divided a mail
// to several.
func (m *message) named() []string {
	var out []string
	for _, name := range []string{"To", "Cc"} {
		list, err := mail.ParseAddressList(headerLine(m.get(name)))
		if err != nil {
			continue // nobody's mail program wrote that
		}
		for _, a := range list {
			if len(out) < maxNamed {
				out = append(out, normalise(a.Address))
			}
		}
	}
	return out
}
