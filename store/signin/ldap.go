package signin

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"github.com/go-ldap/ldap/v3"
)

// DirectoryOptions say how to reach a directory and what a person looks like there.
// In Filter, DN and GroupFilter the words {address}, {user} (its local part) and,
// in GroupFilter, {dn} stand for the person; they are escaped for their place.
type DirectoryOptions struct {
	// URL: "ldaps://host:636", or "ldap://host:389", which must offer StartTLS.
	// Plain LDAP is for loopback addresses alone.
	URL   string
	Roots *x509.CertPool // nil: the system's
	// DN is the name to bind as ("uid={user},ou=people,dc=example,dc=com"). Empty:
	// the person is searched for below Base with Filter, bound as BindDN.
	DN           string
	BindDN       string
	BindPassword string
	Base         string
	Filter       string // "" is (&(objectClass=person)(mail={address}))
	Mail         string // attribute with the address; "" is mail
	Name         string // attribute with the name; "" is cn
	Group        string // DN of the group that the person must be in; "" is none
	GroupFilter  string // on the group; "" knows groupOfNames, groupOfUniqueNames and posixGroup
}

const (
	defaultFilter      = "(&(objectClass=person)(mail={address}))"
	defaultGroupFilter = "(|(member={dn})(uniqueMember={dn})(memberUid={user}))"
)

type directory struct {
	o       DirectoryOptions
	address string // host:port
	tls     *tls.Config
	ldaps   bool
	plain   bool // loopback without TLS
}

func newDirectory(o *DirectoryOptions) (*directory, error) {
	if o == nil || o.URL == "" {
		return nil, errors.New("sign-in by LDAP: no directory is configured")
	}
	u, err := url.Parse(o.URL)
	if err != nil || u.Host == "" || (u.Scheme != "ldap" && u.Scheme != "ldaps") {
		return nil, errors.New("sign-in by LDAP: want a URL such as ldaps://directory.example.com")
	}
	if o.DN == "" && o.Base == "" {
		return nil, errors.New("sign-in by LDAP: neither a DN to bind as nor a base to search below")
	}
	d := &directory{o: *o, ldaps: u.Scheme == "ldaps"}
	port := ldap.DefaultLdapPort
	if d.ldaps {
		port = ldap.DefaultLdapsPort
	}
	d.address = net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), port))
	d.tls = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: u.Hostname(), RootCAs: o.Roots}
	ip, err := netip.ParseAddr(u.Hostname())
	d.plain = !d.ldaps && o.Roots == nil && (u.Hostname() == "localhost" || err == nil && ip.IsLoopback())
	for _, f := range []struct {
		to      *string
		without string
	}{{&d.o.Filter, defaultFilter}, {&d.o.GroupFilter, defaultGroupFilter}, {&d.o.Mail, "mail"}, {&d.o.Name, "cn"}} {
		if *f.to == "" {
			*f.to = f.without
		}
	}
	return d, nil
}

// maxAnswers bounds what a directory may say on one connection, in octets.
const maxAnswers = 4 << 20

// connect returns a connection that nobody can listen to.
func (d *directory) connect(ctx context.Context) (*ldap.Conn, error) {
	raw, err := (&net.Dialer{Timeout: timeout}).DialContext(ctx, "tcp", d.address)
	if err != nil {
		return nil, fmt.Errorf("%w: directory: %w", ErrUnavailable, err)
	}
	// Neither of the two handshakes has a time of its own.
	stop := context.AfterFunc(ctx, func() { raw.Close() })
	defer stop()
	var conn net.Conn = &boundedConn{Conn: raw, left: maxAnswers}
	if d.ldaps {
		secured := tls.Client(conn, d.tls)
		if err := secured.HandshakeContext(ctx); err != nil {
			raw.Close()
			return nil, fmt.Errorf("%w: directory: %w", ErrUnavailable, err)
		}
		conn = secured
	}
	c := ldap.NewConn(conn, d.ldaps)
	c.Start()
	c.SetTimeout(timeout)
	if !d.ldaps && !d.plain {
		if err := c.StartTLS(d.tls); err != nil {
			c.Close()
			return nil, fmt.Errorf("%w: directory: StartTLS: %w", ErrUnavailable, err)
		}
	}
	return c, nil
}

// A boundedConn ends when the other side has said too much.
type boundedConn struct {
	net.Conn
	left int64
}

func (b *boundedConn) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errors.New("the directory says too much")
	}
	n, err := b.Conn.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// verify binds as the person, and looks at the person's entry.
