package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/signin"
	"github.com/postseal/postseal/store/socket"
)

// addressMails keeps what it was given.
type addressMails struct{ given []AddressMail }

func (m *addressMails) Address(a AddressMail) (Mail, error) {
	m.given = append(m.given, a)
	return Mail{Kind: KindAddress, ID: "<" + a.ID + "@example.com>", Data: []byte(string(a.Kind) + "\r\n")}, nil
}

// withAddresses makes a store in which addresses can be joined.
func withAddresses(t *testing.T, change ...func(*Options)) (*env, *addressMails) {
	m := &addressMails{}
	return newEnv(t, append(change, func(o *Options) { o.Addresses = m })...), m
}

// regrants makes grants for an account's key, as the portal does with the recovery
// key.
func (e *env) regrants(messages []socket.WaitingMessage, key seal.AccountKey) map[string][]byte {
	e.t.Helper()
	out := map[string][]byte{}
	for _, w := range messages {
		m, err := w.Manifest.Verify(e.portal.Signing)
		if err != nil {
			e.t.Fatal(err)
		}
		if out[m.Message], err = seal.Regrant(w.Recovery, e.portal.Recovery, m, key.Identity().Recipient()); err != nil {
			e.t.Fatal(err)
		}
	}
	return out
}

// joined joins an address to a session's account by the code of a mail.
func (e *env) joined(m *addressMails, session seal.Token, key seal.AccountKey, address string) {
	e.t.Helper()
	ctx := context.Background()
	if err := e.AskAddress(ctx, session, e.proof("password"), address); err != nil {
		e.t.Fatal(err)
	}
	code := m.given[len(m.given)-1].Code.Token()
	j := must(e.Joining(ctx, session, code))(e.t)
	if err := e.JoinAddress(ctx, session, code, socket.Join{Grants: e.regrants(j.Messages, key)}); err != nil {
		e.t.Fatal(err)
	}
}

