package store

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postseal/postseal/store/keys"
	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// writeSenders makes testdata/format-1-senders anew, under the same condition as
// writeFormat.
var writeSenders = flag.Bool("write-format-senders", false, "write testdata/format-1-senders")

const sendersDir = "testdata/format-1-senders"

// sendersCodes are the secrets that open what lies in sendersDir.
type sendersCodes struct {
	Now     time.Time `json:"now"`
	Held    string    `json:"held"`
	Status  string    `json:"status"`
	OneTime string    `json:"oneTime"`
	Message string    `json:"message"`
	PIN     string    `json:"pin"`
	Reply   string    `json:"reply"`
}

// TestOldStoreOfSendersOpens opens a store with all that senders have in it, as
// the first version with these records wrote it.
func TestOldStoreOfSendersOpens(t *testing.T) {
	if *writeSenders {
		writeSendersDir(t)
	}
	dir := unpack(t, sendersDir)
	var codes sendersCodes
	if err := json.Unmarshal(must(os.ReadFile(filepath.Join(sendersDir, "codes.json")))(t), &codes); err != nil {
		t.Fatal(err)
	}
	e, ctx := newEnv(t, func(o *Options) {
		o.Dir, o.Keys = filepath.Join(dir, "store"), must(keys.LoadOwner(filepath.Join(dir, "keys")))(t)
		o.Recovery = o.Keys.Recovery
		o.Now = func() time.Time { return codes.Now }
	}), context.Background()
	e.portal = must(keys.LoadPortal(filepath.Join(dir, "keys")))(t)
	e.consistent()

	held := must(seal.ParseCode(codes.Held))(t)
	if err := e.Release(ctx, held.Token(), socket.ReleaseOrder{Key: e.codeKey(held)}); err != nil {
		t.Fatal(err)
	}
	if i, data := e.nextMail(KindReleased); data != formatBody || string(i.Pass) != "pass" {
		t.Errorf("released: %q", data)
	}
	if d, known, err := e.Deferral(ctx, [32]byte{1}); !known || err != nil || d.State != HoldReleased {
		t.Errorf("deferred: %+v, %v", d, err)
	}
	for to, want := range map[string]bool{"bob@example.com": true, "carol@example.com": false} {
		if got := must(e.Trusted(ctx, "mass", "eve@outside.test", to))(t); got != want {
			t.Errorf("trusted for %s: %v", to, got)
		}
	}
	status := must(seal.ParseCode(codes.Status))(t)
	st := must(e.Status(ctx, socket.Follower{Link: status.Token()}))(t)
	if len(st.Lines) != 3 || st.Lines[1].Ended != endRecalled || must(status.OpenText(st.Subject))(t) != "planted-subject" {
		t.Errorf("status: %+v", st)
	}
	once := must(seal.ParseCode(codes.OneTime))(t)
	pin := must(seal.StretchPIN(codes.PIN, codes.Message))(t)
	m := must(e.TryPIN(ctx, socket.Caller{Link: once.Token()}, codes.Message, pin.Verifier[:], ""))(t)
	man := must(m.Manifest.Verify(e.portal.Signing))(t)
	key := must(seal.OpenLockedGrant(m.Grant, must(once.Identity())(t), man, pin.Wrap))(t)
	r := must(key.ReadPayload(must(e.OneTimePayload(ctx, once.Token()))(t)))(t)
	if got := must(io.ReadAll(r))(t); string(got) != formatBody || !man.Restrict.PIN {
		t.Errorf("with a PIN: %q", got)
	}
	if !must(e.InThread(ctx, []string{codes.Reply}, "dave@guest.test"))(t) {
		t.Error("the thread is gone")
	}
}

