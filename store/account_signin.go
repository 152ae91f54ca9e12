package store

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"maps"
	"time"

	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/signin"
	"github.com/postseal/postseal/store/socket"
)

// A SignIn verifies members by the organisation's directory or identity provider
// ([signin.Service]).
type SignIn interface {
	Method(address string) signin.Method
	Password(ctx context.Context, address, password string, found func(entry string) error) (signin.Person, error)
	Begin(ctx context.Context, hint string, f signin.Flow, again bool) (string, error)
	Redeem(ctx context.Context, f signin.Flow, code string) (signin.Person, error)
}

// memberLife is how long somebody who has just been verified may take until the
// portal has made the account.
const memberLife = 10 * time.Minute

// placeFlow is the place of a sealed flow (vault.seal).
const placeFlow = "sign-in flow"

// method returns how an address signs in.
func (s *Store) method(address string) signin.Method {
	if s.o.SignIn == nil {
		return signin.Off
	}
	return s.o.SignIn.Method(normalise(address))
}

// SignInMethod implements [socket.SignIns].
func (s *Store) SignInMethod(_ context.Context, address string) (string, error) {
	if len(address) > maxAddress {
		return "", socket.ErrInvalid
	}
	if m := s.method(address); m.External() {
		return string(m), nil
	}
	return socket.MethodPassword, nil
}

// DomainLogin implements [socket.SignIns].
func (s *Store) DomainLogin(ctx context.Context, l socket.DomainLogin) (socket.SignedIn, error) {
	if len(l.Address) > maxAddress || len(l.Password) > 1024 {
		return socket.SignedIn{}, socket.ErrInvalid
	}
	if s.method(l.Address) != signin.LDAP {
		return socket.SignedIn{}, socket.ErrUnknown
	}
	counted, err := s.countAttempt(l.Address, l.Client)
	if err != nil {
		return socket.SignedIn{}, err
	}
	// Who tries one person's password by all of the person's addresses gets no more
	// tries than by one.
	found := func(entry string) error {
		more, err := s.countEntry(l.Address, entry, l.Client)
		maps.Copy(counted, more)
		return err
	}
	p, err := s.o.SignIn.Password(ctx, normalise(l.Address), l.Password, found)
	var throttled *socket.ThrottledError
	if errors.As(err, &throttled) {
		return socket.SignedIn{}, throttled
	}
	if err != nil {
		return socket.SignedIn{}, s.refused(ctx, err, l.Address, l.Client)
	}
	s.guard.forget(counted)
	return s.admit(ctx, p, visit{l.Client, l.Agent}, "ldap")
}

// countAttempt counts an attempt as [Store.Login] does.
func (s *Store) countAttempt(address, client string) (map[string]limit, error) {
	account, a, err := s.holderOf(address)
	if err != nil {
		return nil, err
	}
	counted := a.limits(account, s.vault.network(account, client), client)
	return counted, s.guard.try(counted)
}

// countEntry counts an attempt by an address once more, for the directory's entry
// that the address leads to.
func (s *Store) countEntry(address, entry, client string) (map[string]limit, error) {
	account, a, err := s.holderOf(address)
	if err != nil {
		return nil, err
	}
	counted := a.limits(s.vault.account("entry "+entry), s.vault.network(account, client), client)
	delete(counted, "client "+network(client)) // it is counted already
	return counted, s.guard.try(counted)
}

// holderOf returns the account that an address logs in to; its record is empty if
// there is none yet.
func (s *Store) holderOf(address string) (accountID, accountRecord, error) {
	var a accountRecord
	account, err := s.resolved(address)
	if err != nil {
		return account, a, err
	}
	if err := s.get(bucketAccount, account[:], &a); err != nil && !errors.Is(err, errNotFound) {
		return account, a, err
	}
	return account, a, nil
}

// refused notes a failed sign-in. What exactly was wrong goes to the log alone.
func (s *Store) refused(ctx context.Context, err error, address, client string) error {
	if !errors.Is(err, signin.ErrRefused) {
		s.log.Error("sign-in is not possible", "error", err)
		return socket.ErrUnavailable
	}
	s.log.Warn("sign-in refused", "client", client, "error", err)
	entries := s.budget.within(Entry{Event: EventLoginFailed, Address: bounded(address, maxAddress), Client: bounded(client, 64)})
	if err := s.update(ctx, func(c *change) error { return s.audit(c, entries...) }); err != nil {
		return err
	}
	return socket.ErrLogin
}

