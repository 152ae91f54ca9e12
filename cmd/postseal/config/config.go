// Package config reads postseal.toml. It is strict: an unknown key, a wrong type
// or a value out of bounds is an error that names file, line and key and says
// what would be right, and all of them are reported at once. Every key has a
// default that is visible ([Config.Effective], [Sample]) unless it says required.
//
// One table ([schema]) describes the keys; the sample file, the reference in
// docs/configuration.md and the checks come from it.
//
// Relative paths are relative to the folder of the file. The file holds no
// secrets: those are in the keys folder, files of their own.
package config

import (
	"net/netip"
	"path/filepath"
	"strings"
	"time"
)

// DefaultPath is where postseal.toml is looked for.
const DefaultPath = "/etc/postseal/postseal.toml"

// A Config is what postseal.toml says. Sizes are in octets.
type Config struct {
	Path string // of the file; "" for [Default]

	InternalDomains []string

	Milter     Milter
	Store      Store
	Portal     Portal
	Members    Members
	Accounts   Accounts
	Submission Submission
	Messages   Messages
	Reminders  Reminders
	Actions    Actions
	TLS        TLS
	Limits     Limits
	Rules      Rules
	Keys       Keys
	Brand      Brand
	Notice     Notice
	Languages  Languages
	Log        Log
}

// Milter is how the MTA reaches us.
type Milter struct {
	Listen      []string // "unix:/path", "inet:host:port"
	SocketMode  uint32   // of Unix sockets
	SocketGroup string   // "" leaves it
	Connections int
	Idle        time.Duration
	KeepHeaders []string
	SpoolDir    string
}

// Store is where sealed messages lie and who may ask for them.
type Store struct {
	Dir         string
	Socket      string
	Control     string // socket for the administrator's commands
	SocketGroup string
	PortalUser  string // "" is the user of this process alone
	MinFree     int64
	CompactAt   string // "03:30", "" never
}

// Portal is the web server.
type Portal struct {
	URL            string
	Listen         string
	Certificate    string
	Key            string
	TrustedProxies []string
	SessionIdle    time.Duration
	SessionMax     time.Duration
	Compose        bool
	ComposeDomains []string // empty: the internal ones
	Directory      string   // "off", "members", "everybody"
}

// Proxies returns TrustedProxies as networks.
func (p Portal) Proxies() []netip.Prefix {
	var all []netip.Prefix
	for _, s := range p.TrustedProxies {
		if n, err := parseNetwork(s); err == nil { // checked when it was read
			all = append(all, n)
		}
	}
	return all
}

// Members is how the people of the internal domains sign in to the portal.
type Members struct {
	Method  string   // "off", "password", "ldap", "oidc"
	Domains []string // "example.com: ldap", where it differs

	LDAPURL, LDAPCA, LDAPDN, LDAPBindDN, LDAPBase, LDAPFilter string
	LDAPMail, LDAPName, LDAPGroup, LDAPGroupFilter            string

	LDAPSearch []string // attributes that people are looked up by
	LDAPPeople string   // filter of those who are found

	OIDCIssuer, OIDCClient, OIDCClaim, OIDCCA string
}

// Accounts is what the portal's accounts must be like.
type Accounts struct {
	PasswordLength int // characters
}

// Methods returns Domains as a map from domain to method.
func (m Members) Methods() map[string]string {
	all := map[string]string{}
	for _, s := range m.Domains {
		if d, method, ok := strings.Cut(s, ":"); ok { // checked when it was read
			all[strings.TrimSpace(d)] = strings.TrimSpace(method)
		}
	}
	return all
}

// Uses reports whether some domain's members sign in by a method.
func (m Members) Uses(method string) bool {
	if m.Method == method {
		return true
	}
	for _, of := range m.Methods() {
		if of == method {
			return true
		}
	}
	return false
}

// Submission is where our own mail goes.
type Submission struct {
	Address    string
	TLS        string // "offered", "required"
	ServerName string
	CA         string
	Hello      string
	GiveUp     time.Duration
}

// Messages is how long things last.
type Messages struct {
	Retention    time.Duration
	OneTimeGrace time.Duration
	ResetTTL     time.Duration
	Status       time.Duration // how long a sender can follow what has ended
	Deleted      time.Duration // how long a recipient can bring back what was deleted
	Thread       bool
}

// Reminders say who is told of messages that were not opened.
type Reminders struct {
	UnreadAfter   []time.Duration
	ToRecipient   bool
	ToSender      bool
	BeforeExpiry  time.Duration // 0: never
	ExpiredUnread bool
}

// Actions is what the actions of rules do, as far as the rules leave it open.
type Actions struct {
	Block      string // "auto", "hold", "defer"
	Hold       time.Duration
	Quarantine string // "mta", "sealed"
	Receipt    bool
}

// TLS is encryption on the way in and out.
type TLS struct {
	Incoming              string // "automatic", "required"
	IncomingSenders       []string
	IncomingRecipients    []string
	IncomingAuthenticated string   // "as others", "required", "exempt"
	IncomingExempt        []string // networks, "local"

	Outgoing     string // "none", "postfix", "sendmail"
	PolicySocket string
	RouteAll     bool
	Wait         time.Duration
	DANE         bool
	Resolver     string
	CA           string
}

