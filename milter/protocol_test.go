package milter

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	gomilter "github.com/emersion/go-milter"

	"github.com/postseal/postseal/rules"
	"github.com/postseal/postseal/store"
)

// The negotiation asks for what the MTA offered and nothing else, in its version.
func TestNegotiation(t *testing.T) {
	tests := []struct {
		name                       string
		version, actions, protocol uint32
		wantVersion, wantProtocol  uint32
		lists                      bool
	}{
		{"Postfix and Sendmail of today", 6, allActions, allProtocol, 6, uint32(wantedProtocol), true},
		{"a later version", 7, allActions, allProtocol, 6, uint32(wantedProtocol), true},
		{"no steps without answer", 4, 0x3f, 0x37f, 4, 0x300, false},
		{"version 2", 2, 0x3f, 0x7f, 2, 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := dial(t, newServer(t, &fakeStore{}, nil))
			m.negotiate(tt.version, tt.actions, tt.protocol)
			if m.version != tt.wantVersion || m.protocol != tt.wantProtocol {
				t.Errorf("version %d, protocol %#x, want %d, %#x", m.version, m.protocol, tt.wantVersion, tt.wantProtocol)
			}
			if want := uint32(wantedActions) & tt.actions; m.actions != want {
				t.Errorf("actions %#x, want %#x", m.actions, want)
			}
			if tt.lists != (len(m.lists) > 0) {
				t.Errorf("macro lists %v", m.lists)
			}
		})
	}
}

// Postfix sends no macros for a stage without a list, Sendmail heeds the one for
// the end of the message only beside one for the end of the header.
func TestMacroListForEveryStage(t *testing.T) {
	m := connect(t, newServer(t, &fakeStore{}, nil), true)
	for _, stage := range []uint32{0, 1, 2, 3, 5, 6} {
		if m.lists[stage] == "" {
			t.Errorf("stage %d has no list", stage)
		}
	}
	if !strings.Contains(m.lists[2], "{tls_version}") {
		t.Error("TLS macros are not asked for at MAIL; they come at no later stage")
	}
}

func TestNegotiationWithoutNeededActions(t *testing.T) {
	for _, missing := range []gomilter.OptAction{
		gomilter.OptChangeBody, gomilter.OptRemoveRcpt, gomilter.OptChangeHeader, gomilter.OptAddHeader, gomilter.OptQuarantine,
	} {
		m := dial(t, newServer(t, &fakeStore{}, nil))
		b := binary.BigEndian.AppendUint32(nil, 6)
		b = binary.BigEndian.AppendUint32(b, allActions&^uint32(missing))
		b = binary.BigEndian.AppendUint32(b, allProtocol)
		m.send('O', string(b))
		m.wantClosed()
	}
}

// Every step that needs no answer gets none, and an MTA without that gets one.
func TestNoReplySteps(t *testing.T) {
	for _, quiet := range []bool{true, false} {
		f := &fakeStore{}
		m := connect(t, newServer(t, f, nil), quiet)
		m.connectCmd()
		m.helo()
		tm := letter("<guest@a.example>")
		d := m.transact(tm) // an unexpected answer shows up as a modification
		wantAccepted(t, d)
		if a := tm.apply(t, d); strings.Contains(a.body, "planted") {
			t.Error("not sealed")
		}
	}
}

// Without SMFIP_HDR_LEADSPC the MTA takes one space away and adds one.
func TestLeadingSpace(t *testing.T) {
	for _, quiet := range []bool{true, false} {
		f := &fakeStore{}
		m := connect(t, newServer(t, f, nil), quiet)
		tm := letter("<guest@a.example>")
		sent := asSent(tm)
		sent = strings.ReplaceAll(sent, "Keywords:planted", "Keywords: planted")
		if quiet {
			sent = asSent(tm)
		} else {
			for i := range tm.header {
				tm.header[i][1] = strings.TrimPrefix(tm.header[i][1], " ")
			}
		}
		d := m.transact(tm)
		wantAccepted(t, d)
		if got := string(f.sealed[0].content); got != sent {
			t.Errorf("leading space kept %v: sealed\n%q\nwant\n%q", quiet, got, sent)
		}
		a := tm.apply(t, d)
		want := "You have a new encrypted message from ann@example.com"
		if quiet {
			want = " " + want
		}
		if got := a.get("Subject"); len(got) != 1 || got[0] != want {
			t.Errorf("leading space kept %v: Subject %q", quiet, got)
		}
	}
}

