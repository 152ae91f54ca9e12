package milter

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/postseal/postseal/rules"
)

func TestLogTested(t *testing.T) {
	var b bytes.Buffer
	logTested(slog.New(slog.NewTextHandler(&b, nil)), &rules.Decision{Verdicts: []rules.Verdict{
		{Recipient: "a@guest.example", Action: rules.Deliver, Reason: "default", Would: []string{"pickup by card"}},
		{Recipient: "b@guest.example", Action: rules.Deliver, Reason: "default"},
	}})
	got := b.String()
	if strings.Count(got, "\n") != 1 || !strings.Contains(got, "to=a@guest.example") || !strings.Contains(got, `verdict.would="pickup by card"`) {
		t.Errorf("logged %q", got)
	}
}
