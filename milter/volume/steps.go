package volume

import (
	"slices"
	"time"
)

// steps are a sender's recipients over time, oldest first, in steps that don't
// overlap.
type steps []step

// A step is a span of time, in seconds of Unix time, and the recipients in it.
type step struct{ begin, end, recipients int64 }

// width returns how wide a step is, in seconds, at an age in seconds. Each width
// divides the next, so that steps merge whole.
func width(age int64) int64 {
	switch {
	case age < 600:
		return 10
	case age < 2*3600:
		return 60
	case age < 24*3600:
		return 900
	}
	return 3600
}

// add adds recipients at now, and merges and drops what has become old.
func (s steps) add(now, recipients int64) steps {
	oldest := now - int64(Keep/time.Second)
	kept := s[:0]
	for _, t := range s {
		if t.end <= oldest {
			continue
		}
		w := width(now - t.begin)
		t.begin -= t.begin % w
		t.end = max(t.end, t.begin+w)
		if last := len(kept) - 1; last >= 0 && kept[last].end > t.begin {
			kept[last].end = max(kept[last].end, t.end)
			kept[last].recipients += t.recipients
			continue
		}
		kept = append(kept, t)
	}
	// Messages that are offered at once may come in another order than they began.
	i := len(kept)
	for i > 0 && kept[i-1].end > now {
		i--
	}
	if i < len(kept) && kept[i].begin <= now {
		kept[i].recipients += recipients
		return kept
	}
	begin := now - now%10
	return slices.Insert(kept, i, step{begin, begin + 10, recipients})
}

// take takes back what was added at a time.
func (s steps) take(at, recipients int64) {
	for i := range s {
		if s[i].end > at {
			s[i].recipients = max(s[i].recipients-recipients, 0)
			return
		}
	}
}

// since returns the recipients of all steps that reach beyond a time.
func (s steps) since(at int64) int64 {
	n := int64(0)
	for i := len(s) - 1; i >= 0 && s[i].end > at; i-- {
		n += s[i].recipients
	}
	return n
}
