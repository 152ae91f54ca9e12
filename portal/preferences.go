package portal

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/postseal/postseal/portal/locale"
	"github.com/postseal/postseal/store/socket"
)

// Preferences are what an account has chosen. The zero value is the usual. They
// are kept by the store's owner, who reads the language of the mails from them.
type Preferences struct {
	Language   string        `json:"language,omitempty"`   // code; "": as the browser asks
	TimeZone   string        `json:"timeZone,omitempty"`   // IANA name; "": the browser's
	DateFormat string        `json:"dateFormat,omitempty"` // one of locale.DateFormats; "": the language's
	Clock      string        `json:"clock,omitempty"`      // "12", "24"; "": the language's
	FirstDay   *time.Weekday `json:"firstDay,omitempty"`   // of the week; nil: Monday
	Theme      string        `json:"theme,omitempty"`      // "light", "dark"; "": the system's
	PageSize   int           `json:"pageSize,omitempty"`   // messages on a page; 0: the usual
	Signature  string        `json:"signature,omitempty"`  // plain text below each answer
}

const maxSignatureRunes = 1000

var (
	pageSizes = []int{10, 25, 50, 100}
	weekdays  = []time.Weekday{time.Monday, time.Saturday, time.Sunday}
)

// parsePreferences reads what is kept with an account. What makes no sense (any
// more) is left out.
func parsePreferences(b json.RawMessage) Preferences {
	var p Preferences
	if len(b) == 0 || json.Unmarshal(b, &p) != nil {
		return Preferences{}
	}
	return p.cleaned()
}

// cleaned has the usual in place of what is not among the choices.
func (p Preferences) cleaned() Preferences {
	if zoneNamed(p.TimeZone) == nil {
		p.TimeZone = ""
	}
	if !slices.Contains(locale.DateFormats, p.DateFormat) {
		p.DateFormat = ""
	}
	if p.Clock != "12" && p.Clock != "24" {
		p.Clock = ""
	}
	if p.FirstDay != nil && !slices.Contains(weekdays, *p.FirstDay) {
		p.FirstDay = nil
	}
	if p.Theme != "light" && p.Theme != "dark" {
		p.Theme = ""
	}
	if !slices.Contains(pageSizes, p.PageSize) {
		p.PageSize = 0
	}
	if !utf8.ValidString(p.Signature) || utf8.RuneCountInString(p.Signature) > maxSignatureRunes {
		p.Signature = ""
	}
	return p
}

// body is what an answer begins with: room to write, and the signature.
func (p Preferences) body() string {
	if p.Signature == "" {
		return ""
	}
	return "\n\n-- \n" + p.Signature // RFC 3676 section 4.3
}

// pageSize is how many messages a page of a list has.
func (p *portal) pageSize(u *user) int {
	if u.preferences.PageSize > 0 {
		return u.preferences.PageSize
	}
	return p.limits.Page
}

// keepPreferences stores the account's preferences.
func (p *portal) keepPreferences(c *call, u *user, prefs Preferences) error {
	b, err := json.Marshal(prefs)
	if err != nil {
		return err
	}
	return p.owner.Change(c.ctx(), u.token, socket.AccountChange{Preferences: b})
}

// A preferencesView is the data of the page of preferences.
type preferencesView struct {
	Saved                                        bool
	Languages, Zones, Dates, Clocks, Days, Pages []option
	Themes                                       []option
	Signature, Error                             string
	Roundups, Hours                              []option // how often new messages are told of
}

// An option is one of a field to choose from.
type option struct {
	Value, Text string
	Lang        string // of the text, if it is another than the page's
	Chosen      bool
}

func (p *portal) preferencesForm(c *call) error {
	info, err := p.owner.Account(c.ctx(), c.user.token)
	if err != nil {
		return err
	}
	return p.renderPreferences(c, http.StatusOK, c.user.preferences, info.Roundup, c.r.URL.Query().Has("saved"), "")
}

