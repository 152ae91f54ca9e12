package e2e

import (
	"fmt"
	"html"
	"strings"
)

// changesProfile sets the name that answers carry and the phrase that notices show,
// and sees by the check code that such a notice is genuine.
func (h *holder) changesProfile() {
	t := h.t
	tb := h.begin()
	message := tb.Address()
	h.open(tb, "/settings")
	tb.Fill("#p-name", "Roberta <b> Quill & Söhne")
	tb.Fill("#p-phrase", "seven elephants & a <tea>")
	tb.Press("Save")
	tb.WaitFor(".notice", "Saved.")
	for field, want := range map[string]string{"#p-name": "Roberta <b> Quill & Söhne", "#p-phrase": "seven elephants & a <tea>", "#p-address": h.address} {
		if got := tb.MustElement(field).MustProperty("value").Str(); got != want {
			t.Errorf("%s is %q", field, got)
		}
	}
	n := h.sends("bea", "the second")
	if !strings.Contains(n.Text, "seven elephants & a <tea>") || !strings.Contains(n.HTML, html.EscapeString("seven elephants & a <tea>")) {
		t.Errorf("the notice has no phrase:\n%s", n.Text)
	}

	tb.Open(message + "/reply")
	tb.Fill("#body", "By the name of before.")
	tb.Press("Send")
	tb.WaitFor("h1", "Your answer is sent")
	_, answer := h.senderMail(t, fmt.Sprintf("ann%d@example.com", h.number), "By the name of before.")
	if from, err := answer.Header.AddressList("From"); err != nil || !strings.Contains(from[0].Name, "Roberta <b> Quill & Söhne") {
		t.Errorf("the answer is from %v (%v)", from, err)
	}

	h.open(tb, "/settings")
	tb.Fill("#p-phrase", "")
	tb.Press("Save")
	tb.WaitFor(".notice", "Saved.")
	third := h.sends("cid", "the third")
	if strings.Contains(third.Text, "elephants") {
		t.Error("the notice has the phrase of before")
	}

	// Anybody can ask whether a mail is genuine.
	code := checkCode.FindString(n.Text)
	stranger := h.tab()
	h.open(stranger, "/")
	stranger.Press("Is a mail genuine?")
	stranger.WaitFor("h1", "Is a mail genuine?")
	flipped := "0"
	if strings.HasSuffix(code, "0") {
		flipped = "1"
	}
	for _, wrong := range []string{code[:len(code)-1] + flipped, "no code", "    "} {
		h.open(stranger, "/genuine")
		stranger.Fill("#code", wrong)
		stranger.Press("Check")
		stranger.WaitFor("#code-error", "There is no mail of ours with this code.")
	}
	stranger.Fill("#code", " "+strings.ToLower(strings.ReplaceAll(code, "-", ""))+" ")
	stranger.Press("Check")
	stranger.WaitFor(".notice", "Yes, this mail comes from here.")
	stranger.WaitFor("dd", fmt.Sprintf("bea%d@example.com", h.number))
	stranger.WaitFor("dd", "…@guest.example")
	if strings.Contains(stranger.MustHTML(), h.address) {
		t.Error("whoever has the check code learns the recipient")
	}
	tb.Quiet()
	stranger.Quiet("422")
}
