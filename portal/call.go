package portal

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/gorilla/mux"
	"github.com/postseal/postseal/portal/locale"
)

// A call is one request on its way through a handler.
type call struct {
	w       http.ResponseWriter
	r       *http.Request
	route   route
	viewer  *locale.Viewer
	client  string    // address of the browser, for limits and the owner's audit
	user    *user     // set for routes of class session
	cookie  bool      // the request carried a session cookie
	here    string    // where a GET shows this page, if not at its own address (placeOf)
	started time.Time // of the request

	// plain: the page is the same for everybody and may be compressed. What has a
	// secret in it may not be ([gzipped]).
	plain bool
}

func (c *call) ctx() context.Context { return c.r.Context() }

// arg returns a variable of the route's path.
func (c *call) arg(name string) string { return mux.Vars(c.r)[name] }

// text returns a text of the pages in the viewer's language ([locale.Language.Text]).
func (c *call) text(key string, args ...any) string { return c.viewer.Text(key, args...) }

// plural is text in its form for n ([locale.Language.Plural]).
func (c *call) plural(key string, n int, args ...any) string { return c.viewer.Plural(key, n, args...) }

// redirect sends the browser on by a GET (RFC 9110 section 15.4.4).
func (c *call) redirect(to string) error {
	c.w.Header().Set("Location", to)
	c.w.WriteHeader(http.StatusSeeOther)
	return nil
}

// maxForm bounds the body of a form that uploads nothing.
const maxForm = 64 << 10

// protect is the middleware that needs no route: cross-origin requests.
func (p *portal) protect(next http.Handler) http.Handler {
	cross := http.NewCrossOriginProtection()
	// The public URL is ours even where a proxy changes the Host header. It has
	// been checked to parse.
	_ = cross.AddTrustedOrigin(p.url.Scheme + "://" + p.url.Host)
	refused := p.serve(route{path: "(cross-origin)", serve: func(p *portal, c *call) error { return errCrossOrigin }})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := cross.Check(r); err != nil {
			refused.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// serve wraps a route's handler: headers, deadlines, limits, the session, and
// what becomes of an error or a panic.
func (p *portal) serve(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := &recorder{ResponseWriter: w}
		c := &call{w: rec, r: r, route: rt, client: p.clientAddress(r), started: time.Now()}
		c.viewer = p.viewerOf(r, nil)
		p.headers(rec.Header())

		timeout := p.limits.Timeout
		if rt.weight != light {
			timeout = p.limits.Transfer
		}
		ctl := http.NewResponseController(w)
		// Not every writer has deadlines (a test's doesn't); the context has.
		_ = ctl.SetReadDeadline(time.Now().Add(timeout))
		_ = ctl.SetWriteDeadline(time.Now().Add(timeout))
		ctx, cancel := context.WithTimeout(r.Context(), timeout)
		defer cancel()
		if rt.weight != upload {
			r.Body = http.MaxBytesReader(rec, r.Body, maxForm)
		}
		c.r = r.WithContext(ctx)

		defer func() {
			if v := recover(); v != nil {
				if v == http.ErrAbortHandler {
					panic(v)
				}
				p.log.Error("panic in a page", "route", rt.path, "panic", "recovered", "stack", string(debug.Stack()))
				if !rec.wrote {
					p.fail(c, errors.New("panic"))
				}
			}
			level := slog.LevelDebug
			if rec.status >= 500 {
				level = slog.LevelWarn
			}
			// The route's template, never the path: a path may hold a code.
			p.log.Log(c.ctx(), level, "request", "method", r.Method, "route", rt.path,
				"status", rec.status, "client", c.client, "took", time.Since(c.started).Round(time.Millisecond))
		}()
		if err := p.admit(c); err != nil {
			p.fail(c, err)
			return
		}
		if err := rt.serve(p, c); err != nil {
			p.fail(c, err)
		} else if rt.caller == holder && rec.status < 400 {
			p.attempts.give(c.client)
		}
	})
}

// admit checks the limits and the caller's class.
func (p *portal) admit(c *call) error {
	if wait := p.requests.take(c.client); wait > 0 {
		return throttled(wait)
	}
	switch c.route.caller {
	case attempt, holder:
		if wait := p.attempts.take(c.client); wait > 0 {
			return throttled(wait)
		}
	case session:
		u, err := p.findUser(c)
		if err != nil {
			return err
		}
		if u == nil {
			return errNoSession
		}
		c.user = u
	}
	return nil
}

// recorder notes the status and whether the answer has begun.
type recorder struct {
	http.ResponseWriter
	status int
	wrote  bool
}

func (r *recorder) WriteHeader(status int) {
	if !r.wrote {
		r.status, r.wrote = status, true
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if !r.wrote {
		r.status, r.wrote = http.StatusOK, true
	}
	return r.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
