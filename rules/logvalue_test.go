package rules

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
)

// A verdict in a log shows why, and nothing that was found.
func TestLogValue(t *testing.T) {
	set := loadText(t, "[[rule]]\nname = \"trial\"\nmode = \"test\"\nthen = \"return\"\nwhen.to = \"external\"\n[[rule]]\nname = \"card\"\nthen = \"pickup\"\nwhen.detect.credit-card = 1\n")
	d, err := set.Evaluate(context.Background(), newMessage(t, plainMail, "ann@example.com", "bob@customer.example"))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	slog.New(slog.NewTextHandler(&b, nil)).Info("verdict", "verdict", d.Verdicts[0])
	for _, want := range []string{"verdict.action=pickup", "verdict.rule=card", `verdict.would="return by trial"`, "credit-card in body text/plain: 4111...1111"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %s in %s", want, &b)
		}
	}
	for _, secret := range []string{"41111111", "bob@", "4111 1111"} {
		if strings.Contains(b.String(), secret) {
			t.Errorf("%s is in %s", secret, &b)
		}
	}
}
