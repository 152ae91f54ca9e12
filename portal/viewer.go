package portal

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/postseal/postseal/portal/locale"
)

// Cookies that say how to address a browser. They are no secrets: one holds the
// code of the language that was chosen in the footer, the other the name of the
// time zone, which a script sets. With https they have the __Host- prefix.
const (
	languageCookie = "postseal-language"
	zoneCookie     = "postseal-zone"
	viewerCookies  = 365 * 24 * time.Hour
)

// hostCookie is the name of a cookie of ours, with the prefix that it must have.
func (p *portal) hostCookie(name string) string {
	if p.secure {
		return "__Host-" + name
	}
	return name
}

// viewerOf finds out how to address who asks. The language is that of the account,
// else the one chosen in this browser, else that of the address's domain, else
// what the browser accepts, else the usual one.
func (p *portal) viewerOf(r *http.Request, u *user) *locale.Viewer {
	v := &locale.Viewer{Now: p.now(), FirstDay: time.Monday}
	var prefs Preferences
	if u != nil {
		prefs = u.preferences
	}
	v.Language = p.texts.Find(prefs.Language)
	if v.Language == nil {
		v.Language = p.texts.Find(p.viewerCookie(r, languageCookie))
	}
	if v.Language == nil && u != nil {
		v.Language = p.languages.Domain(u.address)
	}
	if v.Language == nil {
		v.Language = p.texts.Accepted(r.Header.Get("Accept-Language"))
	}
	if v.Language == nil {
		v.Language = p.languages.Fallback()
	}
	v.Zone = zoneNamed(prefs.TimeZone)
	if v.Zone == nil {
		v.Zone = p.browserZone(r)
	}
	v.DateFormat, v.Clock, v.Theme = prefs.DateFormat, prefs.Clock, prefs.Theme
	if prefs.FirstDay != nil {
		v.FirstDay = *prefs.FirstDay
	}
	return v
}

// viewerCookie is what a browser keeps under a name, "" for nothing.
func (p *portal) viewerCookie(r *http.Request, name string) string {
	c, err := r.Cookie(p.hostCookie(name))
	if err != nil || len(c.Value) > 64 {
		return ""
	}
	return c.Value
}

// browserZone is the time zone of the browser, nil where it is not known.
func (p *portal) browserZone(r *http.Request) *time.Location {
	name, _ := url.PathUnescape(p.viewerCookie(r, zoneCookie)) // "": it can't be read
	return zoneNamed(name)
}

// zoneNamed returns a zone of the IANA list, or nil.
func zoneNamed(name string) *time.Location {
	if name == "" || name == "Local" || len(name) > 64 {
		return nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil
	}
	return zone
}

// chooseLanguage notes the language chosen in the footer, for this browser, and
// returns to the page. A fragment stays in the browser: it goes from the form's
// address to the page's (RFC 9110 section 10.2.2).
func (p *portal) chooseLanguage(c *call) error {
	if err := c.form(); err != nil {
		return err
	}
	l := p.texts.Find(c.r.PostFormValue("language"))
	if l == nil {
		return errForm
	}
	http.SetCookie(c.w, &http.Cookie{
		Name: p.hostCookie(languageCookie), Value: l.Code, Path: "/", MaxAge: int(viewerCookies.Seconds()),
		Secure: p.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
	// An account with a language of its own gets the new one, which counts for its
	// mails too.
	if u, err := p.findUser(c); err != nil {
		return err
	} else if u != nil && u.preferences.Language != "" {
		u.preferences.Language = l.Code
		if err := p.keepPreferences(c, u, u.preferences); err != nil {
			return err
		}
	}
	return c.redirect(ownPath(c.r.PostFormValue("to")))
}

// ownPath returns s if it is a path of ours, else the first page.
func ownPath(s string) string {
	if len(s) > 1000 || !strings.HasPrefix(s, "/") || strings.HasPrefix(s, "//") || strings.ContainsAny(s, "\\#") ||
		strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return "/"
	}
	return s
}
