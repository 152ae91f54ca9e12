package milter

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// mta is a raw milter client: it sends any frames and shows what comes back.
type mta struct {
	t *testing.T
	net.Conn
	protocol uint32 // as answered to the negotiation
	actions  uint32
	version  uint32
	lists    map[uint32]string // macro lists asked for
}

// The offers of Postfix 3.7 and Sendmail 8.17.
const (
	allActions  = 0x1ff
	allProtocol = 0x1fffff
)

// connect opens a connection and negotiates. With quiet false it offers no
// no-reply steps and no leading space, as an old MTA.
func connect(t *testing.T, s *Server, quiet bool) *mta {
	t.Helper()
	m := dial(t, s)
	protocol := uint32(allProtocol)
	if !quiet {
		protocol = 0x7f
	}
	m.negotiate(6, allActions, protocol)
	return m
}

// dial opens a connection over a socket, through a listener of its own.
func dial(t *testing.T, s *Server) *mta {
	t.Helper()
	l, err := net.Listen("unix", socketPath(t))
	if err != nil {
		t.Fatal(err)
	}
	serve(t, s, l)
	return dialAt(t, l)
}

func serve(t *testing.T, s *Server, l net.Listener) {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		l.Close()
		<-done
	})
}

// socketPath is short: a Unix socket's name has at most 107 octets.
func socketPath(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "m")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir + "/s"
}