// Defect 1: go-milter replaces its backend after a final answer. The next message
// of the connection must meet one that knows the connection.
func TestSecondMessageOfConnection(t *testing.T) {
	f := &fakeStore{}
	var clients []string
	s := newServer(t, f, nil)
	m := connect(t, s, true)
	m.connectCmd()
	m.helo()
	for _, to := range []string{"<colleague@example.com>", "<return@a.example>", "<guest@a.example>", "<drop@a.example>", "<guest2@a.example>"} {
		tm := letter(to)
		d := m.transact(tm)
		switch {
		case strings.HasPrefix(to, "<return"):
			if d.code != 'y' {
				t.Errorf("%s: answer %q", to, d.code)
			}
		case strings.HasPrefix(to, "<drop"):
			if d.code != 'd' {
				t.Errorf("%s: answer %q", to, d.code)
			}
		default:
			wantAccepted(t, d)
		}
		if a := tm.apply(t, d); strings.HasPrefix(to, "<guest") == strings.Contains(a.body, "planted") {
			t.Errorf("%s: body %q", to, a.body)
		}
		m.send('A', "") // Postfix aborts after every end of message
	}
	for _, e := range f.audit {
		clients = append(clients, e.Client)
	}
	for _, c := range clients {
		if c != "192.0.2.7" {
			t.Errorf("a message lost its connection: clients %q", clients)
		}
	}
	if len(f.sealed) != 2 || len(clients) != 4 {
		t.Errorf("%d sealed, %d audit entries", len(f.sealed), len(clients))
	}
}

// A RCPT that the MTA rejects is not ours; those before and after it are one
// message with the header and body that follow.
func TestAbortedTransactionLeavesNothing(t *testing.T) {
	f := &fakeStore{}
	m := connect(t, newServer(t, f, nil), true)
	m.mail("<boss@example.com>")
	m.rcpt("<colleague@example.com>")
	m.header("Subject", " of the first")
	m.send('A', "")
	tm := letter("<guest@a.example>")
	d := m.transact(tm)
	wantAccepted(t, d)
	if got := f.sealed[0]; got.Sender != "ann@example.com" || len(got.Recipients) != 1 || string(got.content) != asSent(tm) {
		t.Errorf("sealed %+v %q", got.SealRequest, got.content)
	}
}

// ABORT after the end of the message says nothing about the MTA's success.
func TestAbortAfterEndUndoesNothing(t *testing.T) {
	f := &fakeStore{}
	m := connect(t, newServer(t, f, nil), true)
	wantAccepted(t, m.transact(letter("<guest@a.example>")))
	m.send('A', "")
	m.send('A', "")
	wantAccepted(t, m.transact(letter("<colleague@example.com>")))
	if len(f.sealed) != 1 || f.abandoned != 0 {
		t.Errorf("%d sealed, %d abandoned", len(f.sealed), f.abandoned)
	}
}

