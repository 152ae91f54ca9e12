package portal

import (
	"archive/zip"
	"bytes"
	"fmt"
	"html"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/postseal/postseal/store/seal"
)

// mail seals a message to the guest.
func (s *site) mail(subject, raw string) string {
	return s.owner.seal(sealRequest{mode: seal.ModeAccount, from: member, to: guest, raw: raw,
		summary: seal.Summary{From: "Clara Member <clara@firm.example>", To: guest, Subject: subject, Date: s.owner.now()}}).Message
}

func TestMailbox(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	c, first := s.activated(plainMail)
	second := s.mail("Second thing", plainMail)
	third := s.mail("Third thing", plainMail)
	for range 2 { // from the messages, then from their entries
		c.get("/inbox").wants(t, 200, "3 messages, 2 unread", "Second thing", "Third thing", "Clara Member")
	}
	change := func(action string, more ...string) page {
		return c.post("/m/change", append([]string{"action", action, "to", "/inbox"}, more...)...)
	}
	change("read", "id", second, "id", third).wants(t, 200, "3 messages", "2 entries marked as read.").lacks(t, "unread,")
	change("star", "id", second).wants(t, 200, "★")
	c.get("/inbox?show=starred").wants(t, 200, "Second thing").lacks(t, "Third thing")
	change("unread", "id", third).wants(t, 200, "1 unread")
	c.get("/inbox?show=unread").wants(t, 200, "Third thing").lacks(t, "Second thing")
	p := change("delete", "id", second, "id", third).wants(t, 200, "2 entries deleted.", text("mailbox.undo")).lacks(t, "Second thing")
	if !strings.Contains(p.url.RawQuery, second) || strings.Contains(s.log.String(), "Second") {
		t.Errorf("led to %s", p.url)
	}
	c.get("/m/deleted").wants(t, 200, "Second thing", "Third thing", text("mailbox.remove"))
	change("back", "id", second, "id", third).wants(t, 200, "3 messages", "Second thing", "★")
	change("delete", "id", second).wants(t, 200, "Deleted.")
	change("gone", "id", second).wants(t, 200, text("confirm.heading"), "1 entry")
	c.get("/m/"+second).wants(t, 200)
	change("gone", "id", second, "sure", "1").wants(t, 200)
	c.get("/m/"+second).wants(t, 404)
	c.get("/m/deleted").wants(t, 200, text("mailbox.empty.deleted"))
	change("else", "id", first).wants(t, 400)
	change("delete").wants(t, 200, "2 messages") // nothing was chosen
	c.post("/m/change", "action", "read", "id", first, "to", "//evil.example").wants(t, 200, text("inbox.heading"))
	// Older ones are found by the search.
	s.owner.pass(25 * 24 * time.Hour)
	c.post("/login", "address", guest, "password", password)
	old := s.owner.seal(sealRequest{mode: seal.ModeAccount, from: member, to: guest, raw: plainMail, expires: 200 * 24 * time.Hour,
		summary: seal.Summary{From: member, Subject: "From long ago"}}).Message
	s.owner.pass(70 * 24 * time.Hour)
	c.post("/login", "address", guest, "password", password)
	c.get("/inbox").wants(t, 200, text("mailbox.recent")).lacks(t, "From long ago")
	c.post("/m/search", "q", "long AGO").wants(t, 200, "/m/"+old)
}

