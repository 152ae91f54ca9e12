package milter

import (
	"io"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// prompt returns c as a reader that acknowledges at once what it read. With
// no-reply flags Postfix writes small packets one after the other; Nagle's
// algorithm there and delayed acknowledgements here would stall 40 ms each. The
// option falls back by itself, so it is set after every read (tcp(7)).
func prompt(c net.Conn) io.Reader {
	t, ok := c.(*net.TCPConn)
	if !ok {
		return c
	}
	raw, err := t.SyscallConn()
	if err != nil {
		return c
	}
	return &promptReader{t, raw}
}

type promptReader struct {
	net.Conn
	raw syscall.RawConn
}

func (r *promptReader) Read(p []byte) (int, error) {
	n, err := r.Conn.Read(p)
	if n > 0 {
		// Only speed depends on it.
		_ = r.raw.Control(func(fd uintptr) {
			_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_QUICKACK, 1)
		})
	}
	return n, err
}
