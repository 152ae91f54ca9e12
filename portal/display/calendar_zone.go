package display

import (
	"strconv"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"
)

// zones are the time zones that a calendar object defines (VTIMEZONE, RFC 5545
// section 3.6.5), by their names. A name of the IANA list needs no definition; the
// definition serves the many names that aren't, such as those of Windows.
type zones map[string][]observance

// An observance is standard or daylight saving time.
type observance struct {
	onset    time.Time // first one, by the clock before it, as if in UTC
	from, to int       // offsets from UTC before and after, in seconds
	month    time.Month
	week     int // of the month, -1: the last; 0: it doesn't repeat
	day      time.Weekday
	until    int // year; 0: for ever
}

// maxObservances bounds the definition of one zone; each costs a little for every
// time in it.
const maxObservances = 100

// readZones reads the definitions. One with a rule that isn't understood is left
// out, rather than be wrong by an hour.
func readZones(cal *ics.Calendar) zones {
	z := zones{}
	for _, c := range cal.Components {
		zone, ok := c.(*ics.VTimezone)
		if !ok {
			continue
		}
		id := zone.GetProperty("TZID")
		if id == nil {
			continue
		}
		if _, twice := z[id.Value]; twice {
			continue
		}
		var all []observance
		for _, sub := range zone.SubComponents() {
			var props []ics.IANAProperty
			switch s := sub.(type) {
			case *ics.Standard:
				props = s.Properties
			case *ics.Daylight:
				props = s.Properties
			default:
				continue
			}
			o, ok := readObservance(props)
			if !ok || len(all) >= maxObservances {
				all = nil
				break
			}
			all = append(all, o)
		}
		if len(all) > 0 {
			z[id.Value] = all
		}
	}
	return z
}

func readObservance(props []ics.IANAProperty) (o observance, ok bool) {
	have := 0
	for _, p := range props {
		switch p.IANAToken {
		case "DTSTART":
			t, err := time.Parse("20060102T150405", p.Value)
			if err != nil {
				return o, false
			}
			o.onset = t
			have |= 1
		case "TZOFFSETFROM":
			if o.from, ok = offset(p.Value); !ok {
				return o, false
			}
			have |= 2
		case "TZOFFSETTO":
			if o.to, ok = offset(p.Value); !ok {
				return o, false
			}
			have |= 4
		case "RRULE":
			if !o.rule(p.Value) {
				return o, false
			}
		case "RDATE":
			return o, false
		}
	}
	return o, have == 7
}

// offset reads an offset from UTC (RFC 5545 section 3.3.14), in seconds.
func offset(s string) (int, bool) {
	s = strings.TrimSpace(s)
	if len(s) != 5 && len(s) != 7 || s[0] != '+' && s[0] != '-' {
		return 0, false
	}
	seconds := 0
	for i, unit := 1, 3600; i < len(s); i, unit = i+2, unit/60 {
		n, err := strconv.ParseUint(s[i:i+2], 10, 8)
		if err != nil {
			return 0, false
		}
		seconds += int(n) * unit
	}
	if s[0] == '-' {
		seconds = -seconds
	}
	return seconds, seconds > -24*3600 && seconds < 24*3600
}

var weekdays = map[string]time.Weekday{"SU": 0, "MO": 1, "TU": 2, "WE": 3, "TH": 4, "FR": 5, "SA": 6}

// rule reads the rule that changes of the clock follow everywhere today: a weekday,
// counted from the beginning or the end of a month, each year.
func (o *observance) rule(s string) bool {
	yearly := false
	for _, part := range strings.Split(s, ";") {
		name, value, _ := strings.Cut(strings.ToUpper(part), "=")
		switch name {
		case "FREQ":
			yearly = value == "YEARLY"
		case "BYMONTH":
			n, err := strconv.Atoi(value)
			if err != nil || n < 1 || n > 12 {
				return false
			}
			o.month = time.Month(n)
		case "BYDAY":
			if len(value) < 3 {
				return false
			}
			n, err := strconv.Atoi(value[:len(value)-2])
			day, found := weekdays[value[len(value)-2:]]
			if err != nil || !found || n == 0 || n < -4 || n > 4 {
				return false
			}
			o.week, o.day = n, day
		case "UNTIL":
			if len(value) < 8 {
				return false
			}
			n, err := strconv.Atoi(value[:4])
			if err != nil {
				return false
			}
			o.until = n
		case "INTERVAL":
			if value != "1" {
				return false
			}
		case "WKST", "":
		default:
			return false
		}
	}
	return yearly && o.month != 0 && o.week != 0
}

