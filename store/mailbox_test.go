package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// threaded deposits a message of a thread for bob.
func (e *env) threaded(messageID, references string) string {
	e.t.Helper()
	r := e.request(seal.ModeAccount, "x", "bob@guest.test")
	r.MessageID, r.References = messageID, references
	d := e.Begin(e.key())
	sealed := must(d.Seal(context.Background(), r))(e.t)
	if err := d.Commit(context.Background()); err != nil {
		e.t.Fatal(err)
	}
	e.clock.advance(time.Minute)
	return sealed[0].Message
}

// shown are the ids of a page.
func shown(l socket.List) (ids []string) {
	for _, i := range l.Items {
		ids = append(ids, i.ID)
	}
	return ids
}

func (e *env) list(s socket.Session, q socket.ListQuery) socket.List {
	e.t.Helper()
	if q.Limit == 0 {
		q.Limit = 100
	}
	if q.Folder == "" {
		q.Folder = socket.FolderInbox
	}
	return must(e.List(context.Background(), s.Token, q))(e.t)
}

func TestConversations(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	first := e.deposit(seal.ModeAccount, "x", "bob@guest.test")[0]
	bob, _ := e.activate(first.Code, "password")
	e.clock.advance(time.Minute)
	a := e.threaded("<a@x>", "")
	b := e.threaded("<b@x>", "<a@x>")
	other := e.threaded("<c@x>", "")
	c := e.threaded("<d@x>", " <a@x>\r\n <b@x>")
	l := e.list(bob, socket.ListQuery{})
	if got, want := shown(l), []string{c, other, first.Message}; !slices.Equal(got, want) {
		t.Fatalf("list: %v, want %v", got, want)
	}
	if i := l.Items[0]; i.Count != 3 || i.Unread != 3 || l.Counts[socket.FolderInbox] != (socket.Count{Total: 5, Unread: 5}) {
		t.Errorf("%+v %v", i, l.Counts)
	}
	if err := e.Flag(ctx, bob.Token, socket.Selection{IDs: []string{c}}, socket.Flags{Read: true, Star: true}, socket.Flags{}); err != nil {
		t.Fatal(err)
	}
	// With a filter the newest that passes stands for the conversation.
	if got := shown(e.list(bob, socket.ListQuery{Unread: true})); !slices.Equal(got, []string{other, b, first.Message}) {
		t.Errorf("unread: %v", got)
	}
	if got := shown(e.list(bob, socket.ListQuery{Starred: true, Flat: true})); !slices.Equal(got, []string{c}) {
		t.Errorf("starred: %v", got)
	}
	conv := must(e.Conversation(ctx, bob.Token, b))(t)
	if got := shown(socket.List{Items: conv}); !slices.Equal(got, []string{a, b, c}) || !conv[2].Starred || !conv[2].Read {
		t.Errorf("conversation: %v", got)
	}
	// Deleting one shows the next; bringing back restores all.
	move := func(to socket.Destination, whole bool, ids ...string) {
		t.Helper()
		if err := e.Move(ctx, bob.Token, socket.Selection{IDs: ids, Whole: whole}, to); err != nil {
			t.Fatal(err)
		}
		e.consistent()
	}
	move(socket.ToDeleted, false, c)
	if got := shown(e.list(bob, socket.ListQuery{})); !slices.Equal(got, []string{other, b, first.Message}) {
		t.Errorf("after deleting one: %v", got)
	}
	move(socket.ToDeleted, true, b)
	if i := e.list(bob, socket.ListQuery{Folder: socket.FolderDeleted}).Items; len(i) != 1 || i[0].Count != 3 {
		t.Errorf("deleted: %d", len(i))
	}
	l = e.list(bob, socket.ListQuery{Folder: socket.FolderDeleted, Flat: true})
	if got := shown(l); !slices.Equal(got, []string{c, b, a}) || l.Counts[socket.FolderDeleted].Total != 3 || l.Counts[socket.FolderInbox].Total != 2 {
		t.Errorf("deleted: %v %v", got, l.Counts)
	}
	if m := must(e.Message(ctx, bob.Token, b))(t); m.Grant == nil {
		t.Error("a deleted message does not open")
	}
	move(socket.ToFolder, true, a)
	if got := shown(e.list(bob, socket.ListQuery{})); !slices.Equal(got, []string{c, other, first.Message}) || !e.list(bob, socket.ListQuery{}).Items[0].Starred {
		t.Errorf("brought back: %v", got)
	}
	// Days and cursors.
	var pages []string
	for cursor, n := "", 0; n < 10; n++ {
		l := e.list(bob, socket.ListQuery{Limit: 1, Cursor: cursor})
		pages = append(pages, shown(l)...)
		if cursor = l.Next; cursor == "" {
			break
		}
	}
	if !slices.Equal(pages, []string{c, other, first.Message}) {
		t.Errorf("pages: %v", pages)
	}
	at := must(e.Message(ctx, bob.Token, b))(t).Received
	if got := shown(e.list(bob, socket.ListQuery{Flat: true, Since: at, Until: at.Add(90 * time.Second)})); !slices.Equal(got, []string{other, b}) {
		t.Errorf("between: %v", got)
	}
	if _, err := e.List(ctx, bob.Token, socket.ListQuery{Folder: "else"}); !errors.Is(err, socket.ErrInvalid) {
		t.Errorf("another folder: %v", err)
	}
}

