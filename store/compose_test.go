package store

import "testing"

// An address that the mail server routes on is not where it seems to be.
func TestWithin(t *testing.T) {
	domains := []string{"example.com", ".Example.org"}
	for _, tt := range []struct {
		to   string
		want bool
	}{
		{"ann@example.com", true},
		{"Ann.Miller+x@EXAMPLE.COM", true},
		{"ann@a.example.org", true},
		{"ann@example.org", false},
		{"ann@sub.example.com", false},
		{"ann@guest.test", false},
		{"ann@example.com.guest.test", false},
		{"bob%guest.test@example.com", false},
		{"guest.test!bob@example.com", false},
		{"bob@guest.test@example.com", false},
		{`"bob@guest.test"@example.com`, false},
		{`"bob%guest.test"@example.com`, false},
		{"bob@guest.test@a.example.org", false},
		{"@example.com:bob@guest.test", false},
		{"@guest.test:bob@example.com", false},
		{"ann", false},
		{"", false},
	} {
		if got := within(tt.to, domains); got != tt.want {
			t.Errorf("%s: %v", tt.to, got)
		}
	}
}
