package milter

import (
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emersion/go-milter"
)

// listener makes accepted connections ours. go-milter calls NewMilter right
// after Accept, in the same goroutine: that ties a backend to its connection,
// and is why every listener has a milter.Server of its own.
type listener struct {
	net.Listener
	server *Server
	slots  chan struct{} // one a connection; who comes when all are taken waits
	done   chan struct{}
	once   sync.Once
	last   atomic.Pointer[conn]
}

func newListener(l net.Listener, s *Server) *listener {
	return &listener{
		Listener: l, server: s,
		slots: s.slots, done: make(chan struct{}),
	}
}

// Accept waits for a free slot and a connection. It ends only when the listener
// is closed: any error ends go-milter's Serve, and running out of file
// descriptors for a moment is no reason to end.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case l.slots <- struct{}{}:
	case <-l.done:
		return nil, net.ErrClosed
	}
	pause := 5 * time.Millisecond
	for {
		nc, err := l.Listener.Accept()
		if err == nil {
			c := newConn(nc, l.server)
			c.onClose = func() {
				if c.session != nil {
					c.session.reset()
				}
				<-l.slots
				l.server.forget(c)
			}
			if !l.server.remember(c) {
				c.Close()
				return nil, net.ErrClosed
			}
			l.last.Store(c)
			return c, nil
		}
		if errors.Is(err, net.ErrClosed) {
			<-l.slots
			return nil, err
		}
		l.server.options.Log.Warn("accept a connection", "error", err)
		select {
		case <-time.After(pause):
			pause = min(2*pause, time.Second)
		case <-l.done:
			<-l.slots
			return nil, net.ErrClosed
		}
	}
}

// Close stops accepting.
func (l *listener) Close() error {
	l.once.Do(func() { close(l.done) })
	return l.Listener.Close()
}

// backend gives go-milter the backend of the connection just accepted.
func (l *listener) backend() milter.Milter {
	c := l.last.Swap(nil)
	if c == nil {
		// Never: each of our answers says that the session goes on. Were it
		// otherwise, a message would reach a backend without its envelope.
		return strayBackend{}
	}
	s := &session{conn: c, server: l.server}
	c.session = s
	return s
}
