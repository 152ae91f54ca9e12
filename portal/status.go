package portal

import (
	"net/http"
	"time"

	"github.com/postseal/postseal/portal/display"
	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// A statusView is the data of the page on which a sender follows a message.
type statusView struct {
	Code    string
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
	// lost, unread, opened, replied, expired, over, recalled, used, clear, returned,
	// held, released, withdrawn, rejected, unsent.
	State string
	Tone  string // of State: "good", "warn" or ""
	// Sealed: there is a sealed message, with all that can happen to it.
	Sealed bool
}

// showStatus shows what became of a message. It changes nothing.
func (p *portal) showStatus(c *call, code seal.Code) error {
	s, err := p.owner.Status(c.ctx(), p.follower(c, code))
	if err != nil {
		return err
	}
	return p.renderStatus(c, code, s, statusView{})
}

func (p *portal) follower(c *call, code seal.Code) socket.Follower {
	return socket.Follower{Link: code.Token(), Client: c.client}
}

// renderStatus fills v, which says what was just done, with s.
func (p *portal) renderStatus(c *call, code seal.Code, s socket.Status, v statusView) error {
	v.Code, v.Created = code.Fragment(), s.Created
	subject, err := openSubject(code, s)
	if err != nil {
		return err
	}
	v.Subject = subject
	changeable := 0
	for _, l := range s.Lines {
		line, ok := describe(l)
		if !ok {
			continue
		}
		if l.CanRecall || l.CanExtend {
			changeable++
		}
		v.Lines = append(v.Lines, line)
	}
	v.All = changeable > 1
	return p.render(c, http.StatusOK, "status", c.text("status.title"), v)
}

func openSubject(code seal.Code, s socket.Status) (string, error) {
	if len(s.Subject) == 0 {
		return "", nil
	}
	subject, err := code.OpenText(s.Subject)
	return display.Decode(subject), err
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
	case l.Noticed.IsZero():
		return "sending", ""
	}
	return "unread", ""
}
