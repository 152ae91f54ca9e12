package milter

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/postseal/postseal/rules"
)

func TestLogAside(t *testing.T) {
	var b bytes.Buffer
	logAside(slog.New(slog.NewTextHandler(&b, nil)), &rules.Decision{Verdicts: []rules.Verdict{
		{Recipient: "a@guest.example", Action: rules.Deliver, Reason: "default", Would: []string{"pickup by card"}},
		{Recipient: "b@guest.example", Action: rules.Deliver, Reason: "default"},
		{Recipient: "c@guest.example", Action: rules.Pickup, Rule: "card", Passed: []string{"review"}},
	}})
	got := b.String()
	if strings.Count(got, "\n") != 2 || !strings.Contains(got, "event=released to=c@guest.example rule=review") || !strings.Contains(got, "to=a@guest.example") || !strings.Contains(got, `verdict.would="pickup by card"`) {
		t.Errorf("logged %q", got)
	}
}
