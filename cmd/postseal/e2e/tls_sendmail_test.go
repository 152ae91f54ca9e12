package e2e

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postseal/postseal/cmd/postseal/config"
	"github.com/postseal/postseal/milter/tlspolicy/mailnet"
)

// TestSendmailAccessMap gives the lines of "postseal tls access-map" to a real
// Sendmail, which delivers under TLS or lets mail wait.
func TestSendmailAccessMap(t *testing.T) {
	dir := t.TempDir()
	access := filepath.Join(dir, "access")
	if err := os.WriteFile(access, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	ca, err := mailnet.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	caFile := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(caFile, ca.PEM(), 0o644); err != nil {
		t.Fatal(err)
	}
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	if err := mailnet.Write(selfSigned(t, "mail.example.com"), cert, key); err != nil {
		t.Fatal(err)
	}
	w := &tlsWorld{ca: ca}
	good := w.issue(t, time.Hour, "mx.valid.example")
	s := NewSite(t, SiteOptions{
		Sendmail: true,
		Routes: map[string]string{
			"none.example": "127.0.7.1", "self.example": "127.0.7.2", "valid.example": "127.0.7.3",
			"verify-self.example": "127.0.7.2", "verify-valid.example": "127.0.7.3", "free.example": "127.0.7.1",
		},
		Macros: []string{
			"define(`confCLIENT_CERT', `" + cert + "')dnl", "define(`confCLIENT_KEY', `" + key + "')dnl",
			"define(`confCACERT', `" + caFile + "')dnl", "define(`confCACERT_PATH', `" + dir + "')dnl",
			"FEATURE(`access_db', `text -o -k0 -v1 " + access + "')dnl",
		},
		Set: map[string]string{"tls.outgoing": config.Quote("sendmail")},
		Rules: `version = 1
[[rule]]
name = "encrypt"
also.tls = "encrypt"
when.to = ["none.example", "self.example", "valid.example"]
[[rule]]
name = "verify"
also.tls = "verified"
when.to = ["verify-self.example", "verify-valid.example"]
[[rule]]
name = "by subject"
also = { tls = "verified", tls_else = "pickup" }
when.subject.contains = "contract"
`,
	})
	_, port, err := net.SplitHostPort(s.Outside.Addr())
	if err != nil {
		t.Fatal(err)
	}
	receivers := map[string]*mailnet.Receiver{}
	for address, c := range map[string]struct {
		name string
		tls  bool
	}{"127.0.7.1": {"none", false}, "127.0.7.2": {"self", true}, "127.0.7.3": {"valid", true}} {
		certificate := good
		switch c.name {
		case "none":
			certificate = nil
		case "self":
			certificate = selfSigned(t, "mx.self.example")
		}
		r, err := mailnet.NewReceiver(net.JoinHostPort(address, port), certificate)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { r.Close() })
		receivers[c.name] = r
	}
	lines := s.Run(t, "tls", "access-map")
	if !strings.Contains(lines, "TLS_Rcpt:none.example\tTEMP+ENCR:128\n") || !strings.Contains(lines, "TLS_Rcpt:verify-self.example\tTEMP+VERIFY:128") {
		t.Fatalf("the access map is\n%s", lines)
	}
	s.write(t, access, lines)

	for _, c := range []struct{ to, at, want string }{
		{"a@free.example", "none", inClear},
		{"a@none.example", "none", waiting},
		{"a@self.example", "self", byTLS},
		{"a@valid.example", "valid", byTLS},
		{"a@verify-self.example", "self", waiting},
	} {
		secret := "planted-" + c.to + "."
		s.Submit(t, "ann@example.com", []string{c.to}, "From: ann@example.com\nTo: "+c.to+"\nSubject: x\n\n"+secret+"\n")
		got := ""
		wait(t, c.to, func() bool {
			r := receivers[c.at]
			got = ""
			for _, m := range r.Mails() {
				if m.To[0] == c.to && bytes.Contains(m.Data, []byte(secret)) {
					if got = byTLS; !m.TLS {
						got = inClear
					}
				}
			}
			if bytes.Contains(r.Wire(), []byte(secret)) {
				got = inClear
			}
			for line := range strings.Lines(s.MTA.Log()) {
				if got == "" && strings.Contains(line, "to=<"+c.to+">") && strings.Contains(line, "stat=Deferred") {
					got = waiting
				}
			}
			return got != ""
		})
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.to, got, c.want)
		}
	}
	// What Sendmail can't be told about is sealed.
	s.Submit(t, "ann@example.com", []string{"b@free.example"}, "From: ann@example.com\nTo: b@free.example\nSubject: contract\n\nplanted-contract.\n")
	wait(t, "a notice", func() bool {
		for _, m := range receivers["none"].Mails() {
			if m.To[0] == "b@free.example" {
				return bytes.Contains(m.Data, []byte(s.URL))
			}
		}
		return false
	})
	if bytes.Contains(receivers["none"].Wire(), []byte("planted-contract")) {
		t.Error("it left in clear")
	}
}