// Exempt returns IncomingExempt as networks, and whether the local command is
// among them.
func (t TLS) Exempt() (all []netip.Prefix, local bool) {
	for _, s := range t.IncomingExempt {
		if s == "local" {
			local = true
		} else if n, err := parseNetwork(s); err == nil { // checked when it was read
			all = append(all, n)
		}
	}
	return all, local
}

// Limits bound sizes.
type Limits struct {
	Message int64
	Memory  int64
	Reply   int64
}

// Rules is where the rule files are.
type Rules struct{ Dir string }

// Keys is where the key files are.
type Keys struct {
	Dir      string
	Recovery string // "online", "offline"
}

// Brand is how the organisation presents itself.
type Brand struct{ Name, Logo, Colour, Help, Postmaster string }

// Languages are those of mails and pages, for who did not choose one. They are
// codes of BCP 47.
type Languages struct {
	Default string
	Domains map[string]string // by domain of an address
}

// Notice is what goes out instead of a message.
type Notice struct {
	ReplyFrom      string
	Domain         string
	Templates      string
	ShowSubject    bool
	ReceiptSubject bool // what the sender gets back names the subject
}

// Log is how we log.
type Log struct{ Format, Level string }

// Default returns the configuration of an empty file: everything but what is
// required.
func Default() *Config {
	return &Config{
		InternalDomains: []string{},
		Milter: Milter{
			Listen:      []string{"unix:/run/postseal/milter.sock"},
			SocketMode:  0o660,
			SocketGroup: "postfix",
			Connections: 500,
			Idle:        10 * time.Minute,
			KeepHeaders: []string{},
		},
		Store: Store{
			Dir:       "/var/lib/postseal",
			Socket:    "/run/postseal/store.sock",
			Control:   "/run/postseal/control.sock",
			MinFree:   64 << 20,
			CompactAt: "03:30",
		},
		Portal: Portal{
			Listen:         "127.0.0.1:8080",
			TrustedProxies: []string{},
			SessionIdle:    30 * time.Minute,
			SessionMax:     12 * time.Hour,
			Compose:        true,
			ComposeDomains: []string{},
			Directory:      "off",
		},
		Accounts: Accounts{PasswordLength: 15},
		Members: Members{
			Method: "off", Domains: []string{}, LDAPMail: "mail", LDAPName: "cn",
			LDAPSearch: []string{"cn", "givenName", "sn", "mail"}, LDAPPeople: "(objectClass=person)",
		},
		Submission: Submission{
			Address: "127.0.0.1:10025",
			TLS:     "offered",
			GiveUp:  5 * day,
		},
		Messages: Messages{
			Retention:    30 * day,
			OneTimeGrace: time.Hour,
			ResetTTL:     day,
			Status:       90 * day,
			Deleted:      30 * day,
			Thread:       true,
		},
		Reminders: Reminders{UnreadAfter: []time.Duration{}, ToRecipient: true, ExpiredUnread: true},
		Actions:   Actions{Block: "auto", Hold: 7 * day, Quarantine: "mta"},
		TLS: TLS{
			Incoming: "automatic", IncomingAuthenticated: "as others",
			IncomingSenders: []string{}, IncomingRecipients: []string{},
			IncomingExempt: []string{"local", "127.0.0.0/8", "::1"},
			Outgoing:       "none", PolicySocket: "unix:/run/postseal/tls.sock",
			Wait: 5 * time.Second, DANE: true,
		},
		Limits:    Limits{Message: 72e6, Memory: 1 << 20, Reply: 50e6},
		Rules:     Rules{Dir: "rules.d"},
		Keys:      Keys{Dir: "keys", Recovery: "online"},
		Notice:    Notice{ReceiptSubject: true},
		Languages: Languages{Default: "en", Domains: map[string]string{}},
		Log:       Log{Format: "text", Level: "info"},
	}
}

// resolve makes the paths absolute.
func (c *Config) resolve() {
	base, err := filepath.Abs(filepath.Dir(c.Path))
	if err != nil { // no current folder: then they stay relative to it
		base = filepath.Dir(c.Path)
	}
	for _, p := range []*string{
		&c.Milter.SpoolDir, &c.Store.Dir, &c.Store.Socket, &c.Store.Control, &c.Portal.Certificate, &c.Portal.Key,
		&c.Members.LDAPCA, &c.Members.OIDCCA,
		&c.Submission.CA, &c.TLS.CA, &c.Rules.Dir, &c.Keys.Dir, &c.Brand.Logo, &c.Notice.Templates,
	} {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(base, *p)
		}
	}
}

// MailDomain is the right side of the Message-IDs and addresses of our own mail.
func (c *Config) MailDomain() string {
	if c.Notice.Domain != "" {
		return c.Notice.Domain
	}
	for _, d := range c.InternalDomains {
		if d[0] != '.' {
			return d
		}
	}
	if len(c.InternalDomains) > 0 {
		return c.InternalDomains[0][1:]
	}
	return ""
}
