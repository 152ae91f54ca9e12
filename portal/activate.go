package portal

import (
	"errors"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"filippo.io/age"
	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// An activationView is the data of the form on which an account is made or gets
// a new password.
type activationView struct {
	Code      string
	Recipient string
	Name      string
	Sender    string
	Seat      string // who invites to a mailbox, in place of a Sender
	Reset     bool   // of a forgotten password
	New       bool   // there is no account yet
	// Lost: recovery is offline, so messages from before can't be opened with
	// the new password until an administrator recovers them.
	Lost    bool
	Offline bool // recovery is offline
	Rules   []passwordRule
	Length  int    // characters that a password needs
	Words   string // for the script that ticks the rules off: words that a password may not consist of
	Errors  map[string]string
}

// maxNameRunes bounds the name of an account.
const maxNameRunes = 100

// activationForm shows the form for choosing name and password.
func (p *portal) activationForm(c *call, code seal.Code, info socket.LinkInfo) error {
	method, err := p.owner.SignInMethod(c.ctx(), info.Recipient)
	if err != nil {
		return err
	}
	in := loginView{Address: info.Recipient, Step: method, aim: aim{Message: info.Message}}
	if info.Kind == socket.LinkSeat {
		in.Code = code.Fragment() // to accept it
	}
	switch method { // whoever the organisation signs in chooses no password here
	case socket.MethodCloud:
		return p.signInAway(c, in)
	case socket.MethodDomain:
		return p.renderLogin(c, http.StatusOK, in)
	}
	v := activationView{
		Code: code.Fragment(), Recipient: info.Recipient, Sender: info.Sender,
		Reset: info.Kind == socket.LinkReset, New: !info.Account,
	}
	if info.Kind == socket.LinkSeat {
		v.Seat, v.Sender = info.Sender, ""
	}
	if v.Reset && info.Account {
		w, err := p.owner.Waiting(c.ctx(), code.Token())
		if err != nil {
			return err
		}
		v.Name = w.Name
	}
	return p.renderActivation(c, http.StatusOK, v)
}

func (p *portal) renderActivation(c *call, status int, v activationView) error {
	if c.route.path == "/activate" {
		c.here = "/r" // where any code leads on
	}
	v.Offline = p.recovery == nil
	v.Lost = v.Offline && v.Reset
	v.Rules, v.Length = p.passwordRules(c), p.passwords.length
	v.Words = strings.Join(p.context(v.Name, v.Recipient), " ")
	title := c.text("activate.title")
	if v.Reset && !v.New {
		title = c.text("reset.title")
	}
	return p.render(c, status, "activate", title, v)
}

// activate makes the account, or gives it a new password, and starts a session.
func (p *portal) activate(c *call) error {
	if err := c.form(); err != nil {
		return err
	}
	code, err := seal.ParseCode(c.r.PostFormValue("code"))
	if err != nil {
		return socket.ErrUnknown
	}
	info, err := p.owner.Link(c.ctx(), code.Token())
	if err != nil {
		return err
	}
	switch {
	case info.Kind == socket.LinkReset, !info.Account && (info.Kind == socket.LinkActivate || info.Kind == socket.LinkSeat):
	case info.Kind == socket.LinkActivate:
		return p.claimOrLogin(c, code, info)
	case info.Kind == socket.LinkSeat:
		return p.showInvitation(c, code, info)
	default:
		return socket.ErrUnknown
	}
	v := activationView{
		Code: code.Fragment(), Recipient: info.Recipient, Sender: info.Sender,
		Reset: info.Kind == socket.LinkReset, New: !info.Account,
		Name: cleanLine(c.r.PostFormValue("name")), Errors: map[string]string{},
	}
	if info.Kind == socket.LinkSeat {
		v.Seat, v.Sender = info.Sender, ""
	}
	password := c.r.PostFormValue("password")
	if v.Name == "" || utf8.RuneCountInString(v.Name) > maxNameRunes {
		v.Errors["name"] = c.text("activate.badname")
	}
	if missing := p.passwords.check(password, p.context(v.Name, v.Recipient)); len(missing) > 0 {
		v.Errors["password"] = p.passwordText(c, missing[0], ".error")
	} else if password != c.r.PostFormValue("repeat") {
		v.Errors["repeat"] = c.text("activate.mismatch")
	}
	if len(v.Errors) > 0 {
		return p.renderActivation(c, http.StatusUnprocessableEntity, v)
	}

	waiting, err := p.owner.Waiting(c.ctx(), code.Token())
	if err != nil {
		return err
	}
	key, a, err := p.newAccount(c, code, waiting, password)
	if err != nil {
		return err
	}
	a.Name = v.Name
	s, err := p.owner.Activate(c.ctx(), code.Token(), a)
	if errors.Is(err, socket.ErrConflict) {
		return p.renderLogin(c, http.StatusConflict, loginView{Address: info.Recipient, aim: aim{Code: v.Code, Message: info.Message}, Error: c.text("activate.exists")})
	}
	if err != nil {
		return err
	}
	verb := eventActivated
	if v.Reset {
		verb = eventReset
	}
	p.event(c, verb, "address", s.Address)
	after := aim{Message: info.Message}
	if info.Kind == socket.LinkSeat {
		after.Code = v.Code // to accept it
	}
	return p.welcome(c, s, key, after)
}

// newAccount makes the account's keys and turns every waiting grant that it can
// open into one for them.
func (p *portal) newAccount(c *call, code seal.Code, w socket.Waiting, password string) (seal.AccountKey, socket.Activation, error) {
	var a socket.Activation
	kdf := seal.NewKDF()
	keys, err := p.stretch(c.ctx(), kdf, password)
	if err != nil {
		return seal.AccountKey{}, a, err
	}
	key, err := p.accountKey(w)
	if err != nil {
		return seal.AccountKey{}, a, err
	}
	a = socket.Activation{
		KDF: kdf, Verifier: keys.Verifier[:], PublicKey: key.Recipient(),
		Wrapped: key.Wrap(keys.Wrap, w.Recipient), Client: c.client, Agent: c.agent(),
	}
	if p.escrow != nil {
		if a.Escrow, err = key.Escrow(p.escrow); err != nil {
			return seal.AccountKey{}, a, err
		}
	}
	id, err := code.Identity()
	if err != nil {
		return seal.AccountKey{}, a, err
	}
	a.Grants = p.waitingGrants(w, id, key)
	return key, a, nil
}

// waitingGrants turns every waiting grant that can be opened into one for an
// account's key: by the key of the link's code (nil: there is none), or by
// recovery.
func (p *portal) waitingGrants(w socket.Waiting, id *age.HybridIdentity, key seal.AccountKey) map[string][]byte {
	grants := map[string][]byte{}
	for _, m := range w.Messages {
		manifest, err := p.verify(m.Manifest)
		if err != nil || manifest.Mode != seal.ModeAccount || manifest.Recipient != w.Recipient {
			// One bad record must not keep a person from all the others. It
			// gets no grant, so it can't be shown either.
			p.log.Error("waiting message fails verification", "message", manifest.Message)
			continue
		}
		var grant []byte
		switch {
		case len(m.Grant) > 0 && id != nil:
			grant, err = regrant(m.Grant, manifest, id, key)
		case len(m.Recovery) > 0 && p.recovery != nil:
			grant, err = regrant(m.Recovery, manifest, p.recovery, key)
		default:
			continue // its own link opens it, or the recovery key
		}
		if err != nil {
			p.log.Error("waiting grant does not open", "message", manifest.Message)
			continue
		}
		grants[manifest.Message] = grant
	}
	return grants
}

// accountKey returns the account's old key if recovery gives it back, else a new one.
func (p *portal) accountKey(w socket.Waiting) (seal.AccountKey, error) {
	if p.recovery != nil && len(w.Escrow) > 0 {
		key, err := seal.OpenEscrow(w.Escrow, p.recovery)
		if err == nil {
			return key, nil
		}
		// Escrowed to another recovery key: a new account key opens what comes.
		p.log.Error("account key in escrow does not open")
	}
	return seal.NewAccountKey()
}

// regrant opens a grant and seals the message key in it to the account.
func regrant(grant []byte, m seal.Manifest, by *age.HybridIdentity, to seal.AccountKey) ([]byte, error) {
	return seal.Regrant(grant, by, m, to.Identity().Recipient())
}

// cleanLine returns what a person typed as one line without control characters.
func cleanLine(s string) string {
	s = strings.ToValidUTF8(s, "")
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) {
			return ' '
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}
