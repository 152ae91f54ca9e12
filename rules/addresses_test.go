package rules

import "testing"

func TestParseAddresses(t *testing.T) {
	a, err := ParseAddresses([]string{"ann@example.com", ".partner.example", "internal"}, []string{"home.example"})
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]bool{
		"Ann@Example.com.": true, "bob@example.com": false, "x@mx.partner.example": true, "x@partner.example": false,
		"me@home.example": true, "": false, "ann%example.com@home.example": true,
	} {
		if a.Has(address) != want {
			t.Errorf("Has(%q) = %t", address, !want)
		}
	}
	if _, err := ParseAddresses([]string{"a@b@", "ok.example", " "}, nil); err == nil {
		t.Error("nonsense was taken")
	}
}
