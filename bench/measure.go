package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/postseal/postseal/cmd/postseal/mta"
)

// measurePatience bounds one measurement.
const measurePatience = 3 * time.Minute

// sink is a smtp-sink(1) that counts.
type sink struct {
	address  string
	cmd      *exec.Cmd
	messages atomic.Int64
}

// counter is what smtp-sink -c prints again and again.
var counter = regexp.MustCompile(`mesg=(\d+)`)

func startSink(ctx context.Context) (*sink, error) {
	program, err := mta.Program("smtp-sink")
	if err != nil {
		return nil, err
	}
	address, err := mta.FreePort()
	if err != nil {
		return nil, err
	}
	s := &sink{address: address, cmd: exec.Command(program, "-c", "-u", "postfix", address, "1000")}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		in := bufio.NewScanner(out)
		in.Split(splitCR)
		for in.Scan() {
			if m := counter.FindSubmatch(in.Bytes()); m != nil {
				n, err := strconv.ParseInt(string(m[1]), 10, 64)
				if err == nil {
					s.messages.Store(n)
				}
			}
		}
	}()
	return s, nil
}

// splitCR cuts at each CR or LF.
func splitCR(data []byte, atEOF bool) (int, []byte, error) {
	if i := bytes.IndexAny(data, "\r\n"); i >= 0 {
		return i + 1, data[:i], nil
	}
	return 0, nil, nil
}

func (s *sink) stop() {
	s.cmd.Process.Signal(syscall.SIGTERM)
	s.cmd.Wait()
}

// measure sends a load and returns messages a second, until the last has arrived
// at the sink. Each message has a recipient of its own, or the second one to the
// same would be the same message.
func (v *variant) measure(ctx context.Context, b *bench, l load) (float64, error) {
	s := b.sink
	ctx, cancel := context.WithTimeout(ctx, measurePatience)
	defer cancel()
	program, err := mta.Program("smtp-source")
	if err != nil {
		return 0, err
	}
	args := []string{"-N", "-s", strconv.Itoa(l.sessions), "-m", strconv.Itoa(l.messages),
		"-f", "ann@example.com", "-t", fmt.Sprintf("g%d@guest.example", time.Now().UnixNano()),
		"-F", b.path(l.file()), v.postfix.SMTP}
	want := s.messages.Load() + int64(l.messages)
	begin := time.Now()
	if out, err := exec.CommandContext(ctx, program, args...).CombinedOutput(); err != nil {
		return 0, fmt.Errorf("smtp-source: %w: %s", err, out)
	}
	for s.messages.Load() < want {
		select {
		case <-ctx.Done():
			return 0, fmt.Errorf("%d of %d messages did not arrive", want-s.messages.Load(), l.messages)
		case <-time.After(time.Millisecond):
		}
	}
	return float64(l.messages) / time.Since(begin).Seconds(), nil
}