func (p *portal) renderPreferences(c *call, status int, prefs Preferences, roundup socket.Roundup, saved bool, problem string) error {
	v := preferencesView{Saved: saved, Signature: prefs.Signature, Error: problem}
	v.Roundups, v.Hours = roundupOptions(c, roundup)
	v.Languages = []option{{"", c.text("preferences.language.auto"), "", prefs.Language == ""}}
	for _, l := range p.texts.Languages() {
		v.Languages = append(v.Languages, option{l.Code, l.Name, l.Code, prefs.Language == l.Code})
	}
	v.Zones = []option{{"", c.text("preferences.zone.auto"), "", prefs.TimeZone == ""}}
	for _, z := range locale.Zones(prefs.TimeZone) {
		v.Zones = append(v.Zones, option{z, strings.ReplaceAll(z, "_", " "), "", prefs.TimeZone == z})
	}
	// The last minute of a year tells the formats apart.
	example := *c.viewer
	example.Zone = time.UTC
	at := time.Date(example.Now.Year(), 12, 31, 14, 5, 0, 0, time.UTC)
	v.Dates = []option{{"", c.text("preferences.date.auto"), "", prefs.DateFormat == ""}}
	for _, f := range locale.DateFormats {
		example.DateFormat = f
		v.Dates = append(v.Dates, option{f, example.Date(at), "", prefs.DateFormat == f})
	}
	v.Clocks = []option{{"", c.text("preferences.date.auto"), "", prefs.Clock == ""}}
	for _, clock := range []string{"24", "12"} {
		example.Clock = clock
		v.Clocks = append(v.Clocks, option{clock, example.Time(at), "", prefs.Clock == clock})
	}
	first := c.viewer.FirstDay
	for _, d := range weekdays {
		v.Days = append(v.Days, option{strconv.Itoa(int(d)), c.viewer.Day(d), "", first == d})
	}
	for _, n := range pageSizes {
		v.Pages = append(v.Pages, option{strconv.Itoa(n), c.viewer.Number(int64(n)), "", p.pageSize(&user{preferences: prefs}) == n})
	}
	v.Themes = []option{
		{"", c.text("preferences.theme.auto"), "", prefs.Theme == ""},
		{"light", c.text("preferences.theme.light"), "", prefs.Theme == "light"},
		{"dark", c.text("preferences.theme.dark"), "", prefs.Theme == "dark"},
	}
	return p.render(c, status, "preferences", c.text("preferences.title"), v)
}

// changePreferences keeps what was chosen. A choice that there is not is the usual.
func (p *portal) changePreferences(c *call) error {
	if err := c.form(); err != nil {
		return err
	}
	field := c.r.PostFormValue
	prefs := Preferences{
		TimeZone: field("zone"), DateFormat: field("date"), Clock: field("clock"), Theme: field("theme"),
		Signature: strings.TrimRight(strings.ReplaceAll(field("signature"), "\r\n", "\n"), " \n"),
	}
	if l := p.texts.Find(field("language")); l != nil {
		prefs.Language = l.Code
	}
	prefs.PageSize, _ = strconv.Atoi(field("page")) // 0: the usual
	if n, err := strconv.Atoi(field("week")); err == nil {
		day := time.Weekday(n)
		prefs.FirstDay = &day
	}
	roundup := p.roundupForm(c, prefs)
	if utf8.RuneCountInString(prefs.Signature) > maxSignatureRunes {
		return p.renderPreferences(c, http.StatusUnprocessableEntity, prefs, roundup, false, c.text("preferences.signature.long"))
	}
	b, err := json.Marshal(prefs.cleaned())
	if err != nil {
		return err
	}
	if err := p.owner.Change(c.ctx(), c.user.token, socket.AccountChange{Preferences: b, Roundup: &roundup}); err != nil {
		return err
	}
	return c.redirect("/settings/preferences?saved")
}
