package rules

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Also is what the matching rules add to a verdict. When several rules add to
// one verdict, lists are joined in file order without repeats, the shortest
// Expire wins, of Receipt and ReadReceipt the last value holds, restrictions add
// up, and the strictest TLS wins together with its TLSElse. Of the same TLS the
// stricter TLSElse wins: return, then pickup, then wait.
type Also struct {
	Tags         []string         // labels for the header field X-Postseal-Tag
	StripSubject []*regexp.Regexp // what to cut out of the subject, in this order
	Receipt      *bool            // whether the sender gets a receipt; nil: no rule said so
	Expire       time.Duration    // how long a sealed message can be read; 0: the configured retention
	Notify       []string         // addresses that are told about the verdict

	ReadReceipt *bool       // whether the sender is told when it is first opened; nil: if the message asks
	Restrict    Restriction // what the recipient can't do with a sealed message

	TLS     TLSLevel // how the way to the next server must be protected; "": no rule said so
	TLSElse TLSElse  // what if it can't be; "" without TLS
	TLSRule string   // the rule that wants it
}

// MarshalJSON writes what is set, under the names of the rule files.
func (a Also) MarshalJSON() ([]byte, error) {
	v := struct {
		Tags         []string `json:"tag,omitempty"`
		StripSubject []string `json:"strip_subject,omitempty"`
		Receipt      *bool    `json:"receipt,omitempty"`
		Expire       string   `json:"expire,omitempty"`
		Notify       []string `json:"notify,omitempty"`
		ReadReceipt  *bool    `json:"read_receipt,omitempty"`
		Restrict     []string `json:"restrict,omitempty"`
		TLS          TLSLevel `json:"tls,omitempty"`
		TLSElse      TLSElse  `json:"tls_else,omitempty"`
	}{
		Tags: a.Tags, Receipt: a.Receipt, Notify: a.Notify, ReadReceipt: a.ReadReceipt,
		Restrict: a.Restrict.names(), TLS: a.TLS, TLSElse: a.TLSElse,
	}
	for _, re := range a.StripSubject {
		v.StripSubject = append(v.StripSubject, re.String())
	}
	if a.Expire > 0 {
		v.Expire = showDuration(a.Expire)
	}
	return json.Marshal(v)
}

// join adds what another rule adds.
func (a *Also) join(b Also) {
	for _, t := range b.Tags {
		if !slices.Contains(a.Tags, t) {
			a.Tags = append(a.Tags, t)
		}
	}
	a.StripSubject = append(a.StripSubject, b.StripSubject...)
	if b.Receipt != nil {
		a.Receipt = b.Receipt
	}
	if b.Expire > 0 && (a.Expire == 0 || b.Expire < a.Expire) {
		a.Expire = b.Expire
	}
	for _, n := range b.Notify {
		if !slices.Contains(a.Notify, n) {
			a.Notify = append(a.Notify, n)
		}
	}
	if b.ReadReceipt != nil {
		a.ReadReceipt = b.ReadReceipt
	}
	a.Restrict = a.Restrict.union(b.Restrict)
	if stricterTLS(b.TLS, b.TLSElse, a.TLS, a.TLSElse) {
		a.TLS, a.TLSElse, a.TLSRule = b.TLS, b.TLSElse, b.TLSRule
	}
}

// String lists what is set, for people: "tag PHI, receipt true, expire 7d".
func (a Also) String() string { return strings.Join(a.parts(), ", ") }

// parts are the additions one by one, as String has them.
func (a Also) parts() []string {
	var parts []string
	for _, t := range a.Tags {
		parts = append(parts, "tag "+t)
	}
	for _, re := range a.StripSubject {
		parts = append(parts, "strip_subject "+re.String())
	}
	if a.Receipt != nil {
		parts = append(parts, fmt.Sprintf("receipt %t", *a.Receipt))
	}
	if a.Expire > 0 {
		parts = append(parts, "expire "+showDuration(a.Expire))
	}
	for _, n := range a.Notify {
		parts = append(parts, "notify "+n)
	}
	if a.ReadReceipt != nil {
		parts = append(parts, fmt.Sprintf("read_receipt %t", *a.ReadReceipt))
	}
	for _, name := range a.Restrict.names() {
		parts = append(parts, "restrict "+name)
	}
	if a.TLS != "" {
		parts = append(parts, a.ShowTLS())
	}
	return parts
}

// ShowTLS writes what is wanted of TLS for people: "tls verified else pickup",
// "" if nothing is.
func (a Also) ShowTLS() string {
	switch a.TLS {
	case "":
		return ""
	case TLSMay: // there is always a way
		return "tls may"
	}
	return fmt.Sprintf("tls %s else %s", a.TLS, a.TLSElse)
}
