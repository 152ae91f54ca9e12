package socket

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/postseal/postseal/store/seal"
)

// Version is the version of what goes over the socket. Both ends name it in
// every request and response, and refuse any other.
const Version = "2"

// headerVersion carries [Version].
const headerVersion = "Postseal-Socket"

// The calls: POST to a fixed path, everything in the body. Nothing that proves
// or opens anything ever stands in a path, a query or a header, where a log
// might keep it.
const (
	pathHello          = "/v1/hello"
	pathLink           = "/v1/link"
	pathWaiting        = "/v1/waiting"
	pathActivate       = "/v1/activate"
	pathOpenOneTime    = "/v1/one-time/open"
	pathOneTimePayload = "/v1/one-time/payload"
	pathChallenge      = "/v1/challenge"
	pathLogin          = "/v1/login"
	pathKeepKey        = "/v1/session/key"
	pathSessionInfo    = "/v1/session"
	pathLogout         = "/v1/logout"
	pathRequestReset   = "/v1/reset"
	pathClaim          = "/v1/claim"
	pathClaimGrant     = "/v1/claim/grant"
	pathInbox          = "/v1/inbox"
	pathMessage        = "/v1/message"
	pathPayload        = "/v1/message/payload"
	pathMarkOpened     = "/v1/message/opened"
	pathReply          = "/v1/reply"
	pathHeld           = "/v1/held"
	pathRelease        = "/v1/held/release"
	pathWithdraw       = "/v1/held/withdraw"
	pathStatus         = "/v1/status"
	pathRecall         = "/v1/status/recall"
	pathExtend         = "/v1/status/extend"
	pathRemind         = "/v1/status/remind"
	pathSent           = "/v1/sent"
	pathMarkUnwanted   = "/v1/message/unwanted"
	pathTryPIN         = "/v1/message/pin"
)

// Bounds of what is sent, in octets.
const (
	maxRequest  = 64 << 10 // a request in JSON
	maxActivate = 16 << 20 // one with grants for some thousand messages
	maxChosen   = 1 << 20  // one that names each message of a dispatch
	maxResponse = 32 << 20 // a response in JSON: some thousand manifests and grants
	maxHeader   = 8 << 10
)

// Deadlines. Those of a stream are for each part of it.
const (
	callTimeout   = 30 * time.Second
	streamTimeout = 30 * time.Second
	idleTimeout   = 2 * time.Minute
)

// statuses is the one table from error to HTTP status, in both directions.
var statuses = []struct {
	err    error
	status int
}{
	{ErrInvalid, http.StatusBadRequest},
	{ErrLogin, http.StatusUnauthorized},
	{ErrUsed, http.StatusForbidden},
	{ErrUnknown, http.StatusNotFound},
	{ErrConflict, http.StatusConflict},
	{ErrExpired, http.StatusGone},
	{ErrTooLarge, http.StatusRequestEntityTooLarge},
	{ErrRecalled, http.StatusLocked},
	{ErrThrottled, http.StatusTooManyRequests},
	{ErrUnavailable, http.StatusServiceUnavailable},
	{ErrFull, http.StatusInsufficientStorage},
}

// statusOf returns the status for an error, 500 for one that is not in the table.
func statusOf(err error) int {
	for _, s := range statuses {
		if errors.Is(err, s.err) {
			return s.status
		}
	}
	return http.StatusInternalServerError
}

// errorOf returns the error for a response, nil for a success. A status that is
// not in the table is ErrUnavailable: what went wrong stands in the owner's log.
func errorOf(status int, header http.Header) error {
	if status == http.StatusOK {
		return nil
	}
	for _, s := range statuses {
		if s.status != status {
			continue
		}
		if s.err == ErrThrottled {
			return &ThrottledError{RetryAfter: retryAfter(header)}
		}
		return s.err
	}
	return ErrUnavailable
}

// maxEnded bounds the body of an answer that tells how something ended.
const maxEnded = 4 << 10

// endedOf adds to an error what the body of its answer says about the end.
func endedOf(err error, body io.Reader) error {
	if !errors.Is(err, ErrExpired) && !errors.Is(err, ErrRecalled) && !errors.Is(err, ErrUsed) {
		return err
	}
	var e EndedError
	if decodeJSON(io.LimitReader(body, maxEnded), &e) != nil || !errors.Is(&e, err) {
		return err
	}
	return &e
}

// headerRetry is Retry-After in seconds (RFC 9110 section 10.2.3).
const headerRetry = "Retry-After"

func setRetryAfter(h http.Header, err error) {
	var t *ThrottledError
	if errors.As(err, &t) {
		h.Set(headerRetry, strconv.Itoa(int(math.Ceil(t.RetryAfter.Seconds()))))
	}
}

func retryAfter(h http.Header) time.Duration {
	n, err := strconv.Atoi(h.Get(headerRetry))
	if err != nil || n < 0 || n > 24*3600 {
		return time.Minute
	}
	return time.Duration(n) * time.Second
}

// decodeJSON reads one JSON value and nothing after it. The limit is the
// reader's.
func decodeJSON(r io.Reader, out any) error {
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	if err := d.Decode(out); err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return ErrTooLarge
		}
		return ErrInvalid // never the decoder's text: it may quote a secret
	}
	if _, err := d.Token(); err != io.EOF {
		return ErrInvalid
	}
	return nil
}

// The requests. A call's credential and arguments stand side by side.
type (
	linkRequest struct {
		Link seal.Token `json:"link"`
	}
	sessionRequest struct {
		Session seal.Token `json:"session"`
	}
	// aboutRequest is a session's, about one thing.
	aboutRequest[T any] struct {
		Session seal.Token `json:"session"`
		About   T          `json:"about"`
	}
	// provenRequest is one by whoever shows to be the person.
	provenRequest[T any] struct {
		Session seal.Token `json:"session"`
		Proof   Proof      `json:"proof"`
		About   T          `json:"about,omitzero"`
	}
	// linkedRequest is a session's with a link.
	linkedRequest[T any] struct {
		Session seal.Token `json:"session"`
		Link    seal.Token `json:"link"`
		About   T          `json:"about,omitzero"`
	}
	addressRequest struct {
		Address string `json:"address"`
		Client  string `json:"client,omitempty"`
	}
	activateRequest struct {
		Link       seal.Token `json:"link"`
		Activation Activation `json:"activation"`
	}
	inboxRequest struct {
		Session seal.Token `json:"session"`
		Cursor  string     `json:"cursor,omitempty"`
		Limit   int        `json:"limit"`
	}
	messageRequest struct {
		Session seal.Token `json:"session"`
		Message string     `json:"message"`
		Read    bool       `json:"read,omitempty"`
	}
	// replyRequest stands in the first line of the body, the entity follows.
	replyRequest struct {
		By    Caller `json:"by"`
		Reply Reply  `json:"reply"`
	}
	releaseRequest struct {
		Link   seal.Token   `json:"link"`
		Order  ReleaseOrder `json:"order,omitzero"`
		Client string       `json:"client,omitempty"`
	}
	followRequest struct {
		By       Follower      `json:"by"`
		Messages []string      `json:"messages,omitempty"`
		More     time.Duration `json:"more,omitempty"`
	}
	unwantedRequest struct {
		Session seal.Token `json:"session"`
		Message string     `json:"message"`
		Off     bool       `json:"off,omitempty"`
	}
	pinRequest struct {
		By       Caller `json:"by"`
		Message  string `json:"message"`
		Verifier []byte `json:"verifier"`
		Client   string `json:"client,omitempty"`
	}
	nothing struct{}
)
