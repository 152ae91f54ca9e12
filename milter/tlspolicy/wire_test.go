package tlspolicy

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/postseal/postseal/rules"
)

func TestReadNetstring(t *testing.T) {
	for _, c := range []struct {
		in, out string
		ok      bool
	}{
		{"3:abc,", "abc", true},
		{"0:,", "", true},
		{"10:rules a.b,,", "rules a.b,", true},
		{"", "", false}, {":,", "", false}, {"3:abc", "", false}, {"3:abc;", "", false}, {"03:abc,", "", false},
		{"00:,", "", false}, {"+3:abc,", "", false}, {"-1:,", "", false}, {"3 :abc,", "", false}, {"21:aaaaaaaaaaaaaaaaaaaaa,", "", false},
		{"99999999999999999999:", "", false}, {"3", "", false},
	} {
		got, err := readNetstring(bufio.NewReader(strings.NewReader(c.in)), 20)
		if got != c.out || (err == nil) != c.ok {
			t.Errorf("%q: %q, %v", c.in, got, err)
		}
	}
}

func FuzzReadNetstring(f *testing.F) {
	for _, s := range []string{"3:abc,", "0:,", "1024:x", "12:verified a.b,", "07:x", "::::"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := readNetstring(bufio.NewReader(strings.NewReader(string(b))), maxRequest)
		if err == nil && !strings.HasPrefix(string(b), string(appendNetstring(nil, s))) {
			t.Errorf("%q was read as %q", b, s)
		}
	})
}

func TestParsePolicy(t *testing.T) {
	good, err := parsePolicy("version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.example.net\r\nmx: backup.example.com\r\nmax_age: 604800\r\nnew: thing\r\n")
	if err != nil || !good.enforce || good.maxAge != 7*24*time.Hour || len(good.mx) != 3 {
		t.Errorf("%+v, %v", good, err)
	}
	for host, want := range map[string]bool{
		"mail.example.com": true, "mx.example.net": true, "example.net": false, "a.b.example.net": false, "mail.example.com.evil": false, "x.mail.example.com": false,
	} {
		if good.allows(host) != want {
			t.Errorf("allows(%q) = %t", host, !want)
		}
	}
	for _, bad := range []string{
		"", "version: STSv2\nmode: none\nmax_age: 1\n", "version: STSv1\nmode: enforce\nmax_age: 1\n",
		"version: STSv1\nmode: enforce\nmx: a.example\n", "version: STSv1\nmode: enforce\nmx: a.example\nmax_age: -1\n",
		"version: STSv1\nmode: strict\nmx: a.example\nmax_age: 1\n", "version: STSv1\nmode: enforce\nmx: a:b servername=x\nmax_age: 1\n",
		"version: STSv1\nmode: enforce\nmx: *.*.example\nmax_age: 1\n", "<html>", "version: STSv1\nmode: none\nmax_age: 1\nnonsense",
	} {
		if p, err := parsePolicy(bad); err == nil {
			t.Errorf("%q is taken for %+v", bad, p)
		}
	}
}

func FuzzParsePolicy(f *testing.F) {
	f.Add("version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmax_age: 604800\r\n")
	f.Add("version: STSv1\nmode: none\nmax_age: 1")
	f.Add("version: STSv1\nmode: enforce\nmx: *.a\nmx: .\nmax_age: 99999999999")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parsePolicy(text)
		if err != nil {
			return
		}
		if p.maxAge < 0 || p.maxAge > maxPolicyAge || p.enforce && len(p.mx) == 0 || len(p.mx) > maxPatterns {
			t.Errorf("%q is %+v", text, p)
		}
		for _, mx := range p.mx {
			if strings.ContainsAny(mx, " :=\r\n") {
				t.Errorf("%q has the mx %q", text, mx)
			}
		}
	})
}

func TestParseRecord(t *testing.T) {
	for _, c := range []struct {
		texts []string
		id    string
		ok    bool
	}{
		{[]string{"v=STSv1; id=20160831085700Z;"}, "20160831085700Z", true},
		{[]string{"v=spf1 -all", "v=STSv1;id=1"}, "1", true},
		{[]string{"v=STSv1; id=1", "v=STSv1; id=2"}, "", false},
		{[]string{"v=STSv1;"}, "", false},
		{nil, "", false},
	} {
		if id, ok := parseRecord(c.texts); ok != c.ok || ok && id != c.id {
			t.Errorf("%q: %q, %t", c.texts, id, ok)
		}
	}
}

