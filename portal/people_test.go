package portal

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"unicode"

	"github.com/go-rod/rod/lib/input"
	"github.com/google/uuid"

	"github.com/postseal/postseal/portal/browsertest"
	"github.com/postseal/postseal/store"
	"github.com/postseal/postseal/store/signin"
	"github.com/postseal/postseal/store/socket"
)

// A book is the organisation's directory of a test.
type book struct {
	mu     sync.Mutex
	people []signin.Person
	err    error
	texts  []string // that were looked for
}

func (b *book) set(err error, people ...signin.Person) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.people, b.err = people, err
}

func (b *book) asked() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.texts)
}

func (b *book) Find(_ context.Context, text string, keep func(string) bool) (found []signin.Person, more bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.texts = append(b.texts, text)
	if len(strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) })) == 0 || len(text) < 2 {
		return nil, false, signin.ErrText
	}
	for _, p := range b.people {
		text, name := strings.ToLower(text), strings.ToLower(p.Name)
		if keep(p.Address) && (strings.HasPrefix(name, text) || strings.Contains(name, " "+text) || strings.HasPrefix(p.Address, text)) {
			found = append(found, p)
		}
	}
	if len(found) > signin.MaxFound {
		return found[:signin.MaxFound], true, b.err
	}
	return found, false, b.err
}

// crowd is a directory with a name of each kind.
func crowd() []signin.Person {
	people := []signin.Person{
		{Name: "Dr. Maximiliane von Hohenstaufen-Wittelsbacher", Address: "maximiliane.von.hohenstaufen-wittelsbacher@it.firm.example"},
		{Name: "Maya <img src=x onerror=alert(1)>", Address: "maya@firm.example"},
		{Name: "מאיה Maya", Address: "maya.h@firm.example"},
		{Address: "maybe@firm.example"},
		{Name: "Clara Member", Address: member},
		{Name: "Mallory Outside", Address: "mallory@evil.example"},
	}
	for n := range 30 {
		people = append(people, signin.Person{Name: fmt.Sprintf("Crowd %02d", n), Address: fmt.Sprintf("crowd%02d@firm.example", n)})
	}
	return people
}

// TestPeople asks as the script does, and as somebody who plays it.
func TestPeople(t *testing.T) {
	s := newSite(t, nil)
	s.owner.book.set(nil, crowd()...)
	c, _ := s.activated(plainMail)
	ask := func(text string) (socket.Found, page) {
		b, err := json.Marshal(map[string]string{"text": text})
		must(t, err)
		p := c.postJSON("/m/people", string(b))
		var f socket.Found
		if p.status == 200 {
			must(t, json.Unmarshal([]byte(p.body), &f))
		}
		return f, p
	}
	if f, _ := ask("Cla"); len(f.People) != 1 || f.People[0] != (socket.FoundPerson{Name: "Clara Member", Address: member}) || f.More {
		t.Errorf("Cla: %+v", f)
	}
	if f, _ := ask("crowd"); len(f.People) != signin.MaxFound || !f.More {
		t.Errorf("crowd: %d, %v", len(f.People), f.More)
	}
	if f, p := ask("mall"); len(f.People) != 0 || p.status != 200 {
		t.Errorf("a guest finds somebody outside: %+v", f)
	}
	for _, text := range []string{"", "x", "**"} {
		if _, p := ask(text); p.status != 400 {
			t.Errorf("%q: status %d", text, p.status)
		}
	}
	for _, body := range []string{"", "[]", `{"text":1}`, `{"text":"` + strings.Repeat("x", maxForm) + `"}`} {
		if p := c.postJSON("/m/people", body); p.status != 400 {
			t.Errorf("%.20q: status %d", body, p.status)
		}
	}
	c.post("/m/people", "text", "clara").wants(t, 400) // another site's form can send that
	if n := s.client().postJSON("/m/people", `{"text":"clara"}`); n.status != 401 {
		t.Errorf("without a session: %d", n.status)
	}
	if strings.Contains(s.log.String(), "Cla") || strings.Contains(s.log.String(), "mall") {
		t.Error("the log says what was looked for")
	}
	s.owner.book.set(signin.ErrUnavailable)
	if _, p := ask("Cla"); p.status != 503 {
		t.Errorf("away: %d", p.status)
	}
	s.owner.book.set(nil, crowd()...)
	last := 0
	for range 50 {
		_, p := ask("crowd")
		last = p.status
	}
	if last != 429 {
		t.Errorf("after many: %d", last)
	}

	// Where there is none, nothing shows it.
	none := newSiteOf(t, func(_ string, o *store.Options) { o.Compose.GuestsLookUp = false }, nil)
	d, _ := none.activated(plainMail)
	d.get("/m/write").wants(t, 200).lacks(t, "data-directory", `name="who"`)
	if p := d.postJSON("/m/people", `{"text":"clara"}`); p.status != 404 {
		t.Errorf("without a directory: %d", p.status)
	}
	d.postReply("/m/write", map[string]string{"kind": "new", "nonce": "n", "action": "look", "who": "clara"}).wants(t, 200).lacks(t, member)
}