func TestJoinAnAddress(t *testing.T) {
	e, mails := withAddresses(t)
	ctx := context.Background()
	first := e.deposit(seal.ModeAccount, "for bob", "bob@guest.test")[0]
	s, key := e.activate(first.Code, "password")
	waits := e.deposit(seal.ModeAccount, "for robert", "robert@guest.test")[0]
	if _, err := e.Joining(ctx, s.Token, waits.Code.Token()); err != nil {
		t.Fatal("a notice's link, in a fresh session:", err)
	}
	e.joined(mails, s.Token, key, "Robert@Guest.Test")

	// What waited is in the inbox, and opens.
	if p := must(e.Inbox(ctx, s.Token, "", 10))(t); p.Total != 2 || p.Unread != 2 {
		t.Fatalf("inbox: %d, %d unread", p.Total, p.Unread)
	}
	later := e.deposit(seal.ModeAccount, "later", "ROBERT@guest.test")[0]
	if !later.Account || later.Code != (seal.Code{}) {
		t.Fatalf("a notice to the further address: %+v", later)
	}
	for id, body := range map[string]string{waits.Message: "for robert", later.Message: "later"} {
		m := must(e.Message(ctx, s.Token, id))(t)
		if got := e.read(m, key.Identity(), must(e.Payload(ctx, s.Token, id))(t)); got != body {
			t.Errorf("read %q, want %q", got, body)
		}
	}
	info := must(e.SessionInfo(ctx, s.Token))(t)
	if info.Address != "bob@guest.test" || !slices.Equal(info.Addresses, []string{"robert@guest.test"}) {
		t.Errorf("session: %+v", info)
	}
	// Main address and further one hear of it.
	var told []string
	for _, m := range mails.given {
		if m.Kind == AddressAdded {
			told = append(told, m.To)
		}
	}
	if !slices.Equal(told, []string{"bob@guest.test", "robert@guest.test"}) {
		t.Errorf("told: %v", told)
	}
	// The further address logs in, and its first notice leads there.
	if err := login(e, "robert@GUEST.test", "password", "192.0.2.1"); err != nil {
		t.Errorf("log-in by the further address: %v", err)
	}
	if a, b := must(e.Challenge(ctx, "bob@guest.test"))(t), must(e.Challenge(ctx, "robert@guest.test"))(t); string(a.Salt) != string(b.Salt) {
		t.Error("the further address has other parameters")
	}
	if i := must(e.Link(ctx, waits.Code.Token()))(t); !i.Account {
		t.Errorf("link: %+v", i)
	}
	if _, err := e.Waiting(ctx, waits.Code.Token()); !errors.Is(err, socket.ErrConflict) {
		t.Errorf("waiting: %v", err)
	}
	// An answer is from the address that the message was sent to.
	if err := e.reply(socket.Caller{Session: s.Token}, later.Message, "n1"); err != nil {
		t.Fatal(err)
	}
	if _, raw := e.nextMail("reply"); !strings.Contains(raw, "Reply-To: robert@guest.test") {
		t.Errorf("answer: %s", raw)
	}
	// A forgotten password: the mail goes to the main address alone.
	if err := e.RequestReset(ctx, "robert@guest.test", "192.0.2.9"); err != nil {
		t.Fatal(err)
	}
	if _, ok := e.mails.codes["robert@guest.test"]; ok || e.mails.codes["bob@guest.test"] == (seal.Code{}) {
		t.Errorf("reset mails: %v", e.mails.codes)
	}
	r := must(e.ReportAccount(ctx, "robert@guest.test"))(t)
	if r.Address != "bob@guest.test" || len(r.Further) != 1 {
		t.Errorf("report: %+v", r)
	}
	if n := e.events()[EventAddressAdded]; n != 1 {
		t.Errorf("%d entries in the trail", n)
	}

	// Removed, the address is a stranger's again. What came stays and opens.
	if err := e.RemoveAddress(ctx, s.Token, e.proof("wrong"), "robert@guest.test"); !errors.Is(err, socket.ErrLogin) {
		t.Errorf("removed with a wrong password: %v", err)
	}
	if err := e.RemoveAddress(ctx, s.Token, e.proof("password"), "robert@guest.test"); err != nil {
		t.Fatal(err)
	}
	if err := login(e, "robert@guest.test", "password", "192.0.2.1"); !errors.Is(err, socket.ErrLogin) {
		t.Errorf("log-in by a former address: %v", err)
	}
	if info = must(e.SessionInfo(ctx, s.Token))(t); len(info.Addresses) != 0 || !slices.Equal(info.Former, []string{"robert@guest.test"}) {
		t.Errorf("session: %+v", info)
	}
	anew := e.deposit(seal.ModeAccount, "anew", "robert@guest.test")[0]
	if anew.Account || anew.Code == (seal.Code{}) {
		t.Errorf("after the removal: %+v", anew)
	}
	if p := must(e.Inbox(ctx, s.Token, "", 10))(t); p.Total != 3 {
		t.Errorf("%d messages stayed", p.Total)
	}
	if err := e.reply(socket.Caller{Session: s.Token}, later.Message, "n2"); err != nil {
		t.Fatal(err)
	}
	if _, raw := e.nextMail("reply"); !strings.Contains(raw, "Reply-To: bob@guest.test") {
		t.Errorf("an answer is from an address that is no longer the account's: %s", raw)
	}
	// The old notice's link opens nothing to whoever has the address now.
	if _, err := e.Link(ctx, waits.Code.Token()); !errors.Is(err, socket.ErrUsed) {
		t.Errorf("an old link: %v", err)
	}
	if _, err := e.Waiting(ctx, waits.Code.Token()); !errors.Is(err, socket.ErrUsed) {
		t.Errorf("an old link: %v", err)
	}
	other, _ := e.activate(anew.Code, "other")
	if p := must(e.Inbox(ctx, other.Token, "", 10))(t); p.Total != 1 || p.Messages[0].ID != anew.Message {
		t.Errorf("inbox of the new account: %+v", p)
	}
}

