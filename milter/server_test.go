package milter

import (
	"errors"
	"net"
	"testing"
	"time"
)

func TestNewNamesWhatIsMissing(t *testing.T) {
	full := newServer(t, &fakeStore{}, nil).options
	for name, change := range map[string]func(*Options){
		"milter: no rules":   func(o *Options) { o.Rules = nil },
		"milter: no store":   func(o *Options) { o.Store = nil },
		"milter: no notices": func(o *Options) { o.Notices = nil },
		"milter: no guard":   func(o *Options) { o.Guard = nil },
	} {
		o := full
		change(&o)
		if _, err := New(o); err == nil || err.Error() != name {
			t.Errorf("error %v, want %s", err, name)
		}
	}
}

// flakyListener fails a few times before it accepts, as when file descriptors
// run out.
type flakyListener struct {
	net.Listener
	failures int
}

func (l *flakyListener) Accept() (net.Conn, error) {
	if l.failures > 0 {
		l.failures--
		return nil, errors.New("too many open files")
	}
	return l.Listener.Accept()
}

// Defect 5: an error of Accept ends go-milter's Serve; it must not end ours.
func TestAcceptErrorsDoNotEndServe(t *testing.T) {
	l, err := net.Listen("unix", socketPath(t))
	if err != nil {
		t.Fatal(err)
	}
	serve(t, newServer(t, &fakeStore{}, nil), &flakyListener{l, 3})
	m := dialAt(t, l)
	m.negotiate(6, allActions, allProtocol)
	wantAccepted(t, m.transact(letter("<colleague@example.com>")))
}

// Two listeners, one server: each connection has its own session.
func TestSeveralListeners(t *testing.T) {
	f := &fakeStore{}
	s := newServer(t, f, func(o *Options) { o.Limits.Idle = time.Minute })
	var conns []*mta
	for range 2 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		serve(t, s, l)
		for range 3 {
			m := dialAt(t, l)
			m.negotiate(6, allActions, allProtocol)
			conns = append(conns, m)
		}
	}
	for _, m := range conns {
		m.mail("<ann@example.com>")
	}
	for i, m := range conns {
		to := "<guest@a.example>"
		if i%2 == 1 {
			to = "<colleague@example.com>"
		}
		m.rcpt(to)
		m.header("Message-ID", " <several"+string(rune('0'+i))+"@example.com>")
		m.eoh()
	}
	for i, m := range conns {
		d := m.end()
		wantAccepted(t, d)
		if sealed := len(d.frames) > 0; sealed != (i%2 == 0) {
			t.Errorf("connection %d: sealed %v", i, sealed)
		}
	}
	if len(f.sealed) != 3 {
		t.Errorf("%d sealed", len(f.sealed))
	}
}
