package portal

import (
	"cmp"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"filippo.io/age"
	"github.com/gorilla/mux"
	"github.com/postseal/postseal/portal/display"
	"github.com/postseal/postseal/portal/locale"
	"github.com/postseal/postseal/store/socket"
)

// Options configure [New]. Owner, SigningKey, Pepper and URL are required.
type Options struct {
	// Owner is the store's owner: a [socket.Client], or the store itself where
	// both run in one process.
	Owner socket.Owner
	// SigningKey verifies manifests: the public half of the milter's key.
	SigningKey ed25519.PublicKey
	// Recovery is the private half of the recovery key where recovery is
	// online, else nil: a forgotten password then loses access to old messages
	// until an administrator recovers them, and the pages say so.
	Recovery *age.HybridIdentity
	// RecoveryRecipient is its public half, to which account keys are escrowed.
	// It may be nil; then it is taken from Recovery, if there is one.
	RecoveryRecipient *age.HybridRecipient
	// Pepper is mixed into every password (at least 16 octets).
	Pepper []byte
	// URL is how browsers reach the portal: "https://pickup.example.com".
	// No path. http is refused except for loopback hosts, where the cookie goes
	// without the Secure attribute and the __Host- prefix.
	URL string
	// Brand is how the organisation presents itself.
	Brand Brand
	// Language is the code of the language for who asks for none that there is;
	// "": English. Languages are those for the addresses of a domain and of what
	// is below it.
	Language  string
	Languages map[string]string
	// Limits bound what a request may cost; a zero field has its default.
	Limits Limits
	// TrustedProxies may name the client in X-Forwarded-For; anybody else's is
	// ignored.
	TrustedProxies []netip.Prefix
	// PasswordLength is how many characters a password needs; 0 is 15.
	PasswordLength int
	// ResetTTL is how long the owner lets a link for a new password live; 0 is a day.
	ResetTTL time.Duration
	// DeletedLife is how long the owner keeps what was deleted; 0 is 30 days.
	DeletedLife time.Duration
	// Members: some addresses sign in by the organisation's directory or identity
	// provider, so the log-in asks for the address first.
	Members bool
	// Log gets one line a request (no path of a link, no query) and the
	// internal errors. nil: discarded.
	Log *slog.Logger
	// Now is the clock; nil: [time.Now].
	Now func() time.Time
}

// Brand is the organisation's name and looks.
type Brand struct {
	Name   string // "Example Ltd"; "" shows "Secure pickup"
	Logo   []byte // PNG, JPEG, GIF or WebP, at most 256 KiB; nil: none
	Colour string // "#rrggbb"; "" has a default. Shades with enough contrast are derived from it.
	Help   string // one line of plain text in the footer: whom to ask; may be ""
}

// Limits bound what a request may cost. Sizes are in octets.
type Limits struct {
	Payload     int64         // sealed payload accepted from the owner; default 100 MiB
	Reply       int64         // a whole reply with its attachments; default 25 MiB
	SpoolMemory int64         // of a sealed payload kept in memory, more goes to a temporary file; default 4 MiB
	Spools      int           // messages opened at once, a quarter of them by one client; default 32
	Uploads     int           // replies read at once, in memory, a quarter of them from one client; default 8
	Passwords   int           // passwords stretched at once (64 MiB each); default 4
	Page        int           // messages on a page of the inbox; default 25
	Requests    int           // requests a minute and client address; default 600
	Attempts    int           // attempts with a password, code or address a minute and client address; default 20
	Timeout     time.Duration // for an ordinary request; default 30 s
	Transfer    time.Duration // for an upload or download; default 10 min
}

func (l Limits) withDefaults() Limits {
	set := func(v *int64, d int64) {
		if *v <= 0 {
			*v = d
		}
	}
	setInt := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	set(&l.Payload, 100<<20)
	set(&l.Reply, 25<<20)
	set(&l.SpoolMemory, 4<<20)
	setInt(&l.Spools, 32)
	setInt(&l.Uploads, 8)
	setInt(&l.Passwords, 4)
	setInt(&l.Page, 25)
	setInt(&l.Requests, 600)
	setInt(&l.Attempts, 20)
	if l.Timeout <= 0 {
		l.Timeout = 30 * time.Second
	}
	if l.Transfer <= 0 {
		l.Transfer = 10 * time.Minute
	}
	return l
}

