package portal

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/google/uuid"
	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// A fakeOwner is a store owner in memory, for one site, with the semantics that
// package socket promises.
type fakeOwner struct {
	mu       sync.Mutex
	now      func() time.Time
	signing  ed25519.PrivateKey
	recovery *age.HybridIdentity

	messages map[string]*fakeMessage
	links    map[[32]byte]*fakeLink
	accounts map[string]*fakeAccount
	sessions map[[32]byte]*fakeSession
	failures map[string]int
	resets   []string    // addresses for which a reset was asked
	codes    []seal.Code // of the resets that were mailed
	replies  []fakeReply
	nonces   map[string]bool
	down     bool
	replyMax int64
}

type fakeMessage struct {
	socket.Message
	payload  []byte
	recovery []byte
	mode     seal.Mode
	to, from string
	state    error // ErrExpired or ErrRecalled
	key      seal.MessageKey
}

type fakeLink struct {
	info   socket.LinkInfo
	grant  []byte
	used   bool
	opened time.Time
}

type fakeAccount struct {
	socket.Activation
	address string
}

type fakeSession struct {
	address string
	sealed  []byte
	expires time.Time
}

type fakeReply struct {
	socket.Reply
	by     socket.Caller
	entity []byte
}

func newFakeOwner(t testing.TB) *fakeOwner {
	t.Helper()
	_, signing, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	recovery, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	return &fakeOwner{
		now: time.Now, signing: signing, recovery: recovery, messages: map[string]*fakeMessage{},
		links: map[[32]byte]*fakeLink{}, accounts: map[string]*fakeAccount{}, sessions: map[[32]byte]*fakeSession{},
		failures: map[string]int{}, nonces: map[string]bool{}, replyMax: 30 << 20,
	}
}

// A sealRequest is a message to seal in a test.
type sealRequest struct {
	mode     seal.Mode
	from, to string
	summary  seal.Summary
	raw      string
	received time.Time
	expires  time.Duration
}

// seal seals a message and returns its id and, if it has a link, the code.
func (o *fakeOwner) seal(t testing.TB, q sealRequest) (string, seal.Code) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	if q.received.IsZero() {
		q.received = o.now()
	}
	if q.expires == 0 {
		q.expires = 30 * 24 * time.Hour
	}
	q.raw = strings.ReplaceAll(strings.ReplaceAll(q.raw, "\r\n", "\n"), "\n", "\r\n")
	id := uuid.Must(uuid.NewV7()).String()
	key, err := seal.NewMessageKey()
	must(t, err)
	var payload bytes.Buffer
	w, err := key.SealPayload(&payload)
	must(t, err)
	_, err = io.WriteString(w, q.raw)
	must(t, err)
	must(t, w.Close())
	q.summary.Size = int64(len(q.raw))
	summary, err := key.SealSummary(id, q.summary)
	must(t, err)
	m := seal.Manifest{
		Message: id, Mode: q.mode, Sender: q.from, Recipient: q.to, Payload: sha256.Sum256(payload.Bytes()),
		PayloadSize: int64(payload.Len()), Summary: sha256.Sum256(summary), Created: q.received,
	}
	signed, err := m.Sign(o.signing)
	must(t, err)
	msg := &fakeMessage{
		Message: socket.Message{ID: id, Manifest: signed, Summary: summary, Received: q.received,
			Expires: q.received.Add(q.expires), CanReply: q.from != ""},
		payload: payload.Bytes(), mode: q.mode, to: q.to, from: q.from, key: key,
	}
	o.messages[id] = msg
	if q.mode == seal.ModeAccount {
		msg.recovery, err = key.Grant(o.recovery.Recipient(), m)
		must(t, err)
		if a := o.accounts[q.to]; a != nil {
			r, err := age.ParseHybridRecipient(a.PublicKey)
			must(t, err)
			msg.Grant, err = key.Grant(r, m)
			must(t, err)
			return id, seal.Code{}
		}
	}
	code := seal.NewCode()
	lid, err := code.Identity()
	must(t, err)
	grant, err := key.Grant(lid.Recipient(), m)
	must(t, err)
	kind := socket.LinkActivate
	if q.mode == seal.ModeOneTime {
		kind = socket.LinkOneTime
	}
	o.links[code.Token().Hash()] = &fakeLink{grant: grant, info: socket.LinkInfo{
		Kind: kind, Message: id, Recipient: q.to, Sender: q.from, Created: q.received, Expires: msg.Expires}}
	return id, code
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (o *fakeOwner) link(token seal.Token) (*fakeLink, error) {
	if o.down {
		return nil, socket.ErrUnavailable
	}
	l := o.links[token.Hash()]
	if l == nil {
		return nil, socket.ErrUnknown
	}
	if m := o.messages[l.info.Message]; m != nil && m.state != nil {
		return nil, m.state
	}
	if l.used || (l.info.Kind == socket.LinkOneTime && !l.opened.IsZero() && o.now().Sub(l.opened) > time.Hour) {
		return nil, socket.ErrUsed
	}
	if o.now().After(l.info.Expires) {
		return nil, socket.ErrExpired
	}
	return l, nil
}

