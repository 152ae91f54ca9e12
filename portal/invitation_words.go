package portal

import (
	"encoding/json"
	"strings"

	"github.com/postseal/postseal/portal/locale"
)

// calendarWords are what the browser needs to print the card of an invitation as
// the server does (web/pickup/invitation.js). A "%" stands for what only the
// browser knows; {d}, {month}, {y}, {date} and {time} for the parts of a time. Who
// opens a one-time message has no preferences: all is as the language writes it.
type calendarWords struct {
	Zone        string            `json:"zone"` // the reader's; "": not known here
	Date        string            `json:"date"`
	At          string            `json:"at"`
	Months      string            `json:"months"`
	Days        string            `json:"days"`
	Clock       string            `json:"clock"` // "12" or "24"
	Separator   string            `json:"separator"`
	AM          string            `json:"am"`
	PM          string            `json:"pm"`
	AllDay      string            `json:"allDay"`
	UnknownZone string            `json:"unknownZone"`
	Frequencies map[string]string `json:"frequencies"`
	Repeats     string            `json:"repeats"`
	Until       string            `json:"until"`
	Request     string            `json:"request"`
	Event       string            `json:"event"`
	Cancelled   string            `json:"cancelled"`
	NoSubject   string            `json:"noSubject"`
	Foreign     string            `json:"foreign"`
	People      map[int]string    `json:"people"` // by a number that takes this form
	More        map[int]string    `json:"more"`
}

// calendarWordsOf returns the words for a reader without an account, as JSON.
func calendarWordsOf(v *locale.Viewer) (string, error) {
	w := calendarWords{
		Date: v.Text("date.long", "Day", "{d}", "Month", "{month}", "Year", "{y}"), At: v.Text("date.at", "Date", "{date}", "Time", "{time}"),
		Months: v.Text("date.months"), Days: v.Text("date.days"),
		Clock: v.Text("time.clock"), Separator: v.Text("time.separator"), AM: v.Text("time.am"), PM: v.Text("time.pm"),
		AllDay: v.Text("calendar.allday"), UnknownZone: v.Text("calendar.zone", "Zone", "%"),
		Frequencies: map[string]string{}, Repeats: v.Text("calendar.repeats"), Until: v.Text("calendar.until", "Date", "%"),
		Request: v.Text("calendar.request"), Event: v.Text("calendar.event"), Cancelled: v.Text("calendar.cancelled"),
		NoSubject: v.Text("message.nosubject"), Foreign: v.Text("calendar.foreign", "Organiser", "%"),
		People: pluralForms(v, "calendar.people"), More: pluralForms(v, "calendar.more"),
	}
	if v.Zone != nil {
		w.Zone = v.Zone.String()
	}
	for name, key := range frequencies {
		w.Frequencies[name] = v.Text(key)
	}
	b, err := json.Marshal(w)
	return string(b), err
}

// pluralForms are the forms of a text by a number that takes each, in all the
// languages of the world but those that count in twelve ways.
func pluralForms(v *locale.Viewer, key string) map[int]string {
	forms := map[int]string{}
	for _, n := range []int{0, 1, 2, 3, 5, 11, 21, 100} {
		forms[n] = strings.Replace(v.Plural(key, n), v.Number(int64(n)), "%", 1)
	}
	return forms
}