// Defect 2: the macros of one command must not show up with another.
func TestMacrosBelongToTheirMessage(t *testing.T) {
	s := newServer(t, &fakeStore{}, nil)
	seen := recordRules(s)
	m := connect(t, s, true)
	m.macros('C', "j", "mx.example.com")
	m.connectCmd()
	m.macros('M', "{auth_authen}", "ann", "{tls_version}", "TLSv1.3")
	m.mail("<ann@example.com>", "SIZE=1000", "BODY=8BITMIME")
	m.macros('R', "i", "4FIRST")
	m.rcpt("<x@example.com>", "NOTIFY=NEVER")
	m.macros('R', "{rcpt_mailer}", "smtp")
	m.rcpt("<y@example.com>")
	m.header("Subject", " x")
	m.eoh()
	wantAccepted(t, m.end())
	m.mail("<bob@example.com>")
	m.rcpt("<x@example.com>")
	m.header("Subject", " x")
	m.eoh()
	wantAccepted(t, m.end())
	got := seen()
	if len(got) != 2 {
		t.Fatalf("%d evaluations", len(got))
	}
	if got[0].AuthUser != "ann" || got[0].TLS != "TLSv1.3" || got[0].From != "ann@example.com" || got[0].Client.String() != "192.0.2.7" {
		t.Errorf("first message %+v", got[0])
	}
	if len(got[0].Recipients) != 2 || got[0].Recipients[0] != "x@example.com" {
		t.Errorf("recipients %q", got[0].Recipients)
	}
	if got[1].AuthUser != "" || got[1].TLS != "" {
		t.Errorf("the second message has the first one's macros: %+v", got[1])
	}
}

// Defect 3: order, case and repeats of the header stay, and nothing of another
// message comes in. Defect 8 of the library drops fields it can't split.
func TestHeaderInOrder(t *testing.T) {
	s := newServer(t, &fakeStore{}, nil)
	seen := recordRules(s)
	m := connect(t, s, true)
	m.mail("<ann@example.com>")
	m.rcpt("<x@example.com>")
	m.header("X-OLD", " of another message")
	m.send('A', "")
	m.mail("<ann@example.com>")
	m.rcpt("<x@example.com>")
	fields := [][2]string{{"SUBJECT", " a"}, {"x-Empty", ""}, {"x-space", " "}, {"subject", "b\n\tc"}, {"To ", " x"}, {"X-Last", "  two"}}
	for _, f := range fields {
		m.header(f[0], f[1])
	}
	m.eoh()
	wantAccepted(t, m.end())
	got := seen()[0].Header
	if len(got) != len(fields) {
		t.Fatalf("%d fields, want %d: %q", len(got), len(fields), got)
	}
	for i, f := range fields {
		if got[i].Name != f[0] || got[i].Value != strings.TrimLeft(f[1], " \t") {
			t.Errorf("field %d is %q, want %q", i, got[i], f)
		}
	}
}

