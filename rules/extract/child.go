package extract

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
)

// ChildMain serves a Pool on its standard streams until the parent closes them.
// It gives up all it doesn't need first: memory and processor time are limited,
// it can write no file and dumps no core. An error means that the conversation
// made no sense or the limits can't be set; the process should end with it.
func ChildMain(stdin io.Reader, stdout io.Writer) error {
	r, w := bufio.NewReaderSize(stdin, 64<<10), bufio.NewWriterSize(stdout, 64<<10)
	var s setup
	if err := readJSON(r, frameSetup, maxRequestFrame, &s); err != nil {
		return fmt.Errorf("read the set-up: %w", err)
	}
	if err := confine(s); err != nil {
		return fmt.Errorf("give up privileges: %w", err)
	}
	return serve(r, w, s)
}

// serve is ChildMain without the limits.
func serve(r *bufio.Reader, w *bufio.Writer, s setup) error {
	if err := writeFrame(w, frameHello, []byte(protocol)); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for {
		var q request
		err := readJSON(r, frameRequest, maxRequestFrame, &q)
		if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read a request: %w", err)
		}
		if err := limitCPU(s.CPU); err != nil {
			return fmt.Errorf("limit processor time: %w", err)
		}
		size, err := answer(r, w, q, s.Limits.withDefaults())
		if err != nil {
			return err
		}
		if size > 1<<20 {
			debug.FreeOSMemory() // a child mostly waits
		}
	}
}

// answer reads one document and sends its texts and the result. It returns the
// document's size.
func answer(r *bufio.Reader, w *bufio.Writer, q request, limits Limits) (size int, err error) {
	var data []byte
	for {
		_, piece, err := readFrame(r, only(frameContent, maxContentFrame))
		if err != nil {
			return 0, fmt.Errorf("read the content: %w", err)
		}
		if len(piece) == 0 {
			break
		}
		if int64(len(data)+len(piece)) > limits.Size {
			return 0, errFrame
		}
		data = append(data, piece...)
	}
	d := Document{Name: q.Name, DeclaredType: q.Type}
	result, err := extract(context.Background(), d, data, limits, func(t *Text) error { return writeText(w, t) })
	if err != nil {
		return 0, fmt.Errorf("send a text: %w", err)
	}
	if err := writeJSON(w, frameResult, result); err != nil {
		return 0, err
	}
	return len(data), w.Flush()
}
