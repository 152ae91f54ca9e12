package hostile

import (
	"strconv"
	"strings"
	"testing"
)

// TestMarkup: the corpus is what it says: thousands of cases, each with its own
// number, the same each time.
func TestMarkup(t *testing.T) {
	cases := Markup("http://evil.example")
	groups := map[string]int{}
	for i, c := range cases {
		if c.ID != i || c.HTML == "" {
			t.Fatalf("case %d is %+v", i, c)
		}
		groups[c.Group]++
	}
	for group, least := range map[string]int{"load": 1500, "scheme": 3000, "handler": 1500, "style": 900, "mutation": 1500, "shape": 1500} {
		if groups[group] < least {
			t.Errorf("%d cases of %s, not %d", groups[group], group, least)
		}
	}
	again := Markup("http://evil.example")
	for i := range cases {
		if again[i] != cases[i] {
			t.Fatalf("case %d is another the second time", i)
		}
	}
	numbered := 0
	for i, c := range cases {
		if strings.Contains(c.HTML, "ran("+strconv.Itoa(i)+"+[])") || strings.Contains(c.HTML, "evil.example/"+strconv.Itoa(i)) {
			numbered++
		}
	}
	if numbered < len(cases)*3/4 {
		t.Errorf("%d of %d cases tell their number in clear", numbered, len(cases))
	}
	documents := Documents(cases, 200)
	next := 0
	for _, d := range documents {
		if d.First != next || d.Last < d.First {
			t.Fatalf("a document of %d to %d after %d", d.First, d.Last, next)
		}
		next = d.Last + 1
	}
	if next != len(cases) {
		t.Errorf("%d of %d cases are in documents", next, len(cases))
	}
	t.Logf("%d cases, %v, %d documents", len(cases), groups, len(documents))
}

// TestMails: the lists of everything but markup aren't empty, and each entry is
// there once.
func TestMails(t *testing.T) {
	mails := Mails("http://evil.example")
	seen := map[string]bool{}
	for i, m := range mails {
		if m.ID != i || seen[m.Raw] || !strings.Contains(m.Raw, "\n\n") {
			t.Errorf("mail %d, %s: twice, or not a mail", i, m.Name)
		}
		seen[m.Raw] = true
	}
	fields, parts := 0, 0
	for _, l := range Lines() {
		fields += len(Field(l))
	}
	for _, n := range FileNames() {
		parts += len(Attached(n))
	}
	if len(mails) < 280 || fields < 450 || parts < 1500 {
		t.Errorf("%d mails, %d fields, %d parts", len(mails), fields, parts)
	}
	t.Logf("%d mails, %d fields, %d parts", len(mails), fields, parts)
}
