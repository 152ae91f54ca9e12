package notice

import (
	"errors"
	"time"

	"github.com/postseal/postseal/store"
	"github.com/postseal/postseal/store/seal"
)

// tryTemplates renders every mail once in each language and each of its forms, so
// that a template or a text that uses what is not there fails now and not with
// somebody's mail.
func (r *Renderer) tryTemplates() error {
	var errs []error
	for _, t := range r.languages.all {
		in := *r
		in.languages = &languages{all: r.languages.all, usual: t}
		in.tryMails(func(_ any, err error) { errs = append(errs, err) })
	}
	return errors.Join(errs...)
}

func (r *Renderer) tryMails(try func(any, error)) {
	at := time.Unix(0, 0)
	const to, from = "bob@example.net", "ann@example.com"
	n := Notice{
		Author: Author{"Ann", from}, Subject: "Subject",
		Restrict: seal.Restriction{NoPrint: true, NoReply: true, PIN: true},
		Sealed: store.Sealed{
			Message: "00000000-0000-7000-8000-000000000000", Recipient: to,
			Mode: seal.ModeAccount, Created: at, Expires: at, Phrase: "Phrase", Check: "A1B2-C3D4E-F5G6",
		},
	}
	try(r.Notice(n))
	n.Sealed.Account = true
	n.Restrict = seal.Restriction{}
	try(r.Notice(n))
	n.Sealed.Account, n.Sealed.Mode, n.Author = false, seal.ModeOneTime, Author{}
	try(r.Notice(n))
	for _, name := range []string{"", "Bob"} {
		try(r.Reset(store.ResetMail{ID: "1", Address: to, Name: name, Created: at, Expires: at}))
	}
	for _, kind := range []store.AlertKind{
		store.AlertLogin, store.AlertFactorAdded, store.AlertFactorGone, store.AlertCodeUsed, store.AlertNewCodes, store.AlertPassword, store.AlertMissed,
	} {
		try(r.Alert(store.AlertMail{Kind: kind, ID: "1", Address: to, Client: "192.0.2.1", Agent: "Agent", Time: at}))
	}
	try(r.Alert(store.AlertMail{Kind: store.AlertFactorGone, ID: "1", Address: to, Time: at}))
	roundup := store.RoundupMail{ID: "1", Address: to, Check: "A1B2-C3D4E-F5G6", Messages: []store.RoundupLine{{Sender: from, Sent: at, Expires: at}}, Now: at}
	try(r.Roundup(roundup))
	roundup.Name, roundup.Phrase, roundup.More = "Bob", "Phrase", 1
	try(r.Roundup(roundup))
	for _, kind := range []store.AddressKind{store.AddressConfirm, store.AddressTaken, store.AddressAdded, store.AddressRemoved} {
		try(r.Address(store.AddressMail{ID: "1", Kind: kind, To: to, Address: to, Main: from, Created: at, Expires: at}))
	}
	s := Status{ID: "1", To: from, Arrived: at, At: at,
		Failures: []Failure{{Address: to, Status: "5.7.1", Text: "Text"}}}
	try(r.Returned(s))
	try(r.Undelivered(s))
	s.Itself, s.Partly = true, true
	try(r.Returned(s))
	try(r.Undelivered(s))
	for _, rejected := range []bool{false, true} {
		try(r.Expired(store.ExpiredMail{ID: "1", To: from, Recipients: []string{to}, Rejected: rejected, Text: "Text", Sent: at, Now: at}))
	}
	try(r.Report(Report{ID: "1", To: from, Received: at, Lines: []ReportLine{{"a", "b", "c"}}}))
	receipt := Receipt{ID: "1", To: from, Sent: at, Code: seal.Code{1}}
	for _, how := range []How{HowAccount, HowOneTime, HowHeld, HowReturned} {
		receipt.Lines = append(receipt.Lines, ReceiptLine{Recipient: to, How: how, Reason: "Reason", Expires: at, PIN: "12345678", Waits: at})
		try(r.Receipt(receipt))
	}
	for _, c := range []seal.Code{{}, {1}} {
		try(r.Held(Held{ID: "1", To: from, Held: store.Held{Code: c, Expires: at}, Recipients: []string{to}, Text: "Text", Sent: at}))
	}
	for _, kind := range []store.RemindKind{store.RemindUnread, store.RemindExpiring, store.RemindAgain} {
		m := store.RemindMail{ID: "1", Kind: kind, Recipient: to, Sender: from, Sent: at, Now: at, Expires: at}
		try(r.Remind(m))
		m.Code = seal.Code{1}
		try(r.Remind(m))
		m.Account = true
		try(r.Remind(m))
		m.OneTime = true
		try(r.Remind(m))
	}
	for _, kind := range []store.FollowKind{store.FollowUnread, store.FollowExpiring, store.FollowExpired, store.FollowLost} {
		try(r.Follow(store.FollowMail{ID: "1", Kind: kind, To: from, Recipients: []store.FollowLine{{Recipient: to, Expires: at}}, Sent: at, Now: at}))
	}
	try(r.Read(store.ReadMail{ID: "1", To: from, Recipient: to, Sent: at, Opened: at}))
	try(r.Read(store.ReadMail{ID: "1", To: from, Recipient: to, Sent: at, Opened: at, By: "Bob"}))
	for _, yes := range []bool{true, false} {
		try(r.Invitation(store.InvitationMail{ID: "1", Address: to, Account: yes, Mailbox: from, By: from, Manager: yes, Code: seal.Code{1}, Created: at, Expires: at}))
		for _, what := range []string{"given", "role", "removed", "left", "closed", "unlocked", "access"} {
			try(r.People(store.PeopleMail{ID: "1", Address: to, Mailbox: from, What: what, Person: to, Manager: yes, PeopleOnly: yes, SecondStep: yes, Time: at}))
		}
	}
	for _, key := range []string{"defer.wait", "defer.withdrawn", "defer.rejected", "defer.expired"} {
		try(r.languages.usual.text(key, nil))
	}
}
