package config

import (
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/postseal/postseal/rules"
)

// The checks of single values. Each error says what is wrong, then what would be
// right.

func anything(string) error { return nil }

func nonEmpty(s string) error {
	if s == "" {
		return errors.New("is empty, want a path")
	}
	return nil
}

func oneLine(s string) error {
	if strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r == 0x7f }) {
		return errors.New("holds a line break or another control character, want one line of text")
	}
	return nil
}

var domainPattern = regexp.MustCompile(`^([a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$`)

func plainDomain(s string) error {
	if !domainPattern.MatchString(s) {
		return fmt.Errorf("%q is no domain name, want lower-case letters, digits, hyphens and dots such as \"example.com\" (xn--... for others)", s)
	}
	return nil
}

var languagePattern = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)

// language looks at the form alone: an administrator can add languages of mails.
func language(s string) error {
	if !languagePattern.MatchString(s) {
		return fmt.Errorf("%q is no language, want a code such as \"en\" or \"pt-BR\"", s)
	}
	return nil
}

func domain(s string) error { return plainDomain(strings.TrimPrefix(s, ".")) }

func socketAddress(s string) error {
	if path, ok := strings.CutPrefix(s, "unix:"); ok {
		switch {
		case !filepath.IsAbs(path):
			return fmt.Errorf("%q is a relative path, want \"unix:/path\"", s)
		case len(path) > 107: // unix(7), sun_path
			return fmt.Errorf("the path of %q has more than 107 characters, want a shorter one", s)
		}
		return nil
	}
	if rest, ok := strings.CutPrefix(s, "inet:"); ok {
		return hostPort(rest)
	}
	return fmt.Errorf("%q is no socket, want \"unix:/path\" or \"inet:host:port\"", s)
}

func hostPort(s string) error {
	host, port, err := net.SplitHostPort(s)
	n, perr := strconv.ParseUint(port, 10, 16)
	if err != nil || perr != nil || n == 0 || host == "" {
		return fmt.Errorf("%q is no address, want \"host:port\" such as \"127.0.0.1:8080\" or \"[::1]:8080\"", s)
	}
	return nil
}

var headerPattern = regexp.MustCompile(`^[!-9;-~]+$`) // RFC 5322 section 2.2

func headerName(s string) error {
	if !headerPattern.MatchString(s) {
		return fmt.Errorf("%q is no header field name, want one such as \"X-Case-Number\"", s)
	}
	return nil
}

func clock(s string) error {
	if _, err := time.Parse("15:04", s); s != "" && err != nil {
		return fmt.Errorf("%q is no time of day, want one such as \"03:30\", or \"\"", s)
	}
	return nil
}

// portalURL is the portal's own check, with the words of a configuration.
func portalURL(s string) error {
	const want = "want a scheme and a host such as \"https://pickup.example.com\""
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("%q is not the address of a web server, %s", s, want)
	case u.Scheme == "http" && loopbackHost(u.Hostname()):
		return nil
	case u.Scheme == "http":
		return errors.New("is http, which is for loopback hosts alone, want https")
	case u.Scheme != "https":
		return fmt.Errorf("has the scheme %q, want https", u.Scheme)
	}
	return nil
}

func network(s string) error {
	if _, err := parseNetwork(s); err != nil {
		return fmt.Errorf("%q is no address or network, want one such as \"127.0.0.1\" or \"10.0.0.0/8\"", s)
	}
	return nil
}

// networkOrLocal is a network, or the word for the local command.
func networkOrLocal(s string) error {
	if s == "local" || network(s) == nil {
		return nil
	}
	return fmt.Errorf("%q is no address or network, want one such as \"127.0.0.1\" or \"10.0.0.0/8\", or \"local\"", s)
}

// addressOrDomain is an entry as the rules' address lists take it.
func addressOrDomain(s string) error {
	if _, err := rules.ParseAddresses([]string{s}, nil); err != nil {
		return fmt.Errorf("%q is no address or domain, want one such as \"ann@example.com\", \"example.com\" or \".example.com\"", s)
	}
	return nil
}

func parseNetwork(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	return netip.ParsePrefix(s)
}

var colourPattern = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)

func colour(s string) error {
	if !colourPattern.MatchString(s) {
		return fmt.Errorf("%q is no colour, want six hexadecimal digits such as \"#0b5fa5\"", s)
	}
	return nil
}

func address(s string) error {
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s {
		return fmt.Errorf("%q is no mail address, want one such as \"pickup@example.com\"", s)
	}
	return nil
}

// cross checks what single keys can't know. report takes a key and what is wrong.
func (c *Config) cross(report func(key, format string, args ...any)) {
	c.crossMembers(report)
	for _, d := range c.Portal.ComposeDomains {
		if !slices.Contains(c.InternalDomains, d) && !rules.Internal("x@"+strings.TrimPrefix(d, "."), c.InternalDomains) {
			report("portal.compose_domains", "%q is not among internal_domains: recipients can write to your own people alone", d)
		}
	}
	if len(c.Milter.Listen) == 0 {
		report("milter.listen", "is empty, want at least one socket")
	}
	switch {
	case c.Portal.Certificate != "" && c.Portal.Key == "":
		report("portal.certificate", "has no portal.key beside it, want both or none")
	case c.Portal.Certificate == "" && c.Portal.Key != "":
		report("portal.key", "has no portal.certificate beside it, want both or none")
	case c.Portal.Certificate == "" && !loopback(c.Portal.Listen) && len(c.Portal.TrustedProxies) == 0:
		report("portal.listen", "%q would speak plain HTTP to the network, want a certificate, a loopback address, or the proxy in front in trusted_proxies", c.Portal.Listen)
	}
	if c.Portal.SessionIdle > c.Portal.SessionMax {
		report("portal.session_idle", "%s is longer than session_max (%s), want at most that", showDuration(c.Portal.SessionIdle), showDuration(c.Portal.SessionMax))
	}
	if c.Limits.Memory > c.Limits.Message {
		report("limits.memory", "%s is more than limits.message (%s), want at most that", showSize(c.Limits.Memory), showSize(c.Limits.Message))
	}
	if c.Limits.Reply > c.Limits.Message {
		report("limits.reply", "%s is more than limits.message (%s), want at most that", showSize(c.Limits.Reply), showSize(c.Limits.Message))
	}
	if c.TLS.Outgoing == "postfix" && c.TLS.PolicySocket == "" {
		report("tls.policy_socket", "is empty, and Postfix has nobody to ask, want a socket such as \"unix:/run/postseal/tls.sock\"")
	}
	if c.Submission.TLS != "required" && (c.Submission.CA != "" || c.Submission.ServerName != "") {
		report("submission.tls", "is %q, which checks no certificate, so ca and server_name have no effect: want \"required\"", c.Submission.TLS)
	}
}

func loopback(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	return err == nil && loopbackHost(host)
}

func loopbackHost(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
