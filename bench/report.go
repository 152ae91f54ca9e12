package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
)

// result is what was measured with one load: the samples of each variant, one a
// round.
type result struct {
	load    load
	samples map[int][]sample
}

// report writes all results in Markdown.
func (b *bench) report(w io.Writer, rounds int, results []result) error {
	var t strings.Builder
	fmt.Fprintf(&t, "%s; %d processors (%s), %s, %s, Postfix %s; %d rounds\n\n",
		runtime.GOOS+" "+kernel(), runtime.NumCPU(), processor(), runtime.Version(), runtime.GOARCH, b.postfixVersion, rounds)

	t.WriteString("Mail that passes: messages a second, the ratio to the same Postfix without a milter (lowest to highest round), and processor time of the milter a message.\n\n")
	t.WriteString("| load | variant | messages/s | ratio to none | ratio to C no-op | milter CPU |\n|---|---|---|---|---|---|\n")
	for _, r := range results {
		if r.load.extra != "" {
			continue
		}
		for _, v := range r.load.by {
			fmt.Fprintf(&t, "| %s | %s | %.0f | %s | %s | %s |\n", r.load.name(), b.variants[v].name,
				median(rates(r.samples[v])), r.ratio(v, none), r.ratio(v, noop), r.cpu(v))
		}
	}

	t.WriteString("\nMail that is all sealed, each to a new guest:\n\n")
	t.WriteString("| load | sealed/s (lowest to highest round) | milter CPU |\n|---|---|---|\n")
	for _, r := range results {
		if r.load.extra == "" {
			continue
		}
		for _, v := range r.load.by {
			all := rates(r.samples[v])
			fmt.Fprintf(&t, "| %s | %.0f (%.0f-%.0f) | %s |\n", r.load.name(), median(all), slices.Min(all), slices.Max(all), r.cpu(v))
		}
	}
	_, err := io.WriteString(w, t.String())
	return err
}

// ratio compares two variants round by round.
func (r result) ratio(v, to int) string {
	if v <= to {
		return ""
	}
	q := ratios(rates(r.samples[v]), rates(r.samples[to]))
	return fmt.Sprintf("**%.2f** (%.2f-%.2f)", median(q), slices.Min(q), slices.Max(q))
}

func (r result) cpu(v int) string {
	if v == none {
		return ""
	}
	var ms []float64
	for _, s := range r.samples[v] {
		ms = append(ms, s.cpu*1000)
	}
	return fmt.Sprintf("%.2f ms", median(ms))
}

func rates(samples []sample) []float64 {
	r := make([]float64, len(samples))
	for i, s := range samples {
		r[i] = s.rate
	}
	return r
}

// ratios divides within each round.
func ratios(a, b []float64) []float64 {
	r := make([]float64, len(a))
	for i := range a {
		r[i] = a[i] / b[i]
	}
	return r
}

// median of at least one value.
func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	if n := len(s); n%2 == 0 {
		return (s[n/2-1] + s[n/2]) / 2
	}
	return s[len(s)/2]
}

// kernel and processor name the machine, as far as it says.
func kernel() string {
	text, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return "of unknown version"
	}
	return strings.TrimSpace(string(text))
}

func processor() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}
