package main

import (
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/text/language"

	"github.com/postseal/postseal/cmd/postseal/config"
	"github.com/postseal/postseal/portal/locale"
)

// checkLanguages warns of languages that Postseal doesn't have. Mails can have
// them by a catalogue among the templates; pages are English.
func checkLanguages(r *report, c *config.Config) {
	known, err := locale.Load()
	if err != nil {
		r.error("languages", "%v", err)
		return
	}
	codes := []string{c.Languages.Default}
	for _, code := range c.Languages.Domains {
		codes = append(codes, code)
	}
	slices.Sort(codes)
	for _, code := range slices.Compact(codes) {
		if slices.ContainsFunc(known.Languages(), func(l *locale.Language) bool { return sameLanguage(l.Code, code) }) {
			continue
		}
		if _, err := os.Stat(filepath.Join(c.Notice.Templates, code+".toml")); c.Notice.Templates != "" && err == nil {
			r.warning("languages", "there are no pages in %q: they are English", code)
			continue
		}
		r.warning("languages", "there is no %q: mails and pages are English", code)
	}
}

// sameLanguage reports whether two codes (BCP 47) are of one language, such as
// "de" and "de-AT".
func sameLanguage(a, b string) bool {
	x, err := language.Parse(a)
	y, err2 := language.Parse(b)
	if err != nil || err2 != nil {
		return false
	}
	xb, _ := x.Base()
	yb, _ := y.Base()
	return xb == yb
}
