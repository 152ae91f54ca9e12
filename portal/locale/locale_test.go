package locale

import (
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/BurntSushi/toml"
)

// forms are the plurals that a text with a number needs in each language (CLDR).
// The form "many" of French, Italian, Portuguese and Spanish is for millions,
// which no page counts; "other" stands in for it.
var forms = map[string][]string{
	"pl": {"few", "many", "one", "other"},
}

// messages reads a catalogue as it stands: key to form to text.
func messages(t *testing.T, name string) map[string]map[string]string {
	t.Helper()
	b, err := fs.ReadFile(files, name)
	if err != nil {
		t.Fatal(err)
	}
	var raw map[string]any
	if err := toml.Unmarshal(b, &raw); err != nil {
		t.Fatal(name, err)
	}
	out := map[string]map[string]string{}
	for key, value := range raw {
		out[key] = map[string]string{}
		switch v := value.(type) {
		case string:
			out[key]["other"] = v
		case map[string]any:
			for form, text := range v {
				out[key][form], _ = text.(string)
			}
		}
	}
	return out
}

var placeholder = regexp.MustCompile(`\{\{[^}]*\}\}`)

// placeholders are those of a text, sorted, each once.
func placeholders(s string) []string {
	all := map[string]bool{}
	for _, p := range placeholder.FindAllString(s, -1) {
		all[p] = true
	}
	return slices.Sorted(maps.Keys(all))
}

// TestComplete: every language has every key, with the same placeholders and the
// plurals that it needs, and no other key.
func TestComplete(t *testing.T) {
	names, err := fs.Glob(files, "*.toml")
	if err != nil || len(names) != 9 {
		t.Fatalf("%d catalogues, %v", len(names), err)
	}
	english := messages(t, "en.toml")
	for _, name := range names {
		code := strings.TrimSuffix(name, ".toml")
		have := messages(t, name)
		for key, want := range english {
			got, found := have[key]
			if !found {
				t.Errorf("%s has no %s", name, key)
				continue
			}
			need := []string{"other"}
			if len(want) > 1 {
				if need = forms[code]; need == nil {
					need = []string{"one", "other"}
				}
			}
			if f := slices.Sorted(maps.Keys(got)); !slices.Equal(f, need) {
				t.Errorf("%s: %s has the forms %v, want %v", name, key, f, need)
			}
			for form, s := range got {
				if strings.Trim(s, " \t\n") != s || s == "" {
					t.Errorf("%s: %s is empty or has blanks around it", name, key)
				}
				p := placeholders(s)
				if form == "one" {
					// "1 message" may be written out.
					p = slices.DeleteFunc(p, func(s string) bool { return s == "{{.Count}}" })
				}
				w := placeholders(want["other"])
				if form == "one" {
					w = slices.DeleteFunc(w, func(s string) bool { return s == "{{.Count}}" })
				}
				if !slices.Equal(p, w) {
					t.Errorf("%s: %s has the placeholders %v, want %v", name, key, p, w)
				}
			}
		}
		for key := range have {
			if english[key] == nil {
				t.Errorf("%s has %s, which English hasn't", name, key)
			}
		}
		for key, n := range map[string]int{"date.months": 12, "date.months.short": 12, "date.days.short": 7} {
			if w := strings.Fields(have[key]["other"]); len(w) != n {
				t.Errorf("%s: %s has %d words, want %d", name, key, len(w), n)
			}
		}
	}
}

// narrow are texts for which there is little room: how many characters they may
// have in any language.
var narrow = map[string]int{
	"layout.logout": 22, "message.from": 14, "message.to": 14, "message.cc": 14, "message.date": 14, "message.expires": 14,
	"message.back": 24, "message.reply": 20, "message.unread": 34, "message.view.html": 20, "message.view.text": 20,
	"date.yesterday": 12, "inbox.older": 20, "inbox.newest": 20, "reply.button": 20, "login.button": 24,
}

func TestNarrow(t *testing.T) {
	for _, l := range must(Load()).Languages() {
		for key, most := range narrow {
			if s := l.Text(key); len([]rune(s)) > most {
				t.Errorf("%s: %s %q has more than %d characters", l.Code, key, s, most)
			}
		}
	}
}

func must(c *Catalogues, err error) *Catalogues {
	if err != nil {
		panic(err)
	}
	return c
}

