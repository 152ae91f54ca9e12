// Command bench measures mail throughput: smtp-source through a private Postfix
// into smtp-sink, without a milter, with a C libmilter program that does nothing,
// and with Postseal and its sample rules. A measurement ends when the last
// message has arrived, so delivery is part of it.
//
// The variants are interleaved, so that what the machine does beside hits all of
// them; ratios are taken within a round, and the report has medians. One round
// before the first is not counted.
//
// It needs root, Postfix's smtp-source and smtp-sink, a C compiler and libmilter
// (.ci/install installs them), and the built program. Nothing is asserted about
// time: it prints a report in Markdown.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// The variants.
const (
	none = iota
	noop
	postseal
	postsealTCP
	variants
)

// A load is mail of one kind, and the variants that carry it.
type load struct {
	octets   int    // of a body
	sessions int    // at the same time
	messages int    // a round
	extra    string // a line that a rule matches
	by       []int  // variants, in the order of the report
}

func (l load) name() string {
	s := "sessions"
	if l.sessions == 1 {
		s = "session"
	}
	return fmt.Sprintf("%d KB, %d %s", l.octets>>10, l.sessions, s)
}

const card = "Visa 4111 1111 1111 1111\r\n"

// Loads whose messages all pass, and those whose messages are all sealed.
var (
	passing = []load{
		{4 << 10, 16, 1200, "", []int{none, noop, postseal}},
		{100 << 10, 16, 500, "", []int{none, noop, postseal}},
		{4 << 10, 1, 400, "", []int{none, noop, postseal, postsealTCP}},
		{100 << 10, 1, 250, "", []int{none, noop, postseal}},
	}
	sealing = []load{
		{4 << 10, 16, 800, card, []int{postseal}},
		{100 << 10, 16, 400, card, []int{postseal}},
		{4 << 10, 1, 300, card, []int{postseal}},
		{100 << 10, 1, 200, card, []int{postseal}},
	}
)

func main() {
	rounds := flag.Int("rounds", 5, "counted `rounds`")
	short := flag.Bool("short", false, "one round with few messages, to see that it works")
	program := flag.String("postseal", "build/postseal", "the `program` to measure")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if *short {
		*rounds = 1
	}
	if err := run(ctx, *program, *rounds, *short); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, program string, rounds int, short bool) error {
	loads := append(passing[:len(passing):len(passing)], sealing...)
	fewer := 1
	if short {
		fewer = 20
	}
	b, err := newBench(ctx, program)
	if err != nil {
		return err
	}
	defer b.close()
	results := make([]result, len(loads))
	toSeal := 0
	for i, l := range loads {
		results[i] = result{load: l, samples: map[int][]sample{}}
		if err := b.writeMail(l); err != nil {
			return err
		}
		for round := range rounds + 1 {
			n := l.messages / fewer
			if round == 0 {
				n = max(1, n/4)
			}
			for k := range l.by {
				v := l.by[(k+round)%len(l.by)] // another one begins each round
				s, err := b.variants[v].measure(ctx, b, l, n)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", b.variants[v].name, l.name(), err)
				}
				if l.extra != "" {
					toSeal += n
				}
				if round > 0 {
					results[i].samples[v] = append(results[i].samples[v], s)
				}
			}
			fmt.Fprintf(os.Stderr, "%s%s: round %d of %d\n", l.name(), map[bool]string{true: ", sealed"}[l.extra != ""], round, rounds)
		}
	}
	// A figure for mail that was not sealed would be worth nothing.
	if n, err := b.sealedCount(); err != nil || n != toSeal {
		return fmt.Errorf("%d messages of %d were sealed (%v)", n, toSeal, err)
	}
	return b.report(os.Stdout, rounds, results)
}
