package portal

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"filippo.io/age"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// A peopleView is the data of the page on which a mailbox's people are managed.
type peopleView struct {
	socket.PeopleInfo
	Mailbox string
	Name    string         // of the mailbox, as answers carry it
	Typed   string         // an address that can't be invited
	Asked   *socket.Access // that can't be had
	Done    string
	Errors  map[string]string
}

// A proofView is the data of a form's field for the password of whoever acts.
type proofView struct {
	ID, Prover, Error string
	Password          bool // there is one
}

// Proof returns the field called id, with the problem that is known of this part of
// the page.
func (v peopleView) Proof(id, part string) proofView {
	return proofView{id, v.Prover, v.Errors[part+".current"], v.PeopleInfo.Password}
}

func (p *portal) peoplePage(c *call) error {
	v := peopleView{}
	switch c.r.URL.Query().Get("done") {
	case "invited", "changed", "removed":
		v.Done = c.text("seats.done." + c.r.URL.Query().Get("done"))
	}
	return p.renderPeople(c, http.StatusOK, v)
}

func (p *portal) renderPeople(c *call, status int, v peopleView) (err error) {
	if v.PeopleInfo, err = p.owner.People(c.ctx(), c.user.token); err != nil {
		return err
	}
	v.Mailbox, v.Name = c.user.address, c.user.name
	if v.Asked != nil {
		v.Access = *v.Asked
	}
	return p.render(c, status, "seats", c.text("seats.title"), v)
}

// personProof makes what the owner wants to see of whoever acts: the person's own
// password, not the mailbox's.
func (p *portal) personProof(c *call) (socket.Proof, error) {
	out := socket.Proof{Client: c.client}
	info, err := p.owner.People(c.ctx(), c.user.token)
	if err != nil || !info.Password {
		return out, err
	}
	password := c.r.PostFormValue("current")
	if password == "" || len(password) > maxPassword {
		return out, socket.ErrLogin
	}
	if wait := p.attempts.take(c.client); wait > 0 {
		return out, throttled(wait)
	}
	keys, err := p.stretch(c.ctx(), info.KDF, password)
	out.Verifier = keys.Verifier[:]
	return out, err
}

// refusedPeople shows the page again with what is wrong; other errors are handed on.
// where is the part of the page that the form is in, about the key of a text for each
// refusal of the owner's.
func (p *portal) refusedPeople(c *call, where string, v peopleView, err error, about map[error]string) error {
	v.Errors = map[string]string{}
	var wait *socket.ThrottledError
	status := http.StatusForbidden
	switch {
	case errors.Is(err, socket.ErrLogin):
		v.Errors[where+".current"] = c.text("settings.wrong")
	case errors.Is(err, socket.ErrExpired):
		v.Errors[where+".current"] = c.stale()
	case errors.As(err, &wait):
		v.Errors[where] = c.text("login.throttled", "Wait", c.wait(wait.RetryAfter))
	default:
		for known, key := range about {
			if errors.Is(err, known) {
				v.Errors[where], status = c.text(key), http.StatusUnprocessableEntity
			}
		}
	}
	if len(v.Errors) == 0 {
		return err
	}
	return p.renderPeople(c, status, v)
}

// invitePerson has the owner mail an invitation. Its code stays with the owner: the
// mailbox's key is sealed for whoever gets the mail and comes here.
func (p *portal) invitePerson(c *call) error {
	if err := c.mailboxForm(); err != nil {
		return err
	}
	i := socket.Invitation{Address: strings.TrimSpace(c.r.PostFormValue("address")), Manager: c.r.PostFormValue("manager") != ""}
	if slices.Contains(append([]string{c.user.address}, c.user.further...), strings.ToLower(i.Address)) {
		return p.refusedPeople(c, "invite", peopleView{Typed: i.Address}, errForm, map[error]string{errForm: "addresses.own"})
	}
	proof, err := p.personProof(c)
	if err == nil {
		err = p.sendInvitation(c, proof, i)
	}
	if err != nil {
		return p.refusedPeople(c, "invite", peopleView{Typed: clip(i.Address, maxAddress)}, err, map[error]string{
			socket.ErrInvalid: "forgot.badaddress", socket.ErrConflict: "seats.already", socket.ErrTooLarge: "seats.toomany",
		})
	}
	p.event(c, eventSeat, "address", c.user.address, "person", typedAddress(i.Address))
	return c.redirect("/settings/people?done=invited")
}

func (p *portal) sendInvitation(c *call, proof socket.Proof, i socket.Invitation) error {
	ticket, err := p.owner.Invite(c.ctx(), c.user.token, proof, i)
	if err != nil {
		return err
	}
	to, err := age.ParseHybridRecipient(ticket.Recipient)
	if err != nil {
		return errIntegrity
	}
	sealed, err := c.user.key.ForInvitation(p.pepper, to, c.user.address)
	if err != nil {
		return err
	}
	return p.owner.SendInvitation(c.ctx(), c.user.token, ticket.Ticket, sealed)
}

