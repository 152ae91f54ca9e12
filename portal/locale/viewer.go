package locale

import (
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // zones are there where the machine has none
)

// The orders of a date that a reader may choose.
const (
	DayDots   = "d.m.y" // 21.11.2026
	DaySlash  = "d/m/y" // 21/11/2026
	DayDash   = "d-m-y" // 21-11-2026
	MonthDay  = "m/d/y" // 11/21/2026
	YearMonth = "y-m-d" // 2026-11-21, ISO 8601
)

// DateFormats lists the orders of a date.
var DateFormats = []string{DayDots, DaySlash, DayDash, MonthDay, YearMonth}

// A Viewer is how one reader is addressed: in which language, and how times are
// printed. The zero value of each field but Language is good.
type Viewer struct {
	*Language
	Zone       *time.Location // nil: unknown; times are printed in UTC, and say so
	Now        time.Time
	DateFormat string       // one of DateFormats; "": as the language writes dates
	Clock      string       // "12", "24"; "": as the language
	FirstDay   time.Weekday // of the week
	Theme      string       // "light", "dark"; "": as the system
}

// zone is where the reader is, as far as is known.
func (v *Viewer) zone() *time.Location {
	if v.Zone == nil {
		return time.UTC
	}
	return v.Zone
}

// ISO prints a time for the datetime attribute and for scripts.
func (v *Viewer) ISO(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// Time prints the time of day: "14:05", "2:05 pm".
func (v *Viewer) Time(t time.Time) string {
	t = t.In(v.zone())
	clock := v.Clock
	if clock == "" {
		clock = v.Text("time.clock")
	}
	if clock == "12" {
		half := v.Text("time.am")
		if t.Hour() >= 12 {
			half = v.Text("time.pm")
		}
		return fmt.Sprintf("%d%s%02d\u00a0%s", (t.Hour()+11)%12+1, v.Text("time.separator"), t.Minute(), half)
	}
	return fmt.Sprintf("%02d%s%02d", t.Hour(), v.Text("time.separator"), t.Minute())
}

// Day is the name of a day of the week.
func (v *Viewer) Day(d time.Weekday) string { return word(v.Text("date.days"), int(d)) }

// Date prints a date with the month's name, "21 November 2026", or in the order
// that the reader chose.
func (v *Viewer) Date(t time.Time) string {
	t = t.In(v.zone())
	if v.DateFormat != "" {
		return numeric(v.DateFormat, t)
	}
	return v.Text("date.long", "Day", t.Day(), "Month", word(v.Text("date.months"), int(t.Month())-1), "Year", t.Year())
}

// Long prints a date with its time of day, and the zone where that is a guess.
func (v *Viewer) Long(t time.Time) string {
	s := v.Text("date.at", "Date", v.Date(t), "Time", v.Time(t))
	if v.Zone == nil {
		s += " UTC"
	}
	return s
}

// Short prints a time for a list, as briefly as it is clear: the time of day for
// today, "yesterday", the day of this week, the day of this year, or the date. A
// date to come is one of the last two.
func (v *Viewer) Short(t time.Time) string {
	t = t.In(v.zone())
	today := midnight(v.Now.In(v.zone()))
	day := midnight(t)
	sinceFirst := (int(today.Weekday()) - int(v.FirstDay) + 7) % 7
	switch {
	case day.Equal(today):
		return v.Time(t)
	case day.Equal(today.AddDate(0, 0, -1)):
		return v.Text("date.yesterday")
	case day.Before(today) && !day.Before(today.AddDate(0, 0, -sinceFirst)):
		return word(v.Text("date.days.short"), int(t.Weekday()))
	case v.DateFormat == "" && t.Year() == today.Year():
		return v.Text("date.short", "Day", t.Day(), "Month", word(v.Text("date.months.short"), int(t.Month())-1))
	}
	format := v.DateFormat
	if format == "" {
		format = v.Text("date.numeric")
	}
	return numeric(format, t)
}

// midnight is the beginning of t's day, as a plain day that no change of the
// clock shortens.
func midnight(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}

// numeric prints a date in figures.
func numeric(format string, t time.Time) string {
	switch format {
	case DayDots:
		return fmt.Sprintf("%d.%d.%d", t.Day(), int(t.Month()), t.Year())
	case DaySlash:
		return t.Format("02/01/2006")
	case DayDash:
		return t.Format("02-01-2006")
	case MonthDay:
		return t.Format("01/02/2006")
	}
	return t.Format("2006-01-02")
}

// word is the i-th of the words of a list.
func word(list string, i int) string {
	words := strings.Fields(list)
	if i < 0 || i >= len(words) {
		return "?"
	}
	return words[i]
}
