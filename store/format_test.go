package store

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/keys"
	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// writeFormat makes testdata/format-1 anew. That is only right before a release
// that nobody has a store of: afterwards a new format gets a folder of its own.
var writeFormat = flag.Bool("write-format", false, "write testdata/format-1")

const formatDir = "testdata/format-1"

// formatCodes are the secrets that open what lies in formatDir.
type formatCodes struct {
	Now      time.Time `json:"now"`
	Guest    string    `json:"guest"`
	OneTime  string    `json:"oneTime"`
	Session  string    `json:"session"`
	Messages int       `json:"messages"`
}

const formatBody = "Subject: kept\r\n\r\nFor ever.\r\n"

// TestOldStoreOpens opens a store that the first version wrote.
func TestOldStoreOpens(t *testing.T) {
	if *writeFormat {
		writeFormatDir(t)
	}
	dir := unpack(t, formatDir)
	var codes formatCodes
	if err := json.Unmarshal(must(os.ReadFile(filepath.Join(formatDir, "codes.json")))(t), &codes); err != nil {
		t.Fatal(err)
	}
	e, ctx := newEnv(t, func(o *Options) {
		o.Dir, o.Keys = filepath.Join(dir, "store"), must(keys.LoadOwner(filepath.Join(dir, "keys")))(t)
		o.Now = func() time.Time { return codes.Now }
	}), context.Background()
	e.portal = must(keys.LoadPortal(filepath.Join(dir, "keys")))(t)
	e.consistent()
	code := must(seal.ParseCode(codes.OneTime))(t)
	m := must(e.OpenOneTime(ctx, code.Token()))(t)
	if got := e.read(m, must(code.Identity())(t), must(e.OneTimePayload(ctx, code.Token()))(t)); got != formatBody {
		t.Errorf("one-time: %q", got)
	}
	guest := must(seal.ParseCode(codes.Guest))(t)
	if info := must(e.Link(ctx, guest.Token()))(t); !info.Account || info.Recipient != "bob@guest.test" {
		t.Errorf("link: %+v", info)
	}
	session := must(seal.ParseToken(codes.Session))(t)
	if p := must(e.Inbox(ctx, session, "", 10))(t); p.Total != codes.Messages {
		t.Errorf("inbox: %+v", p)
	}
	if i, data := e.nextMail(KindNotice); !strings.HasPrefix(data, "notice ") || len(i.To) != 1 {
		t.Errorf("outbox: %q", data)
	}
	if i, data := e.nextMail("reply"); !strings.Contains(data, "large reply") || i.Size != int64(len(data)) {
		t.Error("outbox: the reply")
	}
}

// TestFormatIsDocumented looks for each bucket, each kind of end and each part in
// the description of the format.
func TestFormatIsDocumented(t *testing.T) {
	doc := string(must(os.ReadFile("../docs/store-format.md"))(t))
	for _, b := range buckets {
		if !strings.Contains(doc, "\n### "+b+"\n") {
			t.Errorf("bucket %q is not described", b)
		}
	}
	_, ends, _ := strings.Cut(doc, "\n### expiry\n")
	for kind := range expiring {
		if !strings.Contains(ends, "\n| `"+string(kind)+"` |") {
			t.Errorf("kind %q of bucket expiry is not described", kind)
		}
	}
	_, parts, _ := strings.Cut(doc, "\n### part\n")
	for _, kind := range partKinds {
		if !strings.Contains(parts, "\n| `"+string(kind)+"` |") {
			t.Errorf("kind %q of bucket part is not described", kind)
		}
	}
}

