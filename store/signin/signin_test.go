package signin

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/postseal/postseal/store/signin/signintest"
)

func TestMethod(t *testing.T) {
	s := &Service{o: Options{
		Domains: []string{"firm.example", ".firm.example"}, Default: LDAP,
		Methods: map[string]Method{".sales.firm.example": OIDC, "hq.firm.example": Password, "a.sales.firm.example": Off, "elsewhere.example": LDAP},
	}}
	for address, want := range map[string]Method{
		"x@firm.example": LDAP, "X@FIRM.EXAMPLE.": LDAP, "x@it.firm.example": LDAP, "x@hq.firm.example": Password,
		"x@b.sales.firm.example": OIDC, "x@a.sales.firm.example": Off, "x@elsewhere.example": Off,
		"x@notfirm.example": Off, "x@firm.example.evil.test": Off, "firm.example": Off, "": Off, "@firm.example": Off,
		`"x@firm.example"@evil.test`: Off,
	} {
		if got := s.Method(address); got != want {
			t.Errorf("%s signs in by %s, want %s", address, got, want)
		}
	}
	if m := (&Service{o: Options{Domains: []string{"firm.example"}}}).Method("x@firm.example"); m != Off {
		t.Errorf("without a default: %s", m)
	}
}

func TestDirectory(t *testing.T) {
	d := signintest.StartDirectory(t)
	search := DirectoryOptions{URL: d.SecureURL, Roots: d.Roots, Base: signintest.Base, BindDN: signintest.BindDN, BindPassword: signintest.BindPassword}
	with := func(change func(*DirectoryOptions)) DirectoryOptions {
		o := search
		change(&o)
		return o
	}
	ways := map[string]DirectoryOptions{
		"search":   search,
		"starttls": with(func(o *DirectoryOptions) { o.URL = d.URL }),
		"template": {URL: d.SecureURL, Roots: d.Roots, DN: "uid={user}," + signintest.Base},
		"group":    with(func(o *DirectoryOptions) { o.Group = signintest.Group }),
		"all":      with(func(o *DirectoryOptions) { o.Filter = "(objectClass=inetOrgPerson)" }),
		"by name":  with(func(o *DirectoryOptions) { o.Filter = "(uid={user})" }),
		// The system does not know the authority.
		"unknown authority": with(func(o *DirectoryOptions) { o.Roots = nil }),
		"wrong password":    with(func(o *DirectoryOptions) { o.BindPassword = "wrong" }),
		"no such group":     with(func(o *DirectoryOptions) { o.Group = "cn=none,dc=firm,dc=example" }),
		"no answer":         with(func(o *DirectoryOptions) { o.URL = "ldaps://127.0.0.1:1" }),
	}
	for _, tc := range []struct {
		way, address, password string
		want                   error
	}{
		{"search", "clara@firm.example", "right of clara", nil},
		{"search", "CLARA@firm.example", "right of clara", nil},
		{"search", "d.irk@firm.example", "right of dirk", nil},
		{"starttls", "clara@firm.example", "right of clara", nil},
		{"template", "clara@firm.example", "right of clara", nil},
		{"group", "clara@firm.example", "right of clara", nil},
		{"search", "clara@firm.example", "wrong", ErrRefused},
		{"search", "clara@firm.example", "", ErrRefused},
		{"template", "clara@firm.example", "", ErrRefused},
		{"search", "nobody@firm.example", "right of clara", ErrRefused},
		{"search", "twin@firm.example", "right of twin1", ErrRefused},
		{"all", "clara@firm.example", "right of clara", ErrRefused},
		{"group", "dirk@firm.example", "right of dirk", ErrRefused},
		// The right password, and another's address.
		{"template", "eve@firm.example", "right of eve", ErrRefused},
		{"by name", "eve@firm.example", "right of eve", ErrRefused},
		// What means something in a filter or a name means nothing.
		{"search", "*@firm.example", "right of clara", ErrRefused},
		{"search", "clara@firm.example)(uid=*", "right of clara", ErrRefused},
		{"search", `x)(|(uid=clara)(mail=*@firm.example`, "right of clara", ErrRefused},
		{"by name", "clara)(uid=clara@firm.example", "right of clara", ErrRefused},
		{"template", "clara,ou=people@firm.example", "right of clara", ErrRefused},
		{"template", "clara+cn=Clara Member@firm.example", "right of clara", ErrRefused},
		{"unknown authority", "clara@firm.example", "right of clara", ErrUnavailable},
		{"wrong password", "clara@firm.example", "right of clara", ErrUnavailable},
		{"no such group", "clara@firm.example", "right of clara", ErrUnavailable},
		{"no answer", "clara@firm.example", "right of clara", ErrUnavailable},
	} {
		o := ways[tc.way]
		dir, err := newDirectory(&o)
		if err != nil {
			t.Fatal(err)
		}
		entry := ""
		p, err := dir.verify(context.Background(), tc.address, tc.password, func(name string) error { entry = name; return nil })
		if !errors.Is(err, tc.want) || (err == nil) != (tc.want == nil) {
			t.Errorf("%s, %s with %q: %v, want %v", tc.way, tc.address, tc.password, err, tc.want)
		}
		if err != nil && strings.Contains(err.Error(), "right of") {
			t.Errorf("the error holds the password: %v", err)
		}
		if uid, _, _ := strings.Cut(entry, ","); err == nil && (uid != "uid=clara" && uid != "uid=dirk" || entry != uid+","+signintest.Base) {
			t.Errorf("%s, %s: counted as %q", tc.way, tc.address, entry)
		}
		if err == nil && (p.Address != tc.address || p.Name == "") {
			t.Errorf("%s, %s: %+v", tc.way, tc.address, p)
		}
	}
}

