package mta

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/emersion/go-smtp"
)

// sinkMaxBytes bounds one captured message.
const sinkMaxBytes = 256 << 20

// A Mail is what a [Sink] was given.
type Mail struct {
	From string    // envelope sender without <>
	To   []string  // envelope recipients without <>, in order
	Data []byte    // header and body as received: CRLF, dots unstuffed
	Time time.Time // when the last octet was received
}

// Has tells whether address is among the envelope recipients.
func (m Mail) Has(address string) bool { return slices.Contains(m.To, address) }

// A Sink is an SMTP server (RFC 5321) on loopback that accepts everything,
// delivers nothing and keeps it in memory.
type Sink struct {
	server *smtp.Server
	addr   string

	mu      sync.Mutex
	mails   []Mail
	changed chan struct{} // closed and replaced when a mail arrives
	refuse  func(from string, to string) error
}

// NewSink starts a sink on a free port of 127.0.0.1.
func NewSink() (*Sink, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("sink: %w", err)
	}
	s := &Sink{addr: l.Addr().String(), changed: make(chan struct{})}
	s.server = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		return &sinkSession{sink: s}, nil
	}))
	s.server.Domain = "sink.test"
	s.server.EnableSMTPUTF8 = true
	s.server.MaxMessageBytes = sinkMaxBytes
	s.server.MaxLineLength = 1 << 20
	go s.server.Serve(l) // returns when Close closes the listener
	return s, nil
}

// Addr is the host:port it listens on.
func (s *Sink) Addr() string { return s.addr }

// Close stops it. What it captured stays readable.
func (s *Sink) Close() error {
	if err := s.server.Close(); err != nil && !errors.Is(err, smtp.ErrServerClosed) {
		return fmt.Errorf("close sink: %w", err)
	}
	return nil
}

// Refuse makes the sink ask f about every recipient; the error (best an
// *smtp.SMTPError) is the reply to RCPT. nil accepts all again.
func (s *Sink) Refuse(f func(from, to string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = f
}

// Mails returns what was captured so far, oldest first.
func (s *Sink) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.mails)
}

// Forget drops what was captured so far.
func (s *Sink) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails = nil
}

// Changed returns a channel that is closed when the next mail arrives.
func (s *Sink) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

// Wait returns the first captured mail for which match holds, also one that was
// captured before the call, or the context's error.
func (s *Sink) Wait(ctx context.Context, match func(Mail) bool) (Mail, error) {
	got, err := s.WaitN(ctx, 1, match)
	if err != nil {
		return Mail{}, err
	}
	return got[0], nil
}

// WaitN is Wait for n mails.
func (s *Sink) WaitN(ctx context.Context, n int, match func(Mail) bool) ([]Mail, error) {
	for {
		changed := s.Changed()
		var got []Mail
		for _, m := range s.Mails() {
			if match(m) {
				got = append(got, m)
			}
		}
		if len(got) >= n {
			return got, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, fmt.Errorf("sink got %d of %d matching mails, %d in all: %w", len(got), n, len(s.Mails()), ctx.Err())
		}
	}
}

func (s *Sink) keep(m Mail) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails = append(s.mails, m)
	close(s.changed)
	s.changed = make(chan struct{})
}

// sinkSession implements smtp.Session.
type sinkSession struct {
	sink *Sink
	mail Mail
}

func (s *sinkSession) Mail(from string, _ *smtp.MailOptions) error {
	s.mail = Mail{From: from}
	return nil
}

func (s *sinkSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.sink.mu.Lock()
	refuse := s.sink.refuse
	s.sink.mu.Unlock()
	if refuse != nil {
		if err := refuse(s.mail.From, to); err != nil {
			return err
		}
	}
	s.mail.To = append(s.mail.To, to)
	return nil
}

func (s *sinkSession) Data(r io.Reader) error {
	var b bytes.Buffer
	if _, err := b.ReadFrom(r); err != nil {
		return err
	}
	s.mail.Data, s.mail.Time = b.Bytes(), time.Now()
	s.sink.keep(s.mail)
	s.mail = Mail{}
	return nil
}

func (s *sinkSession) Reset()        { s.mail = Mail{} }
func (s *sinkSession) Logout() error { return nil }
