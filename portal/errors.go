package portal

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// Errors of the portal's own.
var (
	errNotFound    = errors.New("no such page")
	errMethod      = errors.New("method not allowed")
	errCrossOrigin = errors.New("cross-origin request")
	errNoSession   = errors.New("no session")
	errForm        = errors.New("unreadable form")
	errBusy        = errors.New("too many at work")
	errIntegrity   = errors.New("message fails verification")
	errEmptyReply  = errors.New("empty reply")
	errPIN         = errors.New("the message needs its PIN")
	errNoPrint     = errors.New("the message may not be printed")
	errNoReply     = errors.New("the message may not be answered")
	errNoForward   = errors.New("the message may not be passed on")
)

func throttled(wait time.Duration) error { return &socket.ThrottledError{RetryAfter: wait} }

// A failure is what the browser is told: a status, and the key of its texts
// ("error.KEY.title" and "error.KEY.text").
type failure struct {
	status int
	key    string
}

// failures is the one table from error to answer. What isn't in it is 500 and
// goes to the log.
var failures = []struct {
	err error
	failure
}{
	{errNotFound, failure{http.StatusNotFound, "notfound"}},
	{errMethod, failure{http.StatusMethodNotAllowed, "method"}},
	{errCrossOrigin, failure{http.StatusForbidden, "crossorigin"}},
	{errForm, failure{http.StatusBadRequest, "form"}},
	{errNoRecovery, failure{http.StatusServiceUnavailable, "norecovery"}},
	{errEmptyReply, failure{http.StatusUnprocessableEntity, "emptyreply"}},
	{errPIN, failure{http.StatusForbidden, "pin"}},
	{errNoPrint, failure{http.StatusForbidden, "noprint"}},
	{errNoReply, failure{http.StatusForbidden, "noreply"}},
	{errNoForward, failure{http.StatusForbidden, "noforward"}},
	{errBusy, failure{http.StatusServiceUnavailable, "busy"}},
	{errIntegrity, failure{http.StatusBadGateway, "integrity"}},
	{socket.ErrUnknown, failure{http.StatusNotFound, "unknown"}},
	{socket.ErrExpired, failure{http.StatusGone, "expired"}},
	{socket.ErrRecalled, failure{http.StatusGone, "recalled"}},
	{socket.ErrUsed, failure{http.StatusGone, "used"}},
	{socket.ErrLogin, failure{http.StatusForbidden, "pin"}},
	{socket.ErrThrottled, failure{http.StatusTooManyRequests, "throttled"}},
	{socket.ErrConflict, failure{http.StatusConflict, "conflict"}},
	{socket.ErrTooLarge, failure{http.StatusRequestEntityTooLarge, "toolarge"}},
	{socket.ErrInvalid, failure{http.StatusBadRequest, "form"}},
	{socket.ErrFull, failure{http.StatusInsufficientStorage, "full"}},
	{socket.ErrUnavailable, failure{http.StatusServiceUnavailable, "unavailable"}},
	{seal.ErrManifest, failure{http.StatusBadGateway, "integrity"}},
	{seal.ErrOpen, failure{http.StatusBadGateway, "integrity"}},
	{context.DeadlineExceeded, failure{http.StatusServiceUnavailable, "busy"}},
}

// classify finds the answer to an error; known is false for an internal one.
func classify(err error) (f failure, known bool) {
	var ended *socket.EndedError
	if errors.As(err, &ended) && ended.Link {
		return failure{http.StatusGone, "link"}, true
	}
	for _, e := range failures {
		if errors.Is(err, e.err) {
			return e.failure, true
		}
	}
	return failure{http.StatusInternalServerError, "internal"}, false
}

// fail answers with the error's page. The detail goes to the log alone.
func (p *portal) fail(c *call, err error) {
	if errors.Is(err, context.Canceled) {
		return // the browser has gone
	}
	if c.route.weight == upload {
		// A browser shows a dead connection, and no answer, when its upload is
		// not read to the end.
		_, _ = io.Copy(io.Discard, io.LimitReader(c.r.Body, 4*p.limits.Reply))
	}
	if errors.Is(err, errNoSession) {
		p.needLogin(c)
		return
	}
	f, known := classify(err)
	if !known || f.status >= 500 {
		p.log.Error("page failed", "route", c.route.path, "error", err)
	}
	if rec, ok := c.w.(*recorder); ok && rec.wrote {
		// Too late to say anything: cut the connection, so that nobody takes
		// half an answer for the whole.
		panic(http.ErrAbortHandler)
	}
	var wait *socket.ThrottledError
	if errors.As(err, &wait) {
		p.event(c, eventThrottled, "route", c.route.path)
		c.w.Header().Set("Retry-After", strconv.Itoa(int(wait.RetryAfter.Seconds())+1))
	}
	if c.r.Header.Get("Content-Type") == "application/json" {
		// A script of ours; its page has the texts.
		if err := c.json(f.status, map[string]string{"error": f.key}); err != nil {
			p.log.Error("error answer failed", "error", err)
		}
		return
	}
	v := errorView{Title: c.text("error." + f.key + ".title"), Text: c.text("error." + f.key + ".text"), Code: f.key == "unknown"}
	var ended *socket.EndedError
	if errors.As(err, &ended) {
		v.By, v.At = ended.By, ended.At
	}
	if wait != nil {
		v.Text = c.text("error.throttled.text", "Wait", c.wait(wait.RetryAfter))
	}
	if err := p.render(c, f.status, "error", v.Title, v); err != nil {
		p.log.Error("error page failed", "error", err)
	}
}

// An errorView is the data of the error page.
type errorView struct {
	Title, Text string
	Code        bool // offer the page for typing the code
	// Who took a message back, and when.
	By string
	At time.Time
}

// wait says how long to wait.
func (c *call) wait(d time.Duration) string {
	switch {
	case d < 90*time.Second:
		return c.plural("wait.seconds", int(d.Seconds())+1)
	case d < 90*time.Minute:
		return c.plural("wait.minutes", int(d.Minutes())+1)
	}
	return c.plural("wait.hours", int(d.Hours())+1)
}

// span says how long something lasts, in whole hours or minutes.
func (c *call) span(d time.Duration) string {
	if d == time.Hour || d >= 2*time.Hour {
		return c.plural("wait.hours", int(d.Hours()))
	}
	return c.plural("wait.minutes", int(d.Minutes()))
}
