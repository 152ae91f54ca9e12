package tlspolicy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// Bounds of an MTA-STS policy (RFC 8461 section 3.2 and 3.3).
const (
	maxPolicyBytes = 64 << 10
	maxPolicyAge   = 31557600 * time.Second
	maxPatterns    = 100
	fetchTime      = 10 * time.Second
)

// stsPolicy is a domain's policy.
type stsPolicy struct {
	enforce bool
	maxAge  time.Duration
	mx      []string // "mx.example.com", "*.example.com"
}

var errPolicy = errors.New("not an MTA-STS policy")

// parsePolicy reads a policy (RFC 8461 section 3.2): "key: value" lines that end
// with LF or CRLF. Of a repeated key the first counts, but for mx; unknown ones are
// extensions.
func parsePolicy(text string) (stsPolicy, error) {
	var p stsPolicy
	seen := map[string]string{}
	for line := range strings.SplitSeq(strings.TrimRight(text, "\r\n"), "\n") {
		key, value, ok := strings.Cut(strings.TrimRight(line, " \t\r"), ":")
		if !ok {
			return p, fmt.Errorf("%w: a line without a colon", errPolicy)
		}
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		if key == "mx" {
			value = strings.ToLower(strings.TrimSuffix(value, "."))
			if !hostname(strings.TrimPrefix(value, "*.")) || len(p.mx) == maxPatterns {
				return p, fmt.Errorf("%w: mx", errPolicy)
			}
			p.mx = append(p.mx, value)
		} else if _, again := seen[key]; !again {
			seen[key] = value
		}
	}
	if seen["version"] != "STSv1" {
		return p, fmt.Errorf("%w: version", errPolicy)
	}
	seconds, err := strconv.ParseUint(seen["max_age"], 10, 32)
	if err != nil {
		return p, fmt.Errorf("%w: max_age", errPolicy)
	}
	p.maxAge = min(time.Duration(seconds)*time.Second, maxPolicyAge)
	switch seen["mode"] {
	case "enforce":
		p.enforce = true
	case "testing", "none":
	default:
		return p, fmt.Errorf("%w: mode", errPolicy)
	}
	if p.enforce && len(p.mx) == 0 {
		return p, fmt.Errorf("%w: no mx", errPolicy)
	}
	return p, nil
}

// allows reports whether a server may be one of the domain's (RFC 8461 section
// 4.1): a wildcard stands for one label.
func (p stsPolicy) allows(host string) bool {
	_, parent, _ := strings.Cut(host, ".")
	return slices.Contains(p.mx, host) || slices.Contains(p.mx, "*."+parent)
}

// parseRecord finds the id in the TXT records of _mta-sts (RFC 8461 section 3.1).
// Unless just one of them is a record of this version, there is no policy.
func parseRecord(texts []string) (id string, ok bool) {
	n := 0
	for _, t := range texts {
		fields := strings.Split(t, ";")
		if strings.TrimSpace(fields[0]) != "v=STSv1" {
			continue
		}
		n++
		for _, f := range fields[1:] {
			if key, value, _ := strings.Cut(f, "="); strings.TrimSpace(key) == "id" {
				id = strings.TrimSpace(value)
			}
		}
	}
	return id, n == 1 && id != "" && len(id) <= 32
}

// keptPolicy is a policy that was fetched.
type keptPolicy struct {
	stsPolicy
	id    string
	until time.Time
}

// sts returns the policy that is in force for a domain. One that was fetched stays
// in force until its time is over, also when nothing can be found any more: that is
// what it is for (RFC 8461 section 3.3 and 5.1).
func (p *Prober) sts(ctx context.Context, domain string) (policy stsPolicy, ok bool, err error) {
	kept, have := p.policies.Get(domain)
	if have = have && p.options.Now().Before(kept.until); !have {
		kept = keptPolicy{}
	}
	txt, err := p.resolver.ask(ctx, "_mta-sts."+domain, dns.TypeTXT)
	if err != nil {
		if have {
			return kept.stsPolicy, kept.enforce, nil
		}
		return stsPolicy{}, false, err
	}
	var texts []string
	for _, rr := range txt.rrs {
		texts = append(texts, strings.Join(rr.(*dns.TXT).Txt, ""))
	}
	if id, ok := parseRecord(texts); ok && (!have || kept.id != id) {
		fresh, err := p.fetchPolicy(ctx, domain)
		switch {
		case err == nil:
			kept = keptPolicy{fresh, id, p.options.Now().Add(fresh.maxAge)}
			p.policies.Add(domain, kept)
		case ctx.Err() != nil && !have:
			return stsPolicy{}, false, err
		default:
			// Without a policy the certificate must be good for the domain
			// itself, so whoever keeps the policy from us gains nothing.
			p.options.Log.Info("MTA-STS policy not fetched", "domain", domain, "error", err)
		}
	}
	return kept.stsPolicy, kept.enforce, nil
}

// fetchPolicy gets the policy of a domain (RFC 8461 section 3.3).
func (p *Prober) fetchPolicy(ctx context.Context, domain string) (stsPolicy, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://mta-sts."+domain+"/.well-known/mta-sts.txt", nil)
	if err != nil {
		return stsPolicy{}, err
	}
	resp, err := p.web.Do(r)
	if err != nil {
		return stsPolicy{}, err
	}
	defer resp.Body.Close()
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if resp.StatusCode != http.StatusOK || kind != "text/plain" {
		return stsPolicy{}, fmt.Errorf("%w: status %d, type %q", errPolicy, resp.StatusCode, kind)
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxPolicyBytes+1))
	if err != nil {
		return stsPolicy{}, err
	}
	if len(text) > maxPolicyBytes {
		return stsPolicy{}, fmt.Errorf("%w: more than %d octets", errPolicy, maxPolicyBytes)
	}
	return parsePolicy(string(text))
}
