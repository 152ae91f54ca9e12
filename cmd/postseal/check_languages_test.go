package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/postseal/postseal/cmd/postseal/config"
)

func TestCheckLanguages(t *testing.T) {
	templates := t.TempDir()
	if err := os.WriteFile(filepath.Join(templates, "sv.toml"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for code, want := range map[string]string{
		"en": "", "de": "", "de-AT": "", "pt-BR": "",
		"sv": `no pages in "sv"`, "da": `there is no "da"`,
	} {
		for _, byDomain := range []bool{false, true} {
			c, r := config.Default(), report{}
			c.Notice.Templates = templates
			if byDomain {
				c.Languages.Domains = map[string]string{"a.example": code}
			} else {
				c.Languages.Default = code
			}
			checkLanguages(&r, c)
			got := ""
			if len(r.findings) > 0 {
				got = r.findings[0].Text
			}
			if len(r.findings) > 1 || r.count(levelError) > 0 || (want == "") != (got == "") || !strings.Contains(got, want) {
				t.Errorf("%s: %+v, want %q", code, r.findings, want)
			}
		}
	}
}
