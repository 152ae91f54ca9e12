package main

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/postseal/postseal/cmd/postseal/config"
	"github.com/postseal/postseal/milter/notice"
	"github.com/postseal/postseal/rules"
	"github.com/postseal/postseal/store"
	"github.com/postseal/postseal/store/seal"
)

// tripsOnNotice finds the rule that would decide about an answer to one of our
// own notices because of the notice's words in it: the answer would be sealed or
// stopped for nothing. The notice itself never meets the rules. Each language
// that is configured is tried.
func tripsOnNotice(ctx context.Context, cfg *config.Config, set *rules.Set) (*rules.Problem, error) {
	renderer, err := notice.New(noticeOptions(cfg))
	if err != nil {
		return nil, err
	}
	plain, err := decided(ctx, cfg, set, []byte("From: somebody@"+cfg.MailDomain()+"\r\nSubject: Re\r\n\r\nThank you.\r\n"))
	if err != nil {
		return nil, err
	}
	languages := append(slices.Collect(maps.Values(cfg.Languages.Domains)), cfg.Languages.Default)
	slices.Sort(languages)
	for _, lang := range slices.Compact(languages) {
		mail, err := noticeIn(renderer, cfg, lang)
		if err != nil {
			return nil, err
		}
		v, err := decided(ctx, cfg, set, mail)
		if err != nil {
			return nil, err
		}
		if v.Rule != "" && v.Rule != plain.Rule {
			return &rules.Problem{
				File: cfg.Rules.Dir, Rule: v.Rule,
				Text: "matches the text of Postseal's own notices (" + lang + "): mail that quotes one gets " + string(v.Action) + " for nothing",
			}, nil
		}
	}
	return nil, nil
}

// noticeIn is a notice of a member's message to a guest, in a language.
func noticeIn(renderer *notice.Renderer, cfg *config.Config, lang string) ([]byte, error) {
	member, now := "somebody@"+cfg.MailDomain(), time.Now()
	m, err := renderer.NoticeMail(notice.Notice{
		Author: notice.Author{Address: member},
		Sealed: store.Sealed{
			Message: "00000000-0000-7000-8000-000000000000", Recipient: "guest@guest.invalid", Language: lang,
			Mode: seal.ModeAccount, Created: now, Expires: now.Add(cfg.Messages.Retention),
		},
	}, notice.Envelope{From: member, To: "guest@guest.invalid", Date: now})
	return m.Data, err
}

// decided is the verdict for a member's mail to a guest.
func decided(ctx context.Context, cfg *config.Config, set *rules.Set, mail []byte) (rules.Verdict, error) {
	m := &rules.Message{
		From: "somebody@" + cfg.MailDomain(), Recipients: []string{"guest@guest.invalid"}, Time: time.Now(), Sent: rules.SentBefore(0),
	}
	if err := rules.ParseMessage(m, mail); err != nil {
		return rules.Verdict{}, err
	}
	d, err := set.Evaluate(ctx, m)
	if err != nil {
		return rules.Verdict{}, err
	}
	return d.Verdicts[0], nil
}