// TestOldStoreGoesOn works with the stores of earlier versions: what is new goes into
// them, they are compacted, copied and restored, and in the end nothing is left.
func TestOldStoreGoesOn(t *testing.T) {
	for _, from := range []string{formatDir, sendersDir} {
		t.Run(filepath.Base(from), func(t *testing.T) {
			dir, ctx := unpack(t, from), context.Background()
			var codes struct{ Now time.Time }
			if err := json.Unmarshal(must(os.ReadFile(filepath.Join(from, "codes.json")))(t), &codes); err != nil {
				t.Fatal(err)
			}
			clock := &testClock{t: codes.Now}
			use := func(o *Options) {
				o.Keys, o.Now = must(keys.LoadOwner(filepath.Join(dir, "keys")))(t), clock.now
				o.Recovery = o.Keys.Recovery
			}
			e := newEnv(t, use, func(o *Options) { o.Dir = filepath.Join(dir, "store") })
			e.clock, e.portal = clock, must(keys.LoadPortal(filepath.Join(dir, "keys")))(t)
			before := must(e.Stats(ctx))(t)
			d := e.Begin(DepositKey{MessageID: "<later@example.com>"})
			held := must(d.Hold(ctx, e.holdRequest(formatBody)))(t)
			sealed := must(d.Seal(ctx, e.request(seal.ModeAccount, formatBody, "bob@guest.test")))(t)[0]
			must(d.Follow(Dispatch{
				Sender: "alice@example.com", Created: clock.now(), Lines: []DispatchLine{
					{Recipient: "bob@guest.test", Message: sealed.Message, Action: "pickup"},
					{Recipient: "carol@guest.test", Held: held.ID, Action: "block"},
				},
			}))(t)
			if err := d.Commit(ctx); err != nil {
				t.Fatal(err)
			}
			if err := e.Compact(ctx); err != nil {
				t.Fatal(err)
			}
			backup := filepath.Join(t.TempDir(), "backup")
			if err := e.Backup(ctx, backup); err != nil {
				t.Fatal(err)
			}
			restored := newEnv(t, use, func(o *Options) { o.Dir = backup })
			restored.clock, restored.portal = clock, e.portal
			if err := restored.Release(ctx, held.Code.Token(), socket.ReleaseOrder{Key: restored.codeKey(held.Code)}); err != nil {
				t.Error(err)
			}
			for _, e := range []*env{e, restored} {
				e.consistent()
				if st := must(e.Stats(ctx))(t); st.Messages != before.Messages+1 || st.Holds != before.Holds+1 || st.Dispatches != before.Dispatches+1 {
					t.Errorf("%+v, before %+v", st, before)
				}
			}
			for range 3 { // ends, then what is remembered of them
				clock.advance(400 * day)
				for _, e := range []*env{e, restored} {
					if err := e.Purge(ctx); err != nil {
						t.Fatal(err)
					}
				}
			}
			for _, e := range []*env{e, restored} {
				if st := must(e.Stats(ctx))(t); st.Messages+st.Holds+st.Dispatches+st.Trusts+st.Sessions+st.Outbox+st.Weeks != 0 {
					t.Errorf("left: %+v", st)
				}
				for _, b := range []string{bucketPart, bucketLink, bucketPayload, bucketInbox, bucketCount, bucketConversation, bucketExpiry, bucketSent, bucketLine} {
					if n := e.keysIn(b); n != 0 {
						t.Errorf("%d keys are left in %s", n, b)
					}
				}
			}
		})
	}
}

// keysIn counts the keys of a bucket.
func (e *env) keysIn(bucket string) (n int) {
	e.t.Helper()
	err := e.meta.view(func(tx *bbolt.Tx) error {
		n = tx.Bucket([]byte(bucket)).Stats().KeyN
		return nil
	})
	if err != nil {
		e.t.Fatal(err)
	}
	return n
}

func writeFormatDir(t *testing.T) {
	keyDir := filepath.Join(formatDir, "keys")
	if err := os.RemoveAll(formatDir); err != nil {
		t.Fatal(err)
	}
	if _, err := keys.Create(keyDir, false); err != nil {
		t.Fatal(err)
	}
	e, ctx := newEnv(t, func(o *Options) {
		o.Keys, o.MmapSize = must(keys.LoadOwner(keyDir))(t), 1<<15
		o.Recovery = o.Keys.Recovery
	}), context.Background()
	e.portal = must(keys.LoadPortal(keyDir))(t)
	s := e.deposit(seal.ModeAccount, formatBody, "bob@guest.test")[0]
	once := e.deposit(seal.ModeOneTime, formatBody, "carol@guest.test")[0]
	session, _ := e.activate(s.Code, "password")
	e.deposit(seal.ModeAccount, formatBody, "bob@guest.test")
	if err := e.Reply(ctx, socket.Caller{Session: session.Token}, socket.Reply{Message: s.Message, Subject: "Re", Nonce: "n"},
		strings.NewReader(plainEntity+strings.Repeat("large reply\r\n", 6000))); err != nil {
		t.Fatal(err)
	}
	if err := e.RequestReset(ctx, "bob@guest.test", "192.0.2.1"); err != nil {
		t.Fatal(err)
	}
	e.pack(filepath.Join(formatDir, "store"))
	b := must(json.MarshalIndent(formatCodes{
		Now: e.clock.now(), Guest: s.Code.Text(), OneTime: once.Code.Text(), Session: session.Token.Encode(), Messages: 2,
	}, "", "\t"))(t)
	if err := os.WriteFile(filepath.Join(formatDir, "codes.json"), append(b, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}
