package milter

import (
	"log/slog"

	"github.com/postseal/postseal/rules"
)

// logTested writes a line for each recipient for whom a rule in test mode would
// have done something.
func logTested(log *slog.Logger, d *rules.Decision) {
	for _, v := range d.Verdicts {
		if len(v.Would) > 0 {
			log.Info("a rule in test mode matched", "event", "tested", "to", v.Recipient, "verdict", v)
		}
	}
}
