package signin

import (
	"context"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/mail"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/postseal/postseal/store/seal"
)

// ProviderOptions say which identity provider vouches for members.
type ProviderOptions struct {
	Issuer   string // "https://login.example.com/tenant"; http for loopback hosts alone
	ClientID string
	Secret   string // of the client; "" for a public one, which PKCE protects
	Redirect string // the portal's address that the provider sends browsers back to
	// Claim is the claim with the mail address; "" is email, which then must come
	// with email_verified. Any other must be one that people can't set themselves.
	Claim  string
	Scopes []string       // beside openid; nil is email and profile
	Roots  *x509.CertPool // nil: the system's
}

// FlowLife is how long a sign-in by a provider may take.
const FlowLife = 10 * time.Minute

// A Flow is one sign-in on its way through a provider. It never leaves the owner
// but sealed: the browser knows State alone.
type Flow struct {
	State    string    `json:"state"`    // ties the answer to the browser (RFC 6749 section 10.12)
	Nonce    string    `json:"nonce"`    // ties the ID token to the flow (OpenID Connect Core section 3.1.2.1)
	Verifier string    `json:"verifier"` // PKCE (RFC 7636)
	Expires  time.Time `json:"expires"`
}

// NewFlow returns a fresh flow.
func NewFlow(now time.Time) Flow {
	return Flow{
		State: seal.NewToken().Encode(), Nonce: seal.NewToken().Encode(),
		Verifier: oauth2.GenerateVerifier(), Expires: now.Add(FlowLife),
	}
}

// A provider is asked for its endpoints and keys when they are first needed, so
// that the mail does not wait for it.
type provider struct {
	o      ProviderOptions
	client *http.Client

	mu    sync.Mutex
	known *oidc.Provider
}

func newProvider(o *ProviderOptions) (*provider, error) {
	if o == nil || o.Issuer == "" || o.ClientID == "" {
		return nil, errors.New("sign-in by OpenID Connect: no issuer or client is configured")
	}
	u, err := url.Parse(o.Issuer)
	if err != nil || u.Host == "" || u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())) {
		return nil, errors.New("sign-in by OpenID Connect: the issuer must be an https address")
	}
	p := &provider{o: *o}
	if p.o.Scopes == nil {
		p.o.Scopes = []string{"email", "profile"}
	}
	p.client = &http.Client{
		Timeout: timeout,
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.Roots},
			MaxResponseHeaderBytes: 64 << 10,
			IdleConnTimeout:        time.Minute,
		},
		// None of the endpoints redirects; one that does sends a secret elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return p, nil
}

func loopback(host string) bool { return host == "localhost" || host == "127.0.0.1" || host == "::1" }

// discover returns the provider's endpoints (OpenID Connect Discovery 1.0). Nobody
// waits for another's request: two at the beginning are no harm.
func (p *provider) discover(ctx context.Context) (*oidc.Provider, error) {
	p.mu.Lock()
	known := p.known
	p.mu.Unlock()
	if known != nil {
		return known, nil
	}
	// The keys are fetched later with the same client, by a context of their own.
	known, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), p.client), p.o.Issuer)
	if err != nil {
		return nil, fmt.Errorf("%w: discovery at the provider: %w", ErrUnavailable, err)
	}
	p.mu.Lock()
	p.known = known
	p.mu.Unlock()
	return known, nil
}

func (p *provider) oauth(known *oidc.Provider) oauth2.Config {
	return oauth2.Config{
		ClientID: p.o.ClientID, ClientSecret: p.o.Secret, Endpoint: known.Endpoint(),
		RedirectURL: p.o.Redirect, Scopes: append([]string{oidc.ScopeOpenID}, p.o.Scopes...),
	}
}

// maxRemembered is for how long a provider may have remembered the person. Asking for
// a limit is how a client gets to know when that was (OpenID Connect Core 1.0 section
// 3.1.2.1, max_age).
const maxRemembered = 90 * 24 * time.Hour

func (p *provider) begin(ctx context.Context, hint string, f Flow, again bool) (string, error) {
	known, err := p.discover(ctx)
	if err != nil {
		return "", err
	}
	c := p.oauth(known)
	options := []oauth2.AuthCodeOption{
		oidc.Nonce(f.Nonce), oauth2.S256ChallengeOption(f.Verifier), oauth2.SetAuthURLParam("login_hint", hint),
		oauth2.SetAuthURLParam("max_age", strconv.Itoa(int(maxRemembered.Seconds()))),
	}
	if again {
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"))
	}
	return c.AuthCodeURL(f.State, options...), nil
}

// claims are those of the ID token that are looked at.
type claims struct {
	Name     string `json:"name"`
	Verified any    `json:"email_verified"` // some providers write it as a string
}

// redeem turns the code into an ID token and verifies it: signature, issuer,
// audience and time (by the library), nonce and address (here).
func (p *provider) redeem(ctx context.Context, f Flow, code string) (Person, error) {
	known, err := p.discover(ctx)
	if err != nil {
		return Person{}, err
	}
	ctx = oidc.ClientContext(ctx, p.client)
	c := p.oauth(known)
	token, err := c.Exchange(ctx, code, oauth2.VerifierOption(f.Verifier))
	var answer *oauth2.RetrieveError
	if errors.As(err, &answer) && answer.Response.StatusCode/100 == 4 {
		return Person{}, fmt.Errorf("%w: the provider does not take the code (%.40s)", ErrRefused, answer.ErrorCode)
	}
	if err != nil {
		return Person{}, fmt.Errorf("%w: the provider's token endpoint", ErrUnavailable) // the error might quote the answer
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return Person{}, fmt.Errorf("%w: the provider sent no ID token", ErrRefused)
	}
	id, err := known.Verifier(&oidc.Config{ClientID: p.o.ClientID}).Verify(ctx, raw)
	if err != nil {
		return Person{}, fmt.Errorf("%w: the ID token does not verify", ErrRefused)
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(f.Nonce)) != 1 {
		return Person{}, fmt.Errorf("%w: the ID token belongs to another sign-in", ErrRefused)
	}
	return p.person(id)
}

// person reads the address that the provider vouches for.
func (p *provider) person(id *oidc.IDToken) (Person, error) {
	var c claims
	all := map[string]any{}
	if id.Claims(&c) != nil || id.Claims(&all) != nil {
		return Person{}, fmt.Errorf("%w: the ID token can't be read", ErrRefused)
	}
	claim := p.o.Claim
	if claim == "" {
		claim = "email"
	}
	address, _ := all[claim].(string)
	a, err := mail.ParseAddress(address)
	if err != nil || a.Address != address {
		return Person{}, fmt.Errorf("%w: the ID token has no mail address", ErrRefused)
	}
	if claim == "email" && c.Verified != true && c.Verified != "true" {
		return Person{}, fmt.Errorf("%w: the provider has not verified the address", ErrRefused)
	}
	out := Person{Address: address, Name: strings.TrimSpace(c.Name)}
	if at, ok := all["auth_time"].(float64); ok && at > 0 && at < 1<<40 { // seconds since 1970
		out.Proved = time.Unix(int64(at), 0).UTC()
	}
	return out, nil
}