func (o *fakeOwner) Link(_ context.Context, token seal.Token) (socket.LinkInfo, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	l, err := o.link(token)
	if err != nil {
		return socket.LinkInfo{}, err
	}
	info := l.info
	info.Account = o.accounts[info.Recipient] != nil
	return info, nil
}

func (o *fakeOwner) Waiting(_ context.Context, token seal.Token) (socket.Waiting, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	l, err := o.link(token)
	if err != nil {
		return socket.Waiting{}, err
	}
	w := socket.Waiting{Recipient: l.info.Recipient}
	if a := o.accounts[w.Recipient]; a != nil {
		w.Account, w.Name, w.Escrow = true, a.Name, a.Escrow
	}
	for _, m := range o.messages {
		if m.to == w.Recipient && m.mode == seal.ModeAccount && m.state == nil {
			wm := socket.WaitingMessage{Manifest: m.Manifest, Recovery: m.recovery}
			if m.ID == l.info.Message {
				wm.Grant = l.grant
			}
			w.Messages = append(w.Messages, wm)
		}
	}
	return w, nil
}

func (o *fakeOwner) Activate(_ context.Context, token seal.Token, a socket.Activation) (socket.Session, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	l, err := o.link(token)
	if err != nil {
		return socket.Session{}, err
	}
	if o.accounts[l.info.Recipient] != nil && l.info.Kind != socket.LinkReset {
		return socket.Session{}, socket.ErrConflict
	}
	// A notice's link stays good: it then leads to the log-in.
	l.used = l.info.Kind == socket.LinkReset
	o.accounts[l.info.Recipient] = &fakeAccount{a, l.info.Recipient}
	for id, g := range a.Grants {
		if m := o.messages[id]; m != nil && m.to == l.info.Recipient {
			m.Grant = g
		}
	}
	for h, s := range o.sessions {
		if s.address == l.info.Recipient {
			delete(o.sessions, h)
		}
	}
	return o.start(l.info.Recipient), nil
}

func (o *fakeOwner) start(address string) socket.Session {
	token := seal.NewToken()
	expires := o.now().Add(12 * time.Hour)
	o.sessions[token.Hash()] = &fakeSession{address: address, expires: expires}
	a := o.accounts[address]
	return socket.Session{Token: token, Address: address, Name: a.Name, Wrapped: a.Wrapped, Expires: expires}
}

func (o *fakeOwner) OpenOneTime(_ context.Context, token seal.Token) (socket.Message, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	l, err := o.link(token)
	if err != nil {
		return socket.Message{}, err
	}
	if l.info.Kind != socket.LinkOneTime {
		return socket.Message{}, socket.ErrUnknown
	}
	if l.opened.IsZero() {
		l.opened = o.now()
	}
	m := o.messages[l.info.Message].Message
	m.Grant, m.Opened = l.grant, l.opened
	return m, nil
}

func (o *fakeOwner) OneTimePayload(_ context.Context, token seal.Token) (io.ReadCloser, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	l, err := o.link(token)
	if err != nil {
		return nil, err
	}
	if l.opened.IsZero() {
		return nil, socket.ErrUnknown
	}
	return io.NopCloser(bytes.NewReader(o.messages[l.info.Message].payload)), nil
}

func (o *fakeOwner) Challenge(_ context.Context, address string) (seal.KDF, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.down {
		return seal.KDF{}, socket.ErrUnavailable
	}
	if a := o.accounts[normal(address)]; a != nil {
		return a.KDF, nil
	}
	k := seal.NewKDF()
	sum := sha256.Sum256([]byte(normal(address)))
	k.Salt = sum[:16]
	return k, nil
}

func normal(address string) string { return strings.ToLower(strings.TrimSpace(address)) }

func (o *fakeOwner) Login(_ context.Context, l socket.Login) (socket.Session, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	a := o.accounts[normal(l.Address)]
	if o.failures[normal(l.Address)] >= 5 {
		return socket.Session{}, &socket.ThrottledError{RetryAfter: 4 * time.Minute}
	}
	if a == nil || subtle.ConstantTimeCompare(a.Verifier, l.Verifier) != 1 {
		o.failures[normal(l.Address)]++
		return socket.Session{}, socket.ErrLogin
	}
	return o.start(a.address), nil
}

func (o *fakeOwner) session(token seal.Token) (*fakeSession, error) {
	if o.down {
		return nil, socket.ErrUnavailable
	}
	s := o.sessions[token.Hash()]
	if s == nil || o.now().After(s.expires) {
		return nil, socket.ErrUnknown
	}
	return s, nil
}

func (o *fakeOwner) KeepKey(_ context.Context, token seal.Token, sealed []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	s, err := o.session(token)
	if err == nil {
		s.sealed = sealed
	}
	return err
}

func (o *fakeOwner) SessionInfo(_ context.Context, token seal.Token) (socket.SessionInfo, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	s, err := o.session(token)
	if err != nil {
		return socket.SessionInfo{}, err
	}
	a := o.accounts[s.address]
	return socket.SessionInfo{Address: s.address, Name: a.Name, PublicKey: a.PublicKey, SealedKey: s.sealed, Expires: s.expires}, nil
}