// TestPeopleWithoutScripts looks up, ticks, writes on and sends; nothing that was
// typed is lost on the way, and a directory that is away stops nothing.
func TestPeopleWithoutScripts(t *testing.T) {
	s := newSite(t, nil)
	s.owner.book.set(nil, crowd()...)
	c, _ := s.activated(plainMail)
	known := signin.Person{Name: "Clara Member", Address: member}
	c.postReply("/m/write", map[string]string{"kind": "new", "nonce": "n0", "to": known.Address, "body": "x"}).wants(t, 200)

	draft := uuid.Must(uuid.NewV7()).String()
	fields := func(more ...string) map[string]string {
		m := map[string]string{"kind": "new", "draft": draft, "nonce": "n1", "subject": "Emberglow", "body": "typed", "to": "ann@firm.example"}
		for i := 0; i+1 < len(more); i += 2 {
			m[more[i]] = more[i+1]
		}
		return m
	}
	p := c.postReply("/m/write", fields("action", "look", "who", "cl"), chosenFile{"notes.txt", []byte("kept")}).
		wants(t, 200, "Emberglow", "typed", "notes.txt", `value="`+member+`"`)
	if strings.Count(p.body, `value="`+member+`"`) != 2 || !strings.Contains(p.body, "<bdi>Clara Member</bdi>") { // the contact to tick, and the list of contacts; not the directory's again
		t.Errorf("Clara twice:\n%s", p.body)
	}
	kept := keptField.FindStringSubmatch(p.body)[1]
	if p := c.postReply("/m/write", fields("action", "look", "who", "maya", "kept", kept)).wants(t, 200, "Maya &lt;img src=x", "notes.txt"); strings.Contains(p.body, "<img src=x") {
		t.Error("a name is HTML")
	}
	c.postReply("/m/write", fields("action", "look", "who", "x", "kept", kept)).wants(t, 200, text("people.short"))
	c.postReply("/m/write", fields("action", "look", "who", "nobody", "kept", kept)).wants(t, 200, text("people.none"))
	c.postReply("/m/write", fields("action", "look", "who", "crowd", "kept", kept)).wants(t, 200, text("people.more"))
	s.owner.book.set(fmt.Errorf("%w: silent", signin.ErrUnavailable))
	c.postReply("/m/write", fields("action", "look", "who", "clara", "kept", kept)).wants(t, 200, text("people.away"), "typed", member)

	p = c.postReply("/m/write", fields("action", "add:cc", "add", member, "kept", kept)).wants(t, 200, "typed", "notes.txt", `name="cc" type="text" dir="auto"`)
	if p.url.Path != "/m/write/"+draft || !strings.Contains(p.body, `value="`+member+`">`) {
		t.Errorf("at %s", p.url.Path)
	}
	// What a form says is not believed.
	for _, add := range []string{"eve@evil.example", "x@firm.example, eve@evil.example", "Clara <c@firm.example>", "ANN@firm.example", "\r\nBcc: eve@evil.example", "", strings.Repeat("x", 9000) + "@firm.example"} {
		c.postReply("/m/write", fields("action", "add:to", "add", add, "kept", kept)).wants(t, 200)
	}
	p = c.get("/m/write/" + draft)
	if !strings.Contains(p.body, `value="ann@firm.example"`) {
		t.Errorf("the line of recipients:\n%s", p.body)
	}
	// Ticked, and sent at once.
	c.postReply("/m/write", fields("add", "maya@firm.example", "kept", kept)).wants(t, 200, "Sent.")
	sent := s.owner.sent("composed")
	if len(sent) == 0 {
		sent = s.owner.sent("reply")
	}
	if m := sent[len(sent)-1]; strings.Join(m.to, " ") != "ann@firm.example maya@firm.example" || !strings.Contains(m.raw, "notes.txt") {
		t.Errorf("sent to %v", m.to)
	}
}

