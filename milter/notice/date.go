package notice

import (
	"fmt"
	"strings"
	"time"
)

// rfc5322 is the form of a date in a header (RFC 5322 section 3.3).
const rfc5322 = "Mon, 2 Jan 2006 15:04:05 -0700"

// dateParts is what the texts of a date can use.
type dateParts struct {
	Day, Year        int
	Month            string
	Date, Time, Zone string
}

// loadDates reads what a date is made of.
func (t *tongue) loadDates() error {
	s, err := t.text("date.months", nil)
	if err != nil {
		return err
	}
	months := strings.Fields(s)
	if len(months) != 12 {
		return fmt.Errorf("text \"date.months\" in %s: %d months", t.tag, len(months))
	}
	copy(t.months[:], months)
	if s, err = t.text("date.zones", nil); err != nil {
		return err
	}
	t.zones = map[string]string{}
	for _, z := range strings.Fields(s) {
		zone, name, ok := strings.Cut(z, "=")
		if !ok {
			return fmt.Errorf("text \"date.zones\" in %s: %q is not ZONE=NAME", t.tag, z)
		}
		t.zones[zone] = name
	}
	if t.clock, err = t.text("date.time", nil); err != nil {
		return err
	}
	for _, key := range []string{"date.day", "date.moment"} {
		if _, err := t.text(key, dateParts{}); err != nil {
			return err
		}
	}
	return nil
}

// day writes a date for people.
func (t *tongue) day(at time.Time) string {
	s, _ := t.text("date.day", t.parts(at)) // tried by loadDates
	return s
}

// moment writes a time for people.
func (t *tongue) moment(at time.Time) string {
	s, _ := t.text("date.moment", t.parts(at)) // tried by loadDates
	return s
}

func (t *tongue) parts(at time.Time) dateParts {
	zone, _ := at.Zone()
	if name := t.zones[zone]; name != "" {
		zone = name
	}
	p := dateParts{Day: at.Day(), Year: at.Year(), Month: t.months[at.Month()-1], Time: at.Format(t.clock), Zone: zone}
	p.Date, _ = t.text("date.day", p) // tried by loadDates
	return p
}
