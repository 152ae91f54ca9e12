package rules

import (
	"log/slog"
	"strings"
)

// LogValue shows why a verdict is as it is, masked and without the recipient:
// the log line that holds it says that in its own way.
func (v Verdict) LogValue() slog.Value {
	attrs := []slog.Attr{slog.String("action", string(v.Action))}
	add := func(key, value string) {
		if value != "" {
			attrs = append(attrs, slog.String(key, value))
		}
	}
	add("rule", v.Rule)
	add("reason", v.Reason)
	add("matched", strings.Join(v.Matched, ", "))
	add("would", strings.Join(v.Would, ", "))
	evidence := make([]string, len(v.Evidence))
	for i, e := range v.Evidence {
		evidence[i] = e.String()
	}
	add("evidence", strings.Join(evidence, "; "))
	return slog.GroupValue(attrs...)
}

// String gives "card: detect credit-card in body text/plain: 4111...1111".
func (e Evidence) String() string {
	return e.Rule + ": " + e.What + " " + e.Name + " in " + e.Part + ": " + e.Masked
}
