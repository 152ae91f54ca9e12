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
// Expire wins, and of Receipt the last value holds.
type Also struct {
	Tags         []string         // labels for the header field X-Postseal-Tag
	StripSubject []*regexp.Regexp // what to cut out of the subject, in this order
	Receipt      *bool            // whether the sender gets a receipt; nil: no rule said so
	Expire       time.Duration    // how long a sealed message can be read; 0: the configured retention
	Notify       []string         // addresses that are told about the verdict

	TLS         TLSLevel    // how the way to the next server must be protected; "": no rule said so
	TLSElse     TLSElse     // what if it can't be; "" is [ElseWait]
	ReadReceipt *bool       // whether the sender is told when it is first opened; nil: if the message asks
	Restrict    Restriction // what the recipient can't do with a sealed message
}

// MarshalJSON writes what is set, under the names of the rule files.
func (a Also) MarshalJSON() ([]byte, error) {
	v := struct {
		Tags         []string `json:"tag,omitempty"`
		StripSubject []string `json:"strip_subject,omitempty"`
		Receipt      *bool    `json:"receipt,omitempty"`
		Expire       string   `json:"expire,omitempty"`
		Notify       []string `json:"notify,omitempty"`
	}{Tags: a.Tags, Receipt: a.Receipt, Notify: a.Notify}
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
}

// String lists what is set, for people: "tag PHI, receipt, expire 7d".
func (a Also) String() string {
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
	return strings.Join(parts, ", ")
}
