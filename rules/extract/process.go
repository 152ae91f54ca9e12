package extract

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"
	"time"
)

var (
	errDied     = errors.New("extract: the child died")
	errTimeout  = errors.New("extract: the child took too long")
	errTooLarge = errors.New("extract: the document is too large")
)

// startTimeout is how long a child may take to come up.
const startTimeout = 20 * time.Second

// A process is one child.
type process struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	outEnd io.Closer
	served int
	limits Limits
}

// start starts a child and waits until it has limited itself.
func start(o PoolOptions) (_ *process, err error) {
	command := o.Command
	if len(command) == 0 {
		command = []string{ownProgram(), "extract-child"}
	}
	c := &process{cmd: exec.Command(command[0], command[1:]...), limits: o.Limits}
	// Nothing of our environment; no traces, which could quote content.
	c.cmd.Env = append([]string{"GOTRACEBACK=none", "GOMAXPROCS=1", fmt.Sprintf("GOMEMLIMIT=%d", o.Memory/4*3)}, o.Env...)
	c.cmd.Dir = "/"
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.out, c.outEnd = bufio.NewReaderSize(out, 64<<10), out
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	timer := time.AfterFunc(startTimeout, func() { c.cmd.Process.Kill() })
	defer timer.Stop()
	err = writeJSON(c.in, frameSetup, setup{Memory: o.Memory, CPU: o.CPU, Limits: o.Limits})
	var hello []byte
	if err == nil {
		_, hello, err = readFrame(c.out, only(frameHello, 100))
	}
	if err == nil && string(hello) != protocol {
		err = errors.New("it speaks another protocol")
	}
	if err != nil {
		return nil, fmt.Errorf("%w (%s)", err, c.kill())
	}
	return c, nil
}

// ownProgram returns a name for the program that runs, which still works when
// another version was installed over it.
func ownProgram() string {
	const link = "/proc/self/exe"
	if _, err := os.Stat(link); err == nil {
		return link
	}
	path, err := os.Executable()
	if err != nil {
		return os.Args[0]
	}
	return path
}

// kill ends the child and says how it ended.
func (c *process) kill() string {
	c.in.Close()
	c.cmd.Process.Kill()
	c.outEnd.Close()
	c.cmd.Wait()
	return c.cmd.ProcessState.String()
}

// outOfTime tells whether the child, which has ended, used up its processor time.
func (c *process) outOfTime() bool {
	status, ok := c.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGXCPU
}

// extract has the child read one document. The child is unusable after any
// error.
func (c *process) extract(ctx context.Context, d Document, timeout time.Duration, visit func(*Text) error) (*Result, error) {
	var late atomic.Bool
	timer := time.AfterFunc(timeout, func() {
		late.Store(true)
		c.cmd.Process.Kill()
	})
	defer timer.Stop()
	stop := context.AfterFunc(ctx, func() { c.cmd.Process.Kill() })
	defer stop()
	r, err := c.converse(d, visit)
	var broken *pipeError
	switch {
	case err == nil && !late.Load() && ctx.Err() == nil:
		c.served++
		return r, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case late.Load():
		return nil, errTimeout
	case errors.As(err, &broken):
		return nil, errors.Join(errDied, broken.error)
	}
	return nil, err
}

// A pipeError is about the child, not about the document or visit.
type pipeError struct{ error }

// converse sends the document and receives the answers.
func (c *process) converse(d Document, visit func(*Text) error) (*Result, error) {
	const maxShort = 4 << 10 // of a name or type: more says nothing
	q := request{Name: d.Name[:min(len(d.Name), maxShort)], Type: d.DeclaredType[:min(len(d.DeclaredType), maxShort)]}
	if err := writeJSON(c.in, frameRequest, q); err != nil {
		return nil, &pipeError{err}
	}
	if err := c.send(d.Open()); err != nil {
		return nil, err
	}
	for given := int64(0); ; {
		kind, payload, err := readFrame(c.out, answers)
		if err != nil {
			return nil, &pipeError{err}
		}
		if kind == frameResult {
			r, err := parseResult(payload)
			if err != nil {
				return nil, &pipeError{err}
			}
			return r, nil
		}
		t, err := parseText(payload)
		if err != nil {
			return nil, &pipeError{err}
		}
		// Chunks overlap, and normalising can make text longer.
		if given += int64(len(t.Data)); given > 4*c.limits.Text+maxTextFrame {
			return nil, &pipeError{errFrame}
		}
		if err := visit(t); err != nil {
			return nil, err
		}
	}
}

// send sends the content.
func (c *process) send(content io.Reader) error {
	buf := make([]byte, 64<<10)
	for size := int64(0); ; {
		n, err := io.ReadFull(content, buf)
		if size += int64(n); size > c.limits.Size {
			return errTooLarge
		}
		if n > 0 {
			if err := writeFrame(c.in, frameContent, buf[:n]); err != nil {
				return &pipeError{err}
			}
		}
		switch err {
		case nil:
		case io.EOF, io.ErrUnexpectedEOF:
			if err := writeFrame(c.in, frameContent); err != nil {
				return &pipeError{err}
			}
			return nil
		default:
			return fmt.Errorf("read the document: %w", err)
		}
	}
}
