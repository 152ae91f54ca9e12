package milter

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/postseal/postseal/rules"
)

// ThreadRule stands for the rule's name where a message is sealed because it
// answers what its recipient wrote in the portal.
const ThreadRule = "thread"

// maxThread bounds how many Message-IDs of a thread are looked up: the parent and
// the last ones tell it.
const maxThread = 50

// threadIDs lists the Message-IDs that the message answers to, those that tell most
// first.
func threadIDs(m *message) []string {
	var ids []string
	for _, name := range []string{"In-Reply-To", "References"} {
		words := strings.Fields(strings.ReplaceAll(m.get(name), "><", "> <"))
		slices.Reverse(words)
		for _, w := range words {
			if len(w) > 2 && w[0] == '<' && w[len(w)-1] == '>' && len(ids) < maxThread && !slices.Contains(ids, w) {
				ids = append(ids, w)
			}
		}
	}
	return ids
}

// keepSecret seals for those who wrote in the portal what they are answered, where
// no rule said that it may go in clear.
func (s *Server) keepSecret(ctx context.Context, m *message, d *rules.Decision) error {
	s.sealComposed(m, d)
	if !s.options.Thread || len(d.Verdicts) != len(m.recipients) {
		return nil
	}
	var ids []string
	for i, v := range d.Verdicts {
		if v.Action != rules.Deliver || v.Rule != "" || v.Reason != "default" ||
			rules.Internal(v.Recipient, s.options.InternalDomains) {
			continue
		}
		if ids == nil {
			if ids = threadIDs(m); len(ids) == 0 {
				return nil
			}
		}
		ok, err := s.options.Store.InThread(ctx, ids, m.recipients[i].key)
		if err != nil {
			return fmt.Errorf("look for the thread: %w", err)
		}
		if ok {
			v.Action, v.Rule, v.Reason = rules.Pickup, ThreadRule, ""
			v.Text = "It answers a message that was written in the portal."
			d.Verdicts[i] = v
		}
	}
	return nil
}