// A message whose grant can't be made, as where recovery is offline, waits with its
// own link.
func TestJoinByCodesAlone(t *testing.T) {
	e, _ := withAddresses(t)
	ctx := context.Background()
	s, key := e.activate(e.deposit(seal.ModeAccount, "for bob", "bob@guest.test")[0].Code, "password")
	waits := e.deposit(seal.ModeAccount, "for robert", "robert@guest.test")
	second := e.deposit(seal.ModeAccount, "for robert, too", "robert@guest.test")[0]
	link := waits[0].Code.Token()
	j := must(e.Joining(ctx, s.Token, link))(t)
	grant := func(w socket.WaitingMessage, code seal.Code) []byte {
		m := must(w.Manifest.Verify(e.portal.Signing))(t)
		return must(seal.Regrant(w.Grant, must(code.Identity())(t), m, key.Identity().Recipient()))(t)
	}
	grants := map[string][]byte{}
	for _, w := range j.Messages {
		if len(w.Grant) > 0 {
			grants[waits[0].Message] = grant(w, waits[0].Code)
		}
	}
	if err := e.JoinAddress(ctx, s.Token, link, socket.Join{Grants: grants}); err != nil {
		t.Fatal(err)
	}
	if p := must(e.Inbox(ctx, s.Token, "", 10))(t); p.Total != 2 {
		t.Fatalf("inbox: %d", p.Total)
	}
	w := must(e.ClaimGrant(ctx, s.Token, second.Code.Token()))(t)
	if err := e.Claim(ctx, s.Token, second.Code.Token(), grant(w, second.Code)); err != nil {
		t.Fatal(err)
	}
	m := must(e.Message(ctx, s.Token, second.Message))(t)
	if got := e.read(m, key.Identity(), must(e.Payload(ctx, s.Token, second.Message))(t)); got != "for robert, too" {
		t.Errorf("read %q", got)
	}
	// Closing the account ends what came to any of its addresses.
	left := e.deposit(seal.ModeAccount, "later", "robert@guest.test")[0]
	if err := e.CloseAccount(ctx, s.Token, e.proof("password")); err != nil {
		t.Fatal(err)
	}
	if again := e.deposit(seal.ModeAccount, "x", "robert@guest.test")[0]; again.Account {
		t.Error("the address is still part of the account")
	}
	if st := must(e.Stats(ctx))(t); st.Accounts != 0 || left.Message == "" {
		t.Errorf("left: %+v", st)
	}
}

// Whoever mistyped an address takes it back: its code is worth nothing then.
func TestWithdrawAnAddress(t *testing.T) {
	e, mails := withAddresses(t)
	ctx := context.Background()
	bob, _ := e.activate(e.deposit(seal.ModeAccount, "for bob", "bob@guest.test")[0].Code, "password")
	eve, _ := e.activate(e.deposit(seal.ModeAccount, "for eve", "eve@guest.test")[0].Code, "password")
	asked := func() int { return len(must(e.Account(ctx, bob.Token))(t).Addresses.Asked) }
	if err := e.AskAddress(ctx, bob.Token, e.proof("password"), "Rob@guest.test"); err != nil {
		t.Fatal(err)
	}
	code := mails.given[len(mails.given)-1].Code
	if err := e.WithdrawAddress(ctx, eve.Token, "rob@guest.test"); err != nil || asked() != 1 {
		t.Errorf("another's: %v, %d wait", err, asked())
	}
	for range 2 {
		if err := e.WithdrawAddress(ctx, bob.Token, "rob@guest.test"); err != nil || asked() != 0 {
			t.Errorf("withdrawn: %v, %d wait", err, asked())
		}
	}
	if err := e.JoinAddress(ctx, bob.Token, code.Token(), socket.Join{}); !errors.Is(err, socket.ErrUsed) {
		t.Errorf("its code: %v", err)
	}
	if p := must(e.Check(ctx))(t); len(p) != 0 {
		t.Errorf("check: %v", p)
	}
}