// latest is the last time that the observance began, no later than wall, a reading
// of the clock as if in UTC.
func (o *observance) latest(wall time.Time) (time.Time, bool) {
	if wall.Before(o.onset) {
		return time.Time{}, false
	}
	if o.week == 0 {
		return o.onset, true
	}
	last := wall.Year()
	if o.until != 0 {
		last = min(last, o.until)
	}
	for year := last; year >= max(o.onset.Year(), last-1); year-- {
		if t := o.in(year); !t.After(wall) && !t.Before(o.onset) {
			return t, true
		}
	}
	return o.onset, true
}

// in is when the observance begins in a year.
func (o *observance) in(year int) time.Time {
	hour, minute, second := o.onset.Clock()
	if o.week > 0 {
		first := time.Date(year, o.month, 1, hour, minute, second, 0, time.UTC)
		return first.AddDate(0, 0, (int(o.day)-int(first.Weekday())+7)%7+7*(o.week-1))
	}
	last := time.Date(year, o.month+1, 0, hour, minute, second, 0, time.UTC)
	return last.AddDate(0, 0, -(int(last.Weekday())-int(o.day)+7)%7+7*(o.week+1))
}

// instant is the point in time at which the clocks of a zone show wall.
func instant(all []observance, wall time.Time) time.Time {
	offset, first, found := 0, time.Time{}, false
	var at time.Time
	for i := range all {
		if first.IsZero() || all[i].onset.Before(first) {
			first = all[i].onset
			if !found {
				offset = all[i].from
			}
		}
		if t, ok := all[i].latest(wall); ok && (!found || t.After(at)) {
			at, offset, found = t, all[i].to, true
		}
	}
	return wall.Add(-time.Duration(offset) * time.Second)
}

// moment reads a date or a time (RFC 5545 sections 3.3.4 and 3.3.5). It is zero if
// it can't be read.
func (z zones) moment(p ics.BaseProperty) Moment {
	s := strings.ToUpper(strings.TrimSpace(p.Value))
	if len(s) > len("20060102T150405Z") {
		return Moment{} // else a fraction of a second would do
	}
	if t, err := time.Parse("20060102", s); err == nil {
		return Moment{Time: t, Date: true}
	}
	if t, err := time.Parse("20060102T150405Z", s); err == nil {
		return Moment{Time: t}
	}
	wall, err := time.Parse("20060102T150405", s)
	if err != nil {
		return Moment{}
	}
	id := param(p, "TZID")
	if id == "" {
		return Moment{Time: wall, Floating: true}
	}
	if l := location(id); l != nil {
		return Moment{Time: time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), 0, l).UTC()}
	}
	if all := z[id]; all != nil {
		return Moment{Time: instant(all, wall)}
	}
	return Moment{Time: wall, Zone: clip(line(id), 100)}
}

// location is the zone of an IANA name. Some programs put a path before it.
func location(id string) *time.Location {
	if len(id) > 200 {
		return nil
	}
	parts := strings.Split(strings.Trim(id, "/"), "/")
	for n := len(parts); n >= 1 && n > len(parts)-8; n-- {
		name := strings.Join(parts[len(parts)-n:], "/")
		if n == 1 && len(parts) > 1 || name == "" || strings.EqualFold(name, "local") {
			continue // a last part alone could be anything
		}
		if l, err := time.LoadLocation(name); err == nil {
			return l
		}
	}
	return nil
}