func TestConnectAddresses(t *testing.T) {
	tests := []struct{ data, want string }{
		{"h\x004\x01\x02192.0.2.1\x00", "192.0.2.1"},
		{"h\x006\x01\x022001:db8::1\x00", "2001:db8::1"},
		{"h\x006\x01\x02IPv6:2001:db8::1\x00", "2001:db8::1"},
		{"h\x006\x01\x02ipv6:::ffff:192.0.2.1\x00", "192.0.2.1"},
		{"localhost\x00L\x00\x00/var/run/x\x00", ""},
		{"unknown\x00U", ""},
		{"h\x004\x01\x02nonsense\x00", ""},
	}
	for _, tt := range tests {
		a, err := parseConnect([]byte(tt.data))
		got := ""
		if a.IsValid() {
			got = a.String()
		}
		if err != nil || got != tt.want {
			t.Errorf("%q: %q, %v, want %q", tt.data, got, err, tt.want)
		}
	}
	for _, bad := range []string{"", "h", "h\x00", "h\x004", "h\x004\x01\x02", "h\x004\x01\x021.2.3.4"} {
		if _, err := parseConnect([]byte(bad)); !errors.Is(err, errFrame) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// Defect 7: the protocol allows a chunk in the end-of-body frame.
func TestDataInEndFrame(t *testing.T) {
	f := &fakeStore{}
	m := connect(t, newServer(t, f, nil), true)
	tm := letter("<guest@a.example>")
	m.mail(tm.from)
	m.rcpt(tm.to[0])
	for _, h := range tm.header {
		m.header(h[0], h[1])
	}
	m.eoh()
	m.body(tm.body[:10])
	m.send('E', tm.body[10:])
	wantAccepted(t, m.answer())
	if got := string(f.sealed[0].content); got != asSent(tm) {
		t.Errorf("sealed %q", got)
	}
}

// What can't be read ends the connection: the MTA keeps the mail.
func TestMalformedFrames(t *testing.T) {
	good := func(code byte, data string) []byte { return appendFrame(nil, code, []byte(data)) }
	start := bytes.Join([][]byte{good('M', "<a@b.example>\x00"), good('R', "<guest@a.example>\x00")}, nil)
	for name, b := range map[string][]byte{
		"empty frame":            {0, 0, 0, 0},
		"huge frame":             {0xff, 0xff, 0xff, 0xff, 'B'},
		"connect cut off":        good('C', "host\x004\x01"),
		"macro without command":  good('D', ""),
		"macro without value":    good('D', "Mi\x00"),
		"mail without end":       good('M', "<a@b.example>"),
		"rcpt empty":             append(start, good('R', "\x00")...),
		"rcpt before mail":       good('R', "<a@b.example>\x00"),
		"header before mail":     good('L', "a\x00b\x00"),
		"header of one string":   append(start, good('L', "Subject\x00")...),
		"header of three":        append(start, good('L', "Subject\x00a\x00b\x00")...),
		"header without name":    append(start, good('L', "\x00a\x00")...),
		"header without end":     append(start, good('L', "Subject\x00a")...),
		"body before mail":       good('B', "x"),
		"end before mail":        good('E', ""),
		"end of header too soon": good('N', ""),
		"rcpt after the header":  append(start, slices.Concat(good('N', ""), good('R', "<c@d.example>\x00"))...),
		"field after the header": append(start, slices.Concat(good('N', ""), good('L', "a\x00b\x00"))...),
		"second end of header":   append(start, slices.Concat(good('N', ""), good('N', ""))...),
		"second negotiation":     good('O', strings.Repeat("\x00", 12)),
		"no such command":        good('Z', ""),
	} {
		t.Run(name, func(t *testing.T) {
			f := &fakeStore{}
			m := connect(t, newServer(t, f, nil), true)
			m.try(b)
			m.wantClosed()
			if f.commits > 0 {
				t.Error("something was committed")
			}
		})
	}
	t.Run("no negotiation", func(t *testing.T) {
		m := dial(t, newServer(t, &fakeStore{}, nil))
		m.try(start)
		m.wantClosed()
	})
	t.Run("short negotiation", func(t *testing.T) {
		m := dial(t, newServer(t, &fakeStore{}, nil))
		m.try(good('O', "\x00\x00\x00\x06"))
		m.wantClosed()
	})
}

// Defect 5, slow-loris: a frame that is begun has to be ended soon.
func TestPartialFrameEnds(t *testing.T) {
	for name, b := range map[string][]byte{
		"length":  {0, 0},
		"payload": {0, 0x0f, 0xff, 0xff, 'B', 'x'},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, &fakeStore{}, func(o *Options) { o.Limits.Frame = 30 * time.Millisecond })
			m := connect(t, s, true)
			m.try(b)
			m.wantClosed()
		})
	}
	t.Run("drip", func(t *testing.T) {
		// Each octet in time, the frame as a whole not.
		s := newServer(t, &fakeStore{}, func(o *Options) { o.Limits.Frame = 100 * time.Millisecond })
		m := connect(t, s, true)
		m.try([]byte{0, 0, 1, 0, 'B'})
		stop := make(chan struct{})
		go func() {
			for {
				select {
				case <-stop:
					return
				case <-time.After(20 * time.Millisecond):
					m.try([]byte{'x'})
				}
			}
		}()
		defer close(stop)
		m.wantClosed()
	})
}

func TestIdleConnectionEnds(t *testing.T) {
	s := newServer(t, &fakeStore{}, func(o *Options) { o.Limits.Idle = 30 * time.Millisecond })
	dial(t, s).wantClosed()
}

