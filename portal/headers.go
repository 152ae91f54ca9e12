package portal

import "net/http"

// pagePolicy is the Content-Security-Policy of our own pages: nothing inline,
// nothing from elsewhere, no framing.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'; trusted-types 'none'"

// filePolicy is that of a downloaded attachment, should a browser show it after all.
const filePolicy = "sandbox; default-src 'none'; frame-ancestors 'none'"

// headers sets what every response has. A handler may replace the policy and the
// caching.
func (p *portal) headers(h http.Header) {
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	// Not "no-referrer": Chromium then sends "Origin: null" with our own forms.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Permissions-Policy", "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "+
		"microphone=(), midi=(), payment=(), usb=(), browsing-topics=()")
	h.Set("X-Robots-Tag", "noindex, nofollow")
	h.Set("Cache-Control", "no-store")
	if p.secure {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// framed makes the response one that our own pages may put into a frame.
func framed(h http.Header, policy string) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Frame-Options", "SAMEORIGIN")
}