// A name that Postfix could read as another attribute is no host name, and so never
// gets into an answer.
func FuzzParseDestination(f *testing.F) {
	for _, s := range []string{"example.com", "[mx.example.com]:25", ".example.com", "a:b:c", "[::1]:25", "x match=y", "Ä.example"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, key string) {
		d := parseDestination(key)
		if again := parseDestination(d.String()); again != d && hostname(d.name) {
			t.Errorf("%q is %+v, and that is %+v", key, d, again)
		}
		if hostname(d.name) && strings.ContainsAny(d.name, " :=[]\t") {
			t.Errorf("%q is the name %q", key, d.name)
		}
	})
}

type fakeTable struct{}

func (fakeTable) Lookup(_ context.Context, name, key string) (string, bool, error) {
	switch {
	case name != "rules":
		return "", false, ErrNoTable
	case key == "doubt.example":
		return "", false, errors.New("no resolver")
	case key == "panic.example":
		panic(key)
	case key == "other.example":
		return "", false, nil
	}
	return "encrypt", true, nil
}

// TestServer speaks the protocol of socketmap_table(5).
func TestServer(t *testing.T) {
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	s := NewServer(fakeTable{}, slog.New(slog.DiscardHandler))
	served := make(chan error)
	go func() { served <- s.Serve(l) }()
	c, err := net.Dial("unix", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(c)
	for _, q := range []struct{ request, answer string }{
		{"rules secret.example", "OK encrypt"},
		{"rules other.example", "NOTFOUND "},
		{"rules doubt.example", "TEMP not known at present"},
		{"rules panic.example", "TEMP internal error"},
		{"rules", "PERM want: map destination"},
		{"what a.example", "PERM no such map"},
	} {
		if _, err := c.Write(appendNetstring(nil, q.request)); err != nil {
			t.Fatal(err)
		}
		if got, err := readNetstring(r, 1000); got != q.answer || err != nil {
			t.Errorf("%q: %q, %v", q.request, got, err)
		}
	}
	c.Write([]byte("what is this?"))
	if _, err := r.ReadByte(); err != io.EOF {
		t.Errorf("after nonsense: %v", err)
	}
	idle, err := net.Dial("unix", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	if err := <-served; err != nil {
		t.Error(err)
	}
	if _, err := idle.Read(make([]byte, 1)); err == nil {
		t.Error("a connection outlived the server")
	}
}

func TestMapsRules(t *testing.T) {
	p, err := New(Options{Resolver: "127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{"proof.example", "[proof.example]"} {
		p.proofs.Add(to, Proof{Method: DANE, until: time.Now().Add(time.Hour)})
	}
	m := Maps{Prober: p, Level: func(domain string) rules.TLSLevel {
		return map[string]rules.TLSLevel{"secret.example": rules.TLSEncrypt, "any.example": rules.TLSMay, "proof.example": rules.TLSVerified}[domain]
	}}
	for _, c := range []struct {
		name, key, value string
		ok               bool
	}{
		{MapRules, "secret.example", "encrypt", true},
		{MapRules, "SECRET.example", "encrypt", true},
		{MapRules, "[secret.example]:25", "encrypt", true},
		{MapRules, ".example", "", false},
		{MapRules, "any.example", "", false},
		{MapRules, "other.example", "", false},
		{MapEncrypt, "other.example", "encrypt", true},
		{MapEncrypt, "proof.example", "dane-only", true},
		{MapRules, "[proof.example]", "dane-only", true},
	} {
		if value, ok, err := m.Lookup(t.Context(), c.name, c.key); value != c.value || ok != c.ok || err != nil {
			t.Errorf("%s %s: %q, %t, %v", c.name, c.key, value, ok, err)
		}
	}
	if _, _, err := m.Lookup(t.Context(), "x", "a.example"); !errors.Is(err, ErrNoTable) {
		t.Error(err)
	}
}