func TestWithAddresses(t *testing.T) {
	for _, tc := range []struct {
		line string
		more []string
		want string
	}{
		{"", nil, ""},
		{"a@x.example, ", nil, "a@x.example, "},
		{"a@x.example, ", []string{"b@x.example"}, "a@x.example, b@x.example"},
		{"a@x.example;", []string{"A@X.example", "b@x.example", "B@x.example"}, "a@x.example, b@x.example"},
		{"half", []string{"b@x.example"}, "half, b@x.example"},
		{"", []string{"no address", "B <b@x.example>", "b@x.example,c@x.example", `"a,b"@x.example`}, ""},
	} {
		if got := withAddresses(tc.line, tc.more); got != tc.want {
			t.Errorf("%q and %q: %q", tc.line, tc.more, got)
		}
	}
}

// typeKeys presses keys one after the other, as a person does.
func typeKeys(t *testing.T, tb *browsertest.Tab, keys ...input.Key) {
	t.Helper()
	for _, k := range keys {
		must(t, tb.Keyboard.Type(k))
	}
}

// TestBrowserPeople types recipients with suggestions: by the keyboard, by pointer,
// with a directory that is away, and without scripts.
func TestBrowserPeople(t *testing.T) {
	s := newSite(t, nil)
	c, _ := s.activated(plainMail)
	c.postReply("/m/write", map[string]string{"kind": "new", "nonce": "n0", "to": "mara@firm.example", "body": "x"}).wants(t, 200)
	w := &world{s: s}
	b := browsertest.Start(t)
	for _, size := range [][2]int{{390, 844}, {1280, 800}} {
		screen := func(t *testing.T, scripts bool) *browsertest.Tab {
			tb := b.Tab(t, scripts)
			tb.Screen(size[0], size[1], "light")
			w.as(tb, cookieOf(c))
			tb.Open(s.url + "/m/write")
			return tb
		}
		value := func(tb *browsertest.Tab, id string) string {
			return tb.MustElement("#" + id).MustProperty("value").Str()
		}
		t.Run(fmt.Sprint("suggestions ", size[0]), func(t *testing.T) {
			s.owner.book.set(nil, crowd()...)
			tb := screen(t, true)
			tb.MustElement("#to").MustFocus()
			before := s.owner.book.asked()
			typeKeys(t, tb, input.KeyM)
			tb.WaitFor("[role=option]", "mara@firm.example") // a contact, at once
			typeKeys(t, tb, input.KeyA)
			tb.WaitFor("[role=option]", "Maya <img src=x onerror=alert(1)>")
			if n := s.owner.book.asked() - before; n != 1 {
				t.Errorf("the directory was asked %d times", n)
			}
			first := tb.MustElements("[role=option]").First().MustText()
			if !strings.Contains(first, "mara@") {
				t.Errorf("the first is %q", first)
			}
			tb.WaitFor(".suggestions", "maximiliane.von")
			tb.Barriers()
			typeKeys(t, tb, input.KeyY, input.KeyA)
			tb.WaitFor("[role=option]", "maya.h@firm.example")
			tb.MustWait(`() => document.querySelectorAll('#to-suggestions [role=option]').length === 2`)
			typeKeys(t, tb, input.ArrowUp, input.ArrowUp)
			if id := tb.MustElement("#to").MustAttribute("aria-activedescendant"); id == nil || !strings.Contains(tb.MustElement("#"+*id).MustText(), "maya@firm.example") {
				t.Errorf("marked: %v", id)
			}
			typeKeys(t, tb, input.Enter)
			if got := value(tb, "to"); got != "maya@firm.example, " {
				t.Errorf("to: %q", got)
			}
			// Who is there is not offered again; Escape closes and keeps what was typed.
			typeKeys(t, tb, input.KeyM, input.KeyA, input.KeyY)
			tb.MustWait(`() => document.querySelectorAll('#to-suggestions [role=option]').length === 2`)
			tb.WaitFor("[role=option]", "maybe@")
			typeKeys(t, tb, input.Escape)
			tb.MustWait(`() => document.querySelector('#to').getAttribute('aria-expanded') === 'false'`)
			if got := value(tb, "to"); got != "maya@firm.example, may" {
				t.Errorf("to: %q", got)
			}
			typeKeys(t, tb, input.ArrowDown)
			tb.WaitFor("[role=option]", "maya.h@")
			tb.MustElement("#to-suggestions [role=option]:last-child").MustClick()
			if got := value(tb, "to"); got != "maya@firm.example, maybe@firm.example, " {
				t.Errorf("to: %q", got)
			}
			tb.MustElement("#cc").MustFocus()
			typeKeys(t, tb, input.KeyC, input.KeyR, input.KeyO)
			tb.WaitFor(".suggestions", text("people.more"))
			tb.WaitFor("#suggested", "20")
			typeKeys(t, tb, input.KeyZ, input.KeyZ)
			tb.WaitFor(".suggestions", text("people.none"))
			typeKeys(t, tb, input.Tab)
			if open := tb.MustEval(`() => [...document.querySelectorAll('.suggestions')].filter((e) => !e.hidden).length`).Int(); open != 0 {
				t.Error("it is open still")
			}
			tb.Quiet()
		})
		t.Run(fmt.Sprint("away ", size[0]), func(t *testing.T) {
			s.owner.book.set(signin.ErrUnavailable)
			tb := screen(t, true)
			tb.MustElement("#to").MustFocus()
			typeKeys(t, tb, input.KeyM, input.KeyA)
			tb.WaitFor(".suggestions", text("people.away"))
			before := s.owner.book.asked()
			typeKeys(t, tb, input.KeyR, input.ArrowDown, input.Enter)
			if got := value(tb, "to"); got != "mara@firm.example, " {
				t.Errorf("to: %q", got)
			}
			tb.Fill("#body", "It goes out all the same.")
			tb.Press(text("reply.button"))
			tb.WaitFor(".said", "Sent.")
			if s.owner.book.asked() != before {
				t.Error("a directory that is away is asked again at once")
			}
			tb.Quiet("503")
		})
		t.Run(fmt.Sprint("no scripts ", size[0]), func(t *testing.T) {
			s.owner.book.set(nil, crowd()...)
			tb := screen(t, false)
			tb.Fill("#subject", "typed before")
			tb.Fill("#who", "maya")
			tb.Click("[value=look]")
			tb.WaitFor("#look", "Maya <img src=x onerror=alert(1)>")
			tb.Click("#add-0")
			tb.Click("[value='add:to']")
			tb.WaitFor("h1", text("mailbox.compose"))
			if got := value(tb, "to"); got != "maya@firm.example" {
				t.Errorf("to: %q", got)
			}
			if got := value(tb, "subject"); got != "typed before" {
				t.Errorf("subject: %q", got)
			}
		})
	}
}

