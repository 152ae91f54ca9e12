package milter

import (
	"context"
	"io"
	"net/mail"

	rulesmail "github.com/postseal/postseal/rules/mail"
	"github.com/postseal/postseal/store/seal"
)

// summarise describes the message for an inbox.
func summarise(ctx context.Context, m *message, body io.ReaderAt, size int64) (seal.Summary, error) {
	header := make([]rulesmail.Field, len(m.header))
	for i, f := range m.header {
		header[i] = rulesmail.Field{Name: f.name, Value: f.text()}
	}
	read, err := rulesmail.Read(ctx, header, body, size, rulesmail.Limits{})
	if err != nil {
		return seal.Summary{}, err
	}
	s := read.Summary()
	out := seal.Summary{From: s.From, To: s.To, Cc: s.Cc, Subject: s.Subject, Date: m.received}
	if d, err := mail.ParseDate(s.Date); err == nil {
		out.Date = d
	}
	for _, a := range s.Attachments {
		out.Attachments = append(out.Attachments, seal.Attachment{Name: a.Name, Type: a.Type, Size: a.Size})
	}
	return out, nil
}
