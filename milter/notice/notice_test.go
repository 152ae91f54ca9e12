package notice

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-message"

	"github.com/postseal/postseal/store"
	"github.com/postseal/postseal/store/seal"
)

var update = flag.Bool("update", false, "write the golden files anew")

var at = time.Date(2026, 11, 21, 19, 10, 0, 0, time.UTC)

var berlin = time.FixedZone("CET", 3600)

func newRenderer(t *testing.T, change func(*Options)) *Renderer {
	t.Helper()
	o := Options{
		URL: "https://pickup.example.com", Organisation: "Example Ltd", Domain: "example.com",
		Help: "Help: +44 20 7946 0000", ReceiptSubject: true,
	}
	if change != nil {
		change(&o)
	}
	r, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func code() seal.Code {
	var c seal.Code
	for i := range c {
		c[i] = byte(i * 13)
	}
	return c
}

func example(mode seal.Mode, account bool) Notice {
	n := Notice{
		Author:  Author{"Ann Müller", "ann@example.com"},
		Subject: "Annual figures, strictly secret",
		Sealed: store.Sealed{
			Message: "0198f0c2-1111-7000-8000-000000000001", Recipient: "bob@customer.example",
			Mode: mode, Account: account, Check: "3EKF-V9PCD-V9QQ", Created: at, Expires: at.Add(30 * 24 * time.Hour),
		},
	}
	if !account {
		n.Sealed.Code = code()
	}
	return n
}

var envelope = Envelope{
	From: "ann@example.com", To: "Bob@customer.example", Date: at,
	InReplyTo: "<1@customer.example>", References: "<0@customer.example> <1@customer.example>",
}

// mails are one of each that the package writes.
func mails(t *testing.T, r *Renderer) map[string]store.Mail {
	t.Helper()
	out := map[string]store.Mail{}
	put := func(name string) func(store.Mail, error) {
		return func(m store.Mail, err error) {
			t.Helper()
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			out[name] = m
		}
	}
	put("notice-new")(r.NoticeMail(example(seal.ModeAccount, false), envelope))
	put("notice-known")(r.NoticeMail(example(seal.ModeAccount, true), envelope))
	put("notice-one-time")(r.NoticeMail(example(seal.ModeOneTime, false), envelope))
	put("alert-removed")(r.Alert(store.AlertMail{Kind: store.AlertFactorGone, ID: "a2", Address: "bob@guest.test", Time: at}))
	put("alert-password")(r.Alert(store.AlertMail{
		Kind: store.AlertPassword, ID: "a4", Address: "bob@guest.test", Name: "Bob Guest", Client: "203.0.113.9", Time: at,
	}))
	put("alert-missed")(r.Alert(store.AlertMail{
		Kind: store.AlertMissed, ID: "a3", Address: "bob@guest.test", Name: "Bob Guest", Client: "203.0.113.9", Time: at,
	}))
	put("roundup")(r.Roundup(store.RoundupMail{
		ID: "r1", Address: "bob@customer.example", Name: "Bob Guest", Phrase: "blue elephants", Check: "A1B2-C3D4E-F5G6",
		Messages: []store.RoundupLine{
			{Sender: "ann@example.com", Sent: at, Expires: at.AddDate(0, 0, 30)},
			{Sent: at.Add(-time.Hour), Expires: at.AddDate(0, 0, 30)},
		},
		More: 3, Zone: time.FixedZone("EET", 2*60*60), Now: at.Add(time.Hour),
	}))
	put("roundup-one")(r.Roundup(store.RoundupMail{
		ID: "r2", Address: "bob@customer.example", Check: "A1B2-C3D4E-F5G6",
		Messages: []store.RoundupLine{{Sender: "ann@example.com", Sent: at, Expires: at.AddDate(0, 0, 30)}}, Now: at,
	}))
	put("alert")(r.Alert(store.AlertMail{
		Kind: store.AlertLogin, ID: "a1", Address: "bob@guest.test", Name: "Bob Guest", Client: "203.0.113.9",
		Agent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", Time: at,
	}))
	for _, kind := range []store.AddressKind{store.AddressConfirm, store.AddressTaken, store.AddressAdded, store.AddressRemoved} {
		m := store.AddressMail{
			ID: "0198f0c2-3333", Kind: kind, To: "robert@customer.example", Address: "robert@customer.example", Main: "bob@customer.example",
			Created: at, Expires: at.Add(24 * time.Hour),
		}
		if kind == store.AddressConfirm {
			m.Code = code()
		}
		put("address-" + string(kind))(r.Address(m))
	}
	put("reset")(r.Reset(store.ResetMail{
		ID: "0198f0c2-2222", Address: "bob@customer.example", Name: "Bob", Code: code(), Created: at, Expires: at.Add(24 * time.Hour),
	}))
	status := Status{
		ID: "q1", To: "ann@example.com", Arrived: at, At: at.Add(time.Second), Queue: "4ABC",
		Failures: []Failure{
			{Address: "dan@partner.example", Status: "5.7.1", Text: "Ten or more card numbers may not leave by mail; use the vault."},
			{Address: "eve@partner.example", Status: "5.7.1"},
		},
		Header: []byte("From: Ann <ann@example.com>\r\nSubject: Zahlen f\xc3\xbcr M\xc3\xa4rz\r\n"),
	}
	put("returned")(r.Returned(status))
	status.Failures = []Failure{{Address: "bob@customer.example", Status: "5.1.1", Text: "550 no such user", Remote: true}}
	status.Header = nil
	put("undelivered")(r.Undelivered(status))
	status.Itself = true
	put("undelivered-itself")(r.Undelivered(status))
	put("reply")(r.ReplyHeader(store.ReplyMail{
		ID: "0198f0c2-3333", Guest: "bob@customer.example", Name: `Bob "Bobby" Bär`, To: "ann@example.com",
		Subject: "Re: Annual figures – März", InReplyTo: "<m1@example.com>", References: "<m0@example.com>", Date: at,
	}))
	put("report")(r.Report(Report{
		ID: "q1", To: "privacy@example.com", Author: Author{"Ann", "ann@example.com"}, MessageID: "<m1@example.com>",
		Received: at, Lines: []ReportLine{{"bob@customer.example", "pickup", "hipaa"}},
	}))
	once := example(seal.ModeOneTime, false).Sealed
	once.Recipient, once.PIN = "carol@partner.example", "01234567"
	put("receipt")(r.Receipt(Receipt{
		ID: "q1", To: "ann@example.com", MessageID: "<m1@example.com>", Subject: "Annual figures – März", Sent: at, Code: code(),
		Lines: []ReceiptLine{
			ReceiptOf(example(seal.ModeAccount, false).Sealed, "it holds a card number"),
			ReceiptOf(once, ""),
			{Recipient: "dan@partner.example", How: HowHeld, Reason: "it holds ten card numbers", Expires: at.Add(72 * time.Hour)},
			{Recipient: "eve@partner.example", How: HowReturned, Reason: "the address is not allowed"},
		},
	}))
	put("receipt-one")(r.Receipt(Receipt{
		ID: "q2", To: "ann@example.com", Sent: at,
		Lines: []ReceiptLine{ReceiptOf(example(seal.ModeAccount, true).Sealed, "")},
	}))
	held := Held{
		ID: "q1", To: "ann@example.com", MessageID: "<m1@example.com>", Recipients: []string{"dan@partner.example", "eve@partner.example"},
		Held: store.Held{ID: "h1", Code: code(), Expires: at.Add(72 * time.Hour)}, Subject: "Annual figures – März",
		Text: "Ten or more card numbers may not leave by mail; use the vault.", Sent: at,
	}
	put("held")(r.Held(held))
	held.Held.Code = seal.Code{}
	put("held-nolink")(r.Held(held))
	ended := store.ExpiredMail{
		ID: "h1", To: "ann@example.com", Recipients: held.Recipients, Text: held.Text, MessageID: "<m1@example.com>",
		Sent: at, Now: at.Add(72 * time.Hour),
	}
	put("expired")(r.Expired(ended))
	ended.Rejected = true
	put("rejected")(r.Expired(ended))
	remind := store.RemindMail{
		ID: "1", Kind: store.RemindUnread, Message: "0198f0c2-1111-7000-8000-000000000001", Recipient: "bob@customer.example",
		Account: true, Sender: "ann@example.com", Sent: at, Now: at.Add(72 * time.Hour), Expires: at.Add(30 * 24 * time.Hour),
	}
	put("remind-account")(r.Remind(remind))
	remind.Account, remind.Kind = false, store.RemindExpiring
	put("remind-ask")(r.Remind(remind))
	remind.Code, remind.Kind = code(), store.RemindAgain
	put("remind-link")(r.Remind(remind))
	remind.OneTime, remind.Kind = true, store.RemindUnread
	put("remind-once")(r.Remind(remind))
	for _, kind := range []store.FollowKind{store.FollowUnread, store.FollowExpiring, store.FollowExpired, store.FollowLost} {
		put("follow-" + string(kind))(r.Follow(store.FollowMail{
			ID: "1", Kind: kind, To: "ann@example.com", MessageID: "<m1@example.com>", Sent: at, Now: at.Add(72 * time.Hour),
			Recipients: []store.FollowLine{{Recipient: "bob@customer.example", Expires: at.Add(30 * 24 * time.Hour)}},
		}))
	}
	put("read")(r.Read(store.ReadMail{
		ID: "1", To: "ann@example.com", Recipient: "bob@customer.example", MessageID: "<m1@example.com>", Sent: at, Opened: at.Add(time.Hour),
	}))
	put("read-person")(r.Read(store.ReadMail{
		ID: "1", To: "ann@example.com", Recipient: "claims@customer.example", MessageID: "<m1@example.com>", Sent: at, Opened: at.Add(time.Hour), By: "Bob Bär",
	}))
	put("invitation")(r.Invitation(store.InvitationMail{
		ID: "1", Address: "bob@customer.example", Mailbox: "claims@customer.example", By: "eve@customer.example", Manager: true,
		Code: code(), Created: at, Expires: at.Add(7 * 24 * time.Hour),
	}))
	people := store.PeopleMail{
		ID: "1", Address: "eve@customer.example", Mailbox: "claims@customer.example", What: "given", Person: "bob@customer.example",
		By: "eve@customer.example", Time: at,
	}
	put("people-given")(r.People(people))
	people.Address = people.Person
	put("people-welcome")(r.People(people))
	people.What, people.By, people.Address = "removed", "", people.Person
	put("people-removed")(r.People(people))
	people.What, people.PeopleOnly, people.Person = "access", true, ""
	put("people-access")(r.People(people))
	restricted := example(seal.ModeAccount, true)
	restricted.Restrict = seal.Restriction{NoPrint: true, NoReply: true, PIN: true}
	restricted.Sealed.Phrase = "seven swans"
	put("notice-restricted")(r.NoticeMail(restricted, envelope))
	return out
}

// Golden mails in English, and some in the languages that differ most in form.
func TestGolden(t *testing.T) {
	golden := map[string][]byte{}
	for name, m := range mails(t, newRenderer(t, nil)) {
		golden[name] = m.Data
	}
	if len(golden) == 0 {
		t.Fatal("no mail rendered")
	}
	for _, lang := range []string{"de", "pl"} {
		r := newRenderer(t, func(o *Options) { o.Language = lang; o.Location = berlin })
		all := mails(t, r)
		for _, name := range []string{"notice-new", "notice-restricted", "receipt", "held", "returned", "remind-ask"} {
			golden[name+"."+lang] = all[name].Data
		}
	}
	for name, data := range golden {
		file := filepath.Join("testdata", name+".eml")
		if *update {
			if err := os.WriteFile(file, data, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(data, want) {
			t.Errorf("%s differs from %s; run with -update and look at the difference", name, file)
		}
	}
}

// texts returns the decoded text and HTML of a notice.
func texts(t *testing.T, e Entity) (plain, html string) {
	t.Helper()
	raw := "Content-Type: " + e.ContentType + "\r\n\r\n" + string(e.Body)
	m, err := message.Read(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	mr := m.MultipartReader()
	if mr == nil {
		t.Fatal("notice is not multipart")
	}
	for {
		p, err := mr.NextPart()
		if errors.Is(err, io.EOF) {
			return plain, html
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(p.Body)
		if err != nil {
			t.Fatal(err)
		}
		switch typ, _, _ := p.Header.ContentType(); typ {
		case "text/plain":
			plain = string(b)
		case "text/html":
			html = string(b)
		default:
			t.Errorf("notice has a part of type %s", typ)
		}
	}
}

func TestNoticeSays(t *testing.T) {
	c := code()
	tests := []struct {
		name   string
		n      Notice
		link   string
		code   bool
		phrase string
	}{
		{"new guest", example(seal.ModeAccount, false), "https://pickup.example.com/a/0198f0c2-1111-7000-8000-000000000001#" + c.Fragment(), true, "choose a name and a password"},
		{"known account", example(seal.ModeAccount, true), "https://pickup.example.com/m/0198f0c2-1111-7000-8000-000000000001", false, "log in with your address"},
		{"one-time", example(seal.ModeOneTime, false), "https://pickup.example.com/o/0198f0c2-1111-7000-8000-000000000001#" + c.Fragment(), true, "can be used once"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, err := newRenderer(t, nil).Notice(tt.n)
			if err != nil {
				t.Fatal(err)
			}
			if e.Subject != "You have a new encrypted message from ann@example.com" {
				t.Errorf("subject %q", e.Subject)
			}
			plain, html := texts(t, e)
			for form, text := range map[string]string{"plain": plain, "HTML": html} {
				one := strings.Join(strings.Fields(text), " ")
				for _, want := range []string{
					tt.link, tt.phrase, "Ann Müller", "ann@example.com", "Example Ltd", "pickup.example.com",
					"21 November 2026, 19:10 UTC", "21 December 2026", "genuine", "travel unencrypted", "Help: ",
				} {
					if form == "HTML" {
						want = strings.ReplaceAll(want, "+", "&#43;")
					}
					if !strings.Contains(one, want) {
						t.Errorf("%s text lacks %q", form, want)
					}
				}
				if strings.Contains(one, c.Text()) != tt.code {
					t.Errorf("%s text holds the code: %v, want %v", form, !tt.code, tt.code)
				}
				if strings.Contains(one, "strictly secret") {
					t.Errorf("%s text leaks the subject", form)
				}
			}
			for _, bad := range []string{"<img", "<link", "<script", "<style", "src=", "url("} {
				if strings.Contains(html, bad) {
					t.Errorf("HTML holds %q", bad)
				}
			}
		})
	}
}

func TestSubjectShownWhenAllowed(t *testing.T) {
	r := newRenderer(t, func(o *Options) { o.ShowSubject = true })
	e, err := r.Notice(example(seal.ModeOneTime, false))
	if err != nil {
		t.Fatal(err)
	}
	plain, html := texts(t, e)
	if !strings.Contains(plain, "strictly secret") || !strings.Contains(html, "strictly secret") {
		t.Error("the subject is not shown")
	}
}

// Names and addresses come from the mail.
func TestHostileAuthor(t *testing.T) {
	n := example(seal.ModeAccount, false)
	n.Author = Author{"<script>alert(1)</script>\r\nBcc: all@example.com\u202e", "a\"b\r\nX: y@example.com"}
	n.Subject = "x\r\nX-Evil: 1"
	r := newRenderer(t, func(o *Options) { o.ShowSubject = true })
	m, err := r.NoticeMail(n, Envelope{From: "a@example.com", To: "b@c.example\r\nRCPT TO:<d@e.example>", Date: at, References: "<ok@x> evil\r\nX: y <a b>"})
	if err != nil {
		t.Fatal(err)
	}
	p, err := mail.ReadMessage(bytes.NewReader(m.Data))
	if err != nil {
		t.Fatal(err)
	}
	for name := range p.Header {
		switch name {
		case "Date", "From", "To", "Subject", "Message-Id", "References", "Content-Language", "Mime-Version", "Content-Type", "Content-Transfer-Encoding":
		default:
			t.Errorf("the mail has the field %s", name)
		}
	}
	if got := p.Header.Get("References"); got != "<ok@x>" {
		t.Errorf("References %q", got)
	}
	e, err := r.Notice(n)
	if err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(strings.ReplaceAll(e.Subject, "\r\n ", ""), "\r\n") {
		t.Errorf("subject %q has a line end", e.Subject)
	}
	_, html := texts(t, e)
	if strings.Contains(html, "<script>") {
		t.Error("the author's name is markup")
	}
	if strings.Contains(html, "\u202e") {
		t.Error("a direction override survives")
	}
}

func TestLongNamesAreClipped(t *testing.T) {
	n := example(seal.ModeAccount, false)
	n.Author.Name, n.Subject = strings.Repeat("ä", 50_000), strings.Repeat("s", 50_000)
	r := newRenderer(t, func(o *Options) { o.ShowSubject = true })
	m, err := r.NoticeMail(n, envelope)
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Data) > 20_000 {
		t.Errorf("%d octets", len(m.Data))
	}
}

func TestSameInputSameOctets(t *testing.T) {
	a, b := mails(t, newRenderer(t, nil)), mails(t, newRenderer(t, nil))
	for name := range a {
		if !bytes.Equal(a[name].Data, b[name].Data) || a[name].ID != b[name].ID {
			t.Errorf("%s differs", name)
		}
	}
}

// The notice of a machine's mail is a machine's mail.
func TestAutomaticNotice(t *testing.T) {
	r := newRenderer(t, nil)
	for field, want := range map[string]string{
		"": "", "no": "", "NO ; x": "", "auto-replied": "auto-replied", "Auto-Generated (by cron)": "auto-generated",
		"auto-notified; owner-email=\"a@b\"": "auto-generated", "x\r\nBcc: a@b.example": "auto-generated",
	} {
		e := envelope
		e.AutoSubmitted = field
		m, err := r.NoticeMail(example(seal.ModeAccount, true), e)
		if err != nil {
			t.Fatal(err)
		}
		p, err := mail.ReadMessage(bytes.NewReader(m.Data))
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Header.Get("Auto-Submitted"); got != want || (p.Header.Get("X-Auto-Response-Suppress") != "") != (want != "") {
			t.Errorf("%q: Auto-Submitted %q, want %q", field, got, want)
		}
	}
}

func TestStatusNeverToNullSender(t *testing.T) {
	r := newRenderer(t, nil)
	if _, err := r.Returned(Status{ID: "1", Failures: []Failure{{Address: "a@b.example", Status: "5.7.1"}}}); err == nil {
		t.Error("a notification for the null sender was written")
	}
}

func TestTemplates(t *testing.T) {
	tests := []struct{ name, file, text, want string }{
		{"syntax", "notice.txt", "{{define \"subject\"}}x{{end}}\n\n{{if}}\n", "notice.txt:3: missing value for if"},
		{"unknown field", "notice.html", "<p>\n{{.Secret}}</p>", "notice.html:2: executing"},
		{"no subject", "reset.txt", "hello\n", "reset.txt:1: there is no"},
		{"wrong name", "notices.txt", "x", "notices.txt: there is no template of this name"},
		{"too large", "notice.html", strings.Repeat("x", maxTemplate+1), "notice.html: a template has at most"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, tt.file), []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := New(Options{URL: "https://p.example", Domain: "example.com", Templates: dir})
			if err == nil || !strings.Contains(err.Error(), filepath.Join(dir, tt.want)) {
				t.Errorf("error %v, want %s", err, tt.want)
			}
		})
	}
	if _, err := New(Options{URL: "https://p.example", Domain: "example.com", Templates: filepath.Join(t.TempDir(), "none")}); err == nil {
		t.Error("a missing folder is no error")
	}
}

func TestTemplateOverride(t *testing.T) {
	dir := t.TempDir()
	text := "{{define \"subject\"}}Mail für Sie von {{.Author.Address}}{{end}}Hallo, {{.Link}}\n"
	if err := os.WriteFile(filepath.Join(dir, "notice.txt"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r := newRenderer(t, func(o *Options) { o.Templates = dir })
	e, err := r.Notice(example(seal.ModeAccount, true))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(e.Subject, "=?utf-8?q?Mail_f=C3=BCr_Sie") {
		t.Errorf("subject %q", e.Subject)
	}
	plain, html := texts(t, e)
	if !strings.HasPrefix(plain, "Hallo, https://") || !strings.Contains(html, "Read the message") {
		t.Errorf("plain %q", plain)
	}
}

func TestOptionErrors(t *testing.T) {
	good := Options{URL: "https://p.example", Domain: "example.com"}
	for name, change := range map[string]func(*Options){
		"no URL":         func(o *Options) { o.URL = "" },
		"odd URL":        func(o *Options) { o.URL = "ftp://x" },
		"no domain":      func(o *Options) { o.Domain = "" },
		"colour":         func(o *Options) { o.Colour = "red;x" },
		"reply address":  func(o *Options) { o.ReplyFrom = "Bob <b@c>" },
		"system address": func(o *Options) { o.Postmaster = "x" },
	} {
		o := good
		change(&o)
		if _, err := New(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := New(good); err != nil {
		t.Error(err)
	}
}
