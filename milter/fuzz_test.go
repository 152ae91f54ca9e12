package milter

import (
	"bytes"
	"encoding/binary"
	"log"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// pipeListener hands one end of each pipe to the server.
type pipeListener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), done: make(chan struct{})}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}
func (l *pipeListener) Close() error   { l.once.Do(func() { close(l.done) }); return nil }
func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }

// script is a connection that says what it has to say and then ends.
type script struct {
	net.Conn // never used: it is nil
	in       *bytes.Reader
	out      bytes.Buffer
	done     chan struct{}
	once     sync.Once
}

func (c *script) Read(p []byte) (int, error)       { return c.in.Read(p) }
func (c *script) Write(p []byte) (int, error)      { return c.out.Write(p) }
func (c *script) Close() error                     { c.once.Do(func() { close(c.done) }); return nil }
func (c *script) SetReadDeadline(time.Time) error  { return nil }
func (c *script) SetWriteDeadline(time.Time) error { return nil }

// FuzzSession sends anything to a session. It must not panic, answer nothing but
// whole frames, and let no message out to a guest that it did not seal.
func FuzzSession(f *testing.F) {
	start := appendFrame(nil, 'O', []byte("\x00\x00\x00\x06\x00\x00\x01\xff\x00\x1f\xff\xff"))
	message := func(parts ...string) []byte {
		b := bytes.Clone(start)
		for _, p := range parts {
			b = appendFrame(b, p[0], []byte(p[1:]))
		}
		return b
	}
	f.Add(start)
	f.Add(message("Ch\x004\x00\x19192.0.2.1\x00", "Hh\x00", "DMi\x004Q\x00", "M<ann@example.com>\x00", "R<guest@a.example>\x00",
		"LSubject\x00 x\x00", "N", "Bbody\r\n", "E", "A", "Q"))
	f.Add(message("M<>\x00SIZE=1\x00", "R<guest@a.example>\x00", "R<colleague@example.com>\x00NOTIFY=NEVER\x00", "Lx\x00\x00", "N", "Ebody"))
	f.Add(message("M<a@b>\x00", "R<return@a.example>\x00", "N", "E", "M<a@b>\x00", "R<drop@a.example>\x00", "N", "E"))
	f.Add(message("M<a@b>\x00", "R<hold@a.example>\x00", "LX-Postseal-Mail\x00 v1 0 x\x00", "N", "E", "T", "U", "K"))
	f.Add(append(bytes.Clone(start), 0, 0, 0, 9, 'B', 'x'))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff})

	store := &fakeStore{}
	s := newServer(f, store, func(o *Options) {
		o.Limits.Memory, o.Limits.Message, o.Limits.Fields = 100, 10_000, 50
		o.Log = nil
	})
	l := newPipeListener()
	go s.Serve(l)
	f.Cleanup(func() { l.Close() })
	f.Fuzz(func(t *testing.T, b []byte) {
		var logged lockedBuffer
		log.SetOutput(&logged)
		c := &script{in: bytes.NewReader(b), done: make(chan struct{})}
		l.conns <- c
		<-c.done
		out := c.out.Bytes()
		for len(out) >= 5 {
			size := binary.BigEndian.Uint32(out)
			if size == 0 || size > maxFrame {
				t.Fatalf("answer with a frame of %d octets", size)
			}
			if int(size)+4 > len(out) {
				break // cut off by the end of the connection
			}
			if strings.IndexByte("Ocadyphm-bq", out[4]) < 0 {
				t.Fatalf("answer %q", out[4])
			}
			out = out[4+size:]
		}
		if strings.Contains(logged.String(), "panic") {
			t.Fatalf("a panic reached go-milter:\n%s", logged.String())
		}
	})
}

// FuzzFrames reads frames of every kind.
func FuzzFrames(f *testing.F) {
	for _, s := range []string{"", "h\x004\x00\x19192.0.2.1\x00", "h\x006\x00\x19IPv6:::1\x00", "Mi\x00x\x00{a}\x00b\x00", "Subject\x00 x\x00", "\x00\x00\x00\x06\x00\x00\x01\xff\x00\x1f\xff\xff"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if name, value, err := parseHeader(b); err == nil {
			if got := name + "\x00" + value + "\x00"; got != string(b) {
				t.Errorf("header %q read as %q", b, got)
			}
		}
		if list, err := parseStrings(b); err == nil {
			if got := strings.Join(list, "\x00") + "\x00"; got != string(b) {
				t.Errorf("strings %q read as %q", b, got)
			}
		}
		if _, _, err := parseMacros(b); err != nil && len(b) == 0 {
			return
		}
		_, _ = parseConnect(b)
		if o, err := parseOffer(b); err == nil {
			out, err := o.limitTo(appendFrame(nil, 'O', make([]byte, 12)))
			if err != nil || binary.BigEndian.Uint32(out[13:])&^uint32(o.protocol) != 0 {
				t.Errorf("answer %x to the offer %x, %v", out, b, err)
			}
		}
	})
}

// FuzzReply: whatever a rule's text is, the reply is one of SMTP.
func FuzzReply(f *testing.F) {
	f.Add("100% no\r\n250 ok")
	f.Add(strings.Repeat("x", 1000) + "\x00\n\n" + "ü")
	f.Fuzz(func(t *testing.T, text string) {
		data := string(returned(text).answer().data)
		data, ok := strings.CutSuffix(data, "\x00")
		lines := strings.Split(data, "\r\n")
		if !ok || len(lines) > 32 {
			t.Fatalf("%d lines", len(lines))
		}
		for i, l := range lines {
			want := "550-5.7.1 "
			if i == len(lines)-1 {
				want = "550 5.7.1 "
			}
			if !strings.HasPrefix(l, want) || len(l) > 900 || strings.Count(l, "%")%2 != 0 {
				t.Errorf("line %q", l)
			}
			for _, c := range []byte(l) {
				if c < ' ' || c > '~' {
					t.Errorf("octet %#x in %q", c, l)
				}
			}
		}
	})
}

// FuzzNormalise: an address keeps its domain, and normalising twice is the same.
func FuzzNormalise(f *testing.F) {
	for _, s := range []string{"", "a@b", `"a b"@C.example.`, "@x,@y:A@B", `"a"@b`, `""@b`, "<x>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := normalise(s)
		if twice := normalise(once); twice != once {
			// A route within a route, or a domain of dots, is no address; it
			// must only not become another person's.
			if !strings.HasPrefix(strings.TrimSpace(s), "@") && !strings.HasSuffix(strings.TrimSpace(s), ".") && strings.TrimSpace(once) == once {
				t.Errorf("%q, %q, %q", s, once, twice)
			}
		}
	})
}
