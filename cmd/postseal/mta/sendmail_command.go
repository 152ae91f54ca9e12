package mta

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Sendmail submits message with the sendmail command, which gives it to the
// daemon by SMTP as a program on this machine would. args as for
// [Postfix.Sendmail].
func (s *Sendmail) Sendmail(ctx context.Context, message io.Reader, args ...string) error {
	return s.command(ctx, message, append([]string{"-C", s.path("conf", "submit.cf"), "-Ac", "-oi"}, args...)...)
}

// Flush asks for another delivery attempt of all deferred mail.
func (s *Sendmail) Flush(ctx context.Context) error {
	return s.command(ctx, nil, "-C", s.path("conf", "sendmail.cf"), "-q")
}

// Release takes a message out of quarantine and delivers it with the next queue
// run.
func (s *Sendmail) Release(ctx context.Context, id string) error {
	return s.command(ctx, nil, "-C", s.path("conf", "sendmail.cf"), "-Q", "-qQ", "-qI"+id)
}

func (s *Sendmail) command(ctx context.Context, stdin io.Reader, args ...string) error {
	cmd := s.program(ctx, args...)
	var out bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &out, &out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("sendmail: %w: %s", err, bytes.TrimSpace(out.Bytes()))
	}
	return nil
}

// Queue lists what is in the queue: "active" or "deferred" after a first attempt,
// "hold" what the filter put into quarantine.
func (s *Sendmail) Queue(context.Context) ([]QueueEntry, error) {
	var all []QueueEntry
	for _, kind := range []string{"qf", "hf"} {
		files, err := filepath.Glob(s.path("queue", kind+"*"))
		if err != nil {
			return nil, err
		}
		for _, name := range files {
			e, err := readQueueFile(name)
			if errors.Is(err, os.ErrNotExist) {
				continue // delivered just now
			}
			if err != nil {
				return nil, fmt.Errorf("read queue: %w", err)
			}
			if kind == "hf" {
				e.Queue = "hold"
			}
			all = append(all, e)
		}
	}
	return all, nil
}

// readQueueFile reads a queue control file: a letter a line says what it holds
// (Sendmail Installation and Operation Guide, appendix B).
func readQueueFile(name string) (QueueEntry, error) {
	e := QueueEntry{Queue: "active", ID: filepath.Base(name)[2:]}
	text, err := os.ReadFile(name)
	if err != nil {
		return e, err
	}
	if data, err := os.Stat(filepath.Join(filepath.Dir(name), "df"+e.ID)); err == nil {
		e.Size = data.Size()
	}
	reason := ""
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		switch {
		case strings.HasPrefix(line, "S"):
			e.Sender = strings.Trim(line[1:], "<>")
		case strings.HasPrefix(line, "M"):
			e.Queue, reason = "deferred", line[1:]
		case strings.HasPrefix(line, "R"):
			_, address, _ := strings.Cut(line, ":") // flags:address
			e.Recipients = append(e.Recipients, QueueRecipient{Address: strings.Trim(address, "<>"), Delay: reason})
		}
	}
	return e, lines.Err()
}
