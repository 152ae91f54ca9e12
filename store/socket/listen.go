package socket

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Listen makes the Unix socket at path: mode 0660, group gid (-1: the
// process's own). A socket that a killed owner left is replaced, one that
// somebody answers on is not.
func Listen(path string, gid int) (net.Listener, error) {
	st, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("listen: %w", err)
	case st.Mode().Type() != fs.ModeSocket:
		return nil, fmt.Errorf("listen on %s: there is something else than a socket", path)
	default:
		if c, err := net.DialTimeout("unix", path, time.Second); err == nil {
			c.Close()
			return nil, fmt.Errorf("listen on %s: another process answers there", path)
		}
		if err := os.Remove(path); err != nil {
			return nil, fmt.Errorf("listen: %w", err)
		}
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", path, err)
	}
	// Who connects before this is checked by his credentials all the same.
	err = os.Chmod(path, 0o660)
	if err == nil && gid >= 0 {
		err = os.Chown(path, -1, gid)
	}
	if err != nil {
		l.Close()
		return nil, fmt.Errorf("listen on %s: %w", path, err)
	}
	return l, nil
}

// A peerListener accepts only connections of allowed peers (SO_PEERCRED,
// unix(7)), and only so many at a time.
type peerListener struct {
	net.Listener
	uids, gids []int
	refused    func(error)
	slots      chan struct{}
}

func (l *peerListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if err := l.check(c); err != nil {
			l.refused(err)
			c.Close()
			continue
		}
		select {
		case l.slots <- struct{}{}:
			return &slotConn{Conn: c, free: func() { <-l.slots }}, nil
		default:
			l.refused(errors.New("too many connections"))
			c.Close()
		}
	}
}

func (l *peerListener) check(c net.Conn) error {
	uc, ok := c.(*net.UnixConn)
	if !ok {
		return fmt.Errorf("connection of type %T has no peer credentials", c)
	}
	cred, err := peer(uc)
	if err != nil {
		return fmt.Errorf("peer credentials: %w", err)
	}
	if !slices.Contains(l.uids, int(cred.Uid)) && !slices.Contains(l.gids, int(cred.Gid)) {
		return fmt.Errorf("uid %d, gid %d may not connect", cred.Uid, cred.Gid)
	}
	return nil
}

func peer(c *net.UnixConn) (*unix.Ucred, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	var cred *unix.Ucred
	var sysErr error
	err = raw.Control(func(fd uintptr) {
		cred, sysErr = unix.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, unix.SO_PEERCRED)
	})
	return cred, errors.Join(err, sysErr)
}

// A slotConn gives its place back once, when it is closed.
type slotConn struct {
	net.Conn
	free func()
	once sync.Once
}

func (c *slotConn) Close() error {
	c.once.Do(c.free)
	return c.Conn.Close()
}