// unpack copies keys and store of a format's folder into a new one.
func unpack(t *testing.T, from string) string {
	t.Helper()
	dir := t.TempDir()
	for _, part := range []string{"keys", "store"} {
		names, err := os.ReadDir(filepath.Join(from, part))
		if err != nil || len(names) == 0 {
			t.Fatalf("nothing in %s: %v", part, err)
		}
		if err := os.MkdirAll(filepath.Join(dir, part), 0o700); err != nil {
			t.Fatal(err)
		}
		for _, n := range names {
			b := must(os.ReadFile(filepath.Join(from, part, n.Name())))(t)
			name, packed := strings.CutSuffix(n.Name(), ".gz")
			if packed {
				b = must(io.ReadAll(must(gzip.NewReader(bytes.NewReader(b)))(t)))(t)
			}
			if err := os.WriteFile(filepath.Join(dir, part, name), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

// pack writes the store's files, compressed.
func (e *env) pack(to string) {
	e.t.Helper()
	if err := e.Compact(context.Background()); err != nil {
		e.t.Fatal(err)
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		e.t.Fatal(err)
	}
	for name, b := range e.files() {
		var z bytes.Buffer
		w := must(gzip.NewWriterLevel(&z, gzip.BestCompression))(e.t)
		w.Write(b)
		w.Close()
		if err := os.WriteFile(filepath.Join(to, name+".gz"), z.Bytes(), 0o644); err != nil {
			e.t.Fatal(err)
		}
	}
}

func writeSendersDir(t *testing.T) {
	keyDir := filepath.Join(sendersDir, "keys")
	if err := os.RemoveAll(sendersDir); err != nil {
		t.Fatal(err)
	}
	if _, err := keys.Create(keyDir, false); err != nil {
		t.Fatal(err)
	}
	e, ctx := newEnv(t, func(o *Options) {
		o.Keys, o.MmapSize = must(keys.LoadOwner(keyDir))(t), 1<<15
		o.Recovery = o.Keys.Recovery
		o.Reminders = Reminders{UnreadAfter: []time.Duration{day}, BeforeExpiry: 2 * day}
	}), context.Background()
	e.portal = must(keys.LoadPortal(keyDir))(t)

	d := e.Begin(e.key())
	held := must(d.Hold(ctx, e.holdRequest(formatBody)))(t)
	r := e.request(seal.ModeOneTime, formatBody, "bob@guest.test", "carol@guest.test")
	r.Restrict = seal.Restriction{PIN: true, NoPrint: true}
	r.ReadReceipt = "alice@example.com"
	sealed := must(d.Seal(ctx, r))(t)
	status := must(d.Follow(Dispatch{
		Sender: "alice@example.com", Subject: "planted-subject", MessageID: "<orig@example.com>", Rule: "guests", Created: r.Created,
		Lines: []DispatchLine{
			{Recipient: "bob@guest.test", Message: sealed[0].Message, Action: "one-time"},
			{Recipient: "carol@guest.test", Message: sealed[1].Message, Action: "one-time"},
			{Recipient: "dave@guest.test", Held: held.ID, Action: "block"},
		},
	}))(t)
	if err := d.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	must(e.Recall(ctx, socket.Follower{Link: status.Token()}, []string{sealed[1].Message}))(t)

	deferred := must(e.Defer(ctx, [32]byte{1}, e.deferRequest()))(t)
	if err := e.Release(ctx, deferred.Code.Token(), socket.ReleaseOrder{}); err != nil {
		t.Fatal(err)
	}
	s := e.deposit(seal.ModeAccount, formatBody, "dave@guest.test")[0]
	session, _ := e.activate(s.Code, "password")
	err := e.Reply(ctx, socket.Caller{Session: session.Token}, socket.Reply{Message: s.Message, Subject: "Re", Nonce: "n"}, strings.NewReader(plainEntity))
	if err != nil {
		t.Fatal(err)
	}
	reply, _ := e.nextMail("reply")
	if err := e.MarkUnwanted(ctx, session.Token, s.Message, false); err != nil {
		t.Fatal(err)
	}
	e.pack(filepath.Join(sendersDir, "store"))
	b := must(json.MarshalIndent(sendersCodes{
		Now: e.clock.now(), Held: held.Code.Text(), Status: status.Text(), OneTime: sealed[0].Code.Text(),
		Message: sealed[0].Message, PIN: sealed[0].PIN, Reply: reply.ID,
	}, "", "\t"))(t)
	if err := os.WriteFile(filepath.Join(sendersDir, "codes.json"), append(b, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}
