package notice

import (
	"errors"
	"time"

	"github.com/postseal/postseal/store"
	"github.com/postseal/postseal/store/seal"
)

// tryTemplates renders every mail once, in each of its forms, so that a template
// that uses what is not there fails now and not with somebody's mail.
func (r *Renderer) tryTemplates() error {
	at := time.Unix(0, 0)
	n := Notice{Author: Author{"Ann", "ann@example.com"}, Subject: "Subject"}
	n.Sealed = store.Sealed{
		Message: "00000000-0000-7000-8000-000000000000", Recipient: "bob@example.net",
		Mode: seal.ModeAccount, Created: at, Expires: at,
	}
	var errs []error
	try := func(_ any, err error) { errs = append(errs, err) }
	try(r.Notice(n))
	n.Sealed.Account = true
	try(r.Notice(n))
	n.Sealed.Account, n.Sealed.Mode, n.Author = false, seal.ModeOneTime, Author{}
	try(r.Notice(n))
	try(r.Reset(store.ResetMail{ID: "1", Address: "bob@example.net", Name: "Bob", Created: at, Expires: at}))
	s := Status{ID: "1", To: "ann@example.com", Arrived: at, At: at,
		Failures: []Failure{{Address: "bob@example.net", Status: "5.7.1", Text: "Text"}}}
	try(r.Returned(s))
	try(r.Undelivered(s))
	try(r.Report(Report{ID: "1", To: "ann@example.com", Received: at, Lines: []ReportLine{{"a", "b", "c"}}}))
	try(r.Receipt(Receipt{ID: "1", To: "ann@example.com", Sent: at, Sealed: []store.Sealed{n.Sealed}}))
	return errors.Join(errs...)
}