func (o *fakeOwner) Logout(_ context.Context, token seal.Token) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.sessions, token.Hash())
	return nil
}

func (o *fakeOwner) RequestReset(_ context.Context, address, client string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	address = normal(address)
	o.resets = append(o.resets, address)
	if o.accounts[address] != nil {
		code := seal.NewCode()
		o.codes = append(o.codes, code)
		o.links[code.Token().Hash()] = &fakeLink{info: socket.LinkInfo{Kind: socket.LinkReset, Recipient: address, Created: o.now(), Expires: o.now().Add(24 * time.Hour)}}
	}
	return nil
}

func (o *fakeOwner) ClaimGrant(_ context.Context, session, link seal.Token) (socket.WaitingMessage, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	s, err := o.session(session)
	if err != nil {
		return socket.WaitingMessage{}, err
	}
	l, err := o.link(link)
	if err != nil {
		return socket.WaitingMessage{}, err
	}
	if l.info.Recipient != s.address || l.info.Kind != socket.LinkActivate {
		return socket.WaitingMessage{}, socket.ErrUnknown
	}
	m := o.messages[l.info.Message]
	if m.Grant != nil {
		return socket.WaitingMessage{}, socket.ErrConflict
	}
	return socket.WaitingMessage{Manifest: m.Manifest, Grant: l.grant}, nil
}

func (o *fakeOwner) Claim(ctx context.Context, session, link seal.Token, grant []byte) error {
	if _, err := o.ClaimGrant(ctx, session, link); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	l := o.links[link.Hash()]
	o.messages[l.info.Message].Grant = grant
	return nil
}

func (o *fakeOwner) Inbox(_ context.Context, session seal.Token, cursor string, limit int) (socket.Page, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	s, err := o.session(session)
	if err != nil {
		return socket.Page{}, err
	}
	var all []socket.Message
	for _, m := range o.messages {
		if m.to == s.address && m.Grant != nil && m.state == nil {
			all = append(all, m.Message)
		}
	}
	slices.SortFunc(all, func(a, b socket.Message) int { return b.Received.Compare(a.Received) })
	var p socket.Page
	p.Total = len(all)
	for _, m := range all {
		if !m.Read {
			p.Unread++
		}
	}
	start := 0
	if cursor != "" {
		start = slices.IndexFunc(all, func(m socket.Message) bool { return m.ID == cursor })
		if start < 0 {
			return socket.Page{}, socket.ErrInvalid
		}
	}
	end := min(start+limit, len(all))
	p.Messages = all[start:end]
	if end < len(all) {
		p.Next = all[end].ID
	}
	return p, nil
}

func (o *fakeOwner) find(session seal.Token, id string) (*fakeMessage, error) {
	s, err := o.session(session)
	if err != nil {
		return nil, err
	}
	m := o.messages[id]
	if m == nil || m.to != s.address || m.mode != seal.ModeAccount {
		return nil, socket.ErrUnknown
	}
	if m.state != nil {
		return nil, m.state
	}
	return m, nil
}

func (o *fakeOwner) Message(_ context.Context, session seal.Token, id string) (socket.Message, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	m, err := o.find(session, id)
	if err != nil {
		return socket.Message{}, err
	}
	return m.Message, nil
}

func (o *fakeOwner) Payload(_ context.Context, session seal.Token, id string) (io.ReadCloser, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	m, err := o.find(session, id)
	if err != nil {
		return nil, err
	}
	return io.NopCloser(bytes.NewReader(m.payload)), nil
}

func (o *fakeOwner) MarkOpened(_ context.Context, session seal.Token, id string, read bool) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	m, err := o.find(session, id)
	if err != nil {
		return err
	}
	if m.Opened.IsZero() && read {
		m.Opened = o.now()
	}
	m.Read = read
	return nil
}

func (o *fakeOwner) Reply(_ context.Context, by socket.Caller, r socket.Reply, entity io.Reader) error {
	b, err := io.ReadAll(io.LimitReader(entity, o.replyMax+1))
	if err != nil {
		return fmt.Errorf("read the reply: %w", err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if int64(len(b)) > o.replyMax {
		return socket.ErrTooLarge
	}
	var m *fakeMessage
	if by.Session != (seal.Token{}) {
		if m, err = o.find(by.Session, r.Message); err != nil {
			return err
		}
	} else {
		l, err := o.link(by.Link)
		if err != nil {
			return err
		}
		if l.opened.IsZero() || l.info.Message != r.Message {
			return socket.ErrUnknown
		}
		m = o.messages[r.Message]
	}
	if r.Nonce == "" {
		return socket.ErrInvalid
	}
	m.Replied = o.now()
	if o.nonces[r.Nonce] {
		return nil
	}
	o.nonces[r.Nonce] = true
	o.replies = append(o.replies, fakeReply{r, by, b})
	return nil
}

var _ socket.Owner = (*fakeOwner)(nil)
