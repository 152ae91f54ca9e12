package portal

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// A settingsView is the data of an account's own page.
type settingsView struct {
	socket.AccountInfo
	Others  int // sessions beside this one
	Rules   []passwordRule
	Length  int // characters that a password needs
	Words   string
	Typed   string // the address that was typed to be added
	Done    string // what has just been done
	Joined  string // the same of an address: it stands there, where the page is opened
	Errors  map[string]string
	Offline bool // recovery is offline
}

// HasTOTP reports whether an app with codes is set up.
func (v settingsView) HasTOTP() bool {
	return slices.ContainsFunc(v.Factors, func(f socket.Factor) bool { return f.Kind == socket.FactorTOTP })
}

// A fieldView is the data of a form's field for the present password, of which the
// page has several.
type fieldView struct{ ID, Error string }

// Field returns the field called id with the problem that is known under key.
func (v settingsView) Field(id, key string) fieldView { return fieldView{id, v.Errors[key]} }

// settings shows the account's own page.
func (p *portal) settings(c *call) error {
	if c.user.visitor != nil { // what protects the mailbox's own log-in is its holder's
		return c.redirect("/settings/people")
	}
	v := settingsView{}
	switch done := c.r.URL.Query().Get("done"); done {
	case "profile", "password", "sessions", "removed":
		v.Done = c.text("settings.done." + done)
	case "asked", "withdrawn", "joined", "parted":
		v.Joined = c.text("settings.done." + done)
	}
	return p.renderSettings(c, http.StatusOK, v)
}

func (p *portal) renderSettings(c *call, status int, v settingsView) (err error) {
	if v.AccountInfo, err = p.owner.Account(c.ctx(), c.user.token); err != nil {
		return err
	}
	v.Others = len(v.Sessions) - 1
	v.Rules, v.Length = p.passwordRules(c), p.passwords.length
	v.Words = strings.Join(p.context(v.Name, v.Address), " ")
	v.Offline = p.recovery == nil
	return p.render(c, status, "settings", c.text("settings.title"), v)
}

// passwordRules are the requirements as a form shows them.
func (p *portal) passwordRules(c *call) []passwordRule {
	var all []passwordRule
	for _, key := range passwordKeys {
		all = append(all, passwordRule{key, p.passwordText(c, key, "")})
	}
	return all
}

// passwordText is a requirement's text, or with ".error" what is said when a
// password breaks it.
func (p *portal) passwordText(c *call, key, suffix string) string {
	return c.text("password."+key+suffix, "Length", p.passwords.length)
}

// changeProfile sets name, phrase and alerts.
func (p *portal) changeProfile(c *call) error {
	if err := c.mailboxForm(); err != nil {
		return err
	}
	name, phrase := cleanLine(c.r.PostFormValue("name")), cleanLine(c.r.PostFormValue("phrase"))
	alerts := c.r.PostFormValue("alerts") != ""
	v := settingsView{Errors: map[string]string{}}
	if n := len([]rune(name)); n == 0 || n > maxNameRunes {
		v.Errors["name"] = c.text("activate.badname")
	}
	if len([]rune(phrase)) > 60 {
		v.Errors["phrase"] = c.text("settings.phrase.long")
	}
	if len(v.Errors) > 0 {
		return p.renderSettings(c, http.StatusUnprocessableEntity, v)
	}
	err := p.owner.Change(c.ctx(), c.user.token, socket.AccountChange{Name: &name, Phrase: &phrase, Alerts: &alerts})
	if err != nil {
		return err
	}
	return c.redirect("/settings?done=profile")
}

// endSessions logs out one other session, or all others.
func (p *portal) endSessions(c *call) error {
	if err := c.form(); err != nil {
		return err
	}
	if err := p.owner.EndSession(c.ctx(), c.user.token, c.r.PostFormValue("id")); err != nil {
		return err
	}
	return c.redirect("/settings?done=sessions")
}

