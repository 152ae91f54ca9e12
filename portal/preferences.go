package portal

import "time"

// Preferences are what an account has chosen. The zero value is the usual.
type Preferences struct {
	Language   string        `json:"language,omitempty"`   // code; "": as the browser asks
	TimeZone   string        `json:"timeZone,omitempty"`   // IANA name; "": the browser's
	DateFormat string        `json:"dateFormat,omitempty"` // one of locale.DateFormats; "": the language's
	Clock      string        `json:"clock,omitempty"`      // "12", "24"; "": the language's
	FirstDay   *time.Weekday `json:"firstDay,omitempty"`   // of the week; nil: Monday
	Theme      string        `json:"theme,omitempty"`      // "light", "dark"; "": the system's
	PageSize   int           `json:"pageSize,omitempty"`   // messages on a page; 0: the usual
	Signature  string        `json:"signature,omitempty"`  // plain text below each reply
	Notify     string        `json:"notify,omitempty"`     // "each", "daily", "none"; "": each
}
