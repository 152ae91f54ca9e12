package socket

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/postseal/postseal/store/seal"
)

// A Client is an [Owner] at the other end of a socket. All methods may be called
// at the same time. When the owner does not answer, the error is ErrUnavailable;
// the next call tries again.
type Client struct{ http *http.Client }

var _ Owner = (*Client)(nil)

// NewClient returns a client for the socket at path. It connects when needed.
func NewClient(path string) *Client {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	return &Client{&http.Client{
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return dialer.DialContext(ctx, "unix", path)
			},
			MaxIdleConnsPerHost: 64,
			IdleConnTimeout:     idleTimeout / 2, // before the server's
			DisableCompression:  true,
		},
		// The owner never redirects.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Close closes idle connections.
func (c *Client) Close() error {
	c.http.CloseIdleConnections()
	return nil
}

// Hello says whether the owner answers and speaks this version.
func (c *Client) Hello(ctx context.Context) error {
	return c.ask(ctx, pathHello, again, nothing{}, nil)
}

// again says that a call may be sent a second time when an idle connection
// turns out to be dead, once that of an owner who was restarted. once says not.
const (
	again = true
	once  = false
)

// send posts a body and returns the response if it is a success.
func (c *Client) send(ctx context.Context, path string, repeat bool, body io.Reader) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://store"+path, body)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrInvalid, err)
	}
	r.Header.Set(headerVersion, Version)
	if repeat {
		r.Header["Idempotency-Key"] = nil // net/http: idempotent, and not sent
	}
	res, err := c.http.Do(r)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if v := res.Header.Get(headerVersion); v != Version {
		res.Body.Close()
		return nil, fmt.Errorf("%w: the store's owner speaks version %.20q, this program %q", ErrUnavailable, v, Version)
	}
	if err := errorOf(res.StatusCode, res.Header); err != nil {
		err = endedOf(err, res.Body)
		io.Copy(io.Discard, io.LimitReader(res.Body, 4<<10)) // so that the connection can be used again
		res.Body.Close()
		return nil, err
	}
	return res, nil
}

// ask makes a call that is answered in JSON; out may be nil.
func (c *Client) ask(ctx context.Context, path string, repeat bool, q, out any) error {
	b, err := json.Marshal(q)
	if err != nil {
		return fmt.Errorf("%w: %v", ErrInvalid, err)
	}
	ctx, cancel := context.WithTimeout(ctx, 2*callTimeout)
	defer cancel()
	res, err := c.send(ctx, path, repeat, bytes.NewReader(b))
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("%w: no answer in time", ErrUnavailable)
		}
		return err
	}
	defer res.Body.Close()
	if out == nil {
		out = &nothing{}
	}
	if err := decodeJSON(io.LimitReader(res.Body, maxResponse), out); err != nil {
		return fmt.Errorf("%w: answer to %s can't be read", ErrUnavailable, path)
	}
	return nil
}

// get is ask with the answer's type.
func get[A any](ctx context.Context, c *Client, path string, repeat bool, q any) (A, error) {
	var out A
	if err := c.ask(ctx, path, repeat, q, &out); err != nil {
		var none A
		return none, err
	}
	return out, nil
}

// stream makes a call that is answered by a payload.
func (c *Client) stream(ctx context.Context, path string, q any) (io.ReadCloser, error) {
	b, err := json.Marshal(q)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrInvalid, err)
	}
	res, err := c.send(ctx, path, again, bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	return res.Body, nil
}

// Link implements [Links].
func (c *Client) Link(ctx context.Context, link seal.Token) (LinkInfo, error) {
	return get[LinkInfo](ctx, c, pathLink, again, linkRequest{link})
}

// Waiting implements [Links].
func (c *Client) Waiting(ctx context.Context, link seal.Token) (Waiting, error) {
	return get[Waiting](ctx, c, pathWaiting, again, linkRequest{link})
}

// Activate implements [Links].
func (c *Client) Activate(ctx context.Context, link seal.Token, a Activation) (Session, error) {
	return get[Session](ctx, c, pathActivate, once, activateRequest{link, a})
}

