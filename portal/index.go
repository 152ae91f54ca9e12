package portal

import (
	"encoding/json"
	"net/mail"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/postseal/postseal/portal/display"
	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// An indexEntry is what a list shows of a message, and what a search looks at.
// Opening a message's grant takes a hundred times as long as opening this: the
// portal makes it once, of what it has verified, seals it under a key of the
// account's, and has the owner keep it. The owner can neither read nor make one.
type indexEntry struct {
	From    string    `json:"from"`              // as a list names the writer
	Sender  string    `json:"sender,omitempty"`  // From line and envelope
	To      string    `json:"to,omitempty"`      // To and Cc
	For     string    `json:"for,omitempty"`     // the recipient, if it is not the account's main address
	Subject string    `json:"subject,omitempty"` //
	Date    time.Time `json:"date,omitzero"`
	Files   []string  `json:"files,omitempty"` // names of attachments
	Text    string    `json:"text,omitempty"`  // the beginning of it, once it was opened
	Kind    string    `json:"kind,omitempty"`  // of a draft
}

// maxIndexText is how much of a message's text is found by a search, in octets.
const maxIndexText = 3000

// maxIndexEntry is what an entry may have as JSON: the owner takes 8 kB, sealed, and
// refuses whatever comes along with more.
const maxIndexEntry = 8<<10 - 64

// sealIndex seals an entry for its place. What an entry is made of comes from a mail,
// and takes up to six times its length as JSON; so it is cut until it fits.
func (u *user) sealIndex(id string, e indexEntry) []byte {
	for part := 1; ; part *= 2 {
		b, err := json.Marshal(e.cut(part))
		if err != nil {
			panic("portal: encode an index entry: " + err.Error()) // strings and times encode
		}
		if len(b) <= maxIndexEntry {
			return u.index.Seal(b, "index "+id)
		}
	}
}

// cut shortens the fields of an entry to their limits, divided by part.
func (e indexEntry) cut(part int) indexEntry {
	e.From, e.Sender, e.Subject = clip(e.From, 300/part), clip(e.Sender, 600/part), clip(e.Subject, maxSubject/part)
	e.To, e.For, e.Text = clip(e.To, 1000/part), clip(e.For, maxAddress/part), clip(e.Text, maxIndexText/part)
	names := e.Files
	e.Files = nil
	for size, i := 0, 0; i < len(names); i++ {
		name := clip(names[i], 100/part)
		if size += len(name); size > 1000/part {
			break
		}
		e.Files = append(e.Files, name)
	}
	return e
}

// openIndex is the inverse of sealIndex.
func (u *user) openIndex(id string, sealed []byte) (indexEntry, bool) {
	var e indexEntry
	b, err := u.index.Open(sealed, "index "+id)
	return e, err == nil && json.Unmarshal(b, &e) == nil
}

// indexOf makes the entry of a message that was fetched.
func (c *call) indexOf(f *fetched) indexEntry {
	e := indexEntry{
		From: c.senderName(f), Sender: c.sender(f) + " " + f.manifest.Sender, Subject: display.Decode(f.summary.Subject), Date: f.summary.Date,
		To:  strings.TrimSpace(display.Decode(f.summary.To) + " " + display.Decode(f.summary.Cc)),
		For: c.user.other(f.manifest.Recipient),
	}
	for _, a := range f.summary.Attachments {
		e.Files = append(e.Files, display.Decode(a.Name))
	}
	return e
}

// A finder describes the items of lists. Entries that it has to make are collected
// for the owner to keep.
type finder struct {
	p *portal
	c *call

	mu    sync.Mutex
	fresh map[string][]byte
	made  map[string]*indexEntry // by id; nil: it does not verify
}

func (p *portal) finder(c *call) *finder {
	return &finder{p: p, c: c, fresh: map[string][]byte{}, made: map[string]*indexEntry{}}
}

// prepare makes the entries that a list lacks, on all processors: whoever shows it for
// the first time waits for that.
func (f *finder) prepare(items []socket.Item) {
	var g sync.WaitGroup
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	for _, i := range items {
		if len(i.Index) > 0 || i.Own || i.Ended != "" || i.NeedsPIN {
			continue
		}
		if f.c.ctx().Err() != nil {
			break // nobody waits for it
		}
		slots <- struct{}{}
		g.Go(func() {
			// A panic must not end the portal. Describing the item meets it again, where
			// it is reported.
			defer func() { recover(); <-slots }()
			f.make(i)
		})
	}
	g.Wait()
}

// describe returns an item's entry; ok is false for what does not verify.
func (f *finder) describe(i socket.Item) (e indexEntry, ok bool) {
	if len(i.Index) > 0 {
		if e, ok = f.c.user.openIndex(i.ID, i.Index); ok {
			return e, true
		}
	}
	if i.Own {
		return e, false
	}
	made, done := f.made[i.ID]
	if !done {
		made = f.make(i)
	}
	if made == nil {
		return e, false
	}
	return *made, true
}

// make makes an item's entry of what its grant opens; nil if that does not verify.
func (f *finder) make(i socket.Item) *indexEntry {
	e, sealed := f.open(i)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.made[i.ID] = e
	if e != nil {
		f.fresh[i.ID] = sealed
	}
	return e
}

func (f *finder) open(i socket.Item) (*indexEntry, []byte) {
	m := i.Message
	if m.Grant == nil { // its entry is of an older key
		var err error
		if m, err = f.p.owner.Message(f.c.ctx(), f.c.user.token, i.ID); err != nil {
			return nil, nil
		}
	}
	opened, err := f.p.unlock(m, opener{id: f.c.user.key.Identity()}, seal.ModeAccount, f.c.user.addresses()...)
	if err != nil {
		f.p.log.Error("message of a list fails verification", "message", i.ID)
		return nil, nil
	}
	e := f.c.indexOf(opened)
	return &e, f.c.user.sealIndex(i.ID, e)
}

// keep hands fresh entries to the owner. Without them the next list is slower, and
// no worse.
func (f *finder) keep() {
	defer clear(f.made)
	if len(f.fresh) == 0 {
		return
	}
	if err := f.p.owner.KeepIndex(f.c.ctx(), f.c.user.token, f.fresh); err != nil {
		f.p.log.Warn("index entries could not be kept", "error", err)
	}
	clear(f.fresh)
}

// keepText adds the beginning of a message's text to its entry, so that a search
// finds it.
func (p *portal) keepText(c *call, i socket.Item, f *fetched, text string) {
	text = clip(strings.Join(strings.Fields(text), " "), maxIndexText)
	if e, ok := c.user.openIndex(f.ID, i.Index); f.manifest.Restrict.PIN || ok && (e.Text == text || e.Text != "" && strings.HasPrefix(text, e.Text)) {
		return
	}
	e := c.indexOf(f)
	e.Text = text
	find := p.finder(c)
	find.fresh[f.ID] = c.user.sealIndex(f.ID, e)
	find.keep()
}

// words are what a search looks for: all of them must be there.
func words(query string) []string {
	return strings.Fields(strings.ToLower(clip(query, 300)))
}

func (e indexEntry) matches(words []string) bool {
	if len(words) == 0 {
		return true
	}
	all := strings.ToLower(strings.Join([]string{e.From, e.Sender, e.To, e.For, e.Subject, strings.Join(e.Files, " "), e.Text}, "\n"))
	return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(all, w) })
}

// shortName is the name in an address, for a list.
func shortName(address string) string {
	a, err := mail.ParseAddress(address)
	if err != nil || a.Name == "" || strings.ContainsRune(a.Name, '@') || !utf8.ValidString(a.Name) {
		return address
	}
	return a.Name
}
