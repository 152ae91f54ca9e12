package store

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/postseal/postseal/store/seal"
)

// allRecords returns an empty one of each kind.
func allRecords() map[string]record {
	return map[string]record{
		bucketMessage: &messageRecord{}, bucketPayload: &payloadRecord{}, bucketLink: &linkRecord{},
		bucketAccount: &accountRecord{}, bucketSession: &sessionRecord{}, bucketOutbox: &outboxRecord{},
		bucketHold: &holdRecord{}, bucketTrust: &trustRecord{}, bucketUnwanted: &unwantedRecord{},
		bucketDispatch: &dispatchRecord{}, bucketLine: &lineRecord{}, bucketMail: &mailRecord{}, bucketDedup: &dedupRecord{}, bucketAudit: &auditRecord{},
	}
}

func TestRecordVersions(t *testing.T) {
	for bucket, r := range allRecords() {
		if err := decode(bucket, []byte(`{"v":1,"added by a later minor version":true}`), r); err != nil {
			t.Errorf("%s: %v", bucket, err)
		}
		for _, b := range []string{`{"v":2}`, `{}`} {
			if err := decode(bucket, []byte(b), allRecords()[bucket]); err == nil || !strings.Contains(err.Error(), "this program knows 1") {
				t.Errorf("%s: %s: %v", bucket, b, err)
			}
		}
	}
}

// TestRecordFields pins the names in the format: a renamed field would read old
// stores as empty.
func TestRecordFields(t *testing.T) {
	h := tokenHash{1}
	now := time.Date(2026, 11, 21, 10, 0, 0, 1000000, time.UTC)
	for want, r := range map[string]record{
		`{"v":1,"account":"00000000000000000000000000000000","mode":"account","sender":"s","recipient":"r","messageID":"m","references":"f","replyTo":"t","payload":"00000000-0000-0000-0000-000000000000","link":"0100000000000000000000000000000000000000000000000000000000000000","created":"2026-11-21T10:00:00.001Z"}`: messageRecord{
			versioned: current, Mode: "account", Sender: "s", Recipient: "r", MessageID: "m", References: "f", ReplyTo: "t", Link: &h, Created: now,
		},
		`{"v":1,"week":"2026-W49","chunks":2,"size":3,"digest":"0000000000000000000000000000000000000000000000000000000000000000","refs":1}`: payloadRecord{
			versioned: current, Week: "2026-W49", Chunks: 2, Size: 3, Refs: 1,
		},
		`{"v":1,"account":"00000000000000000000000000000000","ended":"recalled","payload":"00000000-0000-0000-0000-000000000000","restrict":{"noPrint":true,"noReply":true,"pin":true},"pin":{"verifier":"0100000000000000000000000000000000000000000000000000000000000000","failures":2},"receipt":"r","dispatch":"01000000-0000-0000-0000-000000000000","noticed":"2026-11-21T10:00:00.001Z","noticeLost":true,"reminded":"2026-11-21T10:00:00.001Z","unread":["2026-11-21T10:00:00.001Z"],"warn":"2026-11-21T10:00:00.001Z","endedAt":"2026-11-21T10:00:00.001Z","endedBy":"b"}`: messageRecord{
			versioned: current, Ended: endRecalled, EndedAt: now, EndedBy: "b", Restrict: seal.Restriction{NoPrint: true, NoReply: true, PIN: true},
			PIN: &pinRecord{h, 2}, Receipt: "r", Dispatch: id{1}, Noticed: now, NoticeLost: true, Reminded: now, Unread: []time.Time{now}, Warn: now,
		},
		`{"v":1,"state":"waiting","deferred":true,"quarantine":true,"sender":"s","recipients":["r"],"rule":"u","text":"t","messageID":"m","pass":"eA==","subject":"eA==","payload":"01000000-0000-0000-0000-000000000000","link":"0100000000000000000000000000000000000000000000000000000000000000","trust":{"recipients":true,"anybody":true,"for":1},"dispatch":"01000000-0000-0000-0000-000000000000","created":"2026-11-21T10:00:00.001Z","expires":"2026-11-21T10:00:00.001Z","ended":"2026-11-21T10:00:00.001Z"}`: holdRecord{
			versioned: current, State: HoldWaiting, Deferred: true, Quarantine: true, Sender: "s", Recipients: []string{"r"}, Rule: "u", Text: "t",
			MessageID: "m", Pass: []byte("x"), Subject: []byte("x"), Payload: id{1}, Link: &h, Trust: TrustGrant{true, true, 1}, Dispatch: id{1},
			Created: now, Expires: now, Ended: now,
		},
		`{"v":1,"rule":"u","sender":"s","recipient":"r","created":"2026-11-21T10:00:00.001Z","expires":"2026-11-21T10:00:00.001Z"}`: trustRecord{
			versioned: current, Rule: "u", Sender: "s", Recipient: "r", Created: now, Expires: now,
		},
		`{"v":1,"sender":"s","subject":"eA==","messageID":"m","rule":"u","link":"0100000000000000000000000000000000000000000000000000000000000000","lines":3,"created":"2026-11-21T10:00:00.001Z","expires":"2026-11-21T10:00:00.001Z","forgotten":"2026-11-21T10:00:00.001Z"}`: dispatchRecord{
			versioned: current, Sender: "s", Subject: []byte("x"), MessageID: "m", Rule: "u", Link: h, Lines: 3, Created: now, Expires: now, Forgotten: now,
		},
		`{"v":1,"lines":[{"to":"r","action":"a","message":"01000000-0000-0000-0000-000000000000","hold":"01000000-0000-0000-0000-000000000000"}]}`: lineRecord{
			versioned: current, Lines: []dispatchLine{{"r", "a", id{1}, id{1}}},
		},
		`{"v":1,"kind":"reset","ended":"used"}`: linkRecord{versioned: current, Kind: "reset", Ended: endUsed},
		`{"v":1,"attempts":4}`:                  outboxRecord{versioned: current, Attempts: 4},
		`{"v":1,"kind":"notice","from":"f","to":["t"],"id":"i","queued":"2026-11-21T10:00:00.001Z","expires":"2026-11-21T10:00:00.001Z","size":1,"data":"eA=="}`: mailRecord{
			versioned: current, Kind: KindNotice, From: "f", To: []string{"t"}, ID: "i", Queued: now, Expires: now, Size: 1, Data: []byte("x"),
		},
		`{"v":1,"expires":"2026-11-21T10:00:00.001Z","outcome":"eA=="}`:            dedupRecord{versioned: current, Expires: now, Outcome: []byte("x")},
		`{"v":1,"time":"2026-11-21T10:00:00.001Z","event":"sealed","message":"m"}`: auditRecord{current, Entry{Time: now, Event: EventSealed, Message: "m"}},
	} {
		if b, err := json.Marshal(r); err != nil || string(b) != want {
			t.Errorf("%T is written as\n%s\nwant\n%s", r, b, want)
		}
	}
}

