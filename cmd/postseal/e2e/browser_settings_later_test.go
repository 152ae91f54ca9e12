package e2e

import (
	"time"
)

// waits sees what a day and a week do: a link for a new password ends, and a list
// names the days of this week, which begins when the reader says.
func (h *holder) waits() {
	t := h.t
	t.Cleanup(func() { h.Shift(t, 0) })
	h.begin()
	tb := h.tab()
	h.open(tb, "/forgot")
	tb.Fill("#address", h.address)
	tb.Press("Send the link")
	link := h.ReadNotice(t, h.receive("Choose a new password"))
	h.Shift(t, 24*time.Hour-time.Minute)
	h.follow(tb, link)
	tb.WaitFor("h1", "Choose a new password")
	h.Shift(t, 24*time.Hour+time.Minute)
	h.choose(tb, freshPassword, freshPassword)
	tb.Press("Save and log in")
	tb.WaitFor("h1", "This link is no longer good")
	h.follow(tb, link)
	tb.WaitFor("h1", "This link is no longer good")

	// A session that nobody uses ends.
	tb = h.loggedIn(guestPassword)
	h.open(tb, "/settings")
	tb.Fill("#p-name", "Written over lunch")
	h.Shift(t, 24*time.Hour+33*time.Minute)
	tb.Press("Save")
	tb.WaitFor(".notice", "You are no longer logged in, so nothing was sent.")
	tb = h.loggedIn(guestPassword)
	h.open(tb, "/settings")
	if name := tb.MustElement("#p-name").MustProperty("value").Str(); name != holderName {
		t.Errorf("the name is %q", name)
	}

	h.prefer(tb, "zone", "UTC")
	h.open(tb, "/inbox")
	received, err := time.Parse(time.RFC3339, *tb.MustElement(".row time").MustAttribute("datetime"))
	if err != nil {
		t.Fatal(err)
	}
	// The first day on which it matters whether a week begins on Monday or Saturday.
	later := 2
	for sameWeek(received, later, time.Monday) == sameWeek(received, later, time.Saturday) {
		later++
	}
	noon := time.Date(received.Year(), received.Month(), received.Day()+later, 12, 0, 0, 0, time.UTC)
	h.Shift(t, time.Until(noon))
	tb = h.loggedIn(guestPassword)
	for _, day := range []time.Weekday{time.Monday, time.Saturday} {
		h.prefer(tb, "week", day.String())
		h.open(tb, "/inbox")
		want := received.Format("2 Jan")
		if sameWeek(received, later, day) {
			want = received.Format("Mon")
		}
		tb.WaitFor(".row time", want)
	}
}

// sameWeek reports whether t and so many days later are in one week.
func sameWeek(t time.Time, later int, first time.Weekday) bool {
	return (int(t.Weekday()-first)+7)%7+later < 7
}