// TestPagesOfAList: what is done on a page of a list leads back to that page, and
// what single messages went through is taken back for these alone.
func TestPagesOfAList(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	c, _ := s.activated(plainMail)
	c.post("/settings/preferences", "page", "10").wants(t, 200)
	for n := range 11 {
		s.mail(fmt.Sprintf("Number %d", n), plainMail)
	}
	second := func(p page) string {
		t.Helper()
		m := regexp.MustCompile(`href="(/inbox\?from=[^"]+)"`).FindStringSubmatch(p.body)
		if m == nil {
			t.Fatal("no second page")
		}
		return strings.ReplaceAll(m[1], "&amp;", "&")
	}
	first := c.get("/inbox").wants(t, 200, "Number 10", "12 messages").lacks(t, "Number 0", text("mailbox.recent"))
	here := second(first)
	p := c.get(here).wants(t, 200, "Number 0", text("inbox.newest"), text("mailbox.recent")).lacks(t, "Number 10")
	if n := strings.Count(p.body, `name="to" value="`+here+`"`); n != 4 { // two stars, what is done to many, and the language
		t.Errorf("%d forms lead back to the page", n)
	}
	var ids []string
	for _, m := range regexp.MustCompile(`name="id" value="([^"]+)" form`).FindAllStringSubmatch(p.body, -1) {
		ids = append(ids, m[1])
	}
	c.post("/m/change", "action", "star", "id", ids[0], "to", here).wants(t, 200, "Number 0", "★").lacks(t, "Number 10")
	c.post("/m/change", "action", "delete", "id", ids[0], "to", here).wants(t, 200, text("inbox.newest"), "Deleted.")
	// Nothing is left on the second page.
	c.post("/m/change", "action", "delete", "id", ids[1], "to", here).wants(t, 200, "Number 10", "Deleted.", text("mailbox.undo"))
	c.post("/m/change", "action", "delete", "one", "1", "id", ids[1], "to", "/inbox").wants(t, 200, `name="one" value="1"`)
	c.post("/m/change", "action", "gone", "one", "1", "id", ids[1], "to", "/m/deleted").wants(t, 200, text("confirm.heading"), `name="one" value="1"`)
}

func TestSearch(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	c, _ := s.activated(plainMail)
	withFile := s.owner.seal(sealRequest{mode: seal.ModeAccount, from: member, to: guest, raw: htmlMail, summary: seal.Summary{
		From: "Accounts <accounts@firm.example>", Subject: "Policy", Attachments: []seal.Attachment{{Name: "Größe.pdf"}}}}).Message
	other := s.mail("Other", plainMail)
	for _, tc := range []struct {
		fields []string
		want   []string
	}{
		{[]string{"q", "größe"}, []string{withFile}},
		{[]string{"q", "accounts@FIRM"}, []string{withFile}},
		{[]string{"q", "other clara"}, []string{other}},
		{[]string{"q", "other accounts"}, nil},
		{[]string{"q", "", "files", "1"}, []string{withFile}},
		{[]string{"q", "yearly"}, nil}, // not opened yet
		{[]string{"q", "policy", "unread", "1", "folder", "inbox"}, []string{withFile}},
		{[]string{"q", "policy", "folder", "sent"}, nil},
		{[]string{"q", "policy", "until", "2001-01-01"}, nil},
		{[]string{"q", "policy", "since", "2001-01-01"}, []string{withFile}},
	} {
		p := c.post("/m/search", tc.fields...).wants(t, 200)
		for _, id := range []string{withFile, other} {
			if strings.Contains(p.body, "/m/"+id) != slices.Contains(tc.want, id) {
				t.Errorf("%v: %s found: %v", tc.fields, id, !slices.Contains(tc.want, id))
			}
		}
	}
	c.post("/m/"+withFile+"/open").wants(t, 200)
	c.post("/m/search", "q", "yearly").wants(t, 200, "/m/"+withFile)
	c.get("/m/search?q=policy").wants(t, 200).lacks(t, withFile)
	if strings.Contains(s.log.String(), "yearly") {
		t.Error("the log has what was looked for")
	}
	// What needs its PIN is found by its sender, which is said, until the session has it.
	pin := s.owner.seal(sealRequest{mode: seal.ModeAccount, from: member, to: guest, raw: plainMail,
		summary: seal.Summary{From: member, Subject: "Locked"}, restrict: seal.Restriction{PIN: true}})
	locked := text("search.nothing")
	c.post("/m/search", "q", "locked").wants(t, 200, locked, "1 message that opens with a PIN").lacks(t, pin.Message)
	c.post("/m/search", "q", "", "files", "1").wants(t, 200, "1 message that opens with a PIN").lacks(t, pin.Message)
	c.post("/m/search", "q", member).wants(t, 200, "/m/"+pin.Message, text("inbox.pin")).lacks(t, "Locked", "1 message that opens")
	c.post("/m/"+pin.Message+"/pin", "pin", pin.PIN).wants(t, 200, "Locked")
	for _, q := range []string{"locked", "4111"} {
		c.post("/m/search", "q", q).wants(t, 200, "/m/"+pin.Message, "Locked").lacks(t, "1 message that opens")
	}
	c.post("/logout")
	c.post("/login", "address", guest, "password", password)
	c.post("/m/search", "q", "locked").wants(t, 200, locked).lacks(t, pin.Message)
	// Drafts are found, too.
	c.postReply("/m/write", map[string]string{"kind": "new", "body": "Something unfinished", "subject": "Half", "nonce": "n", "action": "save"})
	c.post("/m/search", "q", "unfinished").wants(t, 200, "/m/write/", "Half")
	c.post("/m/search", "q", "unfinished", "folder", "drafts").wants(t, 200, "Half")
}

