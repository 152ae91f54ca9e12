package main

import (
	"strings"
	"testing"

	"github.com/postseal/postseal/milter/tlspolicy"
	"github.com/postseal/postseal/rules"
)

func TestAccessMap(t *testing.T) {
	got := accessMap([]rules.DomainPolicy{
		{Domain: "*", Level: rules.TLSEncrypt, Else: rules.ElseWait, Rule: "all"},
		{Domain: ".partner.example", Level: rules.TLSVerified, Else: rules.ElseReturn, Rule: "partner"},
		{Domain: "guest.example", Level: rules.TLSVerified, Else: rules.ElsePickup, Rule: "guest"},
		{Domain: "home.example"},
		{Domain: "partner.example", Level: rules.TLSEncrypt, Else: rules.ElseWait, Rule: "weaker"},
	})
	want := "# TLS levels of the rules, made by: postseal tls access-map\n" +
		"# guest.example: sealed (rule \"guest\"), its notices go as they can\n" +
		"# home.example: nothing is wanted; a line for a domain that takes it in holds for it as well\n" +
		"TLS_Rcpt:\tTEMP+ENCR:128\n" +
		"TLS_Rcpt:partner.example\tTEMP+VERIFY:128+CN\n"
	if got != want {
		t.Errorf("got\n%s", got)
	}
}

func TestDescribeProbe(t *testing.T) {
	got := describeProbe(tlspolicy.Result{
		Domain: "a.example", Strength: tlspolicy.Encrypted, Why: "mx.a.example: x509: expired",
		Proof: tlspolicy.Proof{Method: tlspolicy.Certificate, Names: []string{"a.example", ".a.example"}},
		Hosts: []tlspolicy.Host{{Name: "mx.a.example", Strength: tlspolicy.Encrypted, TLS: "TLS 1.3", Why: "x509: expired"}},
	})
	for _, want := range []string{
		"a.example offers: encrypt\n", "not more, because: mx.a.example: x509: expired\n", "certificate for a.example or .a.example\n",
		"  mx.a.example: encrypt, TLS 1.3, x509: expired\n", "tls = \"may\": delivered\n", "tls = \"encrypt\": delivered\n", "tls = \"verified\": waits",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}
