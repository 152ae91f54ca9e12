package milter

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/postseal/postseal/rules"
)

func addresses(t *testing.T, entries ...string) *rules.Addresses {
	t.Helper()
	a, err := rules.ParseAddresses(entries, []string{"example.com"})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// What came in clear is refused at the first command that tells, and before its
// content.
func TestIncomingTLS(t *testing.T) {
	home := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	all := IncomingTLS{All: true, Exempt: home, Local: true}
	senders := IncomingTLS{Senders: addresses(t, "partner.example"), Exempt: home, Local: true}
	recipients := IncomingTLS{Recipients: addresses(t, "board@example.com"), Exempt: home, Local: true}
	authRequired := IncomingTLS{Authenticated: AuthenticatedRequired, Exempt: home, Local: true}
	authExempt := IncomingTLS{All: true, Authenticated: AuthenticatedExempt}
	const (
		outside  = "client.example.com\x004\x01\x02192.0.2.7\x00"
		loopback = "localhost\x004\x01\x02127.0.0.1\x00"
		command  = "localhost\x00U"
	)
	for _, c := range []struct {
		name    string
		t       IncomingTLS
		client  string
		tls     string
		user    string
		from    string
		to      string
		refused string // at which command; "" takes it
	}{
		{"nothing wanted", IncomingTLS{}, outside, "", "", "<a@other.example>", "<board@example.com>", ""},
		{"all, in clear", all, outside, "", "", "<a@other.example>", "<b@example.com>", "MAIL"},
		{"all, bounce in clear", all, outside, "", "", "<>", "<b@example.com>", "MAIL"},
		{"all, by TLS", all, outside, "TLSv1.3", "", "<a@other.example>", "<b@example.com>", ""},
		{"all, our own outbox", all, loopback, "", "", "<a@example.com>", "<b@other.example>", ""},
		{"all, local command", all, command, "", "", "<a@example.com>", "<b@other.example>", ""},
		{"all, local command not exempt", IncomingTLS{All: true}, command, "", "", "<a@example.com>", "<b@other.example>", "MAIL"},
		{"all, loopback not exempt", IncomingTLS{All: true}, loopback, "", "", "<a@example.com>", "<b@other.example>", "MAIL"},
		{"all, authenticated", all, outside, "", "ann", "<a@example.com>", "<b@other.example>", "MAIL"},
		{"listed sender", senders, outside, "", "", "<A@Partner.Example>", "<b@example.com>", "MAIL"},
		{"listed sender by TLS", senders, outside, "TLSv1.2", "", "<a@partner.example>", "<b@example.com>", ""},
		{"another sender", senders, outside, "", "", "<a@other.example>", "<b@example.com>", ""},
		{"listed recipient", recipients, outside, "", "", "<a@other.example>", "<Board@example.com>", "RCPT"},
		{"another recipient", recipients, outside, "", "", "<a@other.example>", "<b@example.com>", ""},
		{"authenticated in clear", authRequired, outside, "", "ann", "<a@example.com>", "<b@example.com>", "MAIL"},
		{"others in clear", authRequired, outside, "", "", "<a@other.example>", "<b@example.com>", ""},
		{"authenticated exempt", authExempt, outside, "", "ann", "<a@example.com>", "<b@example.com>", ""},
		{"authenticated exempt, others", authExempt, outside, "", "", "<a@example.com>", "<b@example.com>", "MAIL"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := connect(t, newServer(t, &fakeStore{}, func(o *Options) { o.Incoming = c.t }), true)
			m.step('C', c.client, 1<<12)
			m.macros('M', "{auth_authen}", c.user, "{tls_version}", c.tls)
			if m.wantRefused(c.refused == "MAIL", 'M', c.from+"\x00", 1<<14) || m.wantRefused(c.refused == "RCPT", 'R', c.to+"\x00", 1<<15) {
				// The next message of the connection is judged by itself.
				m.macros('M', "{tls_version}", "TLSv1.3")
				m.mail(c.from)
				m.rcpt(c.to)
			}
			m.header("Subject", " lunch")
			m.eoh()
			m.body("at noon\r\n")
			if d := m.end(); d.code != 'a' {
				t.Errorf("answered %q %s", d.code, d.data)
			}
		})
	}
}

// wantRefused sends a command and reports whether it was refused, as it should.
func (m *mta) wantRefused(want bool, code byte, data string, noReply uint32) bool {
	m.t.Helper()
	if !want {
		m.step(code, data, noReply)
		return false
	}
	m.send(code, data)
	if c, text := m.receive(); c != 'y' || !strings.HasPrefix(string(text), "530 5.7.10 Encryption (TLS) is required ") {
		m.t.Fatalf("answered %q %q", c, text)
	}
	return true
}

// A recipient who is refused takes nobody with him.
func TestIncomingTLSOneRecipient(t *testing.T) {
	f := &fakeStore{}
	m := connect(t, newServer(t, f, func(o *Options) { o.Incoming = IncomingTLS{Recipients: addresses(t, "board@example.com")} }), true)
	m.connectCmd()
	m.mail("<a@other.example>")
	m.rcpt("<b@example.com>")
	m.wantRefused(true, 'R', "<board@example.com>\x00", 1<<15)
	m.rcpt("<guest@x.example>")
	m.header("Subject", " lunch")
	m.eoh()
	m.body("at noon\r\n")
	d := m.end()
	if d.code != 'a' || len(d.frames) != 1 || d.frames[0].code != '-' || len(f.sealed) != 1 {
		t.Errorf("answered %q with %d modifications", d.code, len(d.frames))
	}
}
