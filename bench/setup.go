package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/postseal/postseal/cmd/postseal/config"
	"github.com/postseal/postseal/cmd/postseal/mta"
)

//go:embed noop/noop.c
var noopSource []byte

// bench is everything that runs.
type bench struct {
	dir            string
	sink           *sink
	variants       []*variant // none, C no-op, Postseal
	postfixVersion string
	undo           []func()
}

// A variant is a Postfix with or without a milter.
type variant struct {
	name    string
	postfix *mta.Postfix
}

func newBench(ctx context.Context) (_ *bench, err error) {
	b := &bench{}
	defer func() {
		if err != nil {
			b.close()
		}
	}()
	if b.dir, err = os.MkdirTemp("", "postseal-bench-"); err != nil {
		return nil, err
	}
	b.undo = append(b.undo, func() { os.RemoveAll(b.dir) })
	if err := os.Chmod(b.dir, 0o755); err != nil {
		return nil, err
	}
	if b.sink, err = startSink(ctx); err != nil {
		return nil, err
	}
	b.undo = append(b.undo, b.sink.stop)
	noop, postseal := "unix:"+b.path("noop.sock"), "unix:"+b.path("postseal.sock")
	for _, v := range []struct {
		name    string
		milters []string
	}{{"none", nil}, {"C no-op", []string{noop}}, {"Postseal", []string{postseal}}} {
		p, err := mta.Start(ctx, mta.Options{
			Milters: v.milters, Internal: []string{"example.com"},
			Inside: b.sink.address, Outside: b.sink.address,
			// A deferred message would be measured as a slow one.
			Main: map[string]string{"queue_run_delay": "300s", "minimal_backoff_time": "300s", "in_flow_delay": "0"},
		})
		if err != nil {
			return nil, err
		}
		b.undo = append(b.undo, func() { p.Stop() })
		b.variants = append(b.variants, &variant{v.name, p})
	}
	if err := b.startNoop(ctx, noop); err != nil {
		return nil, err
	}
	if err := b.startPostseal(ctx, postseal, b.variants[2].postfix.Submission); err != nil {
		return nil, err
	}
	if err := b.writeMails(); err != nil {
		return nil, err
	}
	out, err := exec.Command("postconf", "-dh", "mail_version").Output()
	b.postfixVersion = strings.TrimSpace(string(out))
	return b, err
}

func (b *bench) path(name string) string { return filepath.Join(b.dir, name) }

func (b *bench) close() {
	for _, f := range b.undo {
		defer f()
	}
}

// startNoop compiles the C program and runs it.
func (b *bench) startNoop(ctx context.Context, socket string) error {
	source, program := b.path("noop.c"), b.path("noop")
	if err := os.WriteFile(source, noopSource, 0o644); err != nil {
		return err
	}
	if out, err := exec.CommandContext(ctx, "cc", "-O2", "-o", program, source, "-lmilter", "-lpthread").CombinedOutput(); err != nil {
		return fmt.Errorf("compile noop.c (is libmilter-dev installed?): %w\n%s", err, out)
	}
	return b.start(ctx, socket, program, socket)
}

// startPostseal runs the built program with its sample rules.
func (b *bench) startPostseal(ctx context.Context, socket, submission string) error {
	const program = "build/postseal"
	etc := b.path("etc")
	if out, err := exec.CommandContext(ctx, program, "init", "--dir", etc).CombinedOutput(); err != nil {
		return fmt.Errorf("postseal init (make build first): %w\n%s", err, out)
	}
	portal, err := mta.FreePort()
	if err != nil {
		return err
	}
	file := filepath.Join(etc, "postseal.toml")
	text := config.Sample(map[string]string{
		"milter.listen":        config.QuoteList([]string{socket}),
		"milter.spool_dir":     config.Quote(b.dir),
		"store.dir":            config.Quote(b.path("store")),
		"store.socket":         config.Quote(b.path("store.sock")),
		"store.control_socket": config.Quote(b.path("control.sock")),
		"portal.url":           config.Quote("http://" + portal),
		"portal.listen":        config.Quote(portal),
		"submission.address":   config.Quote(submission),
	})
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		return err
	}
	return b.start(ctx, socket, program, "serve", "--config", file)
}

// start runs a program until close, and waits until it serves its socket.
func (b *bench) start(ctx context.Context, socket, program string, args ...string) error {
	log, err := os.Create(b.path(filepath.Base(program) + ".log"))
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return err
	}
	done := make(chan struct{})
	go func() { cmd.Wait(); close(done) }()
	b.undo = append(b.undo, func() {
		cmd.Process.Signal(syscall.SIGTERM)
		<-done
	})
	for ctx.Err() == nil {
		c, err := net.Dial("unix", strings.TrimPrefix(socket, "unix:"))
		if err == nil {
			return c.Close()
		}
		select {
		case <-done:
			text, err := os.ReadFile(log.Name())
			return errors.Join(fmt.Errorf("%s ended:\n%s", program, text), err)
		case <-time.After(10 * time.Millisecond):
		}
	}
	return ctx.Err()
}
