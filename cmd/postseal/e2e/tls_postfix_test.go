package e2e

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

const tlsByName = `version = 1
[[rule]]
name = "verified or sealed"
also = { tls = "verified", tls_else = "pickup" }
when.to = "vp*@*.example"
[[rule]]
name = "verified or not at all"
also = { tls = "verified", tls_else = "return" }
when.to = "vr*@*.example"
[[rule]]
name = "encrypted"
also.tls = "encrypt"
when.to = "ew*@*.example"
[[rule]]
name = "whole domain"
also.tls = "encrypt"
when.to = "late.example"
`

// received waits for a mail to somebody.
func (w *tlsWorld) received(t *testing.T, domain, to string) (data []byte, encrypted bool) {
	t.Helper()
	wait(t, to, func() bool {
		for _, m := range w.receivers[domain].Mails() {
			if len(m.To) == 1 && m.To[0] == to {
				data, encrypted = m.Data, m.TLS
				return true
			}
		}
		return false
	})
	return data, encrypted
}

// TestTLSRecipients: recipients of one message who need different ways each get it
// by theirs, in clear inside, by TLS, sealed or not at all.
func TestTLSRecipients(t *testing.T) {
	w := newTLSWorld(t)
	w.destination(t, "none.example", nil)
	w.destination(t, "self.example", selfSigned(t, "self.example"))
	w.destination(t, "valid.example", w.issue(t, time.Hour, "valid.example"))
	s := w.site(t, tlsByName, nil)
	message := letter("ways")
	s.Submit(t, "ann@example.com", []string{
		"cy@example.com", "plain@none.example", "ew@self.example", "vp@valid.example", "vp@self.example", "vr@none.example", "vr@valid.example",
	}, message)
	for _, c := range []struct {
		domain, to string
		encrypted  bool
	}{{"none.example", "plain@none.example", false}, {"self.example", "ew@self.example", true}, {"valid.example", "vp@valid.example", true}, {"valid.example", "vr@valid.example", true}} {
		data, encrypted := w.received(t, c.domain, c.to)
		if encrypted != c.encrypted || withoutTrace(string(data)) != crlf(message) {
			t.Errorf("%s: TLS %t\n%s", c.to, encrypted, data)
		}
	}
	wantOriginal(t, s.WaitInside(t, "cy@example.com"), message)
	if data, _ := w.received(t, "self.example", "vp@self.example"); bytes.Contains(data, []byte("planted")) || !bytes.Contains(data, []byte(s.URL)) {
		t.Errorf("no notice:\n%s", data)
	}
	returned := s.WaitInside(t, "ann@example.com")
	if !bytes.Contains(returned.Data, []byte("vr@none.example")) || bytes.Contains(returned.Data, []byte("planted body")) {
		t.Errorf("the sender was told\n%s", returned.Data)
	}
	s.settle(t)
	for domain, want := range map[string]int{"none.example": 1, "self.example": 2, "valid.example": 2} {
		if n := len(w.receivers[domain].Mails()); n != want {
			t.Errorf("%s got %d mails, want %d", domain, n, want)
		}
	}
}

// TestTLSReturned: a message that is for one who can't have it is refused.
func TestTLSReturned(t *testing.T) {
	w := newTLSWorld(t)
	w.destination(t, "none.example", nil)
	s := w.site(t, tlsByName, nil)
	err := s.TrySubmit("ann@example.com", []string{"vr@none.example"}, letter("returned"))
	if err == nil || !strings.Contains(err.Error(), "does not offer the encryption (TLS)") {
		t.Errorf("answer %v", err)
	}
}

// TestTLSWhileAway: Postfix delivers nothing to a domain with a policy while nobody
// tells it the policy, and goes on when Postseal is back.
func TestTLSWhileAway(t *testing.T) {
	w := newTLSWorld(t)
	s := w.site(t, tlsByName, nil)
	// Its server, the first of this world, is not up yet.
	w.add(t, "late.example. 5 MX 10 mx.late.example.", "mx.late.example. 5 A "+w.net+"60")
	s.Submit(t, "ann@example.com", []string{"a@late.example"}, letter("away"))
	s.waitDelay(t, "a@late.example", "")
	s.Milter.Kill(t)
	w.destination(t, "late.example", selfSigned(t, "late.example"))
	if err := s.Postfix.Flush(deadline(t)); err != nil {
		t.Fatal(err)
	}
	s.waitDelay(t, "a@late.example", "client TLS configuration problem")
	if len(w.receivers["late.example"].Mails()) > 0 {
		t.Error("it was delivered")
	}
	s.RestartMilter(t)
	if _, encrypted := w.received(t, "late.example", "a@late.example"); !encrypted {
		t.Error("it left in clear")
	}
}

