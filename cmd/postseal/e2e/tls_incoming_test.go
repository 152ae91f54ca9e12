package e2e

import (
	"crypto/tls"
	"errors"
	"net"
	"net/smtp"
	"net/textproto"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postseal/postseal/cmd/postseal/config"
	"github.com/postseal/postseal/milter/tlspolicy/mailnet"
)

// TestIncomingTLS: what came in clear is refused where TLS is required, by a real
// Postfix and a real Sendmail, before the content is sent. Loopback as a whole is
// not exempt here, only the address from which Postseal's own mail comes.
func TestIncomingTLS(t *testing.T) {
	for name, sendmail := range map[string]bool{"Postfix": false, "Sendmail": true} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
			if err := mailnet.Write(selfSigned(t, "mail.example.com"), cert, key); err != nil {
				t.Fatal(err)
			}
			o := SiteOptions{
				Sendmail: sendmail,
				Set: map[string]string{
					"tls.incoming_senders":    config.QuoteList([]string{"partner.example"}),
					"tls.incoming_recipients": config.QuoteList([]string{"board@example.com"}),
					"tls.incoming_exempt":     config.QuoteList([]string{"local", "127.0.0.1"}),
				},
			}
			if sendmail {
				o.Macros = []string{
					"define(`confSERVER_CERT', `" + cert + "')dnl", "define(`confSERVER_KEY', `" + key + "')dnl",
					"define(`confCACERT', `" + cert + "')dnl", "define(`confCACERT_PATH', `" + dir + "')dnl", "RELAY_DOMAIN(`example.com')dnl",
				}
			} else {
				o.Main = map[string]string{"smtpd_tls_security_level": "may", "smtpd_tls_cert_file": cert, "smtpd_tls_key_file": key}
			}
			s := NewSite(t, o)
			const body = "From: x@partner.example\nSubject: x\n\nplanted\n"
			wantRefused(t, s.from("127.0.0.9", false, "x@partner.example", "ann@example.com", body), "for mail from this sender")
			wantRefused(t, s.from("127.0.0.9", false, "x@other.example", "board@example.com", body), "for mail to this recipient")
			for _, ok := range []struct {
				tls      bool
				from, to string
			}{
				{true, "x@partner.example", "ann1@example.com"},
				{true, "x@other.example", "board@example.com"},
				{false, "x@other.example", "ann2@example.com"},
			} {
				if err := s.from("127.0.0.9", ok.tls, ok.from, ok.to, body); err != nil {
					t.Errorf("%+v: %v", ok, err)
				}
				s.WaitInside(t, ok.to)
			}
			// The exempt address, and the local command.
			if err := s.from("127.0.0.1", false, "x@partner.example", "ann3@example.com", body); err != nil {
				t.Error(err)
			}
			s.WaitInside(t, "ann3@example.com")
			s.Sendmail(t, body, "-f", "x@partner.example", "ann4@example.com")
			s.WaitInside(t, "ann4@example.com")
		})
	}
}

func wantRefused(t *testing.T, err error, text string) {
	t.Helper()
	var reply *textproto.Error
	if !errors.As(err, &reply) || reply.Code != 530 || !strings.Contains(reply.Msg, "5.7.10") || !strings.Contains(reply.Msg, text) {
		t.Errorf("got %v, want a 530 that says %q", err, text)
	}
}

// from submits from an address of loopback, with TLS or without.
func (s *Site) from(address string, encrypted bool, from, to, message string) error {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	nc, err := d.Dial("tcp", s.SMTP)
	if err != nil {
		return err
	}
	defer nc.Close()
	c, err := smtp.NewClient(nc, "localhost")
	if err != nil {
		return err
	}
	if encrypted {
		if err := c.StartTLS(&tls.Config{InsecureSkipVerify: true}); err != nil {
			return err
		}
	}
	if err := c.Mail(from); err != nil {
		return err
	}
	if err := c.Rcpt(to); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write([]byte(crlf(message))); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return c.Quit()
}