func TestWeeks(t *testing.T) {
	for _, tc := range []struct {
		at, week, end string
	}{
		{"2026-11-30T00:00:00Z", "2026-W49", "2026-12-07T00:00:00Z"},
		{"2026-12-06T23:59:59Z", "2026-W49", "2026-12-07T00:00:00Z"},
		{"2026-12-31T12:00:00Z", "2026-W53", "2027-01-04T00:00:00Z"}, // a year of 53 weeks
		{"2027-01-01T12:00:00Z", "2026-W53", "2027-01-04T00:00:00Z"},
		{"2025-12-29T00:00:00Z", "2026-W01", "2026-01-05T00:00:00Z"},
		{"2026-12-07T00:30:00+01:00", "2026-W49", "2026-12-07T00:00:00Z"}, // weeks are UTC's
	} {
		at, err := time.Parse(time.RFC3339, tc.at)
		if err != nil {
			t.Fatal(err)
		}
		w := weekOf(at)
		end, ok := w.end()
		if string(w) != tc.week || !ok || end.Format(time.RFC3339) != tc.end {
			t.Errorf("%s: %s, until %s", tc.at, w, end.Format(time.RFC3339))
		}
	}
	for _, bad := range []week{"", "2026-W00", "2025-W53", "2026-W54", "2026-W1", "../../x", "2026-W49x"} {
		if _, ok := bad.end(); ok {
			t.Errorf("%q is a week", bad)
		}
	}
}

func TestNormalise(t *testing.T) {
	for in, want := range map[string]string{
		" Bob@Guest.TEST\t":  "bob@guest.test",
		"bob@BÜCHER.example": "bob@xn--bcher-kva.example",
		"a@b@C.test":         "a@b@c.test",
		"bob@guest.test.":    "bob@guest.test",
		"Postmaster":         "postmaster",
		"x@[IPv6:::1]":       "x@[ipv6:::1]",
		"":                   "",
	} {
		if got := normalise(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestNetwork(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.1":        "192.0.2.1",
		"::ffff:192.0.2.1": "192.0.2.1",
		"2001:db8::1":      "2001:db8::/64",
		"fe80::1%eth0":     "fe80::/64",
		"":                 "unknown",
		"bob":              "unknown",
	} {
		if got := network(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestIDs(t *testing.T) {
	i := newID()
	if got, err := parseID(i.String()); err != nil || got != i {
		t.Fatal(err)
	}
	for _, bad := range []string{"", "x", strings.ToUpper(i.String()), "{" + i.String() + "}", "urn:uuid:" + i.String(), strings.ReplaceAll(i.String(), "-", ""), i.String() + " "} {
		if bad == i.String() {
			continue // an id without letters has no upper case
		}
		if _, err := parseID(bad); err == nil {
			t.Errorf("%q is an id", bad)
		}
	}
}

func FuzzRecord(f *testing.F) {
	f.Add([]byte(`{"v":1,"payload":"00000000-0000-0000-0000-000000000000","account":"00"}`))
	f.Add([]byte(`{"v":1,"link":"00","created":"2026-11-21T10:00:00Z","to":["x"]}`))
	f.Add([]byte(`{"v":1e400}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		for bucket, r := range allRecords() {
			if err := decode(bucket, b, r); err == nil && r.version() != recordVersion {
				t.Fatal("another version was read")
			}
		}
	})
}
