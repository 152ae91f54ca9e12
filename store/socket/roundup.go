package socket

import (
	"time"
	_ "time/tzdata" // zones are there where the machine has none
)

// A Roundup says how often an account is told of new messages. The zero value: of
// each at once. Messages that open once or with a PIN, and those that would end
// before, are told of at once in any case.
type Roundup struct {
	Every Every `json:"every,omitempty"`
	// Hour and Zone (IANA) are when a daily one leaves; an unknown Zone is UTC. The
	// times in a round-up are of the same zone.
	Hour int    `json:"hour,omitempty"`
	Zone string `json:"zone,omitempty"`
}

// Every is the least time between two mails about new messages.
type Every string

const (
	EveryMessage Every = ""     // each has a notice of its own
	EveryHour    Every = "hour" // the first after a quiet hour has one
	EveryDay     Every = "day"
)

// maxZone bounds the name of a time zone, in octets.
const maxZone = 64

// Check returns ErrInvalid for what is no choice.
func (r Roundup) Check() error {
	switch {
	case r.Every != EveryMessage && r.Every != EveryHour && r.Every != EveryDay,
		r.Hour < 0 || r.Hour > 23, len(r.Zone) > maxZone:
		return ErrInvalid
	}
	return nil
}

// Location is the zone, UTC if there is none of the name.
func (r Roundup) Location() *time.Location {
	if r.Zone == "" || r.Zone == "Local" {
		return time.UTC
	}
	zone, err := time.LoadLocation(r.Zone)
	if err != nil {
		return time.UTC
	}
	return zone
}

// Next is when what comes now is told to somebody who was told last at last: now,
// or later.
func (r Roundup) Next(last, now time.Time) time.Time {
	switch r.Every {
	case EveryHour:
		if at := last.Add(time.Hour); at.After(now) {
			return at
		}
	case EveryDay:
		local := now.In(r.Location())
		at := time.Date(local.Year(), local.Month(), local.Day(), r.Hour, 0, 0, 0, local.Location())
		if !at.After(now) {
			at = time.Date(local.Year(), local.Month(), local.Day()+1, r.Hour, 0, 0, 0, local.Location())
		}
		return at
	}
	return now
}