func TestAccepted(t *testing.T) {
	c := must(Load())
	tests := []struct{ header, want string }{
		{"", ""},
		{"de", "de"},
		{"de-AT,en;q=0.5", "de"},
		{"pt-BR", "pt"},
		{"fr-CA;q=0.2, it;q=0.9", "it"},
		{"ja", ""},
		{"ja, nl;q=0.1", "nl"},
		{"*", ""},
		{"en-GB", "en"},
		{"=;;", ""},
		{strings.Repeat("de,", 500), ""},
	}
	for _, tt := range tests {
		got := ""
		if l := c.Accepted(tt.header); l != nil {
			got = l.Code
		}
		if got != tt.want {
			t.Errorf("%.40q: %q, want %q", tt.header, got, tt.want)
		}
	}
}

func FuzzAccepted(f *testing.F) {
	for _, s := range []string{"de-AT,en;q=0.5", "*", "x-klingon", "de;q=2", "zh-Hant-TW-u-ca-buddhist"} {
		f.Add(s)
	}
	c := must(Load())
	f.Fuzz(func(t *testing.T, header string) {
		if l := c.Accepted(header); l != nil && c.Find(l.Code) != l {
			t.Errorf("%q: a language that isn't there", header)
		}
	})
}

func TestChoice(t *testing.T) {
	c := must(Load())
	choice, err := c.NewChoice("de", map[string]string{"Example.fi": "fi", "swiss.example": "de-CH", "nihon.example": "ja"})
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{"a@example.fi": "fi", "a@mail.EXAMPLE.fi": "fi", "a@swiss.example": "de", "a@nihon.example": "en", "a@notexample.fi": "", "none": "", "": ""} {
		got := ""
		if l := choice.Domain(address); l != nil {
			got = l.Code
		}
		if got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
	if choice.Fallback().Code != "de" {
		t.Error("fallback", choice.Fallback().Code)
	}
	for _, bad := range []string{"no language", "1"} {
		if _, err := c.NewChoice(bad, nil); err == nil {
			t.Errorf("%s is taken", bad)
		}
		if _, err := c.NewChoice("", map[string]string{"a.example": bad}); err == nil {
			t.Errorf("%s is taken for a domain", bad)
		}
	}
}

// TestRightToLeft: a language written from right to left needs nothing but its
// catalogue, and keeps names in the other direction in their place.
func TestRightToLeft(t *testing.T) {
	b, err := fs.ReadFile(files, "en.toml")
	if err != nil {
		t.Fatal(err)
	}
	he := "\"language.name\" = \"עברית\"\n\"language.dir\" = \"rtl\"\n\"forgot.sent\" = \"נשלח אל {{.Address}}\"\n"
	c := must(load(fstest.MapFS{"en.toml": {Data: b}, "he.toml": {Data: []byte(he)}}))
	l := c.Find("he")
	if l.Dir != "rtl" || c.Accepted("iw") != l {
		t.Error("Hebrew is not what it should be", l.Dir)
	}
	if got := l.Text("forgot.sent", "Address", "a@b.example"); got != "נשלח אל \u2068a@b.example\u2069" {
		t.Errorf("%q", got)
	}
	if got := l.Text("login.title"); got != "Log in" {
		t.Errorf("a missing text is %q, not English", got)
	}
	if got := c.English().Text("sent.text", "Recipient", "דנה"); !strings.Contains(got, "\u2068דנה\u2069") {
		t.Errorf("%q", got)
	}
	if got := c.English().Text("sent.text", "Recipient", "Dana"); strings.Contains(got, "\u2068") {
		t.Errorf("%q", got)
	}
	for _, bad := range []string{"\"language.name\" = \"x\"\n\"language.dir\" = \"up\"\n", "not toml", ""} {
		if _, err := load(fstest.MapFS{"xx-no-language.toml": {Data: []byte(bad)}}); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestNumbers(t *testing.T) {
	c := must(Load())
	for _, tt := range []struct {
		code string
		n    int64
		want string
		size string
	}{
		{"en", 0, "0", "0\u00a0B"},
		{"en", 1234, "1,234", "1\u00a0kB"},
		{"de", 1234, "1234", "1\u00a0kB"},
		{"de", 1234567, "1.234.567", "1,2\u00a0MB"},
		{"fr", 25_000_000, "25\u202f000\u202f000", "25\u00a0Mo"},
		{"fi", 999_600, "999\u00a0600", "1\u00a0Mt"},
		{"pl", 12345, "12\u00a0345", "12\u00a0kB"},
		{"en", 1_500_000_000, "1,500,000,000", "1.5\u00a0GB"},
		{"en", -5, "\u22125", "-5\u00a0B"},
	} {
		l := c.Find(tt.code)
		if got := l.Number(tt.n); got != tt.want {
			t.Errorf("%s: number %q, want %q", tt.code, got, tt.want)
		}
		if got := l.Size(tt.n); got != tt.size {
			t.Errorf("%s: size %q, want %q", tt.code, got, tt.size)
		}
	}
	for n, want := range map[int]string{1: "1 wiadomość", 2: "2 wiadomości", 5: "5 wiadomości", 22: "22 wiadomości", 100: "100 wiadomości"} {
		if got := c.Find("pl").Plural("inbox.total", n); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := c.Find("fr").Plural("inbox.total", 2_000_000); got == "" {
		t.Error("no form for millions in French")
	}
}

func TestTimes(t *testing.T) {
	c := must(Load())
	helsinki, err := time.LoadLocation("Europe/Helsinki")
	if err != nil {
		t.Fatal(err)
	}
	// A Saturday, 22:30 in London and after midnight in Helsinki.
	now := time.Date(2026, 11, 21, 22, 30, 0, 0, time.UTC)
	at := func(days int, clock string) time.Time {
		d, err := time.Parse("15:04", clock)
		if err != nil {
			t.Fatal(err)
		}
		return time.Date(2026, 11, 21+days, d.Hour(), d.Minute(), 0, 0, time.UTC)
	}
	tests := []struct {
		viewer Viewer
		t      time.Time
		short  string
		long   string
	}{
		{Viewer{Language: c.English()}, at(0, "14:05"), "14:05", "21 November 2026, 14:05 UTC"},
		{Viewer{Language: c.English()}, at(-1, "23:59"), "yesterday", "20 November 2026, 23:59 UTC"},
		{Viewer{Language: c.English(), Zone: helsinki}, at(0, "14:05"), "yesterday", "21 November 2026, 16:05"},
		{Viewer{Language: c.English(), FirstDay: time.Monday}, at(-5, "10:00"), "Mon", "16 November 2026, 10:00 UTC"},
		{Viewer{Language: c.English(), FirstDay: time.Monday}, at(-6, "10:00"), "15 Nov", "15 November 2026, 10:00 UTC"},
		{Viewer{Language: c.English(), FirstDay: time.Sunday}, at(-6, "10:00"), "Sun", "15 November 2026, 10:00 UTC"},
		{Viewer{Language: c.English(), Clock: "12"}, at(0, "00:05"), "12:05\u00a0am", "21 November 2026, 12:05\u00a0am UTC"},
		{Viewer{Language: c.English(), Clock: "12"}, at(0, "12:05"), "12:05\u00a0pm", "21 November 2026, 12:05\u00a0pm UTC"},
		{Viewer{Language: c.English(), DateFormat: YearMonth}, at(-40, "10:00"), "2026-10-12", "2026-10-12, 10:00 UTC"},
		{Viewer{Language: c.English(), DateFormat: MonthDay}, at(30, "10:00"), "12/21/2026", "12/21/2026, 10:00 UTC"},
		{Viewer{Language: c.English()}, at(60, "10:00"), "20/01/2027", "20 January 2027, 10:00 UTC"},
		{Viewer{Language: c.Find("de"), Zone: time.UTC}, at(-30, "10:00"), "22. Okt.", "22. Oktober 2026, 10:00"},
		{Viewer{Language: c.Find("de"), Zone: time.UTC}, at(-400, "10:00"), "17.10.2025", "17. Oktober 2025, 10:00"},
		{Viewer{Language: c.Find("fi"), Zone: helsinki}, at(-30, "10:00"), "22.10.", "22. lokakuuta 2026, 13.00"},
		{Viewer{Language: c.Find("pl"), Zone: time.UTC}, at(-30, "10:00"), "22 paź", "22 października 2026, 10:00"},
		{Viewer{Language: c.Find("es"), Zone: time.UTC}, at(-30, "10:00"), "22 oct", "22 de octubre de 2026, 10:00"},
	}
	for _, tt := range tests {
		tt.viewer.Now = now
		if got := tt.viewer.Short(tt.t); got != tt.short {
			t.Errorf("%s %s: %q, want %q", tt.viewer.Code, tt.t, got, tt.short)
		}
		if got := tt.viewer.Long(tt.t); got != tt.long {
			t.Errorf("%s %s: %q, want %q", tt.viewer.Code, tt.t, got, tt.long)
		}
	}
}

func TestZones(t *testing.T) {
	for _, z := range Zones("") {
		if _, err := time.LoadLocation(z); err != nil {
			t.Error(err)
		}
	}
	if !slices.IsSorted(Zones("")) {
		t.Error("the zones are not sorted")
	}
	if got := Zones("Africa/Accra"); got[0] != "Africa/Accra" || len(got) != len(Zones(""))+1 {
		t.Error("the zone chosen is not among them")
	}
}
