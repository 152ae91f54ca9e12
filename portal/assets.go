package portal

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"

	"github.com/postseal/postseal/portal/web"
)

// assets are the static files under names with a hash of their content, so that
// browsers may keep them for ever.
type assets struct {
	byURL map[string]asset  // "app.3f2a9c1b7d.css"
	urls  map[string]string // "app.css" -> "/static/app.3f2a9c1b7d.css"
	logo  string            // URL, "" if there is none
}

type asset struct {
	kind    string
	body    []byte
	gzipped []byte // nil where that saves nothing
}

const maxLogo = 256 << 10

func newAssets(b Brand) (*assets, error) {
	a := &assets{byURL: map[string]asset{}, urls: map[string]string{}}
	colours, err := newAccent(b.Colour)
	if err != nil {
		return nil, err
	}
	files, err := fs.ReadDir(web.Files, "static")
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		body, err := web.Files.ReadFile("static/" + f.Name())
		if err != nil {
			return nil, err
		}
		kind, ok := kinds[path.Ext(f.Name())]
		if !ok {
			return nil, fmt.Errorf("static file %s has an unknown type", f.Name())
		}
		switch f.Name() {
		case "app.css":
			body = append([]byte(colours.css()), body...)
		case "dark.css":
			body = append([]byte(colours.darkCSS()), body...)
		}
		a.add(f.Name(), kind, body)
	}
	if len(b.Logo) > 0 {
		kind := http.DetectContentType(b.Logo)
		ext, ok := logoKinds[kind]
		if !ok || len(b.Logo) > maxLogo {
			return nil, fmt.Errorf("the logo must be PNG, JPEG, GIF or WebP of at most %d kB", maxLogo>>10)
		}
		a.logo = a.add("logo"+ext, kind, b.Logo)
	}
	return a, nil
}

var kinds = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
	".txt": "text/plain; charset=utf-8",
	".png": "image/png",
}

var logoKinds = map[string]string{"image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif", "image/webp": ".webp"}

func (a *assets) add(name, kind string, body []byte) string {
	sum := sha256.Sum256(body)
	hash := strings.NewReplacer("-", "a", "_", "b").Replace(base64.RawURLEncoding.EncodeToString(sum[:]))[:12]
	ext := path.Ext(name)
	hashed := strings.TrimSuffix(name, ext) + "." + hash + ext
	a.byURL[hashed] = asset{kind, body, gzipped(body)}
	a.urls[name] = "/static/" + hashed
	return a.urls[name]
}

// gzipped compresses a static file. Pages are not compressed: they hold codes
// beside what a stranger may have put into the address, and the size of the two
// together would tell (BREACH).
func gzipped(body []byte) []byte {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil
	}
	_, err = w.Write(body)
	if err := errors.Join(err, w.Close()); err != nil || b.Len() >= len(body) {
		return nil
	}
	return b.Bytes()
}

// takesGzip says whether the client does (RFC 9110 section 12.5.3). A header that
// weighs it at all is taken at its word.
func takesGzip(r *http.Request) bool {
	for coding := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(coding), ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			q, found := strings.CutPrefix(strings.TrimSpace(weight), "q=")
			return !found || strings.Trim(q, "0.") != ""
		}
	}
	return false
}

// static serves a file by its name with the hash.
func (p *portal) static(c *call) error {
	return p.sendAsset(c, c.arg("file"), "public, max-age=31536000, immutable")
}

func (p *portal) favicon(c *call) error {
	return p.sendAsset(c, path.Base(p.assets.urls["icon.svg"]), "public, max-age=86400")
}

func (p *portal) sendAsset(c *call, name, cache string) error {
	a, ok := p.assets.byURL[name]
	if !ok {
		return errNotFound
	}
	h := c.w.Header()
	h.Set("Content-Type", a.kind)
	h.Set("Content-Security-Policy", filePolicy)
	h.Set("Cache-Control", cache)
	body := a.body
	if a.gzipped != nil {
		h.Add("Vary", "Accept-Encoding")
		if takesGzip(c.r) {
			h.Set("Content-Encoding", "gzip")
			body = a.gzipped
		}
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	c.w.WriteHeader(http.StatusOK)
	if c.r.Method != http.MethodHead {
		_, _ = c.w.Write(body) // the browser may have gone
	}
	return nil
}

func (p *portal) robots(c *call) error {
	c.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = c.w.Write([]byte("User-agent: *\nDisallow: /\n"))
	return nil
}

// health says that the process answers. It asks nothing of the store.
func (p *portal) health(c *call) error {
	c.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = c.w.Write([]byte("ok\n"))
	return nil
}
