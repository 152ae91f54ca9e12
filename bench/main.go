// Command bench measures mail throughput: smtp-source through a private Postfix
// into smtp-sink, without a milter, with a C libmilter program that does nothing,
// and with Postseal and its sample rules. The variants are interleaved, so that
// what the machine does beside hits all of them; ratios are taken within a round.
//
// It needs root, Postfix's smtp-source and smtp-sink, a C compiler and libmilter
// (.ci/install installs them). Nothing is asserted: it prints a Markdown report.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"
)

// A load is one cell of the report.
type load struct {
	name     string
	octets   int // of a body
	sessions int // at the same time
	messages int // a round
	extra    string
}

// file is the name of the message's file.
func (l load) file() string { return strings.ReplaceAll(l.name, " ", "-") + ".eml" }

var loads = []load{
	{"4 KB, 16 sessions", 4 << 10, 16, 2000, ""},
	{"100 KB, 16 sessions", 100 << 10, 16, 800, ""},
	{"4 KB, 1 session", 4 << 10, 1, 600, ""},
	{"100 KB, 1 session", 100 << 10, 1, 300, ""},
}

// sealedLoad is mail that each becomes a sealed message and a notice.
var sealedLoad = load{"sealed", 1 << 10, 16, 1000, "Visa 4111 1111 1111 1111\r\n"}

func main() {
	rounds := flag.Int("rounds", 5, "rounds")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *rounds); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, rounds int) error {
	b, err := newBench(ctx)
	if err != nil {
		return err
	}
	defer b.close()
	// rate[load][variant] has messages a second, a round each.
	rate := make([][][]float64, len(loads))
	for i, l := range loads {
		rate[i] = make([][]float64, len(b.variants))
		for round := range rounds {
			for v := range b.variants {
				// Another one begins each round.
				v := (v + round) % len(b.variants)
				r, err := b.variants[v].measure(ctx, b, l)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", b.variants[v].name, l.name, err)
				}
				rate[i][v] = append(rate[i][v], r)
			}
			fmt.Fprintf(os.Stderr, "%s: round %d of %d\n", l.name, round+1, rounds)
		}
	}
	var sealed []float64
	for range rounds {
		r, err := b.variants[len(b.variants)-1].measure(ctx, b, sealedLoad)
		if err != nil {
			return fmt.Errorf("sealed: %w", err)
		}
		sealed = append(sealed, r)
	}
	report(b, rounds, rate, sealed)
	return nil
}

func report(b *bench, rounds int, rate [][][]float64, sealed []float64) {
	fmt.Printf("%d rounds, %d processors, %s, Postfix %s\n\n", rounds, runtime.NumCPU(), runtime.Version(), b.postfixVersion)
	fmt.Print("| messages a second (median) |")
	for _, v := range b.variants {
		fmt.Printf(" %s |", v.name)
	}
	for _, v := range b.variants[1:] {
		fmt.Printf(" %s / none |", v.name)
	}
	last := b.variants[len(b.variants)-1].name
	fmt.Printf(" %s / %s |\n|---|", last, b.variants[1].name)
	for range 2 * len(b.variants) {
		fmt.Print("---|")
	}
	fmt.Println()
	for i, l := range loads {
		fmt.Printf("| %s |", l.name)
		for v := range b.variants {
			fmt.Printf(" %.0f |", median(rate[i][v]))
		}
		for v := 1; v < len(b.variants); v++ {
			fmt.Printf(" %.2f |", median(ratios(rate[i][v], rate[i][0])))
		}
		fmt.Printf(" %.2f |\n", median(ratios(rate[i][len(b.variants)-1], rate[i][1])))
	}
	fmt.Printf("\nSealed messages a second (1 KB of text with a card number, 16 sessions): %.0f\n", median(sealed))
}

// ratios divides within each round.
func ratios(a, b []float64) []float64 {
	r := make([]float64, len(a))
	for i := range a {
		r[i] = a[i] / b[i]
	}
	return r
}

func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	if n := len(s); n%2 == 0 {
		return (s[n/2-1] + s[n/2]) / 2
	}
	return s[len(s)/2]
}
