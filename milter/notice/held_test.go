package notice

import (
	"slices"
	"strings"
	"testing"

	"github.com/postseal/postseal/store"
)

func TestReplyLines(t *testing.T) {
	const link = "https://pickup.example.com/h#"
	tests := []struct {
		lang, text string
		state      store.HoldState // "" for a deferral
		want       []string
	}{
		{"en", "Card numbers need a release.", "", []string{"Card numbers need a release.",
			"This message waits. Release it, or decide not to send it, on this page:", link + code().Fragment()}},
		{"en", "", "", []string{"This message waits. Release it, or decide not to send it, on this page:", link + code().Fragment()}},
		{"de", "Zwei Zeilen,\nGrößen „ä“ – 100 %\r\n\r\n", "", []string{"Zwei Zeilen,", `Grossen "a" - 100 %`,
			"Diese Nachricht wartet. Geben Sie sie auf dieser Seite frei, oder entscheiden Sie dort, sie nicht zu senden:", link + code().Fragment()}},
		{"pl", "Łódź 中", store.HoldExpired, []string{"Lodz ?", "Ta wiadomosc nie zostala zwolniona na czas."}},
		{"fr", "", store.HoldWithdrawn, []string{"Ce message a ete retire par son expediteur."}},
		{"en", "Why", store.HoldRejected, []string{"Why", "This message was rejected by an administrator."}},
	}
	for _, tt := range tests {
		r := newRenderer(t, func(o *Options) { o.Language = tt.lang })
		var got []string
		if tt.state == "" {
			got = r.Deferred("ann@example.com", tt.text, code())
		} else {
			got = r.Refused("ann@example.com", tt.text, tt.state)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s, %q:\n%q, want\n%q", tt.lang, tt.text, got, tt.want)
		}
	}
}

// In every language the lines are printable ASCII, said whole, with the link
// alone on the last.
func TestReplyLinesAreASCII(t *testing.T) {
	for _, lang := range spoken {
		r := newRenderer(t, func(o *Options) { o.Language = lang })
		lines := r.Deferred("", "", code())
		if len(lines) != 2 || lines[1] != r.releaseLink(code()) {
			t.Errorf("%s: %q", lang, lines)
		}
		for _, state := range []store.HoldState{store.HoldExpired, store.HoldRejected, store.HoldWithdrawn} {
			lines = append(lines, r.Refused("", "", state)...)
		}
		for _, l := range lines {
			if strings.ContainsFunc(l, func(r rune) bool { return r < ' ' || r > '~' }) || strings.Contains(l, "?") || l == "" {
				t.Errorf("%s: %q", lang, l)
			}
		}
	}
}

func TestHeldSays(t *testing.T) {
	all := mails(t, newRenderer(t, nil))
	link := "https://pickup.example.com/h#" + code().Fragment()
	for name, wants := range map[string]bool{"held": true, "held-nolink": false} {
		plain, html := texts(t, Entity{ContentType: contentType(t, all[name].Data), Body: body(all[name].Data)})
		for form, text := range map[string]string{"text": plain, "HTML": html} {
			if strings.Contains(text, link) != wants || strings.Contains(text, "postmaster@example.com") == wants {
				t.Errorf("%s, %s: link or administrator: %s", name, form, text)
			}
		}
	}
	// Who asks that the subject stays out of such mails gets none with it.
	for name, m := range mails(t, newRenderer(t, func(o *Options) { o.ReceiptSubject = false })) {
		if strings.Contains(string(m.Data), "Annual") && name != "reply" {
			t.Errorf("%s holds the subject", name)
		}
	}
}