func dialAt(t *testing.T, l net.Listener) *mta {
	t.Helper()
	c, err := net.Dial(l.Addr().Network(), l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &mta{t: t, Conn: c}
}

func (m *mta) negotiate(version, actions, protocol uint32) {
	m.t.Helper()
	b := binary.BigEndian.AppendUint32(nil, version)
	b = binary.BigEndian.AppendUint32(b, actions)
	b = binary.BigEndian.AppendUint32(b, protocol)
	m.send('O', string(b))
	code, data := m.receive()
	if code != 'O' || len(data) < 12 {
		m.t.Fatalf("negotiation answered with %q and %d octets", code, len(data))
	}
	m.version = binary.BigEndian.Uint32(data)
	m.actions = binary.BigEndian.Uint32(data[4:])
	m.protocol = binary.BigEndian.Uint32(data[8:])
	m.lists = map[uint32]string{}
	for data = data[12:]; len(data) >= 5; {
		stage := binary.BigEndian.Uint32(data)
		list, rest, _ := strings.Cut(string(data[4:]), "\x00")
		m.lists[stage] = list
		data = []byte(rest)
	}
}

func (m *mta) send(code byte, data string) {
	m.t.Helper()
	m.SetWriteDeadline(time.Now().Add(10 * time.Second))
	if _, err := m.Write(appendFrame(nil, code, []byte(data))); err != nil {
		m.t.Fatalf("send %q: %v", code, err)
	}
}

// try sends on a connection that may be closed already.
func (m *mta) try(b []byte) {
	m.SetWriteDeadline(time.Now().Add(10 * time.Second))
	_, _ = m.Write(b)
}

func (m *mta) receive() (byte, []byte) {
	m.t.Helper()
	code, data, err := m.read()
	if err != nil {
		m.t.Fatalf("receive: %v", err)
	}
	return code, data
}

func (m *mta) read() (byte, []byte, error) {
	m.SetReadDeadline(time.Now().Add(10 * time.Second))
	var head [4]byte
	if _, err := io.ReadFull(m, head[:]); err != nil {
		return 0, nil, err
	}
	b := make([]byte, binary.BigEndian.Uint32(head[:]))
	if _, err := io.ReadFull(m, b); err != nil {
		return 0, nil, err
	}
	return b[0], b[1:], nil
}

// wantClosed fails unless the server ends the connection without an answer.
func (m *mta) wantClosed() {
	m.t.Helper()
	code, _, err := m.read()
	if err == nil {
		m.t.Fatalf("answered with %q, want the connection closed", code)
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		m.t.Fatal("the connection stays open")
	}
}

// step sends a command before the end of the message and takes its answer, if
// the negotiation left one.
func (m *mta) step(code byte, data string, noReply uint32) {
	m.t.Helper()
	m.send(code, data)
	if m.protocol&noReply != 0 {
		return
	}
	if c, _ := m.receive(); c != 'c' {
		m.t.Fatalf("%q answered with %q", code, c)
	}
}

func (m *mta) macros(cmd byte, kv ...string) {
	m.t.Helper()
	m.send('D', string(cmd)+strings.Join(kv, "\x00")+"\x00")
}

func (m *mta) connectCmd() { m.step('C', "client.example.com\x004\x01\x02192.0.2.7\x00", 1<<12) }
func (m *mta) helo()       { m.step('H', "client.example.com\x00", 1<<13) }
func (m *mta) mail(from string, args ...string) {
	m.step('M', strings.Join(append([]string{from}, args...), "\x00")+"\x00", 1<<14)
}

func (m *mta) rcpt(to string, args ...string) {
	m.step('R', strings.Join(append([]string{to}, args...), "\x00")+"\x00", 1<<15)
}
func (m *mta) header(name, value string) { m.step('L', name+"\x00"+value+"\x00", 1<<7) }
func (m *mta) eoh()                      { m.step('N', "", 1<<18) }
func (m *mta) body(chunk string)         { m.step('B', chunk, 1<<19) }

// done is what came back at end of message.
type done struct {
	frames []frame // modifications, in order, progress left out
	code   byte
	data   string
	ticks  int // progress frames
}

// end sends the end of the message and collects the answer.
func (m *mta) end() done {
	m.t.Helper()
	m.send('E', "")
	return m.answer()
}

func (m *mta) answer() done {
	m.t.Helper()
	var d done
	for {
		code, data := m.receive()
		switch code {
		case 'p':
			if len(d.frames) > 0 {
				m.t.Error("progress after the first modification")
			}
			d.ticks++
		case 'a', 'c', 'd', 'r', 't', 'y':
			d.code, d.data = code, strings.TrimSuffix(string(data), "\x00")
			return d
		default:
			d.frames = append(d.frames, frame{code, data})
		}
	}
}

// mail is a message to send through a milter session.
type testMail struct {
	queue  string // the id, where it is known at MAIL
	from   string
	to     []string
	header [][2]string // values with their leading space
	body   string
}

func (m *mta) transact(tm testMail) done {
	m.t.Helper()
	m.macros('M', "i", tm.queue, "{auth_authen}", "ann", "{tls_version}", "TLSv1.3")
	m.mail(tm.from)
	for _, to := range tm.to {
		m.rcpt(to)
	}
	for _, h := range tm.header {
		m.header(h[0], h[1])
	}
	m.macros('N', "i", "4QUEUE")
	m.eoh()
	for b := tm.body; b != ""; {
		n := min(len(b), 65535)
		m.body(b[:n])
		b = b[n:]
	}
	return m.end()
}

// applied is a message after an MTA carried out the modifications.
type applied struct {
	header     [][2]string
	body       string
	to         []string
	quarantine string
}

// apply does what Postfix does with the frames: header indexes count per name
// from 1, any case, among the fields that are there at that moment; a recipient
// is deleted by its exact octets.
func (tm testMail) apply(t *testing.T, d done) applied {
	t.Helper()
	a := applied{header: append([][2]string(nil), tm.header...), body: tm.body, to: append([]string(nil), tm.to...)}
	replaced, headersClosed := false, false
	for _, f := range d.frames {
		if f.code == 'b' {
			if !replaced {
				a.body = ""
			}
			replaced = true
			if len(f.data) > 65535 {
				t.Errorf("chunk of %d octets", len(f.data))
			}
			a.body += strings.ReplaceAll(string(f.data), "\n", "\r\n")
			continue
		}
		if replaced {
			headersClosed = true
		}
		if headersClosed && (f.code == 'h' || f.code == 'm') {
			t.Error("header change after the body")
		}
		switch f.code {
		case 'h':
			s := strings.Split(string(f.data), "\x00")
			a.header = append(a.header, [2]string{s[0], s[1]})
		case 'm':
			index := int(binary.BigEndian.Uint32(f.data))
			s := strings.Split(string(f.data[4:]), "\x00")
			found := false
			for i, n := 0, 0; i < len(a.header); i++ {
				if !strings.EqualFold(strings.TrimRight(a.header[i][0], " "), s[0]) {
					continue
				}
				if n++; n == index {
					found = true
					if s[1] == "" {
						a.header = append(a.header[:i:i], a.header[i+1:]...)
					} else {
						a.header[i][1] = s[1]
					}
					break
				}
			}
			if !found {
				t.Errorf("change of field %s %d, which is not there", s[0], index)
			}
		case '-':
			raw := strings.TrimSuffix(string(f.data), "\x00")
			left, found := a.to[:0:0], false
			for _, to := range a.to {
				if to == raw {
					found = true
				} else {
					left = append(left, to)
				}
			}
			if !found && !contains(tm.to, raw) {
				t.Errorf("delete %q, which is no recipient", raw)
			}
			a.to = left
		case 'q':
			a.quarantine = strings.TrimSuffix(string(f.data), "\x00")
		default:
			t.Errorf("modification %q", f.code)
		}
	}
	return a
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}

func (a applied) get(name string) (values []string) {
	for _, h := range a.header {
		if strings.EqualFold(h[0], name) {
			values = append(values, h[1])
		}
	}
	return values
}