func TestZip(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	c, id := s.activated(htmlMail)
	c.get("/m/"+id).wants(t, 200, text("message.zip"))
	p := c.get("/m/"+id+"/zip").wants(t, 200)
	z, err := zip.NewReader(strings.NewReader(p.body), int64(len(p.body)))
	must(t, err)
	var names []string
	for _, f := range z.File {
		names = append(names, f.Name)
	}
	if !slices.Contains(names, "Policy 2027.pdf") || slices.ContainsFunc(names, func(n string) bool { return strings.ContainsAny(n, `/\`) }) {
		t.Errorf("%q", names)
	}
	plain := s.mail("No files", plainMail)
	c.get("/m/"+plain+"/zip").wants(t, 404) // not opened
	c.post("/m/" + plain + "/open")
	c.get("/m/"+plain+"/zip").wants(t, 404)
}

var keptField = regexp.MustCompile(`name="kept" value="([^"]+)"`)

func TestDraftsAndNewMessages(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	c, id := s.activated(plainMail)
	c.post("/m/"+s.mail("Hello", plainMail)+"/open").wants(t, 200)
	c.get("/m/write").wants(t, 200, "firm.example", member) // a correspondent is offered
	draft := uuid.Must(uuid.NewV7()).String()
	fields := map[string]string{"kind": "new", "draft": draft, "nonce": "n1", "to": "Clara <clara@firm.example>", "subject": "A question",
		"body": "Dear **Clara**,\r\n- one\r\n- two\r\n\r\nsee https://firm.example/a_b_c", "action": "save"}
	p := c.postReply("/m/write", fields, chosenFile{"notes.txt", bytes.Repeat([]byte("0123456789"), 20000)}).wants(t, 200, text("write.saved"), "notes.txt", "A question")
	if p.url.Path != "/m/write/"+draft {
		t.Fatalf("led to %s", p.url)
	}
	kept := keptField.FindStringSubmatch(p.body)[1]
	file := kept[:36]
	c.get("/m/drafts").wants(t, 200, "A question", "Clara", "/m/write/"+draft)
	if got := c.get("/m/own/"+draft+"/"+file).wants(t, 200).body; len(got) != 200000 {
		t.Errorf("file of %d octets", len(got))
	}
	// In parts, as a script does, with one that comes twice.
	up := uuid.Must(uuid.NewV7()).String()
	part := func(from int, data string) page {
		r, err := http.NewRequest("POST", fmt.Sprintf("%s/m/write/%s/%s/%d", s.url, draft, up, from), strings.NewReader(data))
		must(t, err)
		return c.do(r)
	}
	whole := strings.Repeat("x", 2*plainChunk)
	part(0, whole).wants(t, 200, `{"chunks":2}`)
	part(0, whole).wants(t, 409)
	c.get("/m/write/"+draft+"/"+up).wants(t, 200, `{"chunks":2}`)
	part(2, "the end").wants(t, 200, `{"chunks":3}`)
	size := len(whole) + len("the end")

	// Nobody else gets at any of it.
	e := s.client()
	mine := s.owner.seal(sealRequest{mode: seal.ModeAccount, from: member, to: "eve@elsewhere.example", raw: plainMail})
	e.post("/activate", "code", mine.Code.Fragment(), "name", "Eve", "password", password, "repeat", password).wants(t, 200)
	for _, path := range []string{"/m/" + id, "/m/" + id + "/html", "/m/" + id + "/part/0", "/m/" + id + "/eml", "/m/" + id + "/zip", "/m/" + id + "/print", "/m/" + id + "/reply",
		"/m/" + id + "/all", "/m/" + id + "/forward", "/m/" + id + "/sent", "/m/own/" + draft, "/m/own/" + draft + "/" + file, "/m/write/" + draft, "/m/write/" + draft + "/" + file} {
		e.get(path).wants(t, 404).lacks(t, "A question", "4111 1111", "0123456789")
	}
	for path, f := range map[string]map[string]string{
		"/m/" + id + "/reply": {"body": "x", "nonce": "e", "draft": draft},
		"/m/write":            {"kind": "new", "draft": draft, "body": "x", "nonce": "e", "to": member, "action": "save"},
	} {
		e.postReply(path, f).wants(t, 404)
	}
	r, err := http.NewRequest("POST", fmt.Sprintf("%s/m/write/%s/%s/3", s.url, draft, up), strings.NewReader("x"))
	must(t, err)
	e.do(r).wants(t, 404)
	for _, action := range []string{"read", "delete", "gone", "star", "back"} {
		e.post("/m/change", "action", action, "id", id, "id", draft, "sure", "1").wants(t, 200)
	}
	for _, path := range []string{"/inbox", "/m/sent", "/m/drafts", "/m/deleted"} {
		e.get(path).wants(t, 200).lacks(t, "A question")
	}
	e.post("/m/search", "q", "question").wants(t, 200).lacks(t, "A question", draft)
	c.get("/m/drafts").wants(t, 200, "A question").lacks(t, "★")

	// Sending. A guest writes to the organisation alone.
	send := map[string]string{"kind": "new", "draft": draft, "nonce": "n1", "subject": "A question", "body": fields["body"], "kept": fmt.Sprintf("%s %d part.bin", up, size)}
	for _, to := range []string{"", "friend@elsewhere.example", "clara@firm.example, friend@elsewhere.example", "clara@firm.example.evil.example", "nonsense"} {
		send["to"] = to
		c.postReply("/m/write", send).wants(t, 422, text("form.errors"))
	}
	send["to"], send["cc"] = "Clara <clara@firm.example>; dave@sub.firm.example", "clara@firm.example"
	for range 2 {
		c.postReply("/m/write", send).wants(t, 200, text("folder.sent"), "A question")
	}
	mails := s.owner.sent("reply")
	if len(mails) != 1 || !slices.Equal(mails[0].to, []string{"clara@firm.example", "dave@sub.firm.example"}) {
		t.Fatalf("%d mails, %v", len(mails), mails)
	}
	raw := mails[0].raw
	for _, want := range []string{"multipart/alternative", "<b>Clara</b>", "<li>one</li>", `href=3D"https://firm.example/a_b_c"`, "part.bin", "**Clara**"} {
		if !strings.Contains(raw, want) {
			t.Errorf("no %q in\n%.2000s", want, raw)
		}
	}
	c.get("/m/drafts").wants(t, 200, text("mailbox.empty.drafts"))
	c.get("/m/write/"+draft).wants(t, 200, "A question", "part.bin", "Dear **Clara**") // leads to the copy
	if got := c.get("/m/own/"+draft+"/"+up).wants(t, 200).body; got != whole+"the end" {
		t.Errorf("the copy's file has %d octets", len(got))
	}
	// A reply has its copy in the conversation.
	c.postReply("/m/"+id+"/reply", map[string]string{"body": "Thanks.", "nonce": "r", "draft": uuid.Must(uuid.NewV7()).String(), "kind": "reply"}).wants(t, 200, text("sent.heading"))
	c.get("/m/"+id).wants(t, 200, "2 messages in this conversation", "/m/own/")
	c.get("/m/"+id+"/forward").wants(t, 200, "Fwd: Your statement", "4111 1111", text("write.forwarded"))
	c.get("/m/"+id+"/all").wants(t, 404) // there is nobody else
	// Discarding goes to deleted, and comes back.
	third := uuid.Must(uuid.NewV7()).String()
	c.postReply("/m/write", map[string]string{"kind": "new", "draft": third, "body": "never mind", "nonce": "d", "action": "save"})
	c.postReply("/m/write", map[string]string{"kind": "new", "draft": third, "nonce": "d", "action": "discard"}).wants(t, 200, text("mailbox.undo"), text("mailbox.empty.drafts"))
	c.get("/m/deleted").wants(t, 200, text("message.nosubject"))
}

func TestRestrictedIsNotForwarded(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	c, _ := s.activated(plainMail)
	id := s.owner.seal(sealRequest{mode: seal.ModeAccount, from: member, to: guest, raw: plainMail, restrict: seal.Restriction{NoPrint: true},
		summary: seal.Summary{From: member, Subject: "Only for you"}}).Message
	c.post("/m/"+id+"/open").wants(t, 200).lacks(t, "/m/"+id+"/forward")
	c.get("/m/"+id+"/forward").wants(t, 403, text("error.noforward.title"))
	c.postReply("/m/write", map[string]string{"kind": "forward", "answers": id, "body": "x", "nonce": "n", "to": member}).wants(t, 403)
	if n := len(s.owner.sent("reply")); n != 0 {
		t.Errorf("%d mails", n)
	}
}

func TestMarkup(t *testing.T) {
	for _, tc := range []struct{ in, want string }{
		{"plain text\nand more", ""},
		{"a_file_name and 2*3*4", ""},
		{"<b>x</b> & y", ""},
		{"**b** <i>", "<p><b>b</b> &lt;i&gt;</p>"},
		{"_so_, (**no**)", "<p><i>so</i>, (<b>no</b>)</p>"},
		{"- a\n- b\n\nc", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n<p>c</p>"},
		{"[x](https://a.example/?a=1&b=2)", `<p><a href="https://a.example/?a=1&amp;b=2">x</a></p>`},
		{"[x](javascript:alert(1))", ""},
		{`[x](https://a"onclick=1)`, ""},
		{"[<img>](https://a.example)", `<p><a href="https://a.example">&lt;img&gt;</a></p>`},
		{"https://a.example/_x_.", `<p><a href="https://a.example/_x_">https://a.example/_x_</a>.</p>`},
	} {
		got := strings.ReplaceAll(markedHTML(tc.in), "\r\n", "\n")
		_, got, _ = strings.Cut(got, "<body>\n")
		got = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(got), "</body></html>"))
		if got != tc.want {
			t.Errorf("%q: %q, want %q", tc.in, got, tc.want)
		}
	}
}

// TestDraftOfAnyText saves the longest text there may be, of characters that JSON
// writes as several.
func TestDraftOfAnyText(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.Limits.Reply = 8 << 20 })
	c, _ := s.activated(plainMail)
	for _, some := range []string{"<", "&", `"`, "\\", "\t", "\n", "\u2028", "\x01<"} {
		body := strings.Repeat(some, maxBody/len(some)-1) + "!"
		draft := uuid.Must(uuid.NewV7()).String()
		c.postReply("/m/write", map[string]string{"kind": "new", "draft": draft, "nonce": draft, "subject": "Long", "body": body, "action": "save"}).
			wants(t, 200, text("write.saved"))
		want := strings.ReplaceAll(body, "\x01", "")
		if got := html.UnescapeString(c.get("/m/write/"+draft).wants(t, 200).body); !strings.Contains(got, want) {
			t.Errorf("%q: another text came back", some)
		}
	}
}
