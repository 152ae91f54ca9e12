package extract

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/postseal/postseal/rules/extract/sample"
)

// TestMain also is the child: the environment says which one.
func TestMain(m *testing.M) {
	switch mode := os.Getenv("CHILD"); mode {
	case "":
		os.Exit(m.Run())
	case "serve":
		if err := ChildMain(os.Stdin, os.Stdout); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	default:
		misbehave(mode)
		os.Exit(1)
	}
}

// misbehave is a child that starts well and fails at its first document.
func misbehave(mode string) {
	if once, ok := strings.CutPrefix(mode, "once:"); ok {
		if f, err := os.OpenFile(once, os.O_CREATE|os.O_EXCL, 0o600); err != nil {
			ChildMain(os.Stdin, os.Stdout)
			return
		} else {
			f.Close()
		}
		mode = "kill"
	}
	if mode == "mute" {
		fmt.Println("hello, this is another program")
		return
	}
	r := bufio.NewReader(os.Stdin)
	var s setup
	var q request
	if readJSON(r, frameSetup, maxRequestFrame, &s) != nil || confine(s) != nil || writeFrame(os.Stdout, frameHello, []byte(protocol)) != nil ||
		readJSON(r, frameRequest, maxRequestFrame, &q) != nil {
		return
	}
	limitCPU(s.CPU)
	for more := true; more; {
		_, piece, err := readFrame(r, only(frameContent, maxContentFrame))
		if err != nil {
			return
		}
		more = len(piece) > 0
	}
	switch mode {
	case "kill":
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
	case "hang":
		io.Copy(io.Discard, os.Stdin)
	case "spin":
		//lint:ignore SA5002 this is what the limit of processor time ends
		for {
		}
	case "memory":
		var all [][]byte
		for {
			b := make([]byte, 16<<20)
			for i := range b {
				b[i] = 1
			}
			//lint:ignore SA4010 this is what the limit of memory ends
			all = append(all, b)
		}
	case "file":
		if os.WriteFile(filepath.Join(os.TempDir(), "postseal-extract-test"), []byte("x"), 0o600) == nil {
			writeJSON(os.Stdout, frameResult, &Result{})
		}
	case "flood":
		for {
			writeText(os.Stdout, &Text{Data: make([]byte, 1<<20)})
		}
	case "long":
		os.Stdout.Write([]byte{frameText, 0xff, 0xff, 0xff, 0xff})
		io.Copy(io.Discard, os.Stdin)
	case "reason":
		writeJSON(os.Stdout, frameResult, &Result{Unscannable: []Reason{"the secret is 4111"}})
	}
}

func newTestPool(t testing.TB, mode string, o PoolOptions) *Pool {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	o.Command, o.Env = []string{program}, append(o.Env, "CHILD="+mode)
	if dir := os.Getenv("GOCOVERDIR"); dir != "" {
		o.Env = append(o.Env, "GOCOVERDIR="+dir)
	}
	p := NewPool(o)
	t.Cleanup(func() { p.Close() })
	return p
}

func poolRead(t *testing.T, p *Pool, name string, data []byte) (string, *Result) {
	t.Helper()
	var text strings.Builder
	r, err := p.Extract(context.Background(), Document{Name: name, Open: opener(data)}, func(x *Text) error {
		text.Write(x.Data)
		text.WriteByte('\n')
		return nil
	})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return text.String(), r
}

func TestPoolReads(t *testing.T) {
	p := newTestPool(t, "serve", PoolOptions{Children: 2})
	var all sync.WaitGroup
	for name, data := range documents(t) {
		all.Go(func() {
			text, r := poolRead(t, p, name, data)
			if !strings.Contains(squeezed(text), card) || len(r.Unscannable) > 0 {
				t.Errorf("%s: %+v", name, r)
			}
			inText, in := read(t, name, "", data, Limits{})
			if inText != text || fmt.Sprint(in) != fmt.Sprint(r) {
				t.Errorf("%s: another result than in this process: %+v, not %+v", name, r, in)
			}
		})
	}
	all.Wait()
	if n := len(p.idle); n < 1 || n > 2 {
		t.Errorf("%d children", n)
	}
}

func TestPoolReuse(t *testing.T) {
	p := newTestPool(t, "serve", PoolOptions{Documents: 2})
	var pids []int
	for range 4 {
		poolRead(t, p, "a.txt", []byte("text"))
		if len(p.idle) > 0 {
			pids = append(pids, p.idle[0].cmd.Process.Pid)
		} else {
			pids = append(pids, 0)
		}
	}
	if pids[0] == 0 || pids[1] != 0 || pids[2] == 0 || pids[2] == pids[0] || pids[3] != 0 {
		t.Errorf("children after each document: %v", pids)
	}
}