// OpenOneTime implements [Links].
func (c *Client) OpenOneTime(ctx context.Context, link seal.Token) (Message, error) {
	return get[Message](ctx, c, pathOpenOneTime, again, linkRequest{link})
}

// OneTimePayload implements [Links].
func (c *Client) OneTimePayload(ctx context.Context, link seal.Token) (io.ReadCloser, error) {
	return c.stream(ctx, pathOneTimePayload, linkRequest{link})
}

// Challenge implements [Accounts].
func (c *Client) Challenge(ctx context.Context, address string) (seal.KDF, error) {
	return get[seal.KDF](ctx, c, pathChallenge, again, addressRequest{Address: address})
}

// Login implements [Accounts].
func (c *Client) Login(ctx context.Context, l Login) (Session, error) {
	return get[Session](ctx, c, pathLogin, once, l)
}

// KeepKey implements [Accounts].
func (c *Client) KeepKey(ctx context.Context, session seal.Token, sealed []byte) error {
	return c.ask(ctx, pathKeepKey, again, aboutRequest[[]byte]{session, sealed}, nil)
}

// SessionInfo implements [Accounts].
func (c *Client) SessionInfo(ctx context.Context, session seal.Token) (SessionInfo, error) {
	return get[SessionInfo](ctx, c, pathSessionInfo, again, sessionRequest{session})
}

// Logout implements [Accounts].
func (c *Client) Logout(ctx context.Context, session seal.Token) error {
	return c.ask(ctx, pathLogout, again, sessionRequest{session}, nil)
}

// RequestReset implements [Accounts].
func (c *Client) RequestReset(ctx context.Context, address, client string) error {
	return c.ask(ctx, pathRequestReset, once, addressRequest{address, client}, nil)
}

// Claim implements [Accounts].
func (c *Client) Claim(ctx context.Context, session, link seal.Token, grant []byte) error {
	return c.ask(ctx, pathClaim, again, linkedRequest[[]byte]{session, link, grant}, nil)
}

// ClaimGrant implements [Accounts].
func (c *Client) ClaimGrant(ctx context.Context, session, link seal.Token) (WaitingMessage, error) {
	return get[WaitingMessage](ctx, c, pathClaimGrant, again, linkedRequest[[]byte]{session, link, nil})
}

// Inbox implements [Mailbox].
func (c *Client) Inbox(ctx context.Context, session seal.Token, cursor string, limit int) (Page, error) {
	return get[Page](ctx, c, pathInbox, again, inboxRequest{session, cursor, limit})
}

// Message implements [Mailbox].
func (c *Client) Message(ctx context.Context, session seal.Token, id string) (Message, error) {
	return get[Message](ctx, c, pathMessage, again, messageRequest{Session: session, Message: id})
}

// Payload implements [Mailbox].
func (c *Client) Payload(ctx context.Context, session seal.Token, id string) (io.ReadCloser, error) {
	return c.stream(ctx, pathPayload, messageRequest{Session: session, Message: id})
}

// MarkOpened implements [Mailbox].
func (c *Client) MarkOpened(ctx context.Context, session seal.Token, id string, read bool) error {
	return c.ask(ctx, pathMarkOpened, again, messageRequest{session, id, read}, nil)
}

// Reply implements [Replies].
func (c *Client) Reply(ctx context.Context, by Caller, r Reply, entity io.Reader) error {
	return c.upload(ctx, pathReply, replyRequest{by, r}, entity, nil)
}

// upload makes a call with something after its line of JSON; out may be nil.
func (c *Client) upload(ctx context.Context, path string, q any, body io.Reader, out any) error {
	line, err := json.Marshal(q)
	if err != nil {
		return fmt.Errorf("%w: %v", ErrInvalid, err)
	}
	res, err := c.send(ctx, path, once, io.MultiReader(bytes.NewReader(append(line, '\n')), body))
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if out == nil {
		io.Copy(io.Discard, io.LimitReader(res.Body, 4<<10))
		return nil
	}
	if err := decodeJSON(io.LimitReader(res.Body, maxResponse), out); err != nil {
		return fmt.Errorf("%w: answer to %s can't be read", ErrUnavailable, path)
	}
	return nil
}
