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
	mark := New(key).Mark(e, now)
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
		{"another key", New([32]byte{9}).Mark(e, now), e, now, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := New(key).Genuine(tt.value, tt.e, tt.at); got != tt.want {
				t.Errorf("%q: %v, want %v", tt.value, got, tt.want)
			}
		})
	}
}

// No text but the mark itself is genuine.
func FuzzGenuine(f *testing.F) {
	mark := New(key).Mark(e, now)
	f.Add(mark)
	f.Add("v1 6741d0f0 AAAA")
	f.Add("v1  \t" + mark[3:])
	f.Add("v1 -8000000000000000 ")
	f.Fuzz(func(t *testing.T, value string) {
		if New(key).Genuine(value, e, now) && strings.Join(strings.Fields(value), " ") != mark {
			// Hexadecimal allows other spellings of the same time.
			fields, own := strings.Fields(value), strings.Fields(mark)
			if len(fields) != 3 || fields[2] != own[2] {
				t.Errorf("%q passes for genuine", value)
			}
		}
	})
}