func TestPoolKilled(t *testing.T) {
	docx := sample.Docx([]string{"card " + card})
	t.Run("once", func(t *testing.T) {
		p := newTestPool(t, "once:"+filepath.Join(t.TempDir(), "mark"), PoolOptions{})
		text, r := poolRead(t, p, "a.docx", docx)
		if !strings.Contains(text, card) || len(r.Unscannable) > 0 {
			t.Errorf("%+v", r)
		}
	})
	t.Run("while it waits", func(t *testing.T) {
		p := newTestPool(t, "serve", PoolOptions{})
		poolRead(t, p, "a.docx", docx)
		p.idle[0].cmd.Process.Kill()
		text, r := poolRead(t, p, "a.docx", docx)
		if !strings.Contains(text, card) || len(r.Unscannable) > 0 {
			t.Errorf("%+v", r)
		}
	})
	for mode, want := range map[string]Reason{
		"kill": ReasonFailed, "memory": ReasonFailed, "file": ReasonFailed, "flood": ReasonFailed, "long": ReasonFailed, "reason": ReasonFailed, "hang": ReasonTimeout, "spin": ReasonTimeout,
	} {
		t.Run(mode, func(t *testing.T) {
			o := PoolOptions{Memory: 256 << 20, Limits: Limits{Text: 1 << 20}}
			switch mode {
			case "hang":
				o.Timeout = 200 * time.Millisecond
			case "spin":
				o.CPU = time.Second
			}
			p := newTestPool(t, mode, o)
			_, r := poolRead(t, p, "a.docx", docx)
			if !slices.Equal(r.Unscannable, []Reason{want}) {
				t.Errorf("got %+v", r)
			}
			if len(p.idle) > 0 {
				t.Error("the child is still in use")
			}
		})
	}
}

type brokenContent struct{}

var errContent = errors.New("broken")

func (brokenContent) Read([]byte) (int, error) { return 0, errContent }

func TestPoolErrors(t *testing.T) {
	ctx := context.Background()
	p := newTestPool(t, "serve", PoolOptions{Limits: Limits{Size: 1000}})
	none := func(*Text) error { return nil }
	if _, err := p.Extract(ctx, Document{Open: func() io.Reader { return brokenContent{} }}, none); !errors.Is(err, errContent) {
		t.Errorf("broken content: %v", err)
	}
	stop := errors.New("stop")
	if _, err := p.Extract(ctx, Document{Open: opener([]byte("some text"))}, func(*Text) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("an error of visit: %v", err)
	}
	if r, err := p.Extract(ctx, Document{Open: opener(make([]byte, 1001))}, none); err != nil || !slices.Equal(r.Unscannable, []Reason{ReasonSize}) {
		t.Errorf("too large: %+v, %v", r, err)
	}
	over, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := p.Extract(over, Document{Open: opener([]byte("x"))}, none); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := newTestPool(t, "mute", PoolOptions{}).Extract(ctx, Document{Open: opener([]byte("x"))}, none); err == nil {
		t.Error("another program is taken for a child")
	}
	p.Close()
	if _, err := p.Extract(ctx, Document{Open: opener([]byte("x"))}, none); !errors.Is(err, ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

// TestBombs reads, in real children with their limits, what grows without
// bounds. None may end as clean; a child that does not die of its limits gives
// the reason.
func TestBombs(t *testing.T) {
	p := newTestPool(t, "serve", PoolOptions{Children: 2, Memory: 512 << 20, Limits: Limits{Expanded: 64 << 20, Text: 32 << 20}})
	note := []byte("note")
	for name, data := range map[string][]byte{
		"nested.zip":      sample.NestedZip(200, note),
		"broad.zip":       sample.BroadZip(4, 16, sample.Zip(sample.File{Name: "zeros", Data: make([]byte, 8<<20)})),
		"overlapping.zip": sample.OverlappingZip(5000, 4<<20),
		"overlap.docx":    append(sample.OverlappingZip(3, 10), 0),
		"zeros.gz":        sample.Gzip("", make([]byte, 80<<20)),
		"entity.docx":     sample.EntityDocx(12),
		"bomb.pdf":        sample.PDFBomb(80 << 20),
		"repeated.pdf":    sample.PDFRepeated(100_000, bytes.Repeat([]byte("BT /F1 1 Tf (aaaaaaaaaaaaaaaa) Tj ET "), 1000)),
		"huge.7z":         sample.SevenZipDictionary(file(t, "lzma2.7z"), 40),
		"huge.rar":        sample.RAR(15, sample.File{Name: "a", Data: bytes.Repeat([]byte("a"), 100)}),
		"members.zip":     sample.OverlappingZip(60_000, 1),
		"deep.xml":        []byte(`<?xml version="1.0"?>` + strings.Repeat("<a>", 100_000)),
		"deep.rtf":        []byte(`{\rtf1 ` + strings.Repeat("{", 100_000)),
		"deep.pdf":        []byte("%PDF-1.7\n1 0 obj " + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000)),
		"strings.pdf":     []byte("%PDF-1.7\n" + strings.Repeat("1 0 obj ( ", 300_000)),
		"objects.pdf":     []byte("%PDF-1.7\n" + strings.Repeat("1 0 obj [ ", 300_000)),
	} {
		t.Run(name, func(t *testing.T) {
			_, r := poolRead(t, p, name, data)
			if len(r.Unscannable) == 0 {
				t.Errorf("clean: %+v", r)
			}
			t.Logf("%q", r.Unscannable)
		})
	}
	text, r := poolRead(t, p, "after.docx", sample.Docx([]string{card}))
	if !strings.Contains(text, card) || len(r.Unscannable) > 0 {
		t.Errorf("after them: %+v", r)
	}
}
