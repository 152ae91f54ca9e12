package e2e

import (
	"fmt"
	"strings"
	"time"

	"github.com/postseal/postseal/portal/browsertest"
)

// prefer changes preferences: the id of a field and the text of the option.
func (h *holder) prefer(tb *browsertest.Tab, choices ...string) {
	h.t.Helper()
	h.open(tb, "/settings/preferences")
	for i := 0; i < len(choices); i += 2 {
		tb.MustElement("#" + choices[i]).MustSelect(choices[i+1])
	}
	tb.Click("form[action='/settings/preferences'] button")
	tb.WaitFor(".notice.good", "")
}

// prefers changes each preference and sees what it does.
func (h *holder) prefers() {
	t := h.t
	tb := h.begin()
	message := tb.Address()

	// Dates are those of the place and the form that were chosen.
	h.prefer(tb, "zone", "Asia/Kathmandu", "clock", "pm", "date", "31/12/")
	tb.Open(message)
	at, err := time.Parse(time.RFC3339, *tb.MustElement("dl.facts time").MustAttribute("datetime"))
	if err != nil {
		t.Fatal(err)
	}
	kathmandu, err := time.LoadLocation("Asia/Kathmandu")
	if err != nil {
		t.Fatal(err)
	}
	there := at.In(kathmandu)
	tb.WaitFor("dl.facts time", there.Format("02/01/2006, 3:04\u00a0pm"))
	h.prefer(tb, "date", "-12-31", "clock", "14:05")
	tb.Open(message)
	tb.WaitFor("dl.facts time", there.Format("2006-01-02, 15:04"))
	h.prefer(tb, "date", "As usual in the language")
	tb.Open(message)
	tb.WaitFor("dl.facts time", there.Format("2 January 2006, 15:04"))

	// Colours are those chosen, whatever the system has.
	dark := func() bool {
		r, err := tb.Eval(`() => getComputedStyle(document.documentElement).backgroundColor.match(/\d+/g).slice(0, 3).every((n) => n < 80)`)
		if err != nil {
			t.Fatal(err)
		}
		return r.Value.Bool()
	}
	h.prefer(tb, "theme", "Dark")
	if !dark() {
		t.Error("the page is light")
	}
	tb.Screen(h.width, h.height, "dark")
	h.prefer(tb, "theme", "Light")
	if dark() {
		t.Error("the page is dark")
	}
	h.prefer(tb, "theme", "As on this device")
	if !dark() {
		t.Error("the page is light on a dark device")
	}
	tb.Screen(h.width, h.height, "light")

	h.prefersPages(tb)
	h.signs(tb, message)

	// Language, of pages and mails.
	h.prefer(tb, "language", "Deutsch", "week", "Sunday")
	tb.WaitFor("h1", "Einstellungen")
	if n := h.sends("dora", "the last"); !strings.Contains(n.Subject, "verschlüsselte Nachricht") {
		t.Errorf("the notice is called %q", n.Subject)
	}
	// It is all kept, on any device.
	other := h.tab()
	other.Speak("fi")
	h.login(other, guestPassword)
	other.WaitFor("h1", "Posteingang")
	h.open(other, "/settings/preferences")
	for field, want := range map[string]string{
		"language": "Deutsch", "zone": "Asia/Kathmandu", "date": "Wie in der Sprache üblich", "clock": "14:05", "week": "Sonntag",
		"theme": "Wie auf diesem Gerät", "page": "10",
	} {
		got := other.MustElement("#" + field).MustEval(`() => this.selectedOptions[0].textContent`).Str()
		if got != want {
			t.Errorf("%s is %q, want %q", field, got, want)
		}
	}
	h.prefer(other, "language", "Wie vom Browser gewünscht")
	other.WaitFor("h1", "Asetukset")
	tb.Quiet("422")
}

// prefersPages has ten messages on a page.
func (h *holder) prefersPages(tb *browsertest.Tab) {
	h.t.Helper()
	for i := range 11 {
		from := fmt.Sprintf("many%d-%d@example.com", h.number, i)
		h.Submit(h.t, from, []string{h.address}, h.letter(from, fmt.Sprintf("number %d", i)))
	}
	wait(h.t, "eleven notices", func() bool { return h.received("many") == 11 })
	h.prefer(tb, "page", "10")
	h.open(tb, "/inbox")
	tb.WaitFor(".count", "12 messages")
	if rows := len(tb.MustElements(".row")); rows != 10 {
		h.t.Errorf("%d rows on a page of 10", rows)
	}
	tb.Press("Older")
	tb.WaitFor(".row", "the first")
	if rows := len(tb.MustElements(".row")); rows != 2 {
		h.t.Errorf("%d rows of 2 are left", rows)
	}
}

// signs has a signature below answers, in the form and in what arrives.
func (h *holder) signs(tb *browsertest.Tab, message string) {
	t := h.t
	t.Helper()
	h.open(tb, "/settings/preferences")
	tb.Fill("#signature", strings.Repeat("Ä", 1001))
	tb.Press("Save")
	tb.WaitFor("#signature-error", "at most 1000")
	if got := tb.MustElement("#signature").MustProperty("value").Str(); got != strings.Repeat("Ä", 1001) {
		t.Error("what was typed is lost")
	}
	if got := tb.MustElement("#page").MustEval(`() => this.selectedOptions[0].textContent`).Str(); got != "10" {
		t.Errorf("a refusal changes the page size to %s", got)
	}
	tb.Fill("#signature", "Roberta Quill\n<b>Söhne & Co</b>")
	tb.Press("Save")
	tb.WaitFor(".notice", "saved")
	tb.Open(message + "/reply")
	if got := tb.MustElement("#body").MustProperty("value").Str(); got != "\n\n-- \nRoberta Quill\n<b>Söhne & Co</b>" {
		t.Errorf("the answer begins as %q", got)
	}
	tb.Press("Send")
	tb.WaitFor("h1", "Your answer is sent")
	h.senderMail(t, fmt.Sprintf("ann%d@example.com", h.number), "-- Roberta Quill <b>Söhne & Co</b>")
}
