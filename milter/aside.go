package milter

import (
	"log/slog"
	"strings"

	"github.com/postseal/postseal/rules"
)

// logAside writes a line for each recipient for whom a rule matched and did nothing:
// one in test mode, or one that would hold the message and was passed over, because
// it was released or its sender is trusted.
func logAside(log *slog.Logger, d *rules.Decision) {
	for _, v := range d.Verdicts {
		if len(v.Would) > 0 {
			log.Info("a rule in test mode matched", "event", "tested", "to", v.Recipient, "verdict", v)
		}
		if len(v.Passed) > 0 {
			log.Info("a rule was passed over", "event", "released", "to", v.Recipient, "rule", strings.Join(v.Passed, ", "), "verdict", v)
		}
	}
}
