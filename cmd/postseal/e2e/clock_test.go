package e2e

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Shift sets the clock of the site's processes: so far from the real one. Sessions
// and links end by it, too; Postfix and the browser keep the real time.
func (s *Site) Shift(t *testing.T, d time.Duration) {
	t.Helper()
	// Replaced at once: a half-written file would be the real time for a moment.
	next := s.clockFile() + ".next"
	s.write(t, next, d.String())
	if err := os.Rename(next, s.clockFile()); err != nil {
		t.Fatal(err)
	}
}

func (s *Site) clockFile() string { return filepath.Join(s.Dir, "clock") }