// Nobody gets another's mail, and nobody learns who has an account.
func TestAddressesOfOthers(t *testing.T) {
	e, mails := withAddresses(t)
	ctx := context.Background()
	bob, key := e.activate(e.deposit(seal.ModeAccount, "for bob", "bob@guest.test")[0].Code, "password")
	carol, _ := e.activate(e.deposit(seal.ModeAccount, "for carol", "carol@guest.test")[0].Code, "password")
	waits := e.deposit(seal.ModeAccount, "for robert", "robert@guest.test")[0]
	carols := e.deposit(seal.ModeAccount, "for carol", "carol@guest.test")[0]

	// The same answer, the same list, the same mails; but one has no code.
	for _, address := range []string{"carol@guest.test", "nobody@guest.test"} {
		if err := e.AskAddress(ctx, bob.Token, e.proof("password"), address); err != nil {
			t.Fatal(err)
		}
		m := mails.given[len(mails.given)-1]
		if taken := address == "carol@guest.test"; (m.Kind == AddressTaken) != taken || (m.Code == seal.Code{}) != taken || m.To != address || m.Main != "bob@guest.test" {
			t.Errorf("%s: mail %+v", address, m)
		}
	}
	if a := must(e.Account(ctx, bob.Token))(t).Addresses; len(a.Asked) != 2 || !a.CanJoin {
		t.Errorf("what was asked for: %+v", a)
	}
	nobodys := mails.given[len(mails.given)-1].Code.Token()

	unknown := map[string]func() error{
		"a mail that another asked for": func() error { _, err := e.Joining(ctx, carol.Token, nobodys); return err },
		"and to join by it":             func() error { return e.JoinAddress(ctx, carol.Token, nobodys, socket.Join{}) },
		"a stranger's code":             func() error { _, err := e.Joining(ctx, bob.Token, seal.NewCode().Token()); return err },
		"a session as link":             func() error { _, err := e.Joining(ctx, bob.Token, carol.Token); return err },
		"a link as session":             func() error { _, err := e.Joining(ctx, nobodys, nobodys); return err },
		"to remove another's":           func() error { return e.RemoveAddress(ctx, bob.Token, e.proof("password"), "carol@guest.test") },
		"to remove the main one":        func() error { return e.RemoveAddress(ctx, bob.Token, e.proof("password"), "bob@guest.test") },
		"to wait by such a link":        func() error { _, err := e.Waiting(ctx, nobodys); return err },
		"to activate by it":             func() error { _, err := e.Activate(ctx, nobodys, e.activation(nil)); return err },
		"to claim by it":                func() error { return e.Claim(ctx, bob.Token, nobodys, []byte("x")) },
		"to open by it":                 func() error { _, err := e.OpenOneTime(ctx, nobodys); return err },
	}
	for name, call := range unknown {
		if err := call(); !errors.Is(err, socket.ErrUnknown) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, tt := range map[string]struct {
		address string
		want    error
	}{
		"the own":      {"BOB@guest.test", socket.ErrConflict},
		"no address":   {"guest.test", socket.ErrInvalid},
		"two":          {"a@guest.test, b@guest.test", socket.ErrInvalid},
		"with a name":  {"A <a@guest.test>", socket.ErrInvalid},
		"lines":        {"a@guest.test\r\nBcc: x@y", socket.ErrInvalid},
		"a long one":   {strings.Repeat("a", 1000) + "@guest.test", socket.ErrInvalid},
		"nothing":      {"", socket.ErrInvalid},
		"turned about": {"a\u202e@guest.test", socket.ErrInvalid},
	} {
		if err := e.AskAddress(ctx, bob.Token, e.proof("password"), tt.address); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := e.AskAddress(ctx, bob.Token, e.proof("wrong"), "x@guest.test"); !errors.Is(err, socket.ErrLogin) {
		t.Errorf("with a wrong password: %v", err)
	}
	// A notice of an address that has an account joins nothing, in whatever session.
	if _, err := e.Joining(ctx, bob.Token, carols.Code.Token()); !errors.Is(err, socket.ErrUnknown) && !errors.Is(err, socket.ErrConflict) {
		t.Errorf("another's notice: %v", err)
	}
	// A grant for another's message is refused as a whole.
	q := socket.Join{Grants: map[string][]byte{carols.Message: []byte("x")}}
	if err := e.JoinAddress(ctx, bob.Token, waits.Code.Token(), q); !errors.Is(err, socket.ErrInvalid) {
		t.Errorf("a grant for another's message: %v", err)
	}
	// A session from a while ago needs a proof with a notice's link.
	e.clock.advance(20 * time.Minute)
	if j := must(e.Joining(ctx, bob.Token, waits.Code.Token()))(t); !j.Proof || j.Message != waits.Message {
		t.Errorf("joining: %+v", j)
	}
	if err := e.JoinAddress(ctx, bob.Token, waits.Code.Token(), socket.Join{Proof: e.proof("wrong")}); !errors.Is(err, socket.ErrLogin) {
		t.Errorf("without a proof: %v", err)
	}
	if p := must(e.Inbox(ctx, bob.Token, "", 10))(t); p.Total != 1 {
		t.Errorf("bob's inbox: %d", p.Total)
	}

	// Whoever comes first has the address; the other's code is worth nothing then.
	if err := e.AskAddress(ctx, carol.Token, e.proof("password"), "robert@guest.test"); err != nil {
		t.Fatal(err)
	}
	late := mails.given[len(mails.given)-1].Code.Token()
	e.joined(mails, bob.Token, key, "robert@guest.test")
	if _, err := e.Joining(ctx, carol.Token, late); !errors.Is(err, socket.ErrConflict) {
		t.Errorf("an address that is another's by now: %v", err)
	}
	if err := e.JoinAddress(ctx, carol.Token, late, socket.Join{}); !errors.Is(err, socket.ErrConflict) {
		t.Errorf("an address that is another's by now: %v", err)
	}
	if err := e.AskAddress(ctx, bob.Token, e.proof("password"), "robert@guest.test"); !errors.Is(err, socket.ErrConflict) {
		t.Errorf("twice: %v", err)
	}
}

func TestAddressesAreBounded(t *testing.T) {
	e, mails := withAddresses(t)
	ctx := context.Background()
	bob, key := e.activate(e.deposit(seal.ModeAccount, "for bob", "bob@guest.test")[0].Code, "password")
	ask := func(s seal.Token, address string) error { return e.AskAddress(ctx, s, e.proof("password"), address) }
	for i := range limitAsk.free + 1 {
		if err := ask(bob.Token, fmt.Sprintf("a%d@guest.test", i)); err != nil {
			t.Fatal(i, err)
		}
	}
	if err := ask(bob.Token, "b@guest.test"); !errors.Is(err, socket.ErrThrottled) {
		t.Errorf("too many: %v", err)
	}
	for i := range maxAliases {
		e.clock.advance(25 * time.Hour)
		if err := e.Purge(ctx); err != nil {
			t.Fatal(err)
		}
		bob = e.loginAs("password")
		e.joined(mails, bob.Token, key, fmt.Sprintf("c%d@guest.test", i))
	}
	e.clock.advance(25 * time.Hour)
	bob = e.loginAs("password")
	if err := ask(bob.Token, "d@guest.test"); !errors.Is(err, socket.ErrTooLarge) {
		t.Errorf("an eleventh: %v", err)
	}
	// A link's time ends.
	if err := e.RemoveAddress(ctx, bob.Token, e.proof("password"), "c0@guest.test"); err != nil {
		t.Fatal(err)
	}
	if err := ask(bob.Token, "d@guest.test"); err != nil {
		t.Fatal(err)
	}
	code := mails.given[len(mails.given)-1].Code.Token()
	e.clock.advance(25 * time.Hour)
	bob = e.loginAs("password")
	if _, err := e.Joining(ctx, bob.Token, code); !errors.Is(err, socket.ErrExpired) {
		t.Errorf("after a day: %v", err)
	}

	// Several accounts don't flood one address, and are told nothing of it.
	mailsTo := func(address string) (n int) {
		for {
			i := must(e.ClaimMail(ctx, time.Minute))(t)
			if i == nil {
				return n
			}
			if i.To[0] == address {
				n++
			}
			if err := e.MailSent(ctx, i); err != nil {
				t.Fatal(err)
			}
		}
	}
	mailsTo("")
	for i := range 6 {
		s, _ := e.activate(e.deposit(seal.ModeAccount, "x", fmt.Sprintf("g%d@guest.test", i))[0].Code, "password")
		if err := ask(s.Token, "victim@other.test"); err != nil {
			t.Fatal(i, err)
		}
	}
	if n := mailsTo("victim@other.test"); n != limitAsked.free+1 {
		t.Errorf("%d mails to one address", n)
	}
}

// growing is a directory that comes to sign in one domain more.
type growing struct {
	directory
	all bool
}

func (g *growing) Method(address string) signin.Method {
	if g.all && strings.HasSuffix(address, "@later.example") {
		return signin.LDAP
	}
	return g.directory.Method(address)
}

// The organisation's directory alone speaks for the addresses that sign in by it.
func TestAddressesOfMembers(t *testing.T) {
	in := &growing{}
	e, mails := withAddresses(t, func(o *Options) { o.SignIn = in })
	ctx := context.Background()
	bob, key := e.activate(e.deposit(seal.ModeAccount, "for bob", "bob@guest.test")[0].Code, "password")
	if err := e.AskAddress(ctx, bob.Token, e.proof("password"), "ann@example.com"); !errors.Is(err, socket.ErrInvalid) {
		t.Errorf("a member's address: %v", err)
	}
	notice := e.deposit(seal.ModeAccount, "for ann", "ann@example.com")[0]
	if err := e.JoinAddress(ctx, bob.Token, notice.Code.Token(), socket.Join{}); !errors.Is(err, socket.ErrInvalid) {
		t.Errorf("by a notice: %v", err)
	}
	// One that was joined before the directory began to sign it in counts no longer.
	e.joined(mails, bob.Token, key, "ann@later.example")
	earlier := e.deposit(seal.ModeAccount, "x", "ann@later.example")[0]
	in.all = true
	if info := must(e.SessionInfo(ctx, bob.Token))(t); len(info.Addresses) != 0 || !slices.Equal(info.Former, []string{"ann@later.example"}) {
		t.Errorf("session: %v, once %v", info.Addresses, info.Former)
	}
	if err := e.Reply(ctx, socket.Caller{Session: bob.Token}, socket.Reply{Message: earlier.Message, Subject: "Re", Nonce: "n"}, strings.NewReader(plainEntity)); err != nil {
		t.Fatal(err)
	}
	answer := must(e.ClaimMail(ctx, time.Minute))(t)
	for answer.Kind != "reply" {
		answer = must(e.ClaimMail(ctx, time.Minute))(t)
	}
	if text := string(must(io.ReadAll(must(answer.Open())(t)))(t)); !strings.Contains(text, "Reply-To: bob@guest.test\r\n") {
		t.Errorf("the guest answers from the member's address:\n%s", text)
	}
	if s := e.deposit(seal.ModeAccount, "x", "ann@later.example")[0]; s.Account {
		t.Error("mail of a member goes to a guest's account")
	}
	ann, err := e.join(must(e.DomainLogin(ctx, socket.DomainLogin{Address: "ann@later.example", Password: "right", Client: "192.0.2.1"}))(t))
	if err != nil || ann.Address != "ann@later.example" {
		t.Fatalf("the member signs in: %+v, %v", ann, err)
	}
	if info := must(e.SessionInfo(ctx, bob.Token))(t); len(info.Addresses) != 0 {
		t.Errorf("the guest still has the member's address: %v", info.Addresses)
	}
}

// An address that the directory took over is the member's, whatever becomes of the
// account that had it, and of the directory.
func TestAddressesThatTheDirectoryTook(t *testing.T) {
	in := &growing{}
	e, mails := withAddresses(t, func(o *Options) { o.SignIn = in })
	ctx := context.Background()
	for _, guest := range []string{"bob@guest.test", "eve@guest.test"} {
		s, key := e.activate(e.deposit(seal.ModeAccount, "for a guest", guest)[0].Code, "password")
		e.joined(mails, s.Token, key, "ann"+guest[:3]+"@later.example")
		in.all = true
		if got := must(e.Account(ctx, s.Token))(t).Addresses.Further; len(got) != 0 {
			t.Errorf("the account lists %v", got)
		}
		if r := must(e.ReportAccount(ctx, guest))(t); len(r.Further) != 0 {
			t.Errorf("the administrator is told of %v", r.Further)
		}
		// What waits for the member outlives the guest's account.
		waits := e.deposit(seal.ModeAccount, "for ann", "ann"+guest[:3]+"@later.example")[0]
		if guest == "bob@guest.test" {
			if err := e.CloseAccount(ctx, s.Token, e.proof("password")); err != nil {
				t.Fatal(err)
			}
		} else {
			e.close()
			e.open()
			in.all = false // a directory that is lost for a while
			if d := e.deposit(seal.ModeAccount, "x", "anneve@later.example")[0]; d.Account {
				t.Error("the guest has the member's address again")
			}
			in.all = true
		}
		if l, err := e.Link(ctx, waits.Code.Token()); err != nil || l.Message != waits.Message {
			t.Errorf("the member's message: %+v, %v", l, err)
		}
		in.all = false
	}
}

func TestAdministratorSeparates(t *testing.T) {
	e, mails := withAddresses(t)
	ctx := context.Background()
	bob, key := e.activate(e.deposit(seal.ModeAccount, "for bob", "bob@guest.test")[0].Code, "password")
	e.joined(mails, bob.Token, key, "robert@guest.test")
	for _, address := range []string{"bob@guest.test", "nobody@guest.test"} {
		if err := e.SeparateAddress(ctx, address); !errors.Is(err, ErrNotAdded) {
			t.Errorf("%s: %v", address, err)
		}
	}
	if err := e.SeparateAddress(ctx, "ROBERT@guest.test"); err != nil {
		t.Fatal(err)
	}
	if m := mails.given[len(mails.given)-1]; m.Kind != AddressRemoved || m.To != "bob@guest.test" || m.Address != "robert@guest.test" {
		t.Errorf("mail: %+v", m)
	}
	if r := must(e.ReportAccount(ctx, "bob@guest.test"))(t); len(r.Further) != 0 {
		t.Errorf("report: %+v", r)
	}
}

// A deposit that is under way while an address is joined or removed is offered
// again.
func TestJoinWhileADepositRuns(t *testing.T) {
	e, mails := withAddresses(t)
	ctx := context.Background()
	bob, key := e.activate(e.deposit(seal.ModeAccount, "for bob", "bob@guest.test")[0].Code, "password")
	offer := func() *Deposit {
		d := e.Begin(e.key())
		if _, err := d.Seal(ctx, e.request(seal.ModeAccount, "x", "robert@guest.test")); err != nil {
			t.Fatal(err)
		}
		return d
	}
	d := offer()
	e.joined(mails, bob.Token, key, "robert@guest.test")
	if err := d.Commit(ctx); !errors.Is(err, ErrChanged) {
		t.Errorf("joined meanwhile: %v", err)
	}
	d = offer()
	if err := e.RemoveAddress(ctx, bob.Token, e.proof("password"), "robert@guest.test"); err != nil {
		t.Fatal(err)
	}
	if err := d.Commit(ctx); !errors.Is(err, ErrChanged) {
		t.Errorf("removed meanwhile: %v", err)
	}
}

// In a mailbox that several people open, the addresses are its holder's affair; and
// a notice does not forestall the people who are to open a mailbox.
func TestAddressesOfMailboxes(t *testing.T) {
	mails := &addressMails{}
	c, ctx := newCrew(t, func(o *Options) { o.Addresses = mails }), context.Background()
	c.join(ann, true)
	visit := c.mustEnter(ann)
	notice := c.deposit(seal.ModeAccount, "for ann", "ann.other@guest.test")[0]
	for name, call := range map[string]func() error{
		"ask":    func() error { return c.AskAddress(ctx, visit, c.proof("password"), "x@guest.test") },
		"look":   func() error { _, err := c.Joining(ctx, visit, notice.Code.Token()); return err },
		"join":   func() error { return c.JoinAddress(ctx, visit, notice.Code.Token(), socket.Join{}) },
		"remove": func() error { return c.RemoveAddress(ctx, visit, c.proof("password"), "x@guest.test") },
	} {
		if err := call(); !errors.Is(err, socket.ErrUnknown) {
			t.Errorf("%s in another's mailbox: %v", name, err)
		}
	}
	if a := must(c.Account(ctx, visit))(t).Addresses; a.CanJoin {
		t.Error("a visitor is offered to add an address")
	}
	c.joined(mails, c.claims.Token, c.key, "support@customer.example")
	if s := c.deposit(seal.ModeAccount, "x", "support@customer.example")[0]; !s.Account {
		t.Error("the mailbox has no further address")
	}

	const planned = "planned@customer.example"
	if err := c.AddPerson(ctx, planned, ann, false); err != nil {
		t.Fatal(err)
	}
	first := c.deposit(seal.ModeAccount, "for all", planned)[0]
	if _, err := c.Joining(ctx, c.claims.Token, first.Code.Token()); !errors.Is(err, socket.ErrConflict) {
		t.Errorf("a mailbox that people wait for: %v", err)
	}
}
