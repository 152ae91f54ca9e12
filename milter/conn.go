package milter

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// readBuffer is the size of one read from the MTA. With no-reply flags it sends
// many small frames at once.
const readBuffer = 64 << 10

// conn is the connection under a go-milter session. It reads whole frames,
// under deadlines, checks and keeps the one at hand for the session's callbacks
// ([conn.frame]), and hands go-milter a small one of the same command instead:
// go-milter drops the arguments of MAIL and RCPT, trims empty header values,
// shares its macros between callbacks, and would answer a header field that it
// can't read although no answer is due.
//
// Writing, it holds the modifications back and sends them together with the
// answer that follows.
type conn struct {
	net.Conn
	server *Server
	limits Limits
	in     *bufio.Reader

	// Of the session's goroutine alone.
	offer   offer
	greeted bool // the option negotiation came in
	agreed  bool // and was answered
	frame   frame
	data    []byte // of frame
	later   []frame
	out     []byte // what go-milter has not read of its frame yet
	stand   [16]byte
	macros  map[byte]map[string]string

	write   sync.Mutex // one frame, or one burst, at a time
	pending []byte     // modifications, sent in front of the answer

	state    sync.Mutex
	busy     bool // between MAIL and the answer at end of message
	draining bool

	session *session // what go-milter calls, nil until it was made
	closed  sync.Once
	onClose func()
}

// frame is a command and its data, which is valid until the next Read.
type frame struct {
	code byte
	data []byte
}

func newConn(c net.Conn, s *Server) *conn {
	return &conn{
		Conn: c, server: s, limits: s.options.Limits,
		in:     bufio.NewReaderSize(prompt(c), readBuffer),
		macros: map[byte]map[string]string{},
	}
}

// Read gives go-milter its frames. It is called by the session's goroutine when
// the last frame was dealt with.
func (c *conn) Read(p []byte) (int, error) {
	if len(c.out) == 0 {
		if err := c.next(); err != nil {
			// go-milter writes any other error to the standard logger.
			c.server.ended(err)
			return 0, io.EOF
		}
	}
	n := copy(p, c.out)
	c.out = c.out[n:]
	return n, nil
}

// next makes the next frame that go-milter has to see the one at hand.
func (c *conn) next() error {
	if err := c.finish(); err != nil {
		return err
	}
	if len(c.later) > 0 {
		c.deliver(c.later[0])
		c.later = c.later[1:]
		return nil
	}
	for {
		f, err := c.read()
		if err != nil {
			return err
		}
		if !c.greeted {
			if f.code != cmdOptions {
				return fmt.Errorf("before the option negotiation: %w", errFrame)
			}
			if c.offer, err = parseOffer(f.data); err != nil {
				return err
			}
			c.offer.protocol &= c.server.protocol()
			c.greeted = true
			c.deliver(f)
			return nil
		}
		switch f.code {
		default:
			return fmt.Errorf("%w: command %q", errFrame, f.code)
		case cmdAbort, cmdBody, cmdConnect, cmdHelo, cmdHeader, cmdMail, cmdEOH, cmdQuit, cmdRcpt, cmdData:
		case cmdMacro:
			cmd, m, err := parseMacros(f.data)
			if err != nil {
				return err
			}
			c.macros[cmd] = m
			continue
		case cmdOptions:
			return fmt.Errorf("second option negotiation: %w", errFrame)
		case cmdUnknown:
			f.code = cmdData // both are answered with "continue" and otherwise ignored
		case cmdNextMTA:
			return io.EOF // the MTA connects again
		case cmdEnd:
			// The protocol allows a last chunk in this frame; go-milter drops it.
			if len(f.data) > 0 {
				c.later = append(c.later, frame{cmdEnd, nil})
				f.code = cmdBody
			}
		}
		c.begin(f.code)
		c.deliver(f)
		return nil
	}
}

// takeMacros returns the macros that came for a command and forgets them: the
// next message has its own.
func (c *conn) takeMacros(cmd byte) map[string]string {
	m := c.macros[cmd]
	delete(c.macros, cmd)
	return m
}