func TestRemovedMessage(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	f := e.follow(e.request(seal.ModeAccount, "x", "bob@guest.test"))
	bob, _ := e.activate(f.sealed[0].Code, "password")
	id := f.sealed[0].Message
	sel := socket.Selection{IDs: []string{id, "nonsense", newID().String()}}
	if err := e.KeepIndex(ctx, bob.Token, map[string][]byte{id: []byte("sealed")}); err != nil {
		t.Fatal(err)
	}
	if i := e.list(bob, socket.ListQuery{}).Items[0]; string(i.Index) != "sealed" || i.Grant != nil || i.Manifest.JSON != nil {
		t.Errorf("with an index entry: %+v", i)
	}
	// Nothing goes for good that was not deleted before.
	for _, to := range []socket.Destination{socket.ToNowhere, socket.ToDeleted, socket.ToNowhere} {
		if err := e.Move(ctx, bob.Token, sel, to); err != nil {
			t.Fatal(err)
		}
		_, err := e.Message(ctx, bob.Token, id)
		if deleted := len(e.list(bob, socket.ListQuery{Folder: socket.FolderDeleted}).Items); (err == nil) != (deleted == 1 || len(e.list(bob, socket.ListQuery{}).Items) == 1) {
			t.Errorf("%s: %v, %d deleted", to, err, deleted)
		}
		e.consistent()
	}
	if _, err := e.Payload(ctx, bob.Token, id); !errors.Is(err, socket.ErrUnknown) {
		t.Errorf("payload of a removed message: %v", err)
	}
	if _, err := e.ClaimGrant(ctx, bob.Token, f.sealed[0].Code.Token()); !errors.Is(err, socket.ErrUnknown) {
		t.Errorf("claiming a removed message: %v", err)
	}
	if l := e.line(f, "bob@guest.test"); !l.CanRecall || l.CanRemind {
		t.Errorf("its sender: %+v", l)
	}
	must(e.Recall(ctx, f.by, nil))(t)
	if l := e.line(f, "bob@guest.test"); l.Ended != endRecalled {
		t.Errorf("recalled: %+v", l)
	}
	if l := e.list(bob, socket.ListQuery{}); len(l.Items) != 0 || l.Counts[socket.FolderInbox].Total != 0 {
		t.Errorf("it is back: %+v", l)
	}
	e.clock.advance(300 * 24 * time.Hour)
	if err := e.Purge(ctx); err != nil {
		t.Fatal(err)
	}
}

