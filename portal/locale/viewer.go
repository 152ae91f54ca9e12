package locale

import "time"

// A Viewer is how one reader is addressed: in which language, and how times are
// printed.
type Viewer struct {
	*Language
	Zone *time.Location
	Now  time.Time
}

// Short prints a date for a list.
func (v *Viewer) Short(t time.Time) string { return t.In(v.Zone).Format("2 Jan 2006") }

// Long prints a date with its time of day.
func (v *Viewer) Long(t time.Time) string { return t.In(v.Zone).Format("2 Jan 2006, 15:04 MST") }