func TestConnectionCap(t *testing.T) {
	s := newServer(t, &fakeStore{}, func(o *Options) { o.Limits.Connections = 2 })
	l, err := net.Listen("unix", socketPath(t))
	if err != nil {
		t.Fatal(err)
	}
	serve(t, s, l)
	a, b, c := dialAt(t, l), dialAt(t, l), dialAt(t, l)
	a.negotiate(6, allActions, allProtocol)
	b.negotiate(6, allActions, allProtocol)
	offer := append(binary.BigEndian.AppendUint32(nil, 6), 0, 0, 1, 0xff, 0, 0x1f, 0xff, 0xff)
	c.send('O', string(offer))
	c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := c.Conn.Read(make([]byte, 1)); err == nil {
		t.Fatalf("the third connection got %d octets", n)
	}
	a.send('Q', "")
	if code, _ := c.receive(); code != 'O' {
		t.Errorf("answer %q after a slot was free", code)
	}
}

// Over TCP the same session works; only its acknowledgements differ.
func TestTCP(t *testing.T) {
	f := &fakeStore{}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serve(t, newServer(t, f, nil), l)
	m := dialAt(t, l)
	m.negotiate(6, allActions, allProtocol)
	tm := letter("<guest@a.example>")
	wantAccepted(t, m.transact(tm))
	if string(f.sealed[0].content) != asSent(tm) {
		t.Error("sealed message differs")
	}
}