// TestIndexOfAnOldStore opens a store from before there were folders.
func TestIndexOfAnOldStore(t *testing.T) {
	e := newEnv(t)
	first := e.deposit(seal.ModeAccount, "x", "bob@guest.test")[0]
	e.activate(first.Code, "password")
	e.clock.advance(time.Minute)
	e.threaded("<a@x>", "")
	last := e.threaded("<b@x>", "<a@x>")
	ended := e.threaded("<e@x>", "")
	if err := e.RecallMessage(context.Background(), ended); err != nil {
		t.Fatal(err)
	}
	e.deposit(seal.ModeAccount, "x", "carol@guest.test") // nobody has activated
	err := e.update(context.Background(), func(c *change) error {
		c.writes++
		for _, b := range []string{bucketFolder, bucketConversation, bucketCount, bucketIndex, bucketOwn} {
			if err := c.Tx.DeleteBucket([]byte(b)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	e.close()
	e.open()
	bob := must(e.Login(context.Background(), socket.Login{Address: "bob@guest.test", Verifier: e.verifier("password")}))(t)
	l := e.list(bob, socket.ListQuery{})
	if got := shown(l); !slices.Equal(got, []string{ended, last, first.Message}) || l.Items[1].Count != 2 {
		t.Errorf("%v", got)
	}
	if l.Counts[socket.FolderInbox] != (socket.Count{Total: 4, Unread: 3}) {
		t.Errorf("%v", l.Counts)
	}
}

// draft stores a draft of some content.
func (e *env) draft(s socket.Session, id, content string) error {
	return e.PutDraft(context.Background(), s.Token, socket.Draft{ID: id, Index: []byte("index")}, strings.NewReader(content))
}

func TestDrafts(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	m := e.deposit(seal.ModeAccount, "x", "bob@guest.test")[0]
	bob, _ := e.activate(m.Code, "password")
	carol, _ := e.activate(e.deposit(seal.ModeAccount, "x", "carol@guest.test")[0].Code, "password")
	draft, file := newID().String(), newID().String()
	if _, err := e.PutFile(ctx, bob.Token, socket.FilePart{Draft: draft, File: file}, strings.NewReader("x")); !errors.Is(err, socket.ErrUnknown) {
		t.Errorf("a file of no draft: %v", err)
	}
	for _, content := range []string{"one", strings.Repeat("two", 100000)} {
		if err := e.draft(bob, draft, content); err != nil {
			t.Fatal(err)
		}
		r := must(e.OwnContent(ctx, bob.Token, draft))(t)
		if b := must(io.ReadAll(r))(t); string(b) != content {
			t.Errorf("content of %d octets", len(b))
		}
	}
	whole := bytes.Repeat([]byte("0123456789abcdef"), chunkSize/16)
	parts := []struct {
		from int
		data []byte
		err  error
	}{
		{1, whole, socket.ErrConflict},
		{0, append(slices.Clone(whole), whole...), nil},
		{0, whole, socket.ErrConflict}, // the answer was lost, and it comes again
		{2, whole, nil},
		{3, []byte("the end"), nil},
		{4, []byte("more"), socket.ErrConflict},
	}
	for i, p := range parts {
		_, err := e.PutFile(ctx, bob.Token, socket.FilePart{Draft: draft, File: file, From: p.from}, bytes.NewReader(p.data))
		if !errors.Is(err, p.err) {
			t.Fatalf("part %d: %v", i, err)
		}
		e.consistent()
	}
	item := must(e.OwnItem(ctx, bob.Token, draft))(t)
	if len(item.Files) != 1 || item.Files[0].Chunks != 4 || item.Files[0].Size != 3*chunkSize+7 || item.Folder != socket.FolderDrafts {
		t.Errorf("%+v", item)
	}
	got := must(io.ReadAll(must(e.OwnFile(ctx, bob.Token, draft, file))(t)))(t)
	if want := bytes.Repeat(whole, 3); !bytes.Equal(got, append(want, "the end"...)) {
		t.Errorf("file of %d octets", len(got))
	}
	// Nobody else's, by any call.
	for name, err := range map[string]error{
		"draft": e.draft(carol, draft, "mine"),
		"item":  second(e.OwnItem(ctx, carol.Token, draft)), "content": second(e.OwnContent(ctx, carol.Token, draft)),
		"file":         second(e.OwnFile(ctx, carol.Token, draft, file)),
		"conversation": second(e.Conversation(ctx, carol.Token, draft)),
		"part":         second(e.PutFile(ctx, carol.Token, socket.FilePart{Draft: draft, File: file, From: 4}, strings.NewReader("x"))),
		"drop":         e.DropFile(ctx, carol.Token, draft, file),
		"message":      second(e.Message(ctx, carol.Token, m.Message)),
		"thread":       second(e.Conversation(ctx, carol.Token, m.Message)),
	} {
		if !errors.Is(err, socket.ErrUnknown) {
			t.Errorf("another's %s: %v", name, err)
		}
	}
	for _, sel := range []socket.Selection{{IDs: []string{draft, m.Message}}, {IDs: []string{draft, m.Message}, Whole: true}} {
		if err := errors.Join(e.Move(ctx, carol.Token, sel, socket.ToDeleted), e.Flag(ctx, carol.Token, sel, socket.Flags{Star: true}, socket.Flags{}),
			e.KeepIndex(ctx, carol.Token, map[string][]byte{draft: []byte("hers"), m.Message: []byte("hers")})); err != nil {
			t.Error(err)
		}
	}
	for _, whole := range []bool{true, false} {
		sel := socket.Selection{IDs: slices.Repeat([]string{draft}, map[bool]int{true: socket.MaxWhole, false: socket.MaxSelected}[whole]+1), Whole: whole}
		for _, err := range []error{e.Move(ctx, bob.Token, sel, socket.ToDeleted), e.Flag(ctx, bob.Token, sel, socket.Flags{Star: true}, socket.Flags{})} {
			if !errors.Is(err, socket.ErrTooLarge) {
				t.Errorf("a selection of %d, whole %v: %v", len(sel.IDs), whole, err)
			}
		}
	}
	l := e.list(bob, socket.ListQuery{Folder: socket.FolderDrafts})
	if !slices.Equal(shown(l), []string{draft}) || string(l.Items[0].Index) != "index" || l.Items[0].Starred {
		t.Errorf("%+v", l)
	}
	// It becomes the copy in sent, in the conversation of what it answers.
	e.clock.advance(time.Minute)
	reply := socket.Reply{Message: m.Message, Subject: "Re", Nonce: "n", Draft: draft}
	for range 2 {
		if err := e.Reply(ctx, socket.Caller{Session: bob.Token}, reply, strings.NewReader(plainEntity)); err != nil {
			t.Fatal(err)
		}
	}
	if got := shown(e.list(bob, socket.ListQuery{Folder: socket.FolderSent})); !slices.Equal(got, []string{draft}) {
		t.Errorf("sent: %v", got)
	}
	if conv := must(e.Conversation(ctx, bob.Token, m.Message))(t); len(conv) != 2 || !conv[1].Own || conv[1].Folder != socket.FolderSent {
		t.Errorf("conversation: %v", shown(socket.List{Items: conv}))
	}
	if err := e.draft(bob, draft, "changed"); !errors.Is(err, socket.ErrConflict) {
		t.Errorf("changing what was sent: %v", err)
	}
	sel := socket.Selection{IDs: []string{draft}}
	for _, to := range []socket.Destination{socket.ToDeleted, socket.ToFolder, socket.ToDeleted, socket.ToNowhere} {
		if err := e.Move(ctx, bob.Token, sel, to); err != nil {
			t.Fatal(err)
		}
		e.consistent()
	}
	if l := e.list(bob, socket.ListQuery{Folder: socket.FolderDeleted}); len(l.Items) != 0 {
		t.Errorf("it is still there: %+v", l)
	}
	// What is left ends in its time.
	for n := range 3 {
		if err := e.draft(bob, newID().String(), fmt.Sprint(n)); err != nil {
			t.Fatal(err)
		}
	}
	e.clock.advance(200 * 24 * time.Hour)
	if err := e.Purge(ctx); err != nil {
		t.Fatal(err)
	}
	err := e.meta.view(func(tx *bbolt.Tx) error {
		if n := tx.Bucket([]byte(bucketOwn)).Stats().KeyN; n != 0 {
			t.Errorf("%d own items are left", n)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestLimitsOfDrafts(t *testing.T) {
	e := newEnv(t, func(o *Options) { o.MaxOwn, o.MaxOwnItems = 5000, 2 })
	ctx := context.Background()
	bob, _ := e.activate(e.deposit(seal.ModeAccount, "x", "bob@guest.test")[0].Code, "password")
	ids := []string{newID().String(), newID().String(), newID().String()}
	for i, want := range []error{nil, nil, socket.ErrTooLarge} {
		if err := e.draft(bob, ids[i], "x"); !errors.Is(err, want) {
			t.Errorf("draft %d: %v", i, err)
		}
	}
	if err := e.draft(bob, ids[0], strings.Repeat("x", 5000)); !errors.Is(err, socket.ErrTooLarge) {
		t.Errorf("all together: %v", err)
	}
	if _, err := e.PutFile(ctx, bob.Token, socket.FilePart{Draft: ids[0], File: ids[2]}, strings.NewReader(strings.Repeat("x", 5000))); !errors.Is(err, socket.ErrTooLarge) {
		t.Errorf("a file: %v", err)
	}
	if err := e.draft(bob, ids[0], strings.Repeat("x", maxDraft+1)); !errors.Is(err, socket.ErrTooLarge) {
		t.Errorf("one of them: %v", err)
	}
}

// TestComposedIsFollowed: the copy in sent names the dispatch under which the milter
// lets the member follow the message, and nobody else can.
func TestComposedIsFollowed(t *testing.T) {
	e := newEnv(t, func(o *Options) {
		o.Compose = Compose{Member: func(a string) bool { return strings.HasSuffix(a, "@example.com") }, Pass: func(_, dispatch string, _ socket.SendOptions) ([]byte, error) {
			return []byte(dispatch), nil
		}}
	})
	ctx := context.Background()
	dora, _ := e.activate(e.deposit(seal.ModeAccount, "x", "dora@example.com")[0].Code, "password")
	eve, _ := e.activate(e.deposit(seal.ModeAccount, "x", "eve@example.com")[0].Code, "password")
	draft := uuid.Must(uuid.NewV7()).String()
	if err := e.draft(dora, draft, "x"); err != nil {
		t.Fatal(err)
	}
	for range 2 { // sent twice is once
		if err := e.Compose(ctx, dora.Token, socket.Composition{Draft: draft, To: []string{"carol@guest.test"}, Nonce: "n"}, strings.NewReader(plainEntity)); err != nil {
			t.Fatal(err)
		}
	}
	item := must(e.OwnItem(ctx, dora.Token, draft))(t)
	if item.Folder != socket.FolderSent || item.Dispatch == "" {
		t.Fatalf("%+v", item)
	}
	promised := false
	for i := must(e.ClaimMail(ctx, time.Minute))(t); i != nil; i = must(e.ClaimMail(ctx, time.Minute))(t) {
		promised = promised || string(i.Pass) == item.Dispatch
		if err := e.MailSent(ctx, i); err != nil {
			t.Fatal(err)
		}
	}
	if !promised {
		t.Error("the milter does not get the id")
	}
	by := socket.Follower{Session: dora.Token, Dispatch: item.Dispatch}
	if _, err := e.Status(ctx, by); !errors.Is(err, socket.ErrUnknown) {
		t.Errorf("before the mail server has it: %v", err)
	}
	for range 2 { // the second time, the promised id is taken
		d := e.Begin(e.key())
		must(d.Follow(Dispatch{ID: item.Dispatch, Sender: "dora@example.com", Lines: []DispatchLine{{Recipient: "carol@guest.test", Action: "deliver"}}, Created: e.clock.now()}))(t)
		if err := d.Commit(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if st := must(e.Status(ctx, by))(t); len(st.Lines) != 1 || st.Lines[0].Recipient != "carol@guest.test" {
		t.Errorf("%+v", st)
	}
	if page := must(e.Sent(ctx, dora.Token, "", 10))(t); page.Total != 2 {
		t.Errorf("%d dispatches", page.Total)
	}
	by.Session = eve.Token
	if _, err := e.Status(ctx, by); !errors.Is(err, socket.ErrUnknown) {
		t.Errorf("another member: %v", err)
	}
}

func TestCompose(t *testing.T) {
	member := func(a string) bool { return strings.HasSuffix(a, "@example.com") }
	e := newEnv(t, func(o *Options) {
		o.Compose = Compose{Domains: []string{"example.com", ".example.com"}, Member: member, Pass: func(by, _ string, s socket.SendOptions) ([]byte, error) {
			return []byte(fmt.Sprint(by, s.Days)), nil
		}}
	})
	ctx := context.Background()
	bob, _ := e.activate(e.deposit(seal.ModeAccount, "x", "bob@guest.test")[0].Code, "password")
	dora, _ := e.activate(e.deposit(seal.ModeAccount, "x", "dora@example.com")[0].Code, "password")
	e.sendAll()
	n := 0
	for _, tc := range []struct {
		by     socket.Session
		to, cc []string
		days   int
		err    error
	}{
		{bob, []string{"alice@example.com"}, nil, 0, nil},
		{bob, []string{"alice@Example.com", "x@sub.example.com"}, []string{"y@example.com", "alice@example.com"}, 0, nil},
		{bob, nil, []string{"y@example.com"}, 0, nil},
		{bob, nil, nil, 0, socket.ErrInvalid},
		{bob, []string{"carol@guest.test"}, nil, 0, socket.ErrInvalid},
		{bob, []string{"alice@example.com"}, []string{"carol@guest.test"}, 0, socket.ErrInvalid},
		{bob, []string{"alice@notexample.com"}, nil, 0, socket.ErrInvalid},
		{bob, []string{"Alice <alice@example.com>"}, nil, 0, socket.ErrInvalid},
		{bob, []string{"alice@example.com, carol@guest.test"}, nil, 0, socket.ErrInvalid},
		{bob, []string{"alice@example.com\r\nBcc: carol@guest.test"}, nil, 0, socket.ErrInvalid},
		{bob, slices.Repeat([]string{"alice@example.com"}, maxComposed+1), nil, 0, socket.ErrInvalid},
		{dora, []string{"carol@guest.test"}, nil, 7, nil},
		{dora, []string{"carol@guest.test"}, nil, 8, socket.ErrInvalid},
	} {
		n++
		c := socket.Composition{To: tc.to, Cc: tc.cc, Subject: "Hello", Nonce: fmt.Sprint(n), Options: socket.SendOptions{Days: tc.days}}
		err := e.Compose(ctx, tc.by.Token, c, strings.NewReader(plainEntity))
		if !errors.Is(err, tc.err) {
			t.Errorf("%v %v: %v", tc.to, tc.cc, err)
		}
		if err != nil {
			continue
		}
		if err := e.Compose(ctx, tc.by.Token, c, strings.NewReader(plainEntity)); err != nil { // sent twice
			t.Error(err)
		}
		i := must(e.ClaimMail(ctx, time.Minute))(t)
		if i == nil || (tc.by.Token == dora.Token) != (string(i.Pass) == "dora@example.com7") {
			t.Fatalf("%v: %+v", tc.to, i)
		}
		if err := e.MailSent(ctx, i); err != nil {
			t.Fatal(err)
		}
		if again := must(e.ClaimMail(ctx, time.Minute))(t); again != nil {
			t.Errorf("%v: sent twice", tc.to)
		}
	}
	if info := must(e.SessionInfo(ctx, bob.Token))(t); info.Compose != socket.ComposeInternal || !slices.Equal(info.Domains, []string{"example.com", ".example.com"}) {
		t.Errorf("%+v", info)
	}
	if info := must(e.SessionInfo(ctx, dora.Token))(t); info.Compose != socket.ComposeAny {
		t.Errorf("%+v", info)
	}
}

func TestReplyToAll(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	r := e.request(seal.ModeAccount, "x", "bob@guest.test")
	r.Others = []string{"carol@example.com", "alice@example.com", "bob@guest.test", "dave@example.com"}
	d := e.Begin(e.key())
	s := must(d.Seal(ctx, r))(t)[0]
	if err := d.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	bob, _ := e.activate(s.Code, "password")
	e.sendAll()
	for n, all := range []bool{false, true} {
		err := e.Reply(ctx, socket.Caller{Session: bob.Token}, socket.Reply{Message: s.Message, Subject: "Re", Nonce: fmt.Sprint(n), All: all}, strings.NewReader(plainEntity))
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"alice@example.com"}
		if all {
			want = []string{"alice@example.com", "carol@example.com", "dave@example.com"}
		}
		if i := must(e.ClaimMail(ctx, time.Minute))(t); i == nil || !slices.Equal(i.To, want) {
			t.Errorf("all %v: %+v", all, i)
		} else if err := e.MailSent(ctx, i); err != nil {
			t.Fatal(err)
		}
	}
}
