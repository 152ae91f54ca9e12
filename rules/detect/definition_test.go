package detect

import (
	"strings"
	"testing"
)

// compiled holds the scanner of each detector that a test has used.
var compiled = map[string]*Scanner{}

// scanOne runs one built-in detector over a text and returns distinct values.
func scanOne(t *testing.T, name, text string) []string {
	t.Helper()
	s := compiled[name]
	if s == nil {
		s = compile(t, func(b *Builder) error {
			_, err := b.Detector(name, nil)
			return err
		})
		compiled[name] = s
	}
	var values []string
	s.Scan([]byte(text), func(f Finding) bool {
		if strings.Contains(f.Masked, f.Value) {
			t.Errorf("%s: the mask of a finding shows it", name)
		}
		values = append(values, f.Value)
		return true
	})
	return values
}

// Each definition's own examples hold: they are what docs/detectors.md shows.
func TestDefinitions(t *testing.T) {
	ds := Definitions()
	if len(ds) == 0 {
		t.Fatal("no definitions")
	}
	for _, d := range ds {
		if len(d.Examples) < 3 || len(d.Counter) < 3 || d.Finds == "" || len(d.Source) == 0 {
			t.Errorf("%s: the definition is not complete", d.Name)
		}
		for _, text := range d.Examples {
			if got := scanOne(t, d.Name, text); len(got) != 1 {
				t.Errorf("%s in %q: found %d values, want 1", d.Name, text, len(got))
			}
		}
		for _, text := range d.Counter {
			if got := scanOne(t, d.Name, text); len(got) != 0 {
				t.Errorf("%s in %q: found %d values, want none", d.Name, text, len(got))
			}
		}
	}
}

func TestCreditCard(t *testing.T) {
	tests := []struct {
		text string
		want string // values, comma-separated
	}{
		{"4111 1111 1111 1111", "4111111111111111"},
		{"4111111111111111 and 5555555555554444", "4111111111111111,5555555555554444"},
		{"Order 2 4111 1111 1111 1111 12/29 123", "4111111111111111"},
		{"4111.1111.1111.1111", "4111111111111111"},
		{"4111/1111/1111/1111", "4111111111111111"},
		{"4111 - 1111 - 1111 - 1111", "4111111111111111"},
		{"4111\t1111\t1111\t1111", "4111111111111111"},
		{"4111\r\n1111\r\n1111\r\n1111", "4111111111111111"},
		{"> 4111 1111\n> 1111 1111", "4111111111111111"},
		{"4111-1111-\n1111-1111", "4111111111111111"},
		{"4222222222222", "4222222222222"},
		{"4222 2222 22222", "4222222222222"},
		{"3782 8224 6310 005", "378282246310005"},
		{"2720992593453", ""},
		{"2720 9900 0000 0007", "2720990000000007"},
		{"卡号4111111111111111。", "4111111111111111"},
		{"(4111111111111111)", "4111111111111111"},
		{"4111111111111111.", "4111111111111111"},
		{"3.4111111111111111", ""},
		{"12-4111111111111111", ""},
		{"12/4111111111111111", ""},
		{"a4111111111111111", ""},
		{"4111111111111111b", ""},
		{"visa4111111111111111", "4111111111111111"},
		{"xvisa4111111111111111", ""},
		{"4111    1111    1111    1111", ""},
		{"411 1111 1111 1111 1", ""},
		{"4444444444444444", ""},
		{"2200 0000 0000 0004 and 2205 0000 0000 0003", "2200000000000004"},
		{strings.Repeat("9", 5000), ""},
		{strings.Repeat("4111 ", 5000), ""},
	}
	for _, tt := range tests {
		if got := strings.Join(scanOne(t, "credit-card", tt.text), ","); got != tt.want {
			t.Errorf("%.60q: got %q, want %q", tt.text, got, tt.want)
		}
	}
}

func TestSSN(t *testing.T) {
	tests := []struct {
		text string
		want string
	}{
		{"536-90-4399", "536904399"},
		{"536904399", ""},
		{"his SSN is 536904399", "536904399"},
		{"536904399 (Social  Security)", "536904399"},
		{"536904399 " + strings.Repeat("x", 140) + " ssn", "536904399"},
		{"536904399 " + strings.Repeat("x", 150) + " ssn", ""},
		{"536904399 " + strings.Repeat("é", 140) + " ssn", "536904399"},
		{"536904399 " + strings.Repeat("é", 150) + " ssn", ""},
		{"536904399 assn", ""},
		{"536/90/4399", ""},
		{"536-90-4399-1", ""},
		{"0-536-90-4399", ""},
		{"899-99-9999", "899999999"},
		{"111-11-1111", ""},
	}
	for _, tt := range tests {
		if got := strings.Join(scanOne(t, "us-ssn", tt.text), ","); got != tt.want {
			t.Errorf("%.60q: got %q, want %q", tt.text, got, tt.want)
		}
	}
}
