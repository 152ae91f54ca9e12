package main

import (
	"testing"
	"time"
)

func TestCompactionDue(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.Parse("2 15:04", s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct {
		at, last, now string
		want          bool
	}{
		{"03:30", "1 02:00", "1 03:29", false},
		{"03:30", "1 02:00", "1 03:30", true},
		{"03:30", "1 03:30", "1 03:35", false},
		{"03:30", "1 03:31", "2 03:29", false},
		{"03:30", "1 04:00", "2 03:31", true},
		{"03:30", "1 04:00", "4 12:00", true}, // the machine slept
		{"", "1 04:00", "4 12:00", false},
	} {
		if got := compactionDue(c.at, at(c.last), at(c.now)); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
