package mailnet

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"sync"

	"github.com/emersion/go-smtp"
)

// A Mail is what a [Receiver] was given.
type Mail struct {
	From string
	To   []string
	Data []byte
	TLS  bool
}

// A Receiver is a mail server that takes everything. It keeps what it received,
// and every octet that came over the wire.
type Receiver struct {
	server *smtp.Server
	addr   string

	mu    sync.Mutex
	mails []Mail
	wire  bytes.Buffer
}

// NewReceiver listens on host:port, and offers STARTTLS with certificate unless
// that is nil.
func NewReceiver(address string, certificate *tls.Certificate) (*Receiver, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("receiver: %w", err)
	}
	r := &Receiver{addr: l.Addr().String()}
	r.server = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &session{receiver: r, conn: c}, nil
	}))
	r.server.Domain = "receiver.test"
	if certificate != nil {
		r.server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*certificate}}
	}
	r.server.ErrorLog = quiet{}   // refused certificates are what tests are about
	go r.server.Serve(&tap{l, r}) // returns when Close closes the listener
	return r, nil
}

// Addr is the host:port it listens on.
func (r *Receiver) Addr() string { return r.addr }

// Close stops it. What it received stays readable.
func (r *Receiver) Close() error { return r.server.Close() }

// Mails is what it received so far, oldest first.
func (r *Receiver) Mails() []Mail {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Mail(nil), r.mails...)
}

// Wire is every octet that clients sent so far: below TLS, so that what was
// encrypted is not readable in it.
func (r *Receiver) Wire() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return bytes.Clone(r.wire.Bytes())
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

// tap keeps what its connections read.
type tap struct {
	net.Listener
	receiver *Receiver
}

func (t *tap) Accept() (net.Conn, error) {
	c, err := t.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &tapped{c, t.receiver}, nil
}

type tapped struct {
	net.Conn
	receiver *Receiver
}

func (t *tapped) Read(p []byte) (int, error) {
	n, err := t.Conn.Read(p)
	t.receiver.mu.Lock()
	defer t.receiver.mu.Unlock()
	t.receiver.wire.Write(p[:n])
	return n, err
}

type session struct {
	receiver *Receiver
	conn     *smtp.Conn
	mail     Mail
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.mail = Mail{From: from}
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.mail.To = append(s.mail.To, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.mail.Data = data
	_, s.mail.TLS = s.conn.TLSConnectionState()
	s.receiver.mu.Lock()
	defer s.receiver.mu.Unlock()
	s.receiver.mails = append(s.receiver.mails, s.mail)
	s.mail = Mail{}
	return nil
}

func (s *session) Reset()        { s.mail = Mail{} }
func (s *session) Logout() error { return nil }