// waitDelay waits until a recipient's mail was tried and a reason given.
func (s *Site) waitDelay(t *testing.T, to, reason string) {
	t.Helper()
	wait(t, to+" deferred: "+reason, func() bool {
		entries, err := s.MTA.Queue(deadline(t))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			for _, r := range e.Recipients {
				if r.Address == to && r.Delay != "" && strings.Contains(r.Delay, reason) {
					return true
				}
			}
		}
		return false
	})
}

// TestTLSPolicyOfTheDomain: the mail of a domain at a provider, whose certificate
// names the provider, is verified by the domain's MTA-STS policy and not without.
func TestTLSPolicyOfTheDomain(t *testing.T) {
	w := newTLSWorld(t)
	w.destination(t, "provider.example", w.issue(t, time.Hour, "mx.provider.example"))
	w.add(t, "sts.example. 300 MX 10 mx.provider.example.", "hosted.example. 300 MX 10 mx.provider.example.")
	address := w.net + "200"
	w.add(t, "mta-sts.sts.example. 300 A "+address, `_mta-sts.sts.example. 300 TXT "v=STSv1; id=1;"`)
	l, err := net.Listen("tcp", address+":443")
	if err != nil {
		t.Fatal(err)
	}
	web := &http.Server{
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{*w.issue(t, time.Hour, "mta-sts.sts.example")}},
		Handler: http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Type", "text/plain")
			fmt.Fprint(rw, "version: STSv1\r\nmode: enforce\r\nmx: *.provider.example\r\nmax_age: 86400\r\n")
		}),
	}
	go web.ServeTLS(l, "", "") // returns at Close
	t.Cleanup(func() { web.Close() })
	s := w.site(t, tlsByName, nil)
	message := letter("policy")
	s.Submit(t, "ann@example.com", []string{"vp@sts.example", "vp@hosted.example"}, message)
	if data, encrypted := w.received(t, "provider.example", "vp@sts.example"); !encrypted || !bytes.Contains(data, []byte("planted body")) {
		t.Errorf("TLS %t\n%s", encrypted, data)
	}
	if data, _ := w.received(t, "provider.example", "vp@hosted.example"); bytes.Contains(data, []byte("planted")) {
		t.Errorf("it was not sealed:\n%s", data)
	}
	for domain, want := range map[string]string{"sts.example": "offers: verified", "hosted.example": "offers: encrypt"} {
		if out := s.Run(t, "tls", "probe", domain); !strings.Contains(out, want) {
			t.Errorf("tls probe %s:\n%s", domain, out)
		}
	}
}

// TestTLSWaitEnds: what waits for TLS bounces when the MTA gives up, and check finds
// a Postfix in order that delivers so, and one that does not.
func TestTLSWaitEnds(t *testing.T) {
	w := newTLSWorld(t)
	w.destination(t, "none.example", nil)
	s := w.site(t, tlsByName, map[string]string{"maximal_queue_lifetime": "3s", "bounce_queue_lifetime": "3s"})
	s.Submit(t, "ann@example.com", []string{"ew@none.example"}, letter("ends"))
	if bounce := s.WaitInside(t, "ann@example.com"); bounce.From != "" || !bytes.Contains(bounce.Data, []byte("TLS is required")) {
		t.Errorf("bounce from %q:\n%s", bounce.From, bounce.Data)
	}
	if bytes.Contains(w.receivers["none.example"].Wire(), []byte("planted")) {
		t.Error("it left in clear")
	}
	good := s.check(t)
	if !good.has("ok", "tls.sock answers") {
		t.Errorf("a good site: %+v", good)
	}
	for _, f := range good.Findings {
		if f.Where == "mta" && f.Level == "error" {
			t.Errorf("a good site: %+v", f)
		}
	}
	if err := s.Postfix.Configure(deadline(t), "smtp_tls_policy_maps=", "milter_header_checks="); err != nil {
		t.Fatal(err)
	}
	if r := s.check(t); r.OK || !r.has("error", "smtp_tls_policy_maps does not ask") || !r.has("error", "milter_header_checks is empty") {
		t.Errorf("a bad site: %+v", r)
	}
}
