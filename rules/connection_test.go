package rules

import (
	"context"
	"net/netip"
	"testing"
	"time"
)

// Conditions on how, when and as what a message came.
func TestConnectionConditions(t *testing.T) {
	monday := time.Date(2026, 11, 2, 18, 30, 0, 0, time.Local)
	tests := []struct {
		name, when string
		set        func(*Message)
		want       bool
	}{
		{"user", `auth_user = "ANN"`, func(m *Message) { m.AuthUser = "ann" }, true},
		{"user by glob", `auth_user = ["x", "*@example.com"]`, func(m *Message) { m.AuthUser = "ann@example.com" }, true},
		{"another user", `auth_user = "ann"`, func(m *Message) { m.AuthUser = "bob" }, false},
		{"no user", `auth_user = "*"`, nil, false},
		{"client", `client = "192.0.2.0/24"`, func(m *Message) { m.Client = netip.MustParseAddr("192.0.2.7") }, true},
		{"client mapped", `client = "192.0.2.0/24"`, func(m *Message) { m.Client = netip.MustParseAddr("::ffff:192.0.2.7") }, true},
		{"client alone", `client = "192.0.2.7"`, func(m *Message) { m.Client = netip.MustParseAddr("192.0.2.8") }, false},
		{"client in IPv6", `client = ["10.0.0.0/8", "2001:db8::/32"]`, func(m *Message) { m.Client = netip.MustParseAddr("2001:db8::1") }, true},
		{"client local", `client = "local"`, nil, true},
		{"client not local", `client = "local"`, func(m *Message) { m.Client = netip.MustParseAddr("127.0.0.1") }, false},
		{"client that isn't", `client = "0.0.0.0/0"`, nil, false},
		{"TLS", `client_tls = true`, func(m *Message) { m.TLS = "TLSv1.3" }, true},
		{"no TLS", `client_tls = false`, nil, true},
		{"TLS version", `client_tls = ["TLSv1", "TLSv1.1"]`, func(m *Message) { m.TLS = "TLSv1.1" }, true},
		{"another TLS version", `client_tls = "TLSv1.3"`, func(m *Message) { m.TLS = "TLSv1.2" }, false},
		{"TLS version in clear", `client_tls = "*"`, nil, false},
		{"outbound", `direction = "outbound"`, nil, true},
		{"outbound by login", `direction = "outbound"`, func(m *Message) { m.From, m.AuthUser = "ann@elsewhere.example", "ann" }, true},
		{"through", `direction = "through"`, func(m *Message) { m.From = "ann@elsewhere.example" }, true},
		{"inbound", `direction = ["inbound"]`, func(m *Message) { m.From, m.Recipients = "", []string{"cy@example.com"} }, true},
		{"internal", `direction = ["inbound", "internal"]`, func(m *Message) { m.Recipients = []string{"cy@example.com"} }, true},
		{"not internal", `direction = "internal"`, nil, false},
		{"time", `time = "18:00-19:00"`, nil, true},
		{"time before", `time = "18:31-19:00"`, nil, false},
		{"time at the end", `time = "18:00-18:30"`, nil, false},
		{"time over midnight", `time = ["00:00-00:01", "18:30-08:00"]`, nil, true},
		{"time over midnight, not", `time = "19:00-18:30"`, nil, false},
		{"time to the end of the day", `time = "12:00-24:00"`, nil, true},
		{"weekday", `weekday = "mon"`, nil, true},
		{"weekdays", `weekday = "fri-mon"`, nil, true},
		{"other weekdays", `weekday = ["tue-sun"]`, nil, false},
		{"sensitivity", `sensitivity = "private"`, func(m *Message) { m.Header = []Field{{"sensitivity", " Private"}} }, true},
		{"other sensitivity", `sensitivity = "private"`, func(m *Message) { m.Header = []Field{{"Sensitivity", " Personal"}} }, false},
		{"no sensitivity", `sensitivity = ["private", "personal", "company-confidential"]`, nil, false},
		{"importance", `priority = "high"`, func(m *Message) { m.Header = []Field{{"Importance", " High"}} }, true},
		{"X-Priority", `priority = "high"`, func(m *Message) { m.Header = []Field{{"X-Priority", " 1 (Highest)"}} }, true},
		{"priority low", `priority = "low"`, func(m *Message) { m.Header = []Field{{"Priority", " non-urgent"}} }, true},
		{"priority normal", `priority = "normal"`, nil, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			set := loadText(t, "[[rule]]\nname = \"r\"\nthen = \"pickup\"\n[rule.when]\n"+tt.when)
			m := &Message{From: "ann@example.com", Recipients: []string{"bob@guest.example"}, Time: monday}
			if tt.set != nil {
				tt.set(m)
			}
			d, ok, err := set.EvaluateHeader(context.Background(), m)
			if err != nil || !ok {
				t.Fatalf("%v, %v", ok, err)
			}
			if got := d.Verdicts[0].Rule == "r"; got != tt.want {
				t.Fatalf("matched %t: %+v", got, d.Verdicts[0])
			}
			if tt.want && len(d.Verdicts[0].Evidence) != 1 {
				t.Errorf("evidence %+v", d.Verdicts[0].Evidence)
			}
		})
	}
}