// An independent client: go-milter's own.
func TestGoMilterClient(t *testing.T) {
	f := &fakeStore{}
	l, err := net.Listen("unix", socketPath(t))
	if err != nil {
		t.Fatal(err)
	}
	serve(t, newServer(t, f, nil), l)
	client := gomilter.NewClientWithOptions("unix", l.Addr().String(), gomilter.ClientOptions{
		ActionMask: allActions, ProtocolMask: allProtocol, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second,
	})
	cs, err := client.Session()
	if err != nil {
		t.Fatal(err)
	}
	defer cs.Close()
	check := func(_ *gomilter.Action, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(cs.Conn("client", gomilter.FamilyInet, 25, "192.0.2.9"))
	check(cs.Helo("client"))
	check(cs.Mail("ann@example.com", []string{"SIZE=100"}))
	check(cs.Rcpt("guest@a.example", nil))
	check(cs.HeaderField("Subject", " secret"))
	check(cs.HeaderEnd())
	mods, act, err := cs.BodyReadFrom(strings.NewReader("body\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	if act.Code != gomilter.ActAccept || len(mods) == 0 || mods[len(mods)-1].Code != gomilter.ActReplBody {
		t.Errorf("answer %q, %d modifications", act.Code, len(mods))
	}
}

// recordedRules wraps the rules and keeps what they were asked about.
type recordedRules struct {
	evaluator
	seen *[]rules.Message
}

func (r recordedRules) EvaluateHeader(ctx context.Context, m *rules.Message) (*rules.Decision, bool, error) {
	*r.seen = append(*r.seen, *m)
	return r.evaluator.EvaluateHeader(ctx, m)
}

// recordRules returns what the rules were asked at the end of each header. It is
// called when the answer to the last message has come.
func recordRules(s *Server) func() []rules.Message {
	var seen []rules.Message
	inner := s.current
	s.current = func() evaluator { return recordedRules{inner(), &seen} }
	return func() []rules.Message { return seen }
}

// A reply must keep its class, double its percent signs and fit into lines.
func TestReplies(t *testing.T) {
	tests := []struct {
		name string
		r    reply
		want string
	}{
		{"plain", reply{550, "5.7.1", "No."}, "550 5.7.1 No."},
		{"percent", reply{550, "5.7.1", "100% of %s"}, "550 5.7.1 100%% of %%s"},
		{"other class", reply{550, "4.7.1", "x"}, "451 4.7.1 x"},
		{"no failure", reply{250, "2.0.0", "x"}, "451 4.7.1 x"},
		{"no enhanced code", reply{550, "", "x"}, "451 4.7.1 x"},
		{"lines", reply{451, "4.7.1", "a\r\nb\n\nc"}, "451-4.7.1 a\r\n451-4.7.1 b\r\n451 4.7.1 c"},
		{"control characters", reply{550, "5.7.1", "a\x00b\tc\x1b[1m"}, "550 5.7.1 ab c[1m"},
		{"not ASCII", reply{550, "5.7.1", "Für März"}, "550 5.7.1 F?r M?rz"},
		{"empty", reply{550, "5.7.1", " \r\n "}, "550 5.7.1 Refused"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := tt.r.answer()
			if got := strings.TrimSuffix(string(a.data), "\x00"); a.code != 'y' || got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
			if !a.Continue() {
				t.Error("the session would lose its backend")
			}
		})
	}
	long := reply{550, "5.7.1", strings.Repeat("word ", 10_000) + strings.Repeat("x", 3000) + "\n" + strings.Repeat("line\n", 100)}
	lines := strings.Split(string(long.answer().data), "\r\n")
	if len(lines) > 32 {
		t.Errorf("%d lines", len(lines))
	}
	for _, l := range lines {
		if len(l) > 500 {
			t.Errorf("line of %d octets", len(l))
		}
	}
}

func TestReplyTable(t *testing.T) {
	for err, want := range map[error]int{
		errors.New("x"): 451, store.ErrFull: 452, context.DeadlineExceeded: 451, syscall.ENOSPC: 452, os.ErrNotExist: 451,
	} {
		if got := replyFor(err); got.code != want {
			t.Errorf("%v: %d, want %d", err, got.code, want)
		}
	}
}

// ReplaceBody: chunks of at most 65,535 octets, none split inside a CRLF.
func TestReplacedBodyChunks(t *testing.T) {
	body := []byte(strings.Repeat(strings.Repeat("x", 76)+"\r\n", 3000))
	b := appendBody(nil, body)
	var got []byte
	n := 0
	for len(b) > 0 {
		size := binary.BigEndian.Uint32(b)
		if size-1 > 65535 || b[4] != 'b' {
			t.Fatalf("frame %q of %d octets", b[4], size)
		}
		got = append(got, b[5:4+size]...)
		b = b[4+size:]
		n++
	}
	if n < 3 || bytes.Contains(got, []byte("\r")) || !bytes.Equal(bytes.ReplaceAll(got, []byte("\n"), []byte("\r\n")), body) {
		t.Errorf("%d chunks, %d octets", n, len(got))
	}
	if b := appendBody(nil, nil); len(b) != 5 {
		t.Errorf("an empty body is %d octets of frames, want one empty chunk", len(b))
	}
}

// A recipient is deleted only by what the MTA said, and never the last one.
func TestDeletedRecipientsAreVerified(t *testing.T) {
	m := &message{recipients: []recipient{{raw: "<Bob@a.example>"}, {raw: "<cy@a.example>"}}}
	if _, err := (&plan{Delete: []string{"<bob@a.example>"}}).frames(m, true); err == nil {
		t.Error("a recipient in another case was deleted")
	}
	if _, err := (&plan{Delete: []string{"<Bob@a.example>", "<cy@a.example>"}}).frames(m, true); err == nil {
		t.Error("every recipient was deleted")
	}
	b, err := (&plan{Delete: []string{"<Bob@a.example>"}}).frames(m, true)
	if err != nil || string(b) != "\x00\x00\x00\x11-<Bob@a.example>\x00" {
		t.Errorf("%q, %v", b, err)
	}
}

// CR, LF and NUL in what others wrote must not end a value.
func TestHeaderValuesAreClean(t *testing.T) {
	m := &message{header: []field{{"Subject", " x"}}, recipients: []recipient{{raw: "<a>"}}}
	b, err := (&plan{
		Set:        []planField{{"Subject", "a\r\nBcc: x\x00y\rz"}},
		Add:        []planField{{"X-New", "one\r\n two"}},
		Quarantine: "r\r\ns\x00",
	}).frames(m, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Subject\x00 a\n Bcc: xyz\x00", "X-New\x00 one\n two\x00", "qrs\x00"} {
		if !bytes.Contains(b, []byte(want)) {
			t.Errorf("frames lack %q: %q", want, b)
		}
	}
	if bytes.ContainsAny(b, "\r") {
		t.Error("a CR is left")
	}
}