// peopleScreens are the states of the page for writing with a directory.
func (w *world) peopleScreens() []screen {
	typed := func(keys ...input.Key) func(*browsertest.Tab) {
		return func(tb *browsertest.Tab) {
			w.as(tb, w.cookie)
			tb.Open(w.s.url + "/m/write")
			tb.MustElement("#to").MustFocus()
			for _, k := range keys {
				must(w.s.t, tb.Keyboard.Type(k))
			}
		}
	}
	look := func(tb *browsertest.Tab, who, wait string) {
		w.as(tb, w.cookie)
		tb.Open(w.s.url + "/m/write")
		tb.Fill("#who", who)
		tb.Click("[value=look]")
		tb.WaitFor("#look", wait)
	}
	full := func(show func(*browsertest.Tab)) func(*browsertest.Tab) {
		return func(tb *browsertest.Tab) { w.s.owner.book.set(nil, crowd()...); show(tb) }
	}
	return []screen{
		{"write-suggestions", full(func(tb *browsertest.Tab) {
			typed(input.KeyM, input.KeyA)(tb)
			tb.WaitFor("[role=option]", "Maximiliane")
			must(w.s.t, tb.Keyboard.Type(input.ArrowDown))
		})},
		{"write-suggestions-more", full(func(tb *browsertest.Tab) {
			typed(input.KeyC, input.KeyR)(tb)
			tb.WaitFor(".suggestions", text("people.more"))
		})},
		{"write-suggestions-away", func(tb *browsertest.Tab) {
			w.s.owner.book.set(signin.ErrUnavailable)
			typed(input.KeyM, input.KeyA)(tb)
			tb.WaitFor(".suggestions", text("people.away"))
		}},
		{"write-look-noscript", full(func(tb *browsertest.Tab) { look(tb, "ma", "Maximiliane") })},
		{"write-look-none-noscript", full(func(tb *browsertest.Tab) { look(tb, "nobody", text("people.none")) })},
		{"write-look-away-noscript", func(tb *browsertest.Tab) {
			w.s.owner.book.set(signin.ErrUnavailable)
			look(tb, "nobody", text("people.away"))
		}},
	}
}
