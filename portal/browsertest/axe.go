package browsertest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// axeTags are the rules of axe-core that hold here: WCAG 2.2 AA and what came
// before it, and the practices that axe-core recommends beside it.
var axeTags = []string{"wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"}

// axeSource reads axe-core as .ci/install put it there (portal/browsertest/axe).
func axeSource() (string, error) {
	_, self, _, _ := runtime.Caller(0)
	b, err := os.ReadFile(filepath.Join(filepath.Dir(self), "axe", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		return "", fmt.Errorf("axe-core is not there, run .ci/install: %w", err)
	}
	return string(b), nil
}

// Barriers fails the test for each rule of accessibility that the page breaks, as
// axe-core sees it. The content of a mail's frame is its sender's; it isn't ours
// to judge.
func (tb *Tab) Barriers() {
	tb.t.Helper()
	there, err := tb.Eval("() => Boolean(window.axe)")
	must(tb.t, err)
	if !there.Value.Bool() {
		source, err := axeSource()
		must(tb.t, err)
		// By the debugger, which the page's policy doesn't bind.
		_, err = tb.Eval("() => {" + source + "\n; window.axe = axe; }")
		must(tb.t, err)
	}
	tags, err := json.Marshal(axeTags)
	must(tb.t, err)
	out, err := tb.Eval(`async (tags) => {
		const r = await axe.run({ exclude: [['iframe.mail']] }, { runOnly: { type: 'tag', values: JSON.parse(tags) }, resultTypes: ['violations'] });
		return JSON.stringify(r.violations.map((v) => ({ id: v.id, help: v.help, nodes: v.nodes.slice(0, 4).map((n) => n.target.join(' ') + ': ' + n.html.slice(0, 160) + ' | ' + (n.failureSummary || '').slice(0, 300)) })));
	}`, string(tags))
	must(tb.t, err)
	var found []struct {
		ID, Help string
		Nodes    []string
	}
	must(tb.t, json.Unmarshal([]byte(out.Value.Str()), &found))
	for _, v := range found {
		tb.t.Errorf("accessibility: %s (%s)\n\t%s", v.Help, v.ID, strings.Join(v.Nodes, "\n\t"))
	}
}