// proof makes what the owner wants to see before the account's protection is
// changed: the password that was typed with the form.
func (p *portal) proof(c *call) (socket.Proof, seal.PasswordKeys, error) {
	out := socket.Proof{Client: c.client}
	info, err := p.owner.Account(c.ctx(), c.user.token)
	if err != nil || !info.Password {
		return out, seal.PasswordKeys{}, err
	}
	password := c.r.PostFormValue("current")
	if password == "" || len(password) > maxPassword {
		return out, seal.PasswordKeys{}, socket.ErrLogin
	}
	// The owner slows down guesses; each costs memory before it hears of one.
	if wait := p.attempts.take(c.client); wait > 0 {
		return out, seal.PasswordKeys{}, throttled(wait)
	}
	keys, err := p.stretch(c.ctx(), info.KDF, password)
	out.Verifier = keys.Verifier[:]
	return out, keys, err
}

// unproven shows the page again when the proof was refused; other errors are
// handed on. where is the part of the page that the form is in.
func (p *portal) unproven(c *call, where string, err error) error {
	problem := c.proofProblem(err)
	if problem == "" {
		return err
	}
	return p.renderSettings(c, http.StatusForbidden, settingsView{Errors: map[string]string{where: problem}})
}

// proofProblem says what was wrong with a proof; "" for any other error.
func (c *call) proofProblem(err error) string {
	var wait *socket.ThrottledError
	switch {
	case errors.Is(err, socket.ErrLogin):
		return c.text("settings.wrong")
	case errors.Is(err, socket.ErrExpired):
		return c.stale()
	case errors.As(err, &wait):
		return c.text("login.throttled", "Wait", c.wait(wait.RetryAfter))
	}
	return ""
}

// stale says what to do where the log-in is too long ago to prove anything.
func (c *call) stale() string {
	if c.user.unproven {
		return c.text("settings.unproven")
	}
	return c.text("settings.stale")
}

// changePassword puts the account key under another password.
func (p *portal) changePassword(c *call) error {
	if err := c.form(); err != nil {
		return err
	}
	v := settingsView{Errors: map[string]string{}}
	password := c.r.PostFormValue("password")
	if missing := p.passwords.check(password, p.context(c.user.name, c.user.address)); len(missing) > 0 {
		v.Errors["password"] = p.passwordText(c, missing[0], ".error")
	} else if password != c.r.PostFormValue("repeat") {
		v.Errors["repeat"] = c.text("activate.mismatch")
	}
	if len(v.Errors) > 0 {
		return p.renderSettings(c, http.StatusUnprocessableEntity, v)
	}
	proof, _, err := p.proof(c)
	if err != nil {
		return p.unproven(c, "current", err)
	}
	kdf := seal.NewKDF()
	keys, err := p.stretch(c.ctx(), kdf, password)
	if err != nil {
		return err
	}
	err = p.owner.ChangePassword(c.ctx(), c.user.token, proof, socket.NewPassword{
		KDF: kdf, Verifier: keys.Verifier[:], Wrapped: c.user.key.Wrap(keys.Wrap, c.user.address),
	})
	if err != nil {
		return p.unproven(c, "current", err)
	}
	p.event(c, eventPassword, "address", c.user.address)
	return c.redirect("/settings?done=password")
}

// closeAccount ends the account, and with it everything that is kept for it.
func (p *portal) closeAccount(c *call) error {
	if err := c.form(); err != nil {
		return err
	}
	if c.r.PostFormValue("sure") == "" {
		return p.renderSettings(c, http.StatusUnprocessableEntity, settingsView{Errors: map[string]string{"close": c.text("settings.close.unsure")}})
	}
	proof, _, err := p.proof(c)
	if err == nil {
		err = p.owner.CloseAccount(c.ctx(), c.user.token, proof)
	}
	if err != nil {
		return p.unproven(c, "close", err)
	}
	p.event(c, eventClosed, "address", c.user.address)
	p.clearCookie(c)
	p.clearPIN(c)
	return c.redirect("/?closed")
}
