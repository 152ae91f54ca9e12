package rules

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A timeCondition tests the time of day at which the message came, by the
// server's clock and zone.
type timeCondition struct{ spans []timeSpan }

// A timeSpan is a part of the day, in minutes; one that ends before it begins
// goes over midnight. The end doesn't belong to it.
type timeSpan struct {
	begin, end int
	text       string
}

func (c timeCondition) level() level { return levelHeader }

func (c timeCondition) test(st *state) truth {
	now := st.message.Time.Hour()*60 + st.message.Time.Minute()
	for _, s := range c.spans {
		in := now >= s.begin && now < s.end
		if s.end <= s.begin {
			in = now >= s.begin || now < s.end
		}
		if in {
			st.found(Evidence{What: "time", Part: "message", Name: s.text, Masked: st.message.Time.Format("15:04")})
			return yes
		}
	}
	return no
}

func decodeTime(l *loader, n node, _ scope) condition {
	var c timeCondition
	for _, item := range n.texts() {
		s := item.value.(string)
		span, err := parseTimeSpan(s)
		if err != nil {
			item.errorf("%v", err)
			continue
		}
		c.spans = append(c.spans, span)
	}
	return l.share(c)
}

func parseTimeSpan(s string) (timeSpan, error) {
	span := timeSpan{text: s}
	begin, end, ok := strings.Cut(s, "-")
	var err1, err2 error
	span.begin, err1 = parseMinutes(begin)
	span.end, err2 = parseMinutes(end)
	if !ok || err1 != nil || err2 != nil || span.begin == span.end || span.begin == 24*60 {
		return timeSpan{}, fmt.Errorf("%q is no span of time; write one like \"18:00-08:00\"", s)
	}
	return span, nil
}

// parseMinutes reads "08:30" as minutes since midnight, up to "24:00".
func parseMinutes(s string) (int, error) {
	if s == "24:00" {
		return 24 * 60, nil
	}
	t, err := time.Parse("15:04", s)
	return t.Hour()*60 + t.Minute(), err
}

// A weekdayCondition tests the day of the week on which the message came.
type weekdayCondition struct{ days [7]bool }

func (c weekdayCondition) level() level { return levelHeader }

func (c weekdayCondition) test(st *state) truth {
	day := st.message.Time.Weekday()
	if !c.days[day] {
		return no
	}
	st.found(Evidence{What: "weekday", Part: "message", Name: "weekday", Masked: weekdayNames()[day]})
	return yes
}

// weekdayNames is indexed by time.Weekday.
func weekdayNames() []string { return []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"} }

func decodeWeekday(l *loader, n node, _ scope) condition {
	var c weekdayCondition
	for _, item := range n.texts() {
		s := item.value.(string)
		first, last, span := strings.Cut(s, "-")
		if !span {
			last = first
		}
		i, j := slices.Index(weekdayNames(), first), slices.Index(weekdayNames(), last)
		if i < 0 || j < 0 {
			item.errorf("%q is no weekday; write mon, tue, wed, thu, fri, sat, sun or a span like \"mon-fri\"", s)
			continue
		}
		for c.days[i] = true; i != j; c.days[i] = true {
			i = (i + 1) % 7
		}
	}
	return l.share(c)
}

// A period limits a rule to a time. Zero ends are open.
type period struct{ begin, end time.Time }

func (p period) contains(t time.Time) bool {
	return (p.begin.IsZero() || !t.Before(p.begin)) && (p.end.IsZero() || t.Before(p.end))
}

// decodeDate reads a date or a date with a time. A date without zone is one of
// the server's. after makes a date mean the end of that day.
func decodeDate(n node, after bool) time.Time {
	t, ok := n.value.(time.Time)
	if !ok {
		n.errorf("is %s; write a date like 2026-12-31 (without quotes) or a date with a time", n.kind())
		return time.Time{}
	}
	local := func(hour, minute, second int) time.Time {
		return time.Date(t.Year(), t.Month(), t.Day(), hour, minute, second, 0, time.Local)
	}
	// The TOML decoder marks what has no zone by the name of the location.
	switch t.Location().String() {
	case "date-local":
		if after {
			return local(0, 0, 0).AddDate(0, 0, 1)
		}
		return local(0, 0, 0)
	case "datetime-local":
		return local(t.Clock())
	case "time-local":
		n.errorf("is a time without a date; write a date like 2026-12-31")
		return time.Time{}
	}
	return t
}
