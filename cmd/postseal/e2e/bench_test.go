package e2e

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
)

// The benchmark runs and reports on all variants; what it measures is not judged.
func TestBenchmarkRuns(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "go", "run", "github.com/postseal/postseal/bench", "-short", "-postseal", binary)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	for _, want := range []string{"| 4 KB, 16 sessions | none |", "| C no-op |", "| Postseal |", "| Postseal over TCP |", "sealed/s"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, out.String())
		}
	}
}
