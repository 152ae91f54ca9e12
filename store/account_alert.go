package store

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
)

// alertEvery is the least time between two sign-in alerts of an account: whoever
// travels is not to be flooded with mail.
const alertEvery = time.Hour

// maxAgent bounds a User-Agent, in octets.
const maxAgent = 256

// KindAlert is the [Mail].Kind of sign-in alerts.
const KindAlert = "alert"

// An AlertMailer renders the mail about a login from a network or by a browser
// that the account was not used from before. It must not block.
type AlertMailer interface{ Alert(AlertMail) (Mail, error) }

// AlertMail is what a sign-in alert says.
type AlertMail struct {
	ID       string // unique, to derive the Message-ID from
	Address  string // who gets it
	Name     string // of the account
	Client   string // IP address
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
		if err := s.putAlert(c, a, v, now); err != nil {
			return false, err
		}
	}
	return alert, s.vault.put(c, bucketAccount, account[:], a)
}

// putAlert puts the mail into the outbox.
func (s *Store) putAlert(c *change, a accountRecord, v visit, now time.Time) error {
	mail := newID()
	m, err := s.o.Alerts.Alert(AlertMail{
		ID: mail.String(), Address: a.Address, Name: a.Name, Client: network(v.client),
		Agent: printable(bounded(v.agent, maxAgent)), Language: a.language(), Time: now,
	})
	if err != nil {
		return fmt.Errorf("render a sign-in alert: %w", err)
	}
	if len(m.Data) > maxInlineMail {
		return fmt.Errorf("render a sign-in alert: %d octets are more than %d", len(m.Data), maxInlineMail)
	}
	d := s.Begin(DepositKey{}) // only to collect
	d.putMail(mail, mailRecord{
		versioned: current, Kind: m.Kind, From: m.From, To: []string{a.Address}, ID: m.ID,
		Queued: now, Expires: now.Add(s.o.MailLife), Size: int64(len(m.Data)), Data: m.Data,
	}, now)
	for _, p := range d.puts {
		if err := c.put(p.bucket, p.key, p.value); err != nil {
			return err
		}
	}
	return nil
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
