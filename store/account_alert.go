package store

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// alertEvery is the least time between two sign-in alerts of an account: whoever
// travels is not to be flooded with mail.
const alertEvery = time.Hour

// alertMissed is how many failures at the second factor, since the last success,
// are worth a mail; there is at most one an hour.
const alertMissed = 3

// maxAgent bounds a User-Agent, in octets.
const maxAgent = 256

// KindAlert is the [Mail].Kind of sign-in alerts.
const KindAlert = "alert"

// An AlertMailer renders the mail to an account about its own protection. It must
// not block.
type AlertMailer interface{ Alert(AlertMail) (Mail, error) }

// AlertKind is what an account is told.
type AlertKind string

const (
	// AlertLogin: somebody logged in from a network or by a browser that was not
	// used before. The account may switch it off, and none of the others.
	AlertLogin       AlertKind = "login"
	AlertFactorAdded AlertKind = "added"    // a second factor
	AlertFactorGone  AlertKind = "removed"  // a second factor, or all of them
	AlertCodeUsed    AlertKind = "code"     // a recovery code, in place of a factor
	AlertNewCodes    AlertKind = "codes"    // the recovery codes were renewed
	AlertPassword    AlertKind = "password" // there is a new one, by the account's page or a reset link
	// AlertMissed: somebody knew the password and failed at the second factor.
	AlertMissed AlertKind = "missed"
)

// AlertMail is what an alert says.
type AlertMail struct {
	Kind     AlertKind
	ID       string // unique, to derive the Message-ID from
	Address  string // who gets it
	Name     string // of the account
	Client   string // IP address; "" for an administrator of the portal
	Agent    string // User-Agent, untrusted, without control characters
	Language string // of the account (BCP 47); "" if not known
	Time     time.Time
}

// arrived notes a login's network and browser with the account, and puts an alert
// into the outbox if one of them is new.
func (s *Store) arrived(c *change, account accountID, a accountRecord, v visit) (alert bool, err error) {
	network, agent := s.vault.network(account, v.client), s.vault.agent(account, v.agent)
	newNetwork, newAgent := !slices.Contains(a.Networks, network), !slices.Contains(a.Agents, agent)
	if !newNetwork && !newAgent {
		return false, nil
	}
	now := s.now().UTC()
	// The first login is the activation's.
	alert = (newNetwork && len(a.Networks) > 0 || newAgent && len(a.Agents) > 0) && !a.Quiet && s.o.Alerts != nil
	if alert && now.Sub(a.Alerted) < alertEvery {
		// It stays new: nobody gets known in the hour after an alert.
		return false, nil
	}
	if newNetwork {
		a.remember(network)
	}
	if newAgent {
		a.Agents = latest(a.Agents, agent)
	}
	if alert {
		a.Alerted = now
		if err := s.alert(c, AlertLogin, a, v); err != nil {
			return false, err
		}
	}
	return alert, s.vault.put(c, bucketAccount, account[:], a)
}

// alert puts the mail into the outbox. The caller calls mailAdded after it.
func (s *Store) alert(c *change, kind AlertKind, a accountRecord, v visit) error {
	if s.o.Alerts == nil {
		return nil
	}
	now := s.now().UTC()
	m := AlertMail{
		Kind: kind, ID: newID().String(), Address: a.Address, Name: a.Name,
		Agent: printable(bounded(v.agent, maxAgent)), Language: a.language(), Time: now,
	}
	if v.client != "" {
		m.Client = network(v.client)
	}
	mail, err := s.o.Alerts.Alert(m)
	if err != nil {
		return fmt.Errorf("render an alert: %w", err)
	}
	mail.To = []string{a.Address}
	return s.send(c, mail, id{}, now.Add(s.o.MailLife))
}

// missed counts a failure at the second factor by somebody who knew the password.
func (s *Store) missed(c *change, token seal.Token, v visit) error {
	r, a, err := s.pending(c.Tx, token)
	if errors.Is(err, socket.ErrUnknown) {
		return nil
	}
	if err != nil {
		return err
	}
	if a.Missed++; a.Missed >= alertMissed && s.now().Sub(a.Warned) >= alertEvery {
		a.Missed, a.Warned = 0, s.now().UTC()
		if err := s.alert(c, AlertMissed, a, v); err != nil {
			return err
		}
	}
	return s.vault.put(c, bucketAccount, r.Account[:], a)
}

// agent returns the keyed hash of a browser, for an account. Digits are left out:
// an update is no new browser.
func (v *vault) agent(account accountID, agent string) tokenHash {
	kind := strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return -1
		}
		return r
	}, bounded(agent, maxAgent))
	mac := hmac.New(sha256.New, v.index[:])
	mac.Write(account[:])
	mac.Write([]byte("agent\x00" + kind))
	return tokenHash(mac.Sum(nil))
}

// latest adds a hash, and forgets the oldest of too many.
func latest(known []tokenHash, h tokenHash) []tokenHash {
	known = append(known, h)
	return known[max(0, len(known)-maxNetworks):]
}

// printable drops what a line of text can't show.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s)
}
