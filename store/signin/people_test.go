package signin

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/postseal/postseal/store/signin/signintest"
)

// hostile are entries that no organisation has: the directory's word is cleaned
// before it gets anywhere.
func hostile() []string {
	many := make([]string, 0, 5000)
	for n := range 5000 {
		many = append(many, fmt.Sprintf("mail: many%d@elsewhere.example", n))
	}
	entry := func(uid, cn string, lines ...string) string {
		return fmt.Sprintf("dn: uid=%[1]s,%[2]s\nobjectClass: inetOrgPerson\nuid: %[1]s\ncn:: %[3]s\nsn: Hostile\n%[4]s\n",
			uid, signintest.Base, signintest.Base64(cn), strings.Join(lines, "\n"))
	}
	return []string{
		entry("h1", "hostile control\x07\x1b[2J\u0085 x", "mail: h1@firm.example"),
		entry("h2", "hostile \u202eelpmaxe.mrif@bob\u202c\u200b\u2066x", "mail: h2@firm.example"),
		entry("h3", "hostile "+strings.Repeat("long ", 20000), "mail: h3@firm.example"),
		entry("h4", "hostile many", append(many, "mail: h4@firm.example")...),
		entry("h5", "hostile address", "mail: h5@firm.example, eve@evil.test", "mail: \"h5\"@firm.example", "mail: h5@firm.example>",
			"mail:: "+signintest.Base64("h5\u202e@firm.example"), "mail: Eve <h5@firm.example>"),
		entry("h6", "hostile outside", "mail: h6@evil.test"),
		entry("h7", "hostile <script>alert(1)</script>", "mail: h7@firm.example"),
		"dn: ou=away," + signintest.Base + "\nobjectClass: referral\nobjectClass: extensibleObject\nou: away\nref: ldap://192.0.2.1/dc=evil,dc=test\n",
	}
}