func (d *directory) verify(ctx context.Context, address, password string, found func(entry string) error) (Person, error) {
	// A bind with a name and no password is anonymous and succeeds (RFC 4513
	// section 5.1.2).
	user, _, ok := strings.Cut(address, "@")
	if password == "" || !ok || user == "" {
		return Person{}, ErrRefused
	}
	c, err := d.connect(ctx)
	if err != nil {
		return Person{}, err
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { c.Close() })
	defer stop()

	dn := fill(d.o.DN, address, user, "", ldap.EscapeDN)
	if d.o.DN == "" {
		if dn, err = d.find(c, address, user); err != nil {
			if errors.Is(err, ErrRefused) {
				// As for somebody who is there: the number of answers does not tell. What
				// the directory itself takes to compare a password remains.
				_ = c.Bind("cn="+rand.Text()+","+d.o.Base, password)
			}
			return Person{}, err
		}
	}
	name, err := entryName(dn)
	if err != nil {
		return Person{}, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	if err := found(name); err != nil {
		return Person{}, err
	}
	if err := c.Bind(dn, password); err != nil {
		return Person{}, refusal(err)
	}
	entry, err := d.entry(c, dn)
	if err != nil {
		return Person{}, err
	}
	if !hasAddress(entry.GetEqualFoldAttributeValues(d.o.Mail), address) {
		return Person{}, fmt.Errorf("%w: the entry has another address", ErrRefused)
	}
	if err := d.inGroup(c, dn, address, user); err != nil {
		return Person{}, err
	}
	return Person{Address: address, Name: entry.GetEqualFoldAttributeValue(d.o.Name)}, nil
}

// entryName is the name of an entry in one spelling: case and spaces mean nothing in
// the names of people (RFC 4518 section 2).
func entryName(dn string) (string, error) {
	parsed, err := ldap.ParseDN(dn)
	if err != nil {
		return "", err
	}
	for _, rdn := range parsed.RDNs {
		for _, a := range rdn.Attributes {
			a.Type, a.Value = strings.ToLower(a.Type), strings.ToLower(strings.Join(strings.Fields(a.Value), " "))
		}
	}
	return parsed.String(), nil
}

// find returns the one entry that the filter finds.
func (d *directory) find(c *ldap.Conn, address, user string) (string, error) {
	if err := d.bind(c); err != nil {
		return "", err
	}
	filter := fill(d.o.Filter, address, user, "", ldap.EscapeFilter)
	r, err := c.Search(ldap.NewSearchRequest(d.o.Base, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases,
		2, int(timeout.Seconds()), false, filter, []string{"1.1"}, nil)) // no attributes (RFC 4511 section 4.5.1.8)
	switch {
	case ldap.IsErrorWithCode(err, ldap.LDAPResultSizeLimitExceeded):
		return "", fmt.Errorf("%w: several entries have the address", ErrRefused)
	case err != nil:
		return "", fmt.Errorf("%w: directory: search: %w", ErrUnavailable, err)
	case len(r.Entries) != 1:
		return "", fmt.Errorf("%w: %d entries have the address", ErrRefused, len(r.Entries))
	}
	return r.Entries[0].DN, nil
}

// bind opens the connection for searching; without a BindDN it stays anonymous.
func (d *directory) bind(c *ldap.Conn) error {
	if d.o.BindDN == "" {
		return nil
	}
	if err := c.Bind(d.o.BindDN, d.o.BindPassword); err != nil {
		return fmt.Errorf("%w: directory: bind for searching: %w", ErrUnavailable, err)
	}
	return nil
}

// entry reads a person's entry, as the person.
func (d *directory) entry(c *ldap.Conn, dn string) (*ldap.Entry, error) {
	r, err := c.Search(ldap.NewSearchRequest(dn, ldap.ScopeBaseObject, ldap.NeverDerefAliases,
		1, int(timeout.Seconds()), false, "(objectClass=*)", []string{d.o.Mail, d.o.Name}, nil))
	if err != nil {
		return nil, refusal(err)
	}
	if len(r.Entries) != 1 {
		return nil, fmt.Errorf("%w: the entry can't be read", ErrRefused)
	}
	return r.Entries[0], nil
}

// inGroup asks the group itself, so that no overlay such as memberOf is needed.
func (d *directory) inGroup(c *ldap.Conn, dn, address, user string) error {
	if d.o.Group == "" {
		return nil
	}
	if d.o.DN == "" { // people may often not read groups
		if err := d.bind(c); err != nil {
			return err
		}
	}
	filter := fill(d.o.GroupFilter, address, user, dn, ldap.EscapeFilter)
	r, err := c.Search(ldap.NewSearchRequest(d.o.Group, ldap.ScopeBaseObject, ldap.NeverDerefAliases,
		1, int(timeout.Seconds()), false, filter, []string{"1.1"}, nil))
	if err != nil {
		return fmt.Errorf("%w: directory: read the group: %w", ErrUnavailable, err)
	}
	if len(r.Entries) != 1 {
		return fmt.Errorf("%w: not in the group", ErrRefused)
	}
	return nil
}

// check connects, and binds for searching.
func (d *directory) check(ctx context.Context) error {
	c, err := d.connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	return d.bind(c)
}

// fill puts the person into a template.
func fill(template, address, user, dn string, escape func(string) string) string {
	return strings.NewReplacer("{address}", escape(address), "{user}", escape(user), "{dn}", escape(dn)).Replace(template)
}

// hasAddress compares in lower case. Unicode's folding would make one of letters that
// mail keeps apart.
func hasAddress(values []string, address string) bool {
	want := strings.ToLower(address)
	for _, v := range values {
		if strings.ToLower(strings.TrimSpace(v)) == want {
			return true
		}
	}
	return false
}

// refusal tells the directory's no from its silence.
func refusal(err error) error {
	for _, code := range []uint16{ldap.LDAPResultInvalidCredentials, ldap.LDAPResultNoSuchObject,
		ldap.LDAPResultInvalidDNSyntax, ldap.LDAPResultInsufficientAccessRights, ldap.LDAPResultInappropriateAuthentication,
		ldap.LDAPResultUnwillingToPerform, ldap.LDAPResultConstraintViolation} {
		if ldap.IsErrorWithCode(err, code) {
			return ErrRefused
		}
	}
	return fmt.Errorf("%w: directory: %w", ErrUnavailable, err)
}
