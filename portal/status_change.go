package portal

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// A recallView is the data of the page that asks before a message is taken back.
type recallView struct {
	Base    string // as of a statusView
	Code    string
	Subject string
	Message string // the id if it is for one recipient, "" for all
	Lines   []statusLine
	Seen    bool // somebody has opened it already
}

// maxChosen bounds how many messages a form may name.
const maxChosen = 1000

// recall takes sealed messages back. The first press of a button shows who has
// seen the message; the second takes it back.
func (p *portal) recall(c *call) error {
	f, s, chosen, err := p.followed(c)
	if err != nil {
		return err
	}
	v := recallView{Base: f.base(), Code: f.fragment(), Message: c.r.PostFormValue("message")}
	for _, l := range s.Lines {
		if line, ok := describe(l); ok && l.CanRecall && (len(chosen) == 0 || slices.Contains(chosen, l.Message)) {
			v.Lines = append(v.Lines, line)
			v.Seen = v.Seen || !l.Opened.IsZero()
		}
	}
	switch {
	case len(v.Lines) == 0:
		return p.renderStatus(c, f, s, statusView{Said: "ended", Warn: true})
	case c.r.PostFormValue("confirm") == "":
		if v.Subject, err = f.openSubject(s); err != nil {
			return err
		}
		return p.render(c, http.StatusOK, "recall", c.text("recall.title"), v)
	}
	s, err = p.owner.Recall(c.ctx(), f.by, chosen)
	return p.changed(c, f, s, err, eventRecalled, statusView{Said: "recalled", Count: len(v.Lines)})
}

// extensions are the times by which a message can be extended, in days.
var extensions = []int{1, 7, 30}

// A change is the data of a form that changes one sealed copy, or all.
type change struct {
	Base, Code, Message string
	Days                []int
}

// extend gives sealed messages more time.
func (p *portal) extend(c *call) error {
	f, s, chosen, err := p.followed(c)
	if err != nil {
		return err
	}
	days, err := strconv.Atoi(c.r.PostFormValue("days"))
	if err != nil || !slices.Contains(extensions, days) {
		return errForm
	}
	before := map[string]socket.StatusLine{}
	for _, l := range s.Lines {
		if l.CanExtend && (len(chosen) == 0 || slices.Contains(chosen, l.Message)) {
			before[l.Message] = l
		}
	}
	if len(before) == 0 {
		return p.renderStatus(c, f, s, statusView{Said: "ended", Warn: true})
	}
	s, err = p.owner.Extend(c.ctx(), f.by, chosen, time.Duration(days)*24*time.Hour)
	v := statusView{Said: "extended"}
	for _, l := range s.Lines {
		// A PIN that was locked is opened again, too.
		if old, ok := before[l.Message]; ok && (l.Expires.After(old.Expires) || old.PIN && !l.PIN) {
			v.Count++
		}
	}
	if v.Count == 0 && err == nil {
		return p.renderStatus(c, f, s, statusView{Said: "kept"})
	}
	return p.changed(c, f, s, err, eventExtended, v)
}

// remind sends the notice of one message again.
func (p *portal) remind(c *call) error {
	f, _, chosen, err := p.followed(c)
	if err != nil {
		return err
	}
	if len(chosen) != 1 {
		return errForm
	}
	s, err := p.owner.Remind(c.ctx(), f.by, chosen[0])
	return p.changed(c, f, s, err, eventReminded, statusView{Said: "reminded", Count: 1})
}

// followed reads the form of a change: by whom it is, where the message stands, and
// which of its sealed copies are meant (none: all). A copy that is not of this
// message is an error.
func (p *portal) followed(c *call) (f follower, s socket.Status, chosen []string, err error) {
	if c.arg("id") != "" {
		if err = c.form(); err == nil {
			f, err = p.byCopy(c)
		}
	} else {
		var code seal.Code
		code, err = c.formCode()
		f = byLink(c, code)
	}
	if err != nil {
		return f, s, nil, err
	}
	if s, err = p.owner.Status(c.ctx(), f.by); err != nil {
		return f, s, nil, err
	}
	for _, m := range c.r.PostForm["message"] {
		if m == "" {
			continue
		}
		if !slices.ContainsFunc(s.Lines, func(l socket.StatusLine) bool { return l.Message == m }) || len(chosen) == maxChosen {
			return f, s, nil, socket.ErrUnknown
		}
		chosen = append(chosen, m)
	}
	return f, s, chosen, nil
}

// changed shows the page after a change. What can't be done any more is told
// there; its lines say why.
func (p *portal) changed(c *call, f follower, s socket.Status, err error, verb string, v statusView) error {
	var wait *socket.ThrottledError
	switch {
	case errors.Is(err, socket.ErrConflict) || errors.As(err, &wait):
		if s, err = p.owner.Status(c.ctx(), f.by); err != nil {
			return err
		}
		return p.renderStatus(c, f, s, statusView{Said: "refused", Warn: true})
	case err != nil:
		return err
	}
	p.event(c, verb, "id", s.ID)
	return p.renderStatus(c, f, s, v)
}