func newPeople(t *testing.T, o DirectoryOptions) *People {
	t.Helper()
	l, err := NewPeople(o, PeopleOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestPeople(t *testing.T) {
	crowd := []string{}
	for n := range 70 {
		uid := fmt.Sprintf("crowd%02d", n)
		crowd = append(crowd, "dn: uid="+uid+","+signintest.Base+"\nobjectClass: inetOrgPerson\nuid: "+uid+"\ncn: "+uid+"\nsn: Crowd\nmail: "+uid+"@firm.example\n")
	}
	d := signintest.StartDirectory(t, append(hostile(), crowd...)...)
	o := DirectoryOptions{URL: d.SecureURL, Roots: d.Roots, Base: signintest.Base, BindDN: signintest.BindDN, BindPassword: signintest.BindPassword}
	people := newPeople(t, o)
	inside := func(address string) bool { return strings.HasSuffix(strings.ToLower(address), "@firm.example") }
	anybody := func(string) bool { return true }
	for text, want := range map[string][]string{
		"cl":            {"Clara@Firm.Example"},
		"CLARA MEM":     {"Clara@Firm.Example"},
		"memb cla":      {"Clara@Firm.Example"},
		"  Clara  Me  ": {"Clara@Firm.Example"},
		"d.irk@f":       {"d.irk@firm.example"},
		"director":      {"dirk@firm.example"},
		"clara nobody":  nil,
		"ara":           nil, // not in the middle
		"eve":           nil, // another domain's
		// What means something in a filter means nothing.
		"cl*":                          nil,
		"**cl":                         nil,
		"xx)(objectClass=*":            nil,
		"xx*)(|(mail=*":                nil,
		`clara)(userPassword=right`:    nil,
		"cl\x00ara":                    {"Clara@Firm.Example"},
		"\u202ecl":                     {"Clara@Firm.Example"},
		`\63\6c`:                       nil,
		"clara@firm.example)(uid=twin": nil,
	} {
		found, more, err := people.Find(t.Context(), text, inside)
		var got []string
		for _, p := range found {
			got = append(got, p.Address)
		}
		slices.Sort(got)
		if err != nil || more || !slices.Equal(got, want) {
			t.Errorf("%q: %v, more %v, %v", text, found, more, err)
		}
	}
	for _, text := range []string{"", "c", "**", "c*", "(&", "é", strings.Repeat("ab ", 6), strings.Repeat("a", MaxText+1), strings.Repeat("a", 1<<20), "\u200b\u200b\u200b"} {
		if _, _, err := people.Find(t.Context(), text, anybody); !errors.Is(err, ErrText) {
			t.Errorf("%.20q: %v", text, err)
		}
	}
	if found, _, err := people.Find(t.Context(), "eve", anybody); err != nil || len(found) != 1 || found[0].Address != "clara@elsewhere.example" {
		t.Errorf("everybody: %v, %v", found, err)
	}
	found, more, err := people.Find(t.Context(), "crowd", inside)
	if err != nil || len(found) != MaxFound || !more {
		t.Errorf("a crowd: %d, more %v, %v", len(found), more, err)
	}

	found, more, err = people.Find(t.Context(), "hostile", inside)
	if err != nil || more {
		t.Fatal(more, err)
	}
	got := map[string]string{}
	for _, p := range found {
		got[p.Address] = p.Name
	}
	want := map[string]string{
		"h1@firm.example": "hostile control[2J x",
		"h2@firm.example": "hostile elpmaxe.mrif@bobx",
		"h3@firm.example": ("hostile " + strings.Repeat("long ", 20))[:maxName],
		"h7@firm.example": "hostile <script>alert(1)</script>",
	}
	delete(got, "h4@firm.example") // it may or may not be among the values that are looked at
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("hostile entries:\n%v\n%v", got, want)
	}
	if err := people.Check(t.Context()); err != nil {
		t.Error(err)
	}
	// A base that is a referral leads nowhere.
	away := o
	away.Base = "ou=away," + signintest.Base
	if _, _, err := newPeople(t, away).Find(t.Context(), "clara", anybody); !errors.Is(err, ErrUnavailable) {
		t.Errorf("a referral: %v", err)
	}
	for name, change := range map[string]func(*DirectoryOptions){
		"wrong password":    func(o *DirectoryOptions) { o.BindPassword = "wrong" },
		"unknown authority": func(o *DirectoryOptions) { o.Roots = nil },
		"no answer":         func(o *DirectoryOptions) { o.URL = "ldaps://127.0.0.1:1" },
	} {
		wrong := o
		change(&wrong)
		if _, _, err := newPeople(t, wrong).Find(t.Context(), "clara", anybody); !errors.Is(err, ErrUnavailable) || strings.Contains(err.Error(), "clara") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSilentPeople: a directory that says nothing, or never stops, keeps nobody
// longer than the caller waits, also those who come while all others wait.
func TestSilentPeople(t *testing.T) {
	for name, say := range map[string]func(net.Conn){
		"silent": func(c net.Conn) { <-t.Context().Done() },
		"endless": func(c net.Conn) {
			_, _ = c.Write(append([]byte{0x30, 0x84, 0x7f, 0xff, 0xff, 0xff}, make([]byte, 2*maxAnswers)...))
		},
		"gone": func(c net.Conn) { c.Close() },
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				t.Cleanup(func() { c.Close() })
				go say(c)
			}
		}()
		for _, o := range []DirectoryOptions{
			{URL: "ldap://" + l.Addr().String(), Base: "b"},
			{URL: "ldaps://" + l.Addr().String(), Base: "b"},
			{URL: "ldap://" + l.Addr().String(), Base: "b", Roots: x509.NewCertPool()}, // StartTLS
		} {
			people := newPeople(t, o)
			answers := make(chan error, 3*finders)
			for range cap(answers) {
				go func() {
					ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
					defer cancel()
					_, _, err := people.Find(ctx, "clara", func(string) bool { return true })
					answers <- err
				}()
			}
			for range cap(answers) {
				if err := <-answers; !errors.Is(err, ErrUnavailable) {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
	}
}

func TestPeopleOptions(t *testing.T) {
	d := DirectoryOptions{URL: "ldaps://x", Base: "b"}
	for name, tc := range map[string]struct {
		d DirectoryOptions
		p PeopleOptions
	}{
		"no base":     {DirectoryOptions{URL: "ldaps://x", DN: "uid={user}"}, PeopleOptions{}},
		"no URL":      {DirectoryOptions{Base: "b"}, PeopleOptions{}},
		"filter":      {d, PeopleOptions{Filter: "(objectClass=person"}},
		"two filters": {d, PeopleOptions{Filter: "(a=b)(c=d"}},
		"attribute":   {d, PeopleOptions{Attributes: []string{"cn)(mail"}}},
	} {
		if _, err := NewPeople(tc.d, tc.p); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if _, err := NewPeople(d, PeopleOptions{Filter: "(&(objectClass=user)(!(hidden=TRUE)))", Attributes: []string{"displayName", "mail;lang-de"}}); err != nil {
		t.Error(err)
	}
}

func FuzzClean(f *testing.F) {
	for _, s := range []string{"Clara Member", "\u202eabc\x00", "a\xff\xfeb", "\u3000x\u2028y", "\ufffd"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := clean(s, 20)
		if n := len([]rune(got)); n > 20 {
			t.Errorf("%d characters", n)
		}
		if clean(got, 20) != got || strings.TrimSpace(got) != got && strings.HasPrefix(got, " ") {
			t.Errorf("%q becomes %q", got, clean(got, 20))
		}
		if strings.ContainsFunc(got, func(r rune) bool {
			return r < ' ' || r == 0x7f || r >= 0x200b && r <= 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
		}) {
			t.Errorf("%q", got)
		}
	})
}

// TestReason: a directory that repeats what was looked for does not bring it into
// the log.
func TestReason(t *testing.T) {
	err := ldap.NewError(ldap.LDAPResultInsufficientAccessRights, errors.New("no right to (cn=clara*)\n"))
	if got := reason(err); strings.Contains(got, "clara") || !strings.Contains(got, "50") {
		t.Errorf("%q", got)
	}
	if got := reason(ldap.NewError(ldap.ErrorNetwork, errors.New("connection closed"))); !strings.Contains(got, "closed") {
		t.Errorf("%q", got)
	}
}
