package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// TestAsk: what the flags leave out is asked for, and an empty answer keeps the
// placeholder.
func TestAsk(t *testing.T) {
	for _, c := range []struct {
		name    string
		given   initOptions
		answers string
		domains []string
		url     string
		asked   int
	}{
		{"both", initOptions{}, "example.org example.net\nhttps://seal.example.org\n", []string{"example.org", "example.net"}, "https://seal.example.org", 2},
		{"nothing answered", initOptions{}, "\n\n", nil, "", 2},
		{"end of input", initOptions{}, "", nil, "", 2},
		{"one is given", initOptions{url: "https://a.example"}, "example.org\n", []string{"example.org"}, "https://a.example", 1},
		{"both are given", initOptions{url: "https://a.example", domains: []string{"b.example"}}, "", []string{"b.example"}, "https://a.example", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			a := &app{Stdio: Stdio{In: strings.NewReader(c.answers), Out: &out}}
			o := c.given
			if err := a.ask(&o); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(o.domains, c.domains) || o.url != c.url {
				t.Errorf("got %q %q", o.domains, o.url)
			}
			if got := strings.Count(out.String(), ": "); got != c.asked {
				t.Errorf("asked %d times, want %d: %s", got, c.asked, out.String())
			}
		})
	}
}
