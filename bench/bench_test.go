package main

import (
	"strings"
	"testing"
	"time"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		in   []float64
		want float64
	}{{[]float64{3}, 3}, {[]float64{3, 1}, 2}, {[]float64{9, 1, 5}, 5}, {[]float64{4, 1, 3, 2}, 2.5}} {
		if got := median(c.in); got != c.want {
			t.Errorf("median(%v) = %v, want %v", c.in, got, c.want)
		}
	}
}

// A ratio is of the same round, so that a slow moment of the machine does not
// count for one side alone.
func TestRatiosArePaired(t *testing.T) {
	got := ratios([]float64{50, 10}, []float64{100, 20})
	if got[0] != 0.5 || got[1] != 0.5 {
		t.Errorf("got %v", got)
	}
}

func TestParseCPU(t *testing.T) {
	const stat = "42 (a ) name) S 1 42 42 0 -1 4194560 1 0 0 0 150 25 0 0 20 0 8 0 100 1 1"
	if got, err := parseCPU(stat); err != nil || got != 1750*time.Millisecond {
		t.Errorf("got %v, %v", got, err)
	}
	for _, bad := range []string{"", "42 (x) S 1", "42 (x) S 1 2 3 4 5 6 7 8 9 10 a b c"} {
		if _, err := parseCPU(bad); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

func TestOrdinaryMail(t *testing.T) {
	text := ordinaryMail(4<<10, card)
	header, body, ok := strings.Cut(text, "\r\n\r\n")
	if !ok || len(body) < 4<<10 || len(body) > 5<<10 || !strings.Contains(body, "4111") || !strings.Contains(header, "From: ") {
		t.Errorf("%d octets:\n%s", len(text), text)
	}
	for line := range strings.SplitSeq(text, "\r\n") {
		if len(line) > 78 {
			t.Errorf("a line of %d characters", len(line))
		}
	}
	if text != ordinaryMail(4<<10, card) {
		t.Error("the text differs from run to run")
	}
}
