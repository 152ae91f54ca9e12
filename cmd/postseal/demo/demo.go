// Package demo runs Postseal on this machine without touching anything of it: a
// private Postfix between capturing sinks (package mta), milter and portal on
// loopback ports, and a handful of sample mails. A page shows what the
// recipients got; the links in it work. All of it lies below one temporary
// folder that is gone afterwards.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/postseal/postseal/cmd/postseal/config"
	"github.com/postseal/postseal/cmd/postseal/mta"
)

// patience is how long a sample may take to arrive.
const patience = time.Minute

// Options of a demo.
type Options struct {
	// Once checks that every sample ended as its rule says, and returns, instead
	// of going on until the context ends.
	Once bool
	// Mails is the address of the page with the captured mails; "" is any port.
	Mails string
	Out   io.Writer
	// Init writes rules and keys into a new folder, as "postseal init" does.
	Init func(dir string) error
	// Serve runs milter and portal until ctx ends, as "postseal serve" does, and
	// logs to log.
	Serve func(ctx context.Context, configFile string, log io.Writer) error
}

// site is the demo while it runs.
type site struct {
	options         Options
	dir             string
	inside, outside *mta.Sink
	postfix         *mta.Postfix
	url             string // of the portal
	log             string // file with Postseal's log

	mu      sync.Mutex
	refused []refusal
}

// Run runs the demo until ctx ends, or with Once until all samples are checked.
// An error says what kept it from running, or which sample ended elsewhere.
func Run(ctx context.Context, o Options) (err error) {
	s := &site{options: o}
	if s.dir, err = os.MkdirTemp("", "postseal-demo-"); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	defer os.RemoveAll(s.dir)
	if err := os.Chmod(s.dir, 0o755); err != nil { // Postfix's user passes through to the socket
		return fmt.Errorf("demo: %w", err)
	}
	for _, sink := range []**mta.Sink{&s.inside, &s.outside} {
		if *sink, err = mta.NewSink(); err != nil {
			return err
		}
		defer (*sink).Close()
	}
	s.say("Starting a private Postfix. Nothing of this machine's mail is touched.")
	milter := "unix:" + filepath.Join(s.dir, "milter.sock")
	s.postfix, err = mta.Start(ctx, mta.Options{
		Milters:          []string{milter},
		Internal:         []string{"example.com"},
		Inside:           s.inside.Addr(),
		Outside:          s.outside.Addr(),
		MessageSizeLimit: 72e6,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.postfix.Stop()) }()
	portal, err := mta.FreePort()
	if err != nil {
		return err
	}
	s.url = "http://" + portal
	if err := s.configure(milter, portal); err != nil {
		return err
	}
	return s.run(ctx)
}

// configure writes the site's configuration over the one that Init made.
func (s *site) configure(milter, portal string) error {
	etc := filepath.Join(s.dir, "etc")
	if err := s.options.Init(etc); err != nil {
		return err
	}
	text := config.Sample(map[string]string{
		"internal_domains":     config.QuoteList([]string{"example.com"}),
		"milter.listen":        config.QuoteList([]string{milter}),
		"milter.spool_dir":     config.Quote(s.dir),
		"store.dir":            config.Quote(filepath.Join(s.dir, "store")),
		"store.socket":         config.Quote(filepath.Join(s.dir, "store.sock")),
		"store.control_socket": config.Quote(filepath.Join(s.dir, "control.sock")),
		"portal.url":           config.Quote(s.url),
		"portal.listen":        config.Quote(portal),
		"submission.address":   config.Quote(s.postfix.Submission),
		"brand.name":           config.Quote("Example Ltd"),
		"brand.help":           config.Quote("This is a demo: no mail leaves this machine."),
	})
	if err := os.WriteFile(s.configFile(), []byte(text), 0o644); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	return nil
}

func (s *site) configFile() string { return filepath.Join(s.dir, "etc", "postseal.toml") }

// run serves, sends the samples, and waits for the end.
func (s *site) run(ctx context.Context) error {
	log, err := os.Create(filepath.Join(s.dir, "log"))
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	defer log.Close()
	s.log = log.Name()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() error { return s.options.Serve(ctx, s.configFile(), log) })
	work.Go(func() error {
		if s.options.Once {
			defer stop()
		}
		return quietly(ctx, s.play(ctx))
	})
	return work.Wait()
}

// quietly drops the error of what was broken off by the end of the demo.
func quietly(ctx context.Context, err error) error {
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return nil
	}
	return err
}

// play sends the samples and shows what became of them.
func (s *site) play(ctx context.Context) error {
	view, err := newView(s.options.Mails, s)
	if err != nil {
		return err
	}
	defer view.close()
	if err := s.waitServing(ctx); err != nil {
		return err
	}
	s.say("Sending sample mails with the rules of %s\n", filepath.Join(s.dir, "etc", "rules.d"))
	failed := 0
	for _, sample := range samples() {
		if err := s.try(ctx, sample); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			failed++
			s.say("    WRONG: %v", err)
		}
	}
	if failed > 0 {
		return fmt.Errorf("demo: %d of %d samples did not end as their rules say", failed, len(samples()))
	}
	if s.options.Once {
		s.say("\nEvery sample ended as its rule says.")
		return nil
	}
	s.say("\nMails as their recipients got them:  %s\nPortal:                              %s\nSend more mail to:                   %s (SMTP; guests at any domain, members at example.com)\nTry commands with:                   --config %s\nLog:                                 %s\n\nCtrl-C ends the demo and removes all of it.",
		view.url, s.url, s.postfix.SMTP, s.configFile(), s.log)
	<-ctx.Done()
	s.say("\nStopping.")
	return nil
}

// waitServing returns when milter and portal accept connections.
func (s *site) waitServing(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for _, to := range [][2]string{{"unix", filepath.Join(s.dir, "milter.sock")}, {"tcp", strings.TrimPrefix(s.url, "http://")}} {
		for {
			var d net.Dialer
			c, err := d.DialContext(ctx, to[0], to[1])
			if err == nil {
				c.Close()
				break
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("demo: nobody serves %s: %w", to[1], ctx.Err())
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
	return nil
}

func (s *site) say(format string, args ...any) { fmt.Fprintf(s.options.Out, format+"\n", args...) }