// portal is what the handlers share. It is immutable after New.
type portal struct {
	owner      socket.Owner
	signingKey ed25519.PublicKey
	recovery   *age.HybridIdentity
	resetLife  time.Duration
	deleted    time.Duration // how long what was deleted is kept
	escrow     *age.HybridRecipient
	pepper     []byte
	url        *url.URL
	secure     bool // https: Secure cookies with the __Host- prefix, and HSTS
	brand      Brand
	limits     Limits
	proxies    []netip.Prefix
	members    bool
	log        *slog.Logger
	now        func() time.Time

	assets     *assets
	texts      *locale.Catalogues
	languages  *locale.Choice
	guide      map[string]helpView // by the code of a language
	views      *views
	places     *mux.Router // see placeOf
	sanitiser  *display.Sanitiser
	passwords  *passwordRules
	stretching chan struct{} // a slot for each password being stretched
	spooling   *slots        // for opened messages
	uploading  *slots        // for replies while they are read
	requests   *limiter
	attempts   *limiter
}

// New returns the portal. The error says which option is missing or wrong.
func New(o Options) (http.Handler, error) {
	p, err := newPortal(o)
	if err != nil {
		return nil, err
	}
	return p.handler(), nil
}

func newPortal(o Options) (*portal, error) {
	switch {
	case o.Owner == nil:
		return nil, errors.New("portal: no store owner")
	case len(o.SigningKey) != ed25519.PublicKeySize:
		return nil, errors.New("portal: no signing key")
	case len(o.Pepper) < 16:
		return nil, errors.New("portal: the pepper is shorter than 16 octets")
	}
	u, secure, err := ParseURL(o.URL)
	if err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.RecoveryRecipient == nil && o.Recovery != nil {
		o.RecoveryRecipient = o.Recovery.Recipient()
	}
	l := o.Limits.withDefaults()
	p := &portal{
		owner: o.Owner, signingKey: o.SigningKey, recovery: o.Recovery, escrow: o.RecoveryRecipient,
		resetLife: cmp.Or(o.ResetTTL, 24*time.Hour), deleted: cmp.Or(o.DeletedLife, 30*24*time.Hour),
		pepper: o.Pepper, url: u, secure: secure, brand: o.Brand, limits: l, proxies: o.TrustedProxies, members: o.Members,
		log: o.Log, now: o.Now,
		sanitiser:  display.NewSanitiser(4),
		stretching: make(chan struct{}, l.Passwords),
		spooling:   newSlots(l.Spools),
		uploading:  newSlots(l.Uploads),
		requests:   newLimiter(l.Requests, o.Now),
		attempts:   newLimiter(l.Attempts, o.Now),
	}
	if p.texts, err = locale.Load(); err != nil {
		return nil, fmt.Errorf("portal: %w", err)
	}
	if p.guide, err = loadHelp(p.texts.Languages()); err != nil {
		return nil, fmt.Errorf("portal: %w", err)
	}
	if p.languages, err = p.texts.NewChoice(o.Language, o.Languages); err != nil {
		return nil, fmt.Errorf("portal: %w", err)
	}
	if p.brand.Name == "" {
		p.brand.Name = p.languages.Fallback().Text("brand.default")
	}
	if p.assets, err = newAssets(p.brand); err != nil {
		return nil, fmt.Errorf("portal: %w", err)
	}
	if p.views, err = newViews(p.assets); err != nil {
		return nil, fmt.Errorf("portal: %w", err)
	}
	p.places = placesOf(routes())
	if p.passwords, err = newPasswordRules(o.PasswordLength); err != nil {
		return nil, fmt.Errorf("portal: %w", err)
	}
	return p, nil
}

// ParseURL checks the portal's public URL. secure is false only for http on a
// loopback host.
func ParseURL(s string) (u *url.URL, secure bool, err error) {
	u, err = url.Parse(s)
	switch {
	case err != nil:
		return nil, false, errors.New("portal: the URL does not parse")
	case u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || (u.Path != "" && u.Path != "/"):
		return nil, false, errors.New("portal: the URL must be a scheme and a host, such as https://pickup.example.com")
	case u.Scheme == "https":
		return u, true, nil
	case u.Scheme == "http" && loopback(u.Hostname()):
		return u, false, nil
	case u.Scheme == "http":
		return nil, false, fmt.Errorf("portal: http is allowed for loopback hosts alone, not for %s: use https (by certificate files, or a proxy that does TLS)", u.Host)
	}
	return nil, false, fmt.Errorf("portal: the URL's scheme is %q, not https", u.Scheme)
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// NewServer returns an HTTP server with the time-outs that h expects: h sets
// the deadlines of each request itself.
func NewServer(h http.Handler, log *slog.Logger) *http.Server {
	s := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
	}
	if log != nil {
		s.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelDebug)
	}
	return s
}
