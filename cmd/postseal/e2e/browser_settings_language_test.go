package e2e

import (
	"strings"

	"github.com/postseal/postseal/portal/browsertest"
)

// speak chooses a language at the foot of the page.
func (h *holder) speak(tb *browsertest.Tab, language string) {
	h.t.Helper()
	if h.scripts {
		tb.Click(".languages summary")
	} else {
		tb.MustElement(".languages").MustEval(`() => { this.open = true; }`) // as a click does without scripts
	}
	tb.Press(language)
}

// speaks sees each way by which the pages get their language, the stronger one each
// time: the browser's, the address's domain (German), the menu's, the account's.
func (h *holder) speaks() {
	t := h.t
	n := h.sends("ann", "the first")
	if !strings.Contains(n.Subject, "verschlüsselte Nachricht") {
		t.Errorf("the notice to a German domain is called %q", n.Subject)
	}
	tb := h.tab()
	tb.Speak("fi")
	h.open(tb, "/")
	tb.WaitFor("h1", "Kirjautuminen")

	// The menu keeps the page, and the code of its link.
	tb.Open(n.Link)
	tb.WaitFor("h1", "Teitä odottaa salattu viesti")
	h.speak(tb, "Polski")
	tb.WaitFor("h1", "Czeka na Państwa zaszyfrowana wiadomość")
	if h.scripts {
		tb.WaitFor("p", "Link jest kompletny.")
	} else {
		tb.Fill("#code", n.Code)
	}
	tb.Press("Dalej")
	tb.WaitFor("h1", "Prosimy wybrać nazwę i hasło")
	tb.Fill("#name", holderName)
	h.choose(tb, guestPassword, guestPassword)
	tb.Click("form[action='/activate'] button")
	tb.WaitFor("h1", "the first")
	h.open(tb, "/inbox")
	tb.WaitFor("h1", "Odebrane")

	// Another browser, in which nothing was chosen.
	other := h.tab()
	other.Speak("fr-CA,fr;q=0.9,en;q=0.5")
	h.open(other, "/")
	other.WaitFor("h1", "Connexion")
	other.Fill("#address", h.address)
	other.Fill("#password", guestPassword)
	other.Click("form[action='/login'] button")
	other.WaitFor("h1", "Posteingang")
	h.speak(other, "Nederlands")
	other.WaitFor("h1", "Postvak IN")

	// The account's own, in each browser; the menu changes it then.
	h.prefer(other, "language", "Español")
	other.WaitFor("h1", "Preferencias")
	h.open(tb, "/inbox")
	tb.WaitFor("h1", "Bandeja de entrada")
	h.speak(tb, "Português")
	tb.WaitFor("h1", "Caixa de entrada")
	h.open(other, "/inbox")
	other.WaitFor("h1", "Caixa de entrada")
	if n := h.sends("bea", "the second"); !strings.Contains(n.Subject, "mensagem") {
		t.Errorf("the notice is called %q", n.Subject)
	}
	tb.Quiet()
	other.Quiet()
}
