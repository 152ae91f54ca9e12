package guard

import (
	"strings"
	"testing"
	"time"
)

var (
	key = [32]byte{1, 2, 3}
	now = time.Date(2026, 11, 21, 19, 10, 0, 0, time.UTC)
	e   = Envelope{From: "ann@example.com", To: []string{"bob@a.example", "cy@b.example"}, MessageID: "<1@example.com>"}
)

func TestGenuine(t *testing.T) {
	mark := New(key).Mark(e, nil, now)
	if strings.ContainsAny(mark, "\r\n") || len(mark) > 76 {
		t.Errorf("mark %q", mark)
	}
	change := func(f func(*Envelope)) Envelope {
		c := e
		f(&c)
		return c
	}
	tests := []struct {
		name  string
		value string
		e     Envelope
		at    time.Time
		want  bool
	}{
		{"as made", mark, e, now, true},
		{"with space around", "  " + mark + " ", e, now, true},
		{"recipients in another order", mark, change(func(e *Envelope) { e.To = []string{"cy@b.example", "bob@a.example"} }), now, true},
		{"domain in another case", mark, change(func(e *Envelope) { e.From = "ann@EXAMPLE.com" }), now, true},
		{"a little later", mark, e, now.Add(Lifetime - time.Second), true},
		{"clock behind", mark, e, now.Add(time.Second - Lifetime), true},
		{"too late", mark, e, now.Add(Lifetime + time.Second), false},
		{"too early", mark, e, now.Add(-Lifetime - time.Second), false},
		{"other sender", mark, change(func(e *Envelope) { e.From = "bob@example.com" }), now, false},
		{"null sender", mark, change(func(e *Envelope) { e.From = "" }), now, false},
		{"fewer recipients", mark, change(func(e *Envelope) { e.To = e.To[:1] }), now, false},
		{"more recipients", mark, change(func(e *Envelope) { e.To = append([]string{"x@c.example"}, e.To...) }), now, false},
		{"recipients joined", mark, change(func(e *Envelope) { e.To = []string{"bob@a.examplecy@b.example"} }), now, false},
		{"other Message-ID", mark, change(func(e *Envelope) { e.MessageID = "<2@example.com>" }), now, false},
		{"other version", strings.Replace(mark, "v1", "v2", 1), e, now, false},
		{"other time", strings.Replace(mark, " 6", " 7", 1), e, now, false},
		{"empty", "", e, now, false},
		{"no digest", "v1 6741d0f0", e, now, false},
		{"padded", mark + "=", e, now, false},
		{"Message-ID folded", mark, change(func(e *Envelope) { e.MessageID = "\n <1@example.com>" }), now, true},
		{"a pass added", mark + " eHl6", e, now, false},
		{"a pass added, of the version with one", strings.Replace(mark, "v1", "v2", 1) + " eHl6", e, now, false},
		{"another key", New([32]byte{9}).Mark(e, nil, now), e, now, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if pass, got := New(key).Genuine(tt.value, tt.e, tt.at); got != tt.want || pass != nil {
				t.Errorf("%q: %v, want %v", tt.value, got, tt.want)
			}
		})
	}
}

// A mail is known by its Message-ID, however long its sender made that.
func TestID(t *testing.T) {
	long := "<" + strings.Repeat("x", 2000) + "@a.example>"
	for _, tt := range []struct{ name, id, want string }{
		{"usual", "<1@example.com>", "<1@example.com>"},
		{"folded", "<1@example.com>\n ", "<1@example.com>"},
		{"none", "", ""},
		{"long", long, ID(long)},
		{"long, other spaces", "\n " + long, ID(long)},
	} {
		if got := ID(tt.id); got != tt.want || len(got) > maxID || ID(got) != got {
			t.Errorf("%s: %q", tt.name, got)
		}
	}
	if ID(long) == ID(long+" <2@a.example>") {
		t.Error("two long ones are one")
	}
	c := e
	c.MessageID = ID(long)
	mark := New(key).Mark(c, []byte("x"), now)
	if c.MessageID = long; !genuine(mark, c) {
		t.Error("the mail with the long one is not known again")
	}
	if c.MessageID = long + "x"; genuine(mark, c) {
		t.Error("another one passes")
	}
}

func genuine(mark string, e Envelope) bool {
	_, ok := New(key).Genuine(mark, e, now)
	return ok
}

func TestPass(t *testing.T) {
	long := strings.Repeat("0123456789", MaxPass/10)
	for _, pass := range []string{"x", `{"rules":["card"]}`, long} {
		mark := New(key).Mark(e, []byte(pass), now)
		for l := range strings.FieldsSeq(mark) {
			if len(l) > passLine {
				t.Errorf("a word of %d octets", len(l))
			}
		}
		tests := []struct {
			name, value string
			ok          bool
		}{
			{"as made", mark, true},
			{"folded", strings.ReplaceAll(mark, " ", "\n "), true},
			{"unfolded", strings.Join(strings.SplitN(mark, " ", 4)[:3], " ") + " " + strings.ReplaceAll(strings.SplitN(mark, " ", 4)[3], " ", ""), true},
			{"without it", strings.Join(strings.SplitN(mark, " ", 4)[:3], " "), false},
			{"without it, of the version without one", "v1" + strings.Join(strings.SplitN(mark, " ", 4)[:3], " ")[2:], false},
			{"another", strings.Join(strings.SplitN(mark, " ", 4)[:3], " ") + " eHl6", false},
			{"longer", mark + " eHl6", false},
			{"too long", mark + strings.Repeat(" eHl6", MaxPass), false},
			{"no base64", mark + " *", false},
		}
		for _, tt := range tests {
			got, ok := New(key).Genuine(tt.value, e, now)
			if ok != tt.ok || ok && string(got) != pass {
				t.Errorf("%s: %v and a pass of %d octets, want %v and %d", tt.name, ok, len(got), tt.ok, len(pass))
			}
		}
	}
}

// No text but the mark itself is genuine.
func FuzzGenuine(f *testing.F) {
	mark := New(key).Mark(e, nil, now)
	carries := New(key).Mark(e, []byte("a pass"), now)
	f.Add(mark)
	f.Add(carries)
	f.Add("v1 6741d0f0 AAAA")
	f.Add("v2 6741d0f0 AAAA eHl6")
	f.Add("v1  \t" + mark[3:])
	f.Add("v1 -8000000000000000 ")
	f.Fuzz(func(t *testing.T, value string) {
		pass, ok := New(key).Genuine(value, e, now)
		if !ok {
			return
		}
		own := mark
		if pass != nil {
			own = carries
		}
		// Hexadecimal allows other spellings of the same time, and the pass other
		// spaces.
		fields, want := strings.Fields(value), strings.Fields(own)
		if fields[2] != want[2] || pass != nil && string(pass) != "a pass" {
			t.Errorf("%q passes for genuine", value)
		}
	})
}
