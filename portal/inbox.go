package portal

import (
	"net/http"
	"net/mail"
	"strings"
	"time"

	"github.com/postseal/postseal/portal/display"
	"github.com/postseal/postseal/store/seal"
)

// An inboxView is the data of the list of messages.
type inboxView struct {
	Rows   []inboxRow
	Total  int
	Unread int
	Next   string // cursor of the next page
	Later  bool   // this isn't the first page
}

// An inboxRow is one message of the list. What doesn't verify shows no word of
// its content.
type inboxRow struct {
	ID          string
	From        string
	Subject     string
	Received    time.Time
	Expires     time.Time
	Soon        bool // expires within three days
	Unread      bool
	Opened      bool
	Replied     bool
	Attachments int
	PIN         bool   // it needs its PIN to show even its subject
	Ended       string // "expired" or "recalled": this line is all there is
	EndedBy     string // who took it back
	EndedAt     time.Time
	Broken      bool
}

// maxCursor bounds what is passed on to the owner as a cursor.
const maxCursor = 200

func (p *portal) inbox(c *call) error {
	cursor := c.r.URL.Query().Get("from")
	if len(cursor) > maxCursor {
		cursor = ""
	}
	page, err := p.owner.Inbox(c.ctx(), c.user.token, cursor, p.pageSize(c.user))
	if err != nil {
		return err
	}
	v := inboxView{Total: page.Total, Unread: page.Unread, Next: page.Next, Later: cursor != ""}
	for _, m := range page.Messages {
		row := inboxRow{
			ID: m.ID, Received: m.Received, Expires: m.Expires, Unread: !m.Read,
			Opened: !m.Opened.IsZero(), Replied: !m.Replied.IsZero(),
			Soon: m.Expires.Sub(p.now()) < 3*24*time.Hour,
		}
		if m.Ended != "" {
			row.Ended, row.EndedBy, row.EndedAt, row.From, row.Unread, row.Soon = m.Ended, m.EndedBy, m.EndedAt, m.Sender, false, false
		} else if m.NeedsPIN {
			manifest, err := p.verify(m.Manifest)
			row.PIN, row.From, row.Broken = true, manifest.Sender, err != nil
		} else if f, err := p.unlock(m, opener{id: c.user.key.Identity()}, seal.ModeAccount, c.user.address); err != nil {
			p.log.Error("message of an inbox fails verification", "message", m.ID)
			row.Broken = true
		} else {
			row.From, row.Subject = c.senderName(f), display.Decode(f.summary.Subject)
			row.Attachments = len(f.summary.Attachments)
		}
		v.Rows = append(v.Rows, row)
	}
	title := c.text("inbox.title")
	if v.Unread > 0 {
		title = c.text("inbox.title.unread", "Count", c.viewer.Number(int64(v.Unread)))
	}
	return p.render(c, http.StatusOK, "inbox", title, v)
}

// senderName is the short form of sender for a list: the name alone, unless the
// name pretends to be an address.
func (c *call) senderName(f *fetched) string {
	s := c.sender(f)
	a, err := mail.ParseAddress(s)
	if err != nil || a.Name == "" || strings.ContainsRune(a.Name, '@') {
		return s
	}
	return a.Name
}

// sender names who wrote: the From line, or the envelope's address.
func (c *call) sender(f *fetched) string {
	if s := display.Decode(f.summary.From); s != "" {
		return s
	}
	if f.manifest.Sender != "" {
		return f.manifest.Sender
	}
	return c.text("message.nosender")
}