// A rule is in force for its scope and in its time.
func TestScopeAndPeriod(t *testing.T) {
	set := loadText(t, `
[[rule]]
name = "sales"
scope = ["sales.example.com", "boss@example.com"]
then = "pickup"
when.always = true

[[rule]]
name = "year"
from_date = 2026-01-01
until = 2026-12-31
then = "return"
when.always = true

[[rule]]
name = "hour"
from_date = 2027-06-01T08:00:00Z
until = 2027-06-01T11:00:00+02:00
then = "discard"
when.always = true
`)
	later := time.Date(2028, 1, 1, 0, 0, 0, 0, time.UTC)
	tests := []struct {
		from, to string
		time     time.Time
		want     string
	}{
		{"ann@sales.example.com", "bob@guest.example", later, "pickup by sales"},
		{"boss@example.com", "bob@guest.example", later, "pickup by sales"},
		{"ann@example.com", "bob@guest.example", later, "deliver"},
		{"ann@example.com", "cy@sales.example.com", later, "deliver"},
		{"bob@guest.example", "cy@sales.example.com", later, "pickup by sales"},
		{"", "cy@sales.example.com", later, "pickup by sales"},
		{"bob@guest.example", "cy@example.com", later, "deliver"},
		{"ann@example.com", "bob@guest.example", time.Date(2025, 12, 31, 23, 59, 59, 0, time.Local), "deliver"},
		{"ann@example.com", "bob@guest.example", time.Date(2026, 1, 1, 0, 0, 0, 0, time.Local), "return by year"},
		{"ann@example.com", "bob@guest.example", time.Date(2026, 12, 31, 23, 59, 59, 0, time.Local), "return by year"},
		{"ann@example.com", "bob@guest.example", time.Date(2027, 1, 1, 0, 0, 0, 0, time.Local), "deliver"},
		{"ann@example.com", "bob@guest.example", time.Date(2027, 6, 1, 8, 0, 0, 0, time.UTC), "discard by hour"},
		{"ann@example.com", "bob@guest.example", time.Date(2027, 6, 1, 9, 0, 0, 0, time.UTC), "deliver"},
	}
	for _, tt := range tests {
		m := &Message{From: tt.from, Recipients: []string{tt.to}, Time: tt.time}
		d, err := set.Evaluate(context.Background(), m)
		if err != nil {
			t.Fatal(err)
		}
		if got := d.Verdicts[0].String(); got != tt.want {
			t.Errorf("%s to %s at %v: %s, want %s", tt.from, tt.to, tt.time, got, tt.want)
		}
	}
}
