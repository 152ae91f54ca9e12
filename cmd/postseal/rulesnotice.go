package main

import (
	"context"
	"time"

	"github.com/postseal/postseal/cmd/postseal/config"
	"github.com/postseal/postseal/milter/notice"
	"github.com/postseal/postseal/rules"
	"github.com/postseal/postseal/store"
	"github.com/postseal/postseal/store/seal"
)

// tripsOnNotice finds the rule that would decide about an answer to one of our
// own notices because of the notice's words in it: the answer would be sealed or
// stopped for nothing. The notice itself never meets the rules.
func tripsOnNotice(ctx context.Context, cfg *config.Config, set *rules.Set) (*rules.Problem, error) {
	renderer, err := notice.New(noticeOptions(cfg))
	if err != nil {
		return nil, err
	}
	member := "somebody@" + cfg.MailDomain()
	now := time.Now()
	mail, err := renderer.NoticeMail(notice.Notice{
		Author: notice.Author{Address: member},
		Sealed: store.Sealed{
			Message: "00000000-0000-7000-8000-000000000000", Recipient: "guest@guest.invalid",
			Mode: seal.ModeAccount, Created: now, Expires: now.Add(cfg.Messages.Retention),
		},
	}, notice.Envelope{From: member, To: "guest@guest.invalid", Date: now})
	if err != nil {
		return nil, err
	}
	quoting := &rules.Message{From: member, Recipients: []string{"guest@guest.invalid"}, Time: now, Sent: rules.SentBefore(0)}
	if err := rules.ParseMessage(quoting, mail.Data); err != nil {
		return nil, err
	}
	plain := *quoting
	if err := rules.ParseMessage(&plain, []byte("From: "+member+"\r\nSubject: Re\r\n\r\nThank you.\r\n")); err != nil {
		return nil, err
	}
	var decided [2]rules.Verdict
	for i, m := range []*rules.Message{quoting, &plain} {
		d, err := set.Evaluate(ctx, m)
		if err != nil {
			return nil, err
		}
		decided[i] = d.Verdicts[0]
	}
	if decided[0].Rule == "" || decided[0].Rule == decided[1].Rule {
		return nil, nil
	}
	return &rules.Problem{
		File: cfg.Rules.Dir, Rule: decided[0].Rule,
		Text: "matches the text of Postseal's own notices: mail that quotes one gets " + string(decided[0].Action) + " for nothing",
	}, nil
}
