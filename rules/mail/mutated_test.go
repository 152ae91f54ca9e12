package mail_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// Trees of parts with a card number in one of them, and then with lines lost,
// doubled, moved or broken as programs in between do: found, or unscannable.
func TestMutated(t *testing.T) {
	s := cardScanner(t)
	rng := rand.New(rand.NewPCG(11, 12))
	for i := range 4000 {
		lines := strings.Split(tree(rng, 0), "\r\n")
		for range rng.IntN(4) {
			lines = mutate(rng, lines)
		}
		raw := "From: ann@example.com\r\nMIME-Version: 1.0\r\n" + strings.Join(lines, "\r\n")
		found, m := look(t, s, raw)
		if !found && len(m.Unscannable) == 0 {
			t.Fatalf("case %d: missed, defects %v, in\n%s", i, m.Defects, raw)
		}
	}
}

// tree makes an entity with the number in it.
func tree(rng *rand.Rand, depth int) string {
	text := "the card number is " + card + ", as said before"
	switch k := rng.IntN(9); {
	case depth < 4 && k < 4:
		b := fmt.Sprintf("b%d_%d", depth, rng.IntN(100))
		var parts strings.Builder
		n, at := 1+rng.IntN(3), 0
		at = rng.IntN(n)
		for i := range n {
			parts.WriteString("--" + b + "\r\n")
			if i == at {
				parts.WriteString(tree(rng, depth+1))
			} else {
				parts.WriteString("Content-Type: text/plain\r\n\r\nnothing here")
			}
			parts.WriteString("\r\n")
		}
		quote := [2]string{"", "\""}[rng.IntN(2)]
		kind := [3]string{"mixed", "alternative", "related"}[rng.IntN(3)]
		return "Content-Type: multipart/" + kind + "; boundary=" + quote + b + quote + "\r\n\r\n" + parts.String() + "--" + b + "--"
	case depth < 4 && k == 4:
		return "Content-Type: message/rfc822\r\n\r\nSubject: fwd\r\n" + tree(rng, depth+1)
	case depth < 4 && k == 5:
		return "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b64("Subject: fwd\r\nContent-Type: text/plain\r\n\r\n"+text)
	case k == 6:
		return "Content-Type: text/plain; charset=utf-8\r\n\r\n" + text
	case k == 7:
		return "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + qp("<p>"+text)
	}
	return "Content-Type: text/csv; name=\"a.csv\"\r\nContent-Disposition: attachment; filename=\"a.csv\"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b64(text)
}

// mutate changes one line that is not of the content with the number.
func mutate(rng *rand.Rand, lines []string) []string {
	i := rng.IntN(len(lines))
	ln := lines[i]
	if !strings.HasPrefix(ln, "Content-") && !strings.HasPrefix(ln, "--") && ln != "" && ln != "nothing here" {
		return lines
	}
	out := append([]string(nil), lines[:i]...)
	switch rng.IntN(9) {
	case 0: // lost
	case 1:
		out = append(out, ln, ln)
	case 2:
		out = append(out, strings.ToUpper(ln))
	case 3:
		out = append(out, " "+ln)
	case 4:
		out = append(out, ln+" ")
	case 5:
		out = append(out, "rubbish", ln)
	case 6:
		out = append(out, "", ln)
	case 7:
		out = append(out, strings.Replace(ln, ":", " :", 1))
	case 8:
		out = append(out, ln[:len(ln)/2])
	}
	return append(out, lines[i+1:]...)
}