// TestEntryRefused: where the person may not try, the directory isn't asked.
func TestEntryRefused(t *testing.T) {
	d := signintest.StartDirectory(t)
	dir, err := newDirectory(&DirectoryOptions{URL: d.SecureURL, Roots: d.Roots, DN: "uid={user}," + signintest.Base})
	if err != nil {
		t.Fatal(err)
	}
	later := errors.New("later")
	if _, err := dir.verify(t.Context(), "clara@firm.example", "right of clara", func(string) error { return later }); err != later {
		t.Errorf("%v", err)
	}
}

func TestEntryName(t *testing.T) {
	for dn, want := range map[string]string{
		"uid=clara,ou=people,dc=firm":     "uid=clara,ou=people,dc=firm",
		"UID=Clara,  OU=People,DC=Firm":   "uid=clara,ou=people,dc=firm",
		`cn=Clara\20\20 Member,ou=people`: "cn=clara member,ou=people",
		"":                                "",
		"nonsense":                        "error",
	} {
		got, err := entryName(dn)
		if err != nil {
			got = "error"
		}
		if got != want {
			t.Errorf("%q is %q, want %q", dn, got, want)
		}
	}
}

// TestSilentDirectory: one that accepts a connection and says nothing does not
// keep a sign-in longer than its caller waits.
func TestSilentDirectory(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	d, err := newDirectory(&DirectoryOptions{URL: "ldap://" + l.Addr().String(), DN: "uid={user}"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, err := d.verify(ctx, "clara@firm.example", "x", func(string) error { return nil }); !errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

func TestDirectoryOptions(t *testing.T) {
	for _, o := range []*DirectoryOptions{nil, {}, {URL: "http://x", Base: "b"}, {URL: "ldap://x"}, {URL: "x", Base: "b"}} {
		if _, err := newDirectory(o); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
	// StartTLS is left out on loopback alone.
	for u, plain := range map[string]bool{"ldap://127.0.0.1:389": true, "ldap://localhost": true, "ldap://directory.example.com": false, "ldaps://127.0.0.1": false} {
		d, err := newDirectory(&DirectoryOptions{URL: u, Base: "b"})
		if err != nil || d.plain != plain {
			t.Errorf("%s: plain %v, %v", u, d.plain, err)
		}
	}
}

func TestProvider(t *testing.T) {
	const redirect = "http://localhost:1/signin/return"
	o := ProviderOptions{Issuer: signintest.Provider(t, redirect), ClientID: signintest.ClientID, Secret: signintest.ClientSecret, Redirect: redirect}
	s, err := New(Options{Domains: []string{"cloud.example", "firm.example"}, Default: OIDC, Methods: map[string]Method{"firm.example": Password}, Provider: &o})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	if err := s.Check(ctx); err != nil {
		t.Fatal(err)
	}
	wrong := o
	wrong.Secret = "wrong"
	stranger, err := newProvider(&wrong)
	if err != nil {
		t.Fatal(err)
	}
	subject := o
	subject.Claim = "sub"
	for name, tc := range map[string]struct {
		login  string
		by     *provider                // nil: the service's
		change func(f *Flow, c *string) // before the code is redeemed
		want   error
	}{
		"right":                {login: "dora@cloud.example"},
		"another flow's nonce": {login: "dora@cloud.example", change: func(f *Flow, _ *string) { f.Nonce = NewFlow(time.Now()).Nonce }, want: ErrRefused},
		"no PKCE verifier":     {login: "dora@cloud.example", change: func(f *Flow, _ *string) { f.Verifier = NewFlow(time.Now()).Verifier }, want: ErrRefused},
		"a made-up code":       {login: "dora@cloud.example", change: func(_ *Flow, c *string) { *c = "made up" }, want: ErrRefused},
		"another client":       {login: "dora@cloud.example", by: stranger, want: ErrRefused},
		"not verified":         {login: "unverified@cloud.example", want: ErrRefused},
		"no address":           {login: "none@cloud.example", want: ErrRefused},
		"a guest's address":    {login: "dora@guest.example", want: ErrRefused},
		"another method's":     {login: "dora@firm.example", want: ErrRefused},
	} {
		t.Run(name, func(t *testing.T) {
			f := NewFlow(time.Now())
			at, err := s.Begin(ctx, "dora@cloud.example", f, false)
			if err != nil {
				t.Fatal(err)
			}
			q := signintest.SignIn(t, at, tc.login).Query()
			if q.Get("state") != f.State {
				t.Fatalf("state %q", q.Get("state"))
			}
			code := q.Get("code")
			if tc.change != nil {
				tc.change(&f, &code)
			}
			redeem := s.Redeem
			if tc.by != nil {
				redeem = tc.by.redeem
			}
			p, err := redeem(ctx, f, code)
			if !errors.Is(err, tc.want) || (err == nil) != (tc.want == nil) {
				t.Fatalf("got %v, want %v", err, tc.want)
			}
			if err != nil {
				if strings.Contains(err.Error(), code) {
					t.Errorf("the error holds the code: %v", err)
				}
				return
			}
			if p.Address != tc.login || p.Name != "Dora Cloud" {
				t.Errorf("person: %+v", p)
			}
			if _, err := redeem(ctx, f, code); !errors.Is(err, ErrRefused) {
				t.Errorf("a code counts twice: %v", err)
			}
		})
	}
	// A provider that remembers the browser asks nothing and says since when; told to, it
	// asks again.
	browser, first := signintest.NewBrowser(t), time.Time{}
	for n, again := range []bool{false, false, true} {
		time.Sleep(time.Duration(min(n, 1)) * 1100 * time.Millisecond) // it counts in seconds
		f, began := NewFlow(time.Now()), time.Now().Truncate(time.Second)
		at, err := s.Begin(ctx, "dora@cloud.example", f, again)
		if err != nil {
			t.Fatal(err)
		}
		back, asked := browser.SignIn(t, at, "dora@cloud.example")
		p, err := s.Redeem(ctx, f, back.Query().Get("code"))
		if err != nil {
			t.Fatal(err)
		}
		if silent := n == 1; asked == silent || p.Proved.Before(began) != silent || silent && !p.Proved.Equal(first) {
			t.Errorf("log-in %d: asked %v, proved %v, began %v", n, asked, p.Proved, began)
		}
		first = p.Proved
	}
	// Another claim than email needs no email_verified.
	other, err := newProvider(&subject)
	if err != nil {
		t.Fatal(err)
	}
	f := NewFlow(time.Now())
	at, err := other.begin(ctx, "dora@cloud.example", f, false)
	if err != nil {
		t.Fatal(err)
	}
	code := signintest.SignIn(t, at, "unverified@cloud.example").Query().Get("code")
	if p, err := other.redeem(ctx, f, code); err != nil || p.Address != "unverified@cloud.example" {
		t.Errorf("by another claim: %+v, %v", p, err)
	}
}

func TestProviderOptions(t *testing.T) {
	for _, o := range []*ProviderOptions{nil, {}, {Issuer: "https://x"}, {Issuer: "http://login.example.com", ClientID: "x"}, {Issuer: "login.example.com", ClientID: "x"}} {
		if _, err := newProvider(o); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
	p, err := newProvider(&ProviderOptions{Issuer: "http://localhost:1", ClientID: "x"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.begin(context.Background(), "x", Flow{}, false); !errors.Is(err, ErrUnavailable) {
		t.Errorf("without a provider: %v", err)
	}
}

// Letters that fold to another are other letters: who has "sam" has not the mailbox
// with a long s.
func TestHasAddress(t *testing.T) {
	values := []string{" Sam@Firm.Example", "kai@firm.example", "MÜLLER@firm.example"}
	for address, want := range map[string]bool{
		"sam@firm.example": true, "SAM@firm.example": true, "müller@firm.example": true,
		"\u017fam@firm.example": false, "sam@firm.example.evil.test": false, "": false,
	} {
		if got := hasAddress(values, address); got != want {
			t.Errorf("%q: %v", address, got)
		}
	}
}