// changePerson takes a seat or an invitation away, or changes what a person may do.
func (p *portal) changePerson(c *call) error {
	if err := c.mailboxForm(); err != nil {
		return err
	}
	what, person, _ := strings.Cut(c.r.PostFormValue("person"), " ")
	proof, err := p.personProof(c)
	done := "changed"
	if err == nil {
		switch what {
		case "remove":
			done, err = "removed", p.owner.RemovePerson(c.ctx(), c.user.token, proof, person)
		case "manager", "opener":
			err = p.owner.SetPerson(c.ctx(), c.user.token, proof, person, what == "manager")
		default:
			err = errForm
		}
	}
	if err != nil {
		return p.refusedPeople(c, "person", peopleView{}, err, map[error]string{socket.ErrConflict: "seats.last"})
	}
	p.event(c, eventSeat, "address", c.user.address, "person", typedAddress(person))
	return c.redirect("/settings/people?done=" + done)
}

// changeAccess changes how the mailbox is opened.
func (p *portal) changeAccess(c *call) error {
	if err := c.mailboxForm(); err != nil {
		return err
	}
	asked := socket.Access{PeopleOnly: c.r.PostFormValue("only") != "", SecondStep: c.r.PostFormValue("second") != ""}
	proof, err := p.personProof(c)
	if err == nil {
		err = p.owner.SetAccess(c.ctx(), c.user.token, proof, asked)
	}
	if err != nil {
		return p.refusedPeople(c, "access", peopleView{Asked: &asked}, err, map[error]string{socket.ErrConflict: "seats.nomanager"})
	}
	p.event(c, eventSeat, "address", c.user.address, "person", c.user.self())
	return c.redirect("/settings/people?done=changed")
}

// renameMailbox changes the name that answers carry.
func (p *portal) renameMailbox(c *call) error {
	if err := c.mailboxForm(); err != nil {
		return err
	}
	name := cleanLine(c.r.PostFormValue("name"))
	if n := len([]rune(name)); n == 0 || n > maxNameRunes {
		return p.refusedPeople(c, "name", peopleView{}, socket.ErrInvalid, map[error]string{socket.ErrInvalid: "activate.badname"})
	}
	if err := p.owner.Change(c.ctx(), c.user.token, socket.AccountChange{Name: &name}); err != nil {
		return err
	}
	return c.redirect("/settings/people?done=changed")
}

// An invitedView is the data of the page on which an invitation is accepted.
type invitedView struct {
	socket.Invited
	Code string
	Self string // who accepts
}

// showInvitation shows what an invitation is for, to whom it is for. Who has no
// account makes one first, who is not logged in logs in. It changes nothing.
func (p *portal) showInvitation(c *call, code seal.Code, info socket.LinkInfo) error {
	if !info.Account {
		return p.activationForm(c, code, info)
	}
	u, err := p.findUser(c)
	if err != nil {
		return err
	}
	if u != nil {
		if shown, err := p.invitedTo(c, u, code.Fragment()); err != nil || shown {
			return err
		}
	}
	return p.renderLogin(c, http.StatusOK, loginView{Address: info.Recipient, As: u.openMailbox(), aim: aim{Code: code.Fragment()}})
}

// invitedTo shows an invitation to a user for whom it is. It is false for any other
// code.
func (p *portal) invitedTo(c *call, u *user, text string) (bool, error) {
	code, err := seal.ParseCode(text)
	if err != nil {
		return false, nil
	}
	i, err := p.owner.Invited(c.ctx(), u.token, code.Token())
	if errors.Is(err, socket.ErrUnknown) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	c.user = u
	return true, p.render(c, http.StatusOK, "invited", c.text("invited.title"), invitedView{Invited: i, Code: code.Fragment(), Self: u.address})
}

// acceptSeat takes the seat: the mailbox's key is sealed for the user from here on.
func (p *portal) acceptSeat(c *call) error {
	if err := c.form(); err != nil {
		return err
	}
	code, err := seal.ParseCode(c.r.PostFormValue("code"))
	if err != nil {
		return socket.ErrUnknown
	}
	u, err := p.findUser(c)
	if err != nil {
		return err
	}
	if u == nil {
		return errNoSession
	}
	i, err := p.owner.Invited(c.ctx(), u.token, code.Token())
	if err != nil {
		return err
	}
	key, err := seal.OpenInvitation(i.Key, p.pepper, code, i.Mailbox)
	if err != nil {
		return err
	}
	if key.Recipient() != i.PublicKey || u.key.Recipient() != i.PersonKey {
		return errIntegrity
	}
	sealed, err := sealTo(key, i.PersonKey, i.Mailbox)
	if err != nil {
		return err
	}
	if err := p.owner.Accept(c.ctx(), u.token, code.Token(), sealed); err != nil {
		return err
	}
	p.event(c, eventSeat, "address", i.Mailbox, "person", u.address)
	c.user = u
	if _, err := p.enter(c, i.Mailbox); err != nil {
		return c.redirect("/settings/mailboxes") // which says what is wrong
	}
	return c.redirect("/inbox")
}

// sealTo seals a mailbox's key for a person.
func sealTo(key seal.AccountKey, person, mailbox string) ([]byte, error) {
	to, err := age.ParseHybridRecipient(person)
	if err != nil {
		return nil, errIntegrity
	}
	return key.ForPerson(to, mailbox)
}
