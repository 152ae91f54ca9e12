package portal

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/boombuler/barcode/qr"

	"github.com/postseal/postseal/portal/locale"
	"github.com/postseal/postseal/store/socket"
)

// A totpView is the data of the page on which an app is set up.
type totpView struct {
	Secret string // in groups of four
	URL    string // otpauth://, for a phone's browser
	Size   int    // of the QR code, in modules
	Path   string // of its dark modules, SVG
	Error  string
}

// A passkeyView is the data of the page on which a passkey is made.
type passkeyView struct {
	Options string // PublicKeyCredentialCreationOptions in JSON
	Name    string
	Error   string
}

// beginTOTP shows what an app needs.
func (p *portal) beginTOTP(c *call) error {
	if err := c.form(); err != nil {
		return err
	}
	proof, _, err := p.proof(c)
	if err != nil {
		return p.unproven(c, "factor", err)
	}
	setup, err := p.owner.BeginTOTP(c.ctx(), c.user.token, proof)
	if err != nil {
		return p.unproven(c, "factor", err)
	}
	return p.renderTOTP(c, http.StatusOK, setup, "")
}

func (p *portal) renderTOTP(c *call, status int, setup socket.TOTPSetup, problem string) error {
	v := totpView{Secret: groups(setup.Secret, 4), URL: setup.URL, Error: problem}
	if setup.URL != "" {
		var err error
		if v.Size, v.Path, err = qrPath(setup.URL); err != nil {
			return err
		}
	}
	return p.render(c, status, "settings-totp", c.text("totp.title"), v)
}

// finishTOTP takes the first code of the app.
func (p *portal) finishTOTP(c *call) error {
	if err := c.form(); err != nil {
		return err
	}
	codes, err := p.owner.FinishTOTP(c.ctx(), c.user.token, c.r.PostFormValue("code"))
	if errors.Is(err, socket.ErrLogin) {
		// The secret is in the app by now; the form asks for another code.
		return p.renderTOTP(c, http.StatusUnprocessableEntity, socket.TOTPSetup{}, c.text("second.wrong"))
	}
	if err != nil {
		return p.unproven(c, "factor", err)
	}
	return p.factorAdded(c, codes)
}

// beginPasskey shows the page whose script makes a passkey.
func (p *portal) beginPasskey(c *call) error {
	if err := c.form(); err != nil {
		return err
	}
	proof, _, err := p.proof(c)
	if err != nil {
		return p.unproven(c, "factor", err)
	}
	options, err := p.owner.BeginPasskey(c.ctx(), c.user.token, proof)
	if err != nil {
		return p.unproven(c, "factor", err)
	}
	return p.render(c, http.StatusOK, "settings-passkey", c.text("passkey.title"),
		passkeyView{Options: string(options), Name: browserName(c.viewer, c.r.UserAgent())})
}

// finishPasskey takes what the browser made.
func (p *portal) finishPasskey(c *call) error {
	if err := c.form(); err != nil {
		return err
	}
	name := clip(cleanLine(c.r.PostFormValue("name")), 60)
	codes, err := p.owner.FinishPasskey(c.ctx(), c.user.token, name, []byte(c.r.PostFormValue("passkey")))
	if errors.Is(err, socket.ErrLogin) || errors.Is(err, socket.ErrInvalid) {
		return p.renderSettings(c, http.StatusUnprocessableEntity, settingsView{Errors: map[string]string{"factor": c.text("passkey.failed")}})
	}
	if err != nil {
		return p.unproven(c, "factor", err)
	}
	return p.factorAdded(c, codes)
}

// removeFactor takes a second factor away.
func (p *portal) removeFactor(c *call) error {
	if err := c.form(); err != nil {
		return err
	}
	proof, _, err := p.proof(c)
	if err == nil {
		err = p.owner.RemoveFactor(c.ctx(), c.user.token, proof, c.r.PostFormValue("id"))
	}
	if err != nil {
		return p.unproven(c, "factor", err)
	}
	p.event(c, eventFactor, "address", c.user.address)
	return c.redirect("/settings?done=removed")
}

// newRecoveryCodes replaces the recovery codes.
func (p *portal) newRecoveryCodes(c *call) error {
	if err := c.form(); err != nil {
		return err
	}
	proof, _, err := p.proof(c)
	if err != nil {
		return p.unproven(c, "factor", err)
	}
	codes, err := p.owner.NewRecoveryCodes(c.ctx(), c.user.token, proof)
	if err != nil {
		return p.unproven(c, "factor", err)
	}
	return p.factorAdded(c, codes)
}

// factorAdded shows the recovery codes, once; without any it goes back.
func (p *portal) factorAdded(c *call, codes socket.RecoveryCodes) error {
	p.event(c, eventFactor, "address", c.user.address)
	if len(codes.Codes) == 0 {
		return c.redirect("/settings")
	}
	return p.render(c, http.StatusOK, "settings-codes", c.text("codes.title"), codes)
}

// qrPath draws a text as a QR code: its size in modules, with the quiet zone of
// four that ISO/IEC 18004 asks for, and an SVG path of the dark ones.
func qrPath(s string) (int, string, error) {
	code, err := qr.Encode(s, qr.M, qr.Auto)
	if err != nil {
		return 0, "", fmt.Errorf("draw a QR code: %w", err)
	}
	var b strings.Builder
	size := code.Bounds().Dx()
	for y := range size {
		for x := range size {
			if r, _, _, _ := code.At(x, y).RGBA(); r == 0 {
				fmt.Fprintf(&b, "M%d %dh1v1h-1z", x+4, y+4)
			}
		}
	}
	return size + 8, b.String(), nil
}

// groups puts a space after every n characters.
func groups(s string, n int) string {
	var b strings.Builder
	for i, r := range s {
		if i > 0 && i%n == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// browserName names a browser and its system in short, by its User-Agent.
func browserName(v *locale.Viewer, agent string) string {
	find := func(pairs ...string) string {
		for i := 0; i < len(pairs); i += 2 {
			if strings.Contains(agent, pairs[i]) {
				return pairs[i+1]
			}
		}
		return ""
	}
	name := find("Edg", "Edge", "OPR/", "Opera", "Firefox", "Firefox", "Chrome", "Chrome", "Safari", "Safari")
	system := find("iPhone", "iPhone", "iPad", "iPad", "Android", "Android", "Windows", "Windows", "Mac OS", "macOS", "Linux", "Linux")
	switch {
	case name == "" && system == "":
		return v.Text("settings.browser.unknown")
	case name == "" || system == "":
		return name + system
	}
	return name + ", " + system
}
