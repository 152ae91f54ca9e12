package portal

import (
	"errors"
	"net/http"
	"strings"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// A menuEntry is one mailbox to switch to.
type menuEntry struct {
	Address string
	Current bool
	Own     bool // the person's own account
	Manager bool
}

// sessionKeys opens the keys that wait with a session: of its mailbox, and of who
// acts in it.
func sessionKeys(info socket.SessionInfo, secret seal.Token) (key, person seal.AccountKey, err error) {
	if info.Visitor != nil {
		return seal.KeysOfVisit(info.SealedKey, secret)
	}
	key, err = seal.AccountKeyOfSession(info.SealedKey, secret)
	return key, key, err
}

// self is the address of who acts.
func (u *user) self() string {
	if u.visitor != nil {
		return u.visitor.Address
	}
	return u.address
}

// openMailbox is the address of the mailbox that is open; "" for nobody.
func (u *user) openMailbox() string {
	if u == nil {
		return ""
	}
	return u.address
}

// menu lists the mailboxes of who acts, the own one first; nil if there is no other.
func (c *call) menu() []menuEntry {
	u := c.user
	if len(u.mailboxes) == 0 {
		return nil
	}
	out := []menuEntry{{Address: u.self(), Own: true, Current: u.visitor == nil}}
	for _, m := range u.mailboxes {
		out = append(out, menuEntry{Address: m.Address, Manager: m.Manager, Current: u.visitor != nil && m.Address == u.address})
	}
	return out
}

// otherMailboxes is menu without the one that is open.
func (c *call) otherMailboxes() (out []menuEntry) {
	for _, m := range c.menu() {
		if !m.Current {
			out = append(out, m)
		}
	}
	return out
}

// meant is an error if a form was made for another mailbox than the one that is open
// now: another tab has switched since. What was written or decided for one mailbox
// is not done in another.
func (c *call) meant(mailbox string) error {
	if mailbox != "" && mailbox != c.user.address {
		return socket.ErrConflict
	}
	return nil
}

// mailboxForm is form, for one that says which mailbox it is for.
func (c *call) mailboxForm() error {
	if err := c.form(); err != nil {
		return err
	}
	return c.meant(c.r.PostFormValue("in"))
}

// A mailboxesView is the data of the page of mailboxes to switch to.
type mailboxesView struct {
	Mailboxes []menuEntry
	Message   string // id of what was asked for, and is not in this one
	Left      bool
	Error     string
}

func (p *portal) mailboxesPage(c *call) error {
	return p.renderMailboxes(c, http.StatusOK, mailboxesView{Left: c.r.URL.Query().Has("left")})
}

func (p *portal) renderMailboxes(c *call, status int, v mailboxesView) error {
	v.Mailboxes = c.menu()
	return p.render(c, status, "mailboxes", c.text("mailboxes.title"), v)
}

// messageElsewhere offers the other mailboxes for a message that is not in this one:
// a notice's link leads here whoever is logged in.
func (p *portal) messageElsewhere(c *call) error {
	return p.render(c, http.StatusNotFound, "elsewhere", c.text("elsewhere.title"),
		mailboxesView{Mailboxes: c.otherMailboxes(), Message: messageID(c.arg("id"))})
}

// switchMailbox opens another mailbox, in a session of its own, and what was asked for
// in it.
func (p *portal) switchMailbox(c *call) error {
	if err := c.form(); err != nil {
		return err
	}
	address := strings.TrimSpace(c.r.PostFormValue("mailbox"))
	if len(address) > maxAddress {
		return errForm
	}
	u, err := p.enter(c, address)
	switch {
	case errors.Is(err, socket.ErrConflict):
		return p.renderMailboxes(c, http.StatusConflict, mailboxesView{Error: c.text("mailboxes.second")})
	case errors.Is(err, socket.ErrExpired):
		return p.renderMailboxes(c, http.StatusConflict, mailboxesView{Error: c.text("mailboxes.nokey")})
	case err != nil:
		return err
	}
	return p.openAndShow(c, u, messageID(c.r.PostFormValue("message")))
}

// enter makes a session of another mailbox the browser's. The owner ends the one
// before when the new one gets its key; the browser's secret is new as well.
func (p *portal) enter(c *call, address string) (*user, error) {
	w, err := p.owner.Switch(c.ctx(), c.user.token, address)
	if err == nil && w.Link != (seal.Token{}) {
		if err := p.furnish(c, w, address); err != nil {
			return nil, err
		}
		w, err = p.owner.Switch(c.ctx(), c.user.token, address)
	}
	if err != nil {
		return nil, err
	}
	key, err := p.mailboxKey(c.user.person, w)
	if err != nil {
		return nil, err
	}
	secret := seal.NewToken()
	sealed := key.ForSession(secret)
	if w.Address != c.user.self() {
		sealed = key.ForVisit(c.user.person, secret)
	}
	if err := p.owner.KeepKey(c.ctx(), w.Token, sealed); err != nil {
		return nil, err
	}
	if len(w.Escrow) > 0 {
		if err := p.fillSeat(c, w, key); err != nil {
			p.log.Warn("keep the key of a seat", "error", err) // the next opening tries again
		}
	}
	p.setCookie(c, w.Token, secret)
	p.clearPIN(c) // it was given in the session before
	p.event(c, eventEntered, "address", w.Address, "person", c.user.self())
	return &user{
		token: w.Token, address: w.Address, further: w.Addresses, former: w.Former, name: w.Name,
		key: key, person: c.user.person, index: key.IndexBox(), own: key.OwnBox(),
	}, nil
}

// mailboxKey is the key of a mailbox that is switched to: the person's own, or what
// the seat or recovery gives. Another than the mailbox's is refused.
func (p *portal) mailboxKey(person seal.AccountKey, w socket.Switched) (key seal.AccountKey, err error) {
	switch {
	case len(w.Key) > 0:
		key, err = seal.OpenSeat(w.Key, person.Identity(), w.Address)
	case len(w.Escrow) > 0 && p.recovery == nil:
		return key, socket.ErrExpired
	case len(w.Escrow) > 0:
		key, err = seal.OpenEscrow(w.Escrow, p.recovery)
	default:
		key = person
	}
	if err == nil && key.Recipient() != w.PublicKey {
		err = errIntegrity
	}
	return key, err
}

func (p *portal) fillSeat(c *call, w socket.Switched, key seal.AccountKey) error {
	sealed, err := sealTo(key, w.PersonKey, w.Address)
	if err != nil {
		return err
	}
	return p.owner.FillSeat(c.ctx(), w.Token, sealed)
}

// furnish makes the account of a mailbox that an administrator gave people: its key is
// in recovery, and it has no log-in of its own.
func (p *portal) furnish(c *call, w socket.Switched, address string) error {
	if p.recovery == nil || p.escrow == nil {
		return socket.ErrExpired
	}
	waiting, err := p.owner.Waiting(c.ctx(), w.Link)
	if err != nil {
		return err
	}
	key, err := seal.NewAccountKey()
	if err != nil {
		return err
	}
	name, _, _ := strings.Cut(address, "@")
	a := socket.Activation{
		Name: clip(cleanLine(name), maxNameRunes), PublicKey: key.Recipient(), Grants: p.waitingGrants(waiting, nil, key),
		Client: c.client, Agent: c.agent(),
	}
	if a.Escrow, err = key.Escrow(p.escrow); err != nil {
		return err
	}
	err = p.owner.Furnish(c.ctx(), c.user.token, w.Link, a)
	if errors.Is(err, socket.ErrConflict) {
		return nil // somebody else was faster
	}
	if err == nil {
		p.event(c, eventActivated, "address", waiting.Recipient)
	}
	return err
}

// leaveMailbox gives the own seat in a mailbox back.
func (p *portal) leaveMailbox(c *call) error {
	if err := c.form(); err != nil {
		return err
	}
	address := strings.TrimSpace(c.r.PostFormValue("mailbox"))
	if c.user.visitor != nil && address == c.user.address { // the session goes with the seat
		u, err := p.enter(c, "")
		if err != nil {
			return err
		}
		c.user.token = u.token
	}
	err := p.owner.LeaveMailbox(c.ctx(), c.user.token, address)
	if errors.Is(err, socket.ErrConflict) {
		return p.renderMailboxes(c, http.StatusConflict, mailboxesView{Error: c.text("seats.last")})
	}
	if err != nil {
		return err
	}
	p.event(c, eventSeat, "address", address, "person", c.user.self())
	return c.redirect("/settings/mailboxes?left")
}
