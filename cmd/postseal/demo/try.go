package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/smtp"
	"net/textproto"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/postseal/postseal/cmd/postseal/mta"
)

// try sends one sample, tells what became of it and compares.
func (s *site) try(ctx context.Context, x sample) error {
	s.say("  %s, to %s", x.title, strings.Join(x.to, " and "))
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := smtp.SendMail(s.postfix.SMTP, nil, x.from, x.to, x.message())
	var reply *textproto.Error
	if errors.As(err, &reply) && reply.Code == 550 {
		s.say("    %s: %s", returned, reply.Msg)
		s.refuse(x, reply)
		if x.want[0] != returned {
			return fmt.Errorf("want %s", x.want[0])
		}
		return nil
	} else if err != nil {
		return fmt.Errorf("send: %w", err)
	}
	var wrong []error
	for i, to := range x.to {
		sink := s.outside
		if strings.HasSuffix(to, "@example.com") {
			sink = s.inside
		}
		m, err := sink.Wait(ctx, func(m mta.Mail) bool { return m.Has(to) })
		if err != nil {
			return fmt.Errorf("%s got nothing: %w", to, err)
		}
		got, link := s.outcome(x, m)
		s.say("    %s: %s", to, got)
		if link != "" {
			s.say("      %s", link)
		}
		if got != x.want[i] {
			wrong = append(wrong, fmt.Errorf("%s: want %s", to, x.want[i]))
		}
	}
	if x.receipt {
		if _, err := s.inside.Wait(ctx, func(m mta.Mail) bool { return m.Has(x.from) }); err != nil {
			return fmt.Errorf("%s got no receipt: %w", x.from, err)
		}
		s.say("    %s: a receipt", x.from)
	}
	return errors.Join(wrong...)
}

// A refusal is a mail that the MTA did not take: what its sender got is the text
// of the reply, which a mail program shows or its server makes a bounce of.
type refusal struct {
	sample sample
	reply  string
	at     time.Time
}

func (s *site) refuse(x sample, reply *textproto.Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused = append(s.refused, refusal{x, reply.Error(), time.Now()})
}

func (s *site) refusals() []refusal {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.refused)
}

// outcome tells what a captured mail is to its recipient. The original counts as
// delivered only when its body is there octet for octet.
func (s *site) outcome(x sample, m mta.Mail) (what, link string) {
	link = s.link(m)
	_, original, _ := bytes.Cut(x.message(), []byte("\r\n\r\n"))
	switch {
	case strings.HasPrefix(link, s.url+"/a/"):
		return sealed, link
	case strings.HasPrefix(link, s.url+"/o/"):
		return oneTime, link
	case bytes.HasSuffix(m.Data, append([]byte("\r\n\r\n"), original...)):
		return delivered, ""
	}
	return "something else", link
}

// link returns the first link to the portal in the plain text.
func (s *site) link(m mta.Mail) string {
	v, err := readMail(m)
	if err != nil {
		return ""
	}
	return regexp.MustCompile(regexp.QuoteMeta(s.url) + `/[aom]/[^\s<>"]+`).FindString(v.Text)
}
