package portal

import (
	"errors"
	"net/http"
	"time"

	"github.com/postseal/postseal/portal/display"
	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// A statusView is the data of the page on which a sender follows a message.
type statusView struct {
	Base    string // of the addresses of what can be done
	Code    string // of the link; "" for the copy in sent
	Back    string // where a member came from
	Subject string
	Created time.Time
	Lines   []statusLine
	All     bool   // several can be changed at once
	Said    string // key of what was just done: "status.said." and this
	Warn    bool   // it could not be done
	Count   int    // to how many it was done
}

// A statusLine is one recipient of a [statusView].
type statusLine struct {
	socket.StatusLine
	// State is the one word for where it is ("status.state." and this): sending,
	// waiting, lost, unread, opened, replied, expired, over, closed, recalled, used, clear, returned,
	// held, released, withdrawn, rejected, unsent.
	State string
	Tone  string // of State: "good", "warn" or ""
	// Sealed: there is a sealed message, with all that can happen to it.
	Sealed bool
}

// showStatus shows what became of a message. It changes nothing.
func (p *portal) showStatus(c *call, code seal.Code) error {
	f := byLink(c, code)
	s, err := p.owner.Status(c.ctx(), f.by)
	if err != nil {
		return err
	}
	return p.renderStatus(c, f, s, statusView{})
}

// A follower is who follows a message: the holder of a status link, or a member
// by the copy in sent.
type follower struct {
	by      socket.Follower
	code    seal.Code // of a link
	own     string    // id of the copy
	subject string    // of the copy
}

func byLink(c *call, code seal.Code) follower {
	return follower{by: socket.Follower{Link: code.Token(), Client: c.client}, code: code}
}

// byCopy is for the copy in sent that the path names.
func (p *portal) byCopy(c *call) (follower, error) {
	item, d, err := p.openOwn(c, c.arg("id"))
	if err != nil {
		return follower{}, err
	}
	if item.Dispatch == "" {
		return follower{}, errNotFound
	}
	return follower{
		by:  socket.Follower{Session: c.user.token, Dispatch: item.Dispatch, Client: c.client},
		own: item.ID, subject: d.Subject,
	}, nil
}

// base begins the addresses of what can be done.
func (f follower) base() string {
	if f.own != "" {
		return "/m/own/" + f.own
	}
	return "/s"
}

// fragment is the code for the forms of a page.
func (f follower) fragment() string {
	if f.own != "" {
		return ""
	}
	return f.code.Fragment()
}

func (f follower) openSubject(s socket.Status) (string, error) {
	if f.own != "" || len(s.Subject) == 0 {
		return f.subject, nil
	}
	subject, err := f.code.OpenText(s.Subject)
	return display.Decode(subject), err
}

// ownStatus shows a member what became of a message.
func (p *portal) ownStatus(c *call) error {
	f, err := p.byCopy(c)
	if err != nil {
		return err
	}
	s, err := p.owner.Status(c.ctx(), f.by)
	if err != nil {
		return err
	}
	return p.renderStatus(c, f, s, statusView{})
}

// ownLines are what the page of a copy tells of its recipients: nothing before the
// mail server took the message, and nothing when the store forgot it.
func (p *portal) ownLines(c *call, item socket.OwnItem) ([]statusLine, error) {
	if item.Dispatch == "" {
		return nil, nil
	}
	s, err := p.owner.Status(c.ctx(), socket.Follower{Session: c.user.token, Dispatch: item.Dispatch, Client: c.client})
	if errors.Is(err, socket.ErrUnknown) {
		return nil, nil
	}
	return described(s), err
}

// described are the lines that a sender is told.
func described(s socket.Status) (out []statusLine) {
	for _, l := range s.Lines {
		if line, ok := describe(l); ok {
			out = append(out, line)
		}
	}
	return out
}

// renderStatus fills v, which says what was just done, with s.
func (p *portal) renderStatus(c *call, f follower, s socket.Status, v statusView) error {
	v.Base, v.Code, v.Created = f.base(), f.fragment(), s.Created
	if f.own != "" {
		v.Back = f.base()
	}
	subject, err := f.openSubject(s)
	if err != nil {
		return err
	}
	v.Subject = subject
	changeable := 0
	v.Lines = described(s)
	for _, l := range v.Lines {
		if l.CanRecall || l.CanExtend {
			changeable++
		}
	}
	v.All = changeable > 1
	return p.render(c, http.StatusOK, "status", c.text("status.title"), v)
}

// describe finds the word for one recipient. It is false for what a sender isn't
// told of: mail that a rule dropped in silence or put away for an administrator.
func describe(l socket.StatusLine) (statusLine, bool) {
	v := statusLine{StatusLine: l, Sealed: l.Message != ""}
	switch l.Action {
	case "deliver":
		v.State = "clear"
	case "return":
		v.State, v.Tone = "returned", "warn"
	case "block":
		v.State, v.Tone = describeHeld(l.Held)
	case "pickup", "one-time":
		v.State, v.Tone = describeSealed(l)
	default:
		return v, false
	}
	return v, true
}

func describeHeld(state string) (word, tone string) {
	switch state {
	case "released":
		return "released", "good"
	case "withdrawn", "rejected":
		return state, ""
	case "expired":
		return "unsent", "warn"
	}
	return "held", "warn"
}

func describeSealed(l socket.StatusLine) (word, tone string) {
	switch {
	case l.Ended == "recalled" || l.Ended == "used":
		return l.Ended, ""
	case l.Ended == "closed":
		return l.Ended, "warn"
	case l.Ended == "expired" && l.Opened.IsZero():
		return "expired", "warn"
	case l.Ended != "":
		return "over", ""
	case !l.Replied.IsZero():
		return "replied", "good"
	case !l.Opened.IsZero():
		return "opened", "good"
	case l.NoticeLost:
		return "lost", "warn"
	case !l.Waits.IsZero():
		return "waiting", ""
	case l.Noticed.IsZero():
		return "sending", ""
	}
	return "unread", ""
}
