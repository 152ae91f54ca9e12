package rules

import (
	"strings"
	"testing"
	"time"
)

func TestParseSize(t *testing.T) {
	for s, want := range map[string]int64{
		"0": 0, "500": 500, "20 kB": 20_000, "20kb": 20_000, "1.5 MB": 1_500_000, "10 MiB": 10 << 20, "1GiB": 1 << 30, "7 B": 7,
	} {
		if got, err := parseSize(s); err != nil || got != want {
			t.Errorf("%q: %d, %v, want %d", s, got, err, want)
		}
	}
	for _, s := range []string{"", "kB", "-1", "1e9", "0x10", "1 TB", "20 kB 5", "NaN", "99999999999 GB", "1_000"} {
		if got, err := parseSize(s); err == nil {
			t.Errorf("%q: %d", s, got)
		}
	}
}

func TestParseDuration(t *testing.T) {
	for s, want := range map[string]time.Duration{
		"90s": 90 * time.Second, "30m": 30 * time.Minute, "12h": 12 * time.Hour, "7d": 168 * time.Hour, "2w": 336 * time.Hour, "1d12h": 36 * time.Hour,
	} {
		if got, err := parseDuration(s); err != nil || got != want {
			t.Errorf("%q: %v, %v, want %v", s, got, err, want)
		}
	}
	for _, s := range []string{"", "d", "7", "7 d", "-7d", "1.5h", "99999999999w", "7y", "7dd"} {
		if got, err := parseDuration(s); err == nil {
			t.Errorf("%q: %v", s, got)
		}
	}
	for want, d := range map[string]time.Duration{"30d": 720 * time.Hour, "1d12h": 36 * time.Hour, "30m": 30 * time.Minute} {
		if got := showDuration(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

func TestGlobMatch(t *testing.T) {
	for _, tt := range []struct {
		pattern, s string
		want       bool
	}{
		{"*", "", true}, {"", "", true}, {"", "a", false}, {"a", "a", true}, {"*.xls*", "a.xlsx", true}, {"*.xls*", "a.xml", false},
		{"a?c", "abc", true}, {"a?c", "aüc", true}, {"a?c", "ac", false}, {"*a*b*", "xxaxxbxx", true}, {"*a*b", "xxaxxbxx", false},
		{"??", "ü", false}, {"*ü?", "aüx", true},
	} {
		if got := globMatch(tt.pattern, tt.s); got != tt.want {
			t.Errorf("%q, %q: %t", tt.pattern, tt.s, got)
		}
	}
}

func TestInternal(t *testing.T) {
	for _, tt := range []struct {
		address string
		domains []string
		want    bool
	}{
		{"ann@example.com", []string{"example.com"}, true},
		{"ann@EXAMPLE.com.", []string{"Example.Com"}, true},
		{"ann@eu.example.com", []string{"example.com"}, false},
		{"ann@eu.example.com", []string{".example.com"}, true},
		{"ann@example.com", []string{".example.com"}, false},
		{"ann@badexample.com", []string{".example.com", "example.com"}, false},
		{"", []string{"example.com"}, false},
		{"ann", []string{"example.com"}, false},
		{"ann@", []string{""}, false},
		{"bob%guest.example@example.com", []string{"example.com"}, false},
		{"bob%example.com@example.com", []string{"example.com"}, true},
		{"bob%guest.example" + strings.Repeat("%example.com", 20) + "@example.com", []string{"example.com"}, false},
		{strings.Repeat("example.com!", 20) + "guest.example!bob@example.com", []string{"example.com"}, false},
		{"guest.example!bob@example.com", []string{"example.com"}, false},
		{`"bob@guest.example"@example.com`, []string{"example.com"}, false},
		{"ann@bücher.example", []string{"xn--bcher-kva.example"}, true},
		{"ann@guest.example", nil, false},
	} {
		if got := Internal(tt.address, tt.domains); got != tt.want {
			t.Errorf("%q in %q: %t", tt.address, tt.domains, got)
		}
	}
}
