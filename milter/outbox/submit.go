package outbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/postseal/postseal/milter/guard"
)

// refusal is the MTA's negative reply.
type refusal struct{ *smtp.SMTPError }

// permanent tells whether another attempt is of no use. That the MTA wants us to
// log in first (RFC 4954 section 6) is about its settings and not about the mail:
// it waits until somebody mends them.
func (r *refusal) permanent() bool {
	switch r.Code {
	case 530, 534, 535, 538:
		return false
	}
	return r.Code >= 500
}

// Unwrap gives the reply.
func (r *refusal) Unwrap() error { return r.SMTPError }

// status is the reply's enhanced code (RFC 3463), or a general one of its class.
func (r *refusal) status() string {
	e := r.EnhancedCode
	if e[0] == r.Code/100 {
		return fmt.Sprintf("%d.%d.%d", e[0], e[1], e[2])
	}
	return fmt.Sprintf("%d.0.0", r.Code/100)
}

// Error gives the codes and not the text, which may quote the mail: a filter that
// dislikes a link says which one, and the link is a secret.
func (r *refusal) Error() string { return fmt.Sprintf("refused with %d %s", r.Code, r.status()) }

// text is the reply for the sender's eyes, without anything that looks like a link
// or a code.
func (r *refusal) text() string {
	words := strings.Fields(r.Message)
	for i, w := range words {
		if strings.ContainsAny(w, "#/") || strings.Count(w, "-") > 2 {
			words[i] = "[...]"
		}
	}
	return fmt.Sprintf("%d %s", r.Code, strings.Join(words, " "))
}

// errNoTLS is returned when the configuration requires TLS and the server has
// none. It may have it tomorrow: the mail waits.
var errNoTLS = errors.New("the submission service offers no STARTTLS")

// submit sends one mail in a session of its own. The MTA can take it for some of
// its recipients and refuse others for good; an error is about all of them.
func (o *Outbox) submit(ctx context.Context, i *Item) (refused map[string]*refusal, err error) {
	data, err := i.Open()
	if err != nil {
		return nil, fmt.Errorf("open a mail: %w", err)
	}
	defer data.Close()
	c, err := o.dial(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect to the submission service: %w", err)
	}
	defer c.Close()
	if refused, err = o.transact(c, i, data); err != nil {
		return nil, asRefusal(err)
	}
	// The MTA has the mail; how the session ends matters no more.
	_ = c.Quit()
	return refused, nil
}

// asRefusal makes a negative reply a refusal and leaves any other error.
func asRefusal(err error) error {
	var reply *smtp.SMTPError
	if errors.As(err, &reply) {
		return &refusal{reply}
	}
	return err
}

// dial connects and starts TLS as configured.
func (o *Outbox) dial(ctx context.Context) (*smtp.Client, error) {
	var d net.Dialer
	nc, err := d.DialContext(ctx, "tcp", o.options.Address)
	if err != nil {
		return nil, err
	}
	if deadline, ok := ctx.Deadline(); ok {
		// go-smtp sets a deadline for each command and takes it off again.
		nc = &bounded{nc, deadline}
	}
	c := smtp.NewClient(nc)
	if err := c.Hello(o.options.Hello); err != nil {
		nc.Close()
		return nil, err
	}
	if ok, _ := c.Extension("STARTTLS"); !ok {
		if o.options.RequireTLS {
			nc.Close()
			return nil, errNoTLS
		}
		return c, nil
	}
	// go-smtp starts TLS only on a connection without a greeting so far.
	_ = c.Quit()
	nc.Close()
	if nc, err = d.DialContext(ctx, "tcp", o.options.Address); err != nil {
		return nil, err
	}
	if deadline, ok := ctx.Deadline(); ok {
		nc = &bounded{nc, deadline}
	}
	c, err = smtp.NewClientStartTLS(nc, o.options.TLS)
	if err != nil {
		return nil, fmt.Errorf("start TLS: %w", err)
	}
	if err := c.Hello(o.options.Hello); err != nil {
		c.Close()
		return nil, fmt.Errorf("start TLS: %w", err)
	}
	return c, nil
}

// bounded is a connection whose deadlines never lie behind one of its own.
type bounded struct {
	net.Conn
	last time.Time
}

// SetDeadline sets t, or the last moment where t is later or none.
func (b *bounded) SetDeadline(t time.Time) error {
	if t.IsZero() || t.After(b.last) {
		t = b.last
	}
	return b.Conn.SetDeadline(t)
}

// transact runs one mail transaction (RFC 5321 section 3.3). It goes on without
// recipients who are refused for good, as long as one is left.
func (o *Outbox) transact(c *smtp.Client, i *Item, data io.Reader) (refused map[string]*refusal, err error) {
	options := &smtp.MailOptions{UTF8: !ascii(i.From) || slices.ContainsFunc(i.To, func(a string) bool { return !ascii(a) })}
	if err := c.Mail(i.From, options); err != nil {
		return nil, err
	}
	taken := make([]string, 0, len(i.To))
	for n, to := range i.To {
		err := c.Rcpt(to, nil)
		var r *refusal
		switch {
		case err == nil:
			taken = append(taken, to)
		case errors.As(asRefusal(err), &r) && r.permanent() && (len(taken) > 0 || n < len(i.To)-1):
			if refused == nil {
				refused = map[string]*refusal{}
			}
			refused[to] = r
		default:
			return nil, err
		}
	}
	w, err := c.Data()
	if err != nil {
		return nil, err
	}
	mark := o.options.Guard.Mark(guard.Envelope{From: i.From, To: taken, MessageID: i.ID}, i.Pass, o.options.Now())
	if len(i.Pass) > 0 {
		mark = strings.ReplaceAll(mark, " ", "\r\n ")
	}
	head := guard.Header + ": " + mark + "\r\n"
	if _, err := io.Copy(w, io.MultiReader(strings.NewReader(head), data)); err != nil {
		return nil, fmt.Errorf("send a mail: %w", err)
	}
	return refused, w.Close()
}

func ascii(s string) bool { return !strings.ContainsFunc(s, func(r rune) bool { return r > '~' }) }
