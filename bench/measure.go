package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
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

// A sample is one measurement.
type sample struct {
	rate float64 // messages a second
	cpu  float64 // seconds of processor time of the milter a message; 0 without one
}

// measure sends messages of a load and waits until the last message has arrived at the sink.
// Each message has a recipient of its own, or the second one to the same would be
// the same message.
func (v *variant) measure(ctx context.Context, b *bench, l load, messages int) (sample, error) {
	s := b.sink
	ctx, cancel := context.WithTimeout(ctx, measurePatience)
	defer cancel()
	program, err := mta.Program("smtp-source")
	if err != nil {
		return sample{}, err
	}
	args := []string{"-N", "-s", strconv.Itoa(l.sessions), "-m", strconv.Itoa(messages),
		"-f", "ann@example.com", "-t", fmt.Sprintf("g%d@guest.example", time.Now().UnixNano()),
		"-F", b.mail(), v.postfix.SMTP}
	before, err := v.cpu()
	if err != nil {
		return sample{}, err
	}
	want := s.messages.Load() + int64(messages)
	begin := time.Now()
	if out, err := exec.CommandContext(ctx, program, args...).CombinedOutput(); err != nil {
		return sample{}, fmt.Errorf("smtp-source: %w: %s", err, out)
	}
	for s.messages.Load() < want {
		select {
		case <-ctx.Done():
			return sample{}, fmt.Errorf("%d of %d messages did not arrive", want-s.messages.Load(), messages)
		case <-time.After(time.Millisecond):
		}
	}
	took := time.Since(begin)
	after, err := v.cpu()
	if err != nil {
		return sample{}, err
	}
	n := float64(messages)
	return sample{rate: n / took.Seconds(), cpu: (after - before).Seconds() / n}, nil
}

// cpu is the processor time that the milter has used so far.
func (v *variant) cpu() (time.Duration, error) {
	if v.milter == nil {
		return 0, nil
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", v.milter.Process.Pid))
	if err != nil {
		return 0, err
	}
	return parseCPU(string(stat))
}

// parseCPU adds the user and system time in /proc/PID/stat (proc(5), fields 14
// and 15), which counts in hundredths of a second.
func parseCPU(stat string) (time.Duration, error) {
	// The second field, the program's name, may hold spaces and parentheses.
	i := strings.LastIndexByte(stat, ')')
	f := strings.Fields(stat[i+1:])
	if i < 0 || len(f) < 13 {
		return 0, fmt.Errorf("unexpected /proc/PID/stat: %q", stat)
	}
	var sum time.Duration
	for _, ticks := range f[11:13] {
		n, err := strconv.ParseInt(ticks, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("/proc/PID/stat: %w", err)
		}
		sum += time.Duration(n) * 10 * time.Millisecond
	}
	return sum, nil
}
