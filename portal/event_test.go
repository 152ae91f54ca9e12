package portal

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/postseal/postseal/store/seal"
)

// events returns the lines of the log for the verbs of clients, without time.
func (s *site) events() (lines []string) {
	for l := range strings.Lines(s.log.String()) {
		_, l, _ = strings.Cut(strings.TrimSpace(l), " ")
		if strings.Contains(l, " client=") && !strings.Contains(l, "msg=request ") {
			lines = append(lines, l)
		}
	}
	return lines
}

func TestEvents(t *testing.T) {
	t.Parallel()
	const (
		info = "level=INFO msg="
		warn = "level=WARN msg="
		from = " client=127.0.0.1 "
	)
	s := newSite(t, nil)
	c, id := s.activated(plainMail)
	c.post("/m/"+id+"/open").wants(t, 200)
	c.post("/logout").wants(t, 200)
	c.post("/login", "address", guest, "password", "hunter2hunter2").wants(t, 401)
	c.post("/login", "address", "hunter2hunter2", "password", guest).wants(t, 401)
	c.post("/login", "address", "a@b.c level=WARN client=1.2.3.4", "password", "x").wants(t, 401)
	c.post("/login", "address", guest, "password", password, "message", id).wants(t, 200)
	c.post("/logout").wants(t, 200)
	c.post("/forgot", "address", guest).wants(t, 200)
	reset := s.owner.resets()[0]
	c.post("/activate", "code", reset.Fragment(), "name", "Gustav Guest", "password", password+"2", "repeat", password+"2").wants(t, 200)
	once, code := s.sealed(seal.ModeOneTime, plainMail)
	s.client().post("/o/"+once, "code", code.Fragment()).wants(t, 200)
	script, scripted := s.sealed(seal.ModeOneTime, plainMail)
	s.client().postJSON("/o/"+script+"/open", `{"token":"`+scripted.Token().Encode()+`"}`).wants(t, 200)
	for range 7 {
		s.client().post("/login", "address", "nobody@elsewhere.example", "password", "x")
	}

	want := []string{
		info + eventActivated + from + "address=" + guest,
		info + eventLogin + from + "address=" + guest,
		info + eventOpened + from + "id=" + id + " address=" + guest,
		info + eventOpened + from + "id=" + id + " address=" + guest,
		warn + eventLoginFailed + from + "address=" + guest,
		warn + eventLoginFailed + from + `address=""`,
		warn + eventLoginFailed + from + `address=""`,
		info + eventLogin + from + "address=" + guest,
		info + eventOpened + from + "id=" + id + " address=" + guest,
		info + eventResetAsked + from + "address=" + guest,
		info + eventReset + from + "address=" + guest,
		info + eventLogin + from + "address=" + guest,
		info + eventOpened + from + "id=" + once + " address=" + guest,
		info + eventOpened + from + "id=" + script,
	}
	for range 6 {
		want = append(want, warn+eventLoginFailed+from+"address=nobody@elsewhere.example")
	}
	want = append(want, warn+eventThrottled+from+"address=nobody@elsewhere.example")
	if got := s.events(); !slices.Equal(got, want) {
		t.Errorf("events\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, secret := range []string{
		"hunter2", password, "Gustav", "Your statement",
		code.Fragment(), reset.Fragment(), scripted.Token().Encode(), code.Token().Encode(),
	} {
		if strings.Contains(s.log.String(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}

func TestThrottledEvents(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *Options) { o.Limits.Attempts = 1 })
	s.client().post("/code", "code", seal.NewCode().Fragment()).wants(t, 404)
	s.client().post("/code", "code", seal.NewCode().Fragment()).wants(t, 429)
	if got, want := s.events(), []string{"level=WARN msg=throttled client=127.0.0.1 route=/code"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestFail2banFilter matches the filter of the handbook with lines as logged.
func TestFail2banFilter(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^failregex = (.*)$`).FindSubmatch(text)
	if m == nil {
		t.Fatal("docs/operations.md has no failregex")
	}
	// What fail2ban puts in: its address pattern; a journal's prefix.
	filter := strings.NewReplacer("<ADDR>", `(?P<ip>[0-9a-fA-F.:]+)`, "%(__prefix_line)s", `(?:\S+ postseal\[\d+\]: )?`).Replace(string(m[1]))
	re, err := regexp.Compile(filter)
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, nil)
	s.client().post("/login", "address", guest, "password", "x").wants(t, 401)
	s.client().post("/forgot", "address", "a@b.example").wants(t, 200)
	matches := 0
	for l := range strings.Lines(s.log.String()) {
		for _, l := range []string{l, "mx postseal[123]: " + l} {
			if got := re.FindStringSubmatch(l); got != nil {
				matches++
				if ip := got[re.SubexpIndex("ip")]; ip != "127.0.0.1" {
					t.Errorf("%q: address %q", l, ip)
				}
			}
		}
	}
	if matches != 2 {
		t.Errorf("%d matches of %s in\n%s", matches, filter, s.log)
	}
	forged := `time=2026-11-21T10:00:00.000Z level=INFO msg=x address="level=WARN msg=login-failed client=192.0.2.9 address="`
	if re.MatchString(forged) {
		t.Error("matches within a value")
	}
}