// deliver makes f the frame at hand. go-milter gets a stand-in, in which it finds
// the command and no more.
func (c *conn) deliver(f frame) {
	c.frame = f
	data := ""
	switch f.code {
	case cmdConnect:
		data = "-\x00U"
	case cmdHeader:
		data = "-\x00-\x00"
	}
	b := append(c.stand[:0], 0, 0, 0, byte(1+len(data)), f.code)
	c.out = append(b, data...)
}

// read reads one frame. Waiting for its first octet may take Idle, the whole of
// it Frame: an MTA that stalls in the middle of a frame holds no connection.
func (c *conn) read() (frame, error) {
	if c.in.Buffered() == 0 {
		c.SetReadDeadline(time.Now().Add(c.limits.Idle))
		if _, err := c.in.Peek(1); err != nil {
			return frame{}, err
		}
	}
	limited := false
	limit := func(n int) {
		if !limited && c.in.Buffered() < n {
			limited = true
			c.SetReadDeadline(time.Now().Add(c.limits.Frame))
		}
	}
	limit(4)
	head, err := c.in.Peek(4)
	if err != nil {
		return frame{}, unexpected(err)
	}
	size := binary.BigEndian.Uint32(head)
	if size == 0 || size > maxFrame {
		return frame{}, fmt.Errorf("%w: %d octets", errFrame, size)
	}
	limit(5)
	if head, err = c.in.Peek(5); err != nil {
		return frame{}, unexpected(err)
	}
	code := head[4]
	c.in.Discard(5)
	n := int(size) - 1
	if cap(c.data) < n {
		c.data = make([]byte, max(n, 4<<10))
	}
	c.data = c.data[:n]
	limit(n)
	if _, err := io.ReadFull(c.in, c.data); err != nil {
		return frame{}, unexpected(err)
	}
	return frame{code, c.data}, nil
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// begin notes that a message started.
func (c *conn) begin(code byte) {
	if code == cmdMail {
		c.state.Lock()
		c.busy = true
		c.state.Unlock()
	}
}

// finish notes that the frame at hand was dealt with, and ends a connection that
// is to be drained and has no message under way.
func (c *conn) finish() error {
	c.state.Lock()
	defer c.state.Unlock()
	if c.frame.code == cmdEnd || c.frame.code == cmdAbort {
		c.busy = false
	}
	if c.draining && !c.busy {
		return io.EOF
	}
	return nil
}

// refused notes that MAIL was refused: there is no message under way.
func (c *conn) refused() {
	c.state.Lock()
	defer c.state.Unlock()
	c.busy = false
}

// drain ends the connection now if it is idle, else after its message.
func (c *conn) drain() {
	c.state.Lock()
	defer c.state.Unlock()
	c.draining = true
	if !c.busy {
		c.cut()
	}
}

// cut ends the connection from outside. The session's goroutine notices and
// cleans up; nobody else touches what it holds.
func (c *conn) cut() { c.Conn.Close() }

// hold keeps modifications back until the answer.
func (c *conn) hold(frames []byte) {
	c.write.Lock()
	defer c.write.Unlock()
	c.pending = frames
}

// Write sends an answer of go-milter, behind the modifications held back.
func (c *conn) Write(p []byte) (int, error) {
	c.write.Lock()
	defer c.write.Unlock()
	n := len(p)
	if !c.agreed {
		limited, err := c.offer.limitTo(p)
		if err != nil {
			return 0, err
		}
		c.agreed, p = true, limited
	}
	if len(c.pending) > 0 {
		p = append(c.pending, p...)
		c.pending = nil
	}
	if err := c.send(p); err != nil {
		return 0, err
	}
	return n, nil
}

// progress tells the MTA that we are still at work (SMFIR_PROGRESS), which
// restarts its timer.
func (c *conn) progress() error {
	c.write.Lock()
	defer c.write.Unlock()
	return c.send(appendFrame(nil, respProgress))
}

func (c *conn) send(p []byte) error {
	c.SetWriteDeadline(time.Now().Add(c.limits.Write))
	_, err := c.Conn.Write(p)
	return err
}

// Close ends the connection and the session. go-milter calls it last.
func (c *conn) Close() error {
	err := c.Conn.Close()
	c.closed.Do(func() {
		if c.onClose != nil {
			c.onClose()
		}
	})
	return err
}