// BeginCloud implements [socket.SignIns]. The flow is not stored: it goes to the
// browser, sealed, and comes back.
func (s *Store) BeginCloud(ctx context.Context, address, client string, again bool) (socket.CloudStart, error) {
	if len(address) > maxAddress {
		return socket.CloudStart{}, socket.ErrInvalid
	}
	if s.method(address) != signin.OIDC {
		return socket.CloudStart{}, socket.ErrUnknown
	}
	f := signin.NewFlow(s.now().UTC())
	to, err := s.o.SignIn.Begin(ctx, normalise(address), f, again)
	if err != nil {
		s.log.Error("sign-in is not possible", "error", err)
		return socket.CloudStart{}, socket.ErrUnavailable
	}
	b, err := json.Marshal(f)
	if err != nil {
		return socket.CloudStart{}, err
	}
	return socket.CloudStart{URL: to, Ticket: s.vault.box.Seal(b, placeFlow)}, nil
}

// FinishCloud implements [socket.SignIns].
func (s *Store) FinishCloud(ctx context.Context, q socket.CloudFinish) (socket.SignedIn, error) {
	if len(q.Ticket) > 4096 || len(q.Code) > 8192 || len(q.State) > 1024 || s.o.SignIn == nil {
		return socket.SignedIn{}, socket.ErrInvalid
	}
	var f signin.Flow
	b, err := s.vault.box.Open(q.Ticket, placeFlow)
	if err != nil || json.Unmarshal(b, &f) != nil ||
		subtle.ConstantTimeCompare([]byte(f.State), []byte(q.State)) != 1 {
		return socket.SignedIn{}, socket.ErrUnknown
	}
	if !s.now().Before(f.Expires) {
		return socket.SignedIn{}, socket.ErrExpired
	}
	counted := map[string]limit{"client " + network(q.Client): limitClient}
	if err := s.guard.try(counted); err != nil {
		return socket.SignedIn{}, err
	}
	p, err := s.o.SignIn.Redeem(ctx, f, q.Code)
	if err != nil {
		return socket.SignedIn{}, s.refused(ctx, err, "", q.Client)
	}
	s.guard.forget(counted)
	return s.admit(ctx, p, visit{q.Client, q.Agent}, "oidc")
}

// admit starts the session of a verified person, or gives out the link to make
// the account with.
func (s *Store) admit(ctx context.Context, p signin.Person, v visit, how string) (socket.SignedIn, error) {
	p.Address = normalise(p.Address) // as messages name their recipients
	proved := s.now().UTC()
	if s.method(p.Address) == signin.OIDC && p.Proved.Before(proved) { // the provider's clock may be ahead
		proved = p.Proved
	}
	account, err := s.resolved(p.Address)
	if err != nil {
		return socket.SignedIn{}, err
	}
	out := socket.SignedIn{Address: p.Address, Name: p.Name}
	token := seal.NewToken()
	mailed := false
	err = s.update(ctx, func(c *change) error {
		if only, err := s.peopleOnly(c.Tx, account); err != nil || only {
			return errors.Join(err, socket.ErrLogin)
		}
		var a accountRecord
		err := s.vault.get(c.Tx, bucketAccount, account[:], &a)
		if errors.Is(err, errNotFound) || err == nil && len(a.Escrow) == 0 {
			out.Link = token
			if a.Address == "" {
				a.Address = p.Address
			}
			return s.putMemberLink(c, token, a.Address, proved)
		}
		if err != nil {
			return err
		}
		r, alert, err := s.enter(c, token, account, a, v, proved)
		if err != nil {
			return err
		}
		out.Session, mailed = s.begun(token, a, r), alert
		out.Session.Wrapped, out.Session.Escrow = nil, a.Escrow
		return s.auditLogin(c, a, r, how)
	})
	if err != nil {
		return socket.SignedIn{}, err
	}
	if mailed {
		s.mailAdded()
	}
	return out, nil
}

// putMemberLink files a link like that of a reset, for the portal's own use.
func (s *Store) putMemberLink(c *change, token seal.Token, address string, proved time.Time) error {
	now := s.now().UTC()
	return s.putLink(c, token.Hash(), linkRecord{
		versioned: current, Kind: socket.LinkReset, Address: address, Member: true, Proved: proved,
		Created: now, Expires: now.Add(memberLife),
	})
}

// accountOf returns a session and its account.
func (s *Store) accountOf(tx *bbolt.Tx, token seal.Token) (sessionRecord, accountRecord, error) {
	var a accountRecord
	r, err := s.session(tx, token)
	if err != nil {
		return r, a, err
	}
	return r, a, s.vault.get(tx, bucketAccount, r.Account[:], &a)
}
