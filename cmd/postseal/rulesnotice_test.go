package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postseal/postseal/cmd/postseal/config"
	"github.com/postseal/postseal/rules"
)

// A rule that an answer to a notice trips on is found in the languages that
// notices are written in, and no other.
func TestRulesThatTripOnNotices(t *testing.T) {
	tests := []struct {
		name, words, languages, want string
	}{
		{"English", "encrypted message", "", "(en)"},
		{"a domain's language", "verschlüsselte Nachricht", `domains = { "kunde.example" = "de" }`, "(de)"},
		{"another language", "verschlüsselte Nachricht", "", ""},
		{"no rule of ours", "letter of intent", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			c, err := config.Parse(filepath.Join(dir, "postseal.toml"), `internal_domains = ["example.com"]
[portal]
url = "https://pickup.example.com"
[rules]
dir = "trap"
[languages]
`+tt.languages+"\n")
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Mkdir(c.Rules.Dir, 0o700); err != nil {
				t.Fatal(err)
			}
			rule := "version = 1\n[[rule]]\nname = \"trap\"\nthen = \"pickup\"\nwhen = { to = \"external\", body.words = [\"" + tt.words + "\"] }\n"
			if err := os.WriteFile(filepath.Join(c.Rules.Dir, "a.toml"), []byte(rule), 0o600); err != nil {
				t.Fatal(err)
			}
			set, err := rules.Load(c.Rules.Dir, rulesOptions(c))
			if err != nil {
				t.Fatal(err)
			}
			p, err := tripsOnNotice(context.Background(), c, set)
			if err != nil {
				t.Fatal(err)
			}
			if (p != nil) != (tt.want != "") || p != nil && (p.Rule != "trap" || !strings.Contains(p.Text, tt.want)) {
				t.Errorf("got %+v, want %q", p, tt.want)
			}
		})
	}
}
