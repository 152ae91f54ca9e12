package main

import (
	"bytes"
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
	variants       []*variant
	postfixVersion string
	undo           []func()
}

// A variant is a Postfix with or without a milter.
type variant struct {
	name    string
	postfix *mta.Postfix
	milter  *exec.Cmd // nil without one
}

func newBench(ctx context.Context, program string) (_ *bench, err error) {
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
	tcp, err := mta.FreePort()
	if err != nil {
		return nil, err
	}
	noopSocket, socket, tcp := "unix:"+b.path("noop.sock"), "unix:"+b.path("postseal.sock"), "inet:"+tcp
	for _, v := range [variants]struct{ name, milter string }{
		none: {"none", ""}, noop: {"C no-op", noopSocket}, postseal: {"Postseal", socket}, postsealTCP: {"Postseal over TCP", tcp},
	} {
		var milters []string
		if v.milter != "" {
			milters = []string{v.milter}
		}
		p, err := mta.Start(ctx, mta.Options{
			Milters: milters, Internal: []string{"example.com"},
			Inside: b.sink.address, Outside: b.sink.address,
			// A deferred message would be measured as a slow one.
			Main: map[string]string{"queue_run_delay": "300s", "minimal_backoff_time": "300s", "in_flow_delay": "0"},
		})
		if err != nil {
			return nil, err
		}
		b.undo = append(b.undo, func() { p.Stop() })
		b.variants = append(b.variants, &variant{name: v.name, postfix: p})
	}
	if b.variants[noop].milter, err = b.startNoop(ctx, noopSocket); err != nil {
		return nil, err
	}
	if b.variants[postseal].milter, err = b.startPostseal(ctx, program, []string{socket, tcp}, b.variants[postseal].postfix.Submission); err != nil {
		return nil, err
	}
	b.variants[postsealTCP].milter = b.variants[postseal].milter
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
func (b *bench) startNoop(ctx context.Context, socket string) (*exec.Cmd, error) {
	source, program := b.path("noop.c"), b.path("noop")
	if err := os.WriteFile(source, noopSource, 0o644); err != nil {
		return nil, err
	}
	if out, err := exec.CommandContext(ctx, "cc", "-O2", "-o", program, source, "-lmilter", "-lpthread").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("compile noop.c (is libmilter-dev installed?): %w\n%s", err, out)
	}
	return b.start(ctx, "noop", socket, program, socket)
}

// startPostseal runs the built program with its sample rules.
func (b *bench) startPostseal(ctx context.Context, program string, sockets []string, submission string) (*exec.Cmd, error) {
	etc := b.path("etc")
	if out, err := exec.CommandContext(ctx, program, "init", "--dir", etc).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%s init (make build first): %w\n%s", program, err, out)
	}
	portal, err := mta.FreePort()
	if err != nil {
		return nil, err
	}
	file := filepath.Join(etc, "postseal.toml")
	text := config.Sample(map[string]string{
		"milter.listen":        config.QuoteList(sockets),
		"milter.spool_dir":     config.Quote(b.dir),
		"store.dir":            config.Quote(b.path("store")),
		"store.socket":         config.Quote(b.path("store.sock")),
		"store.control_socket": config.Quote(b.path("control.sock")),
		"portal.url":           config.Quote("http://" + portal),
		"portal.listen":        config.Quote(portal),
		"submission.address":   config.Quote(submission),
	})
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		return nil, err
	}
	return b.start(ctx, "postseal", sockets[0], program, "serve", "--config", file)
}

// start runs a program until close, its output in NAME.log, and waits until it
// serves its socket.
func (b *bench) start(ctx context.Context, name, socket, program string, args ...string) (*exec.Cmd, error) {
	log, err := os.Create(b.path(name + ".log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return nil, err
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
			return cmd, c.Close()
		}
		select {
		case <-done:
			text, err := os.ReadFile(log.Name())
			return nil, errors.Join(fmt.Errorf("%s ended:\n%s", program, text), err)
		case <-time.After(10 * time.Millisecond):
		}
	}
	return nil, ctx.Err()
}

// sealedCount is how many messages Postseal says it has sealed.
func (b *bench) sealedCount() (int, error) {
	log, err := os.ReadFile(b.path("postseal.log"))
	return bytes.Count(log, []byte(" event=sealed ")), err
}
