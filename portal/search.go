package portal

import (
	"net/http"
	"strings"
	"time"

	"github.com/postseal/postseal/store/socket"
)

// A searchView is the data of the search page. What is looked for is posted: it
// stands in no address, and in no log.
type searchView struct {
	Nav    folderNav
	Query  string
	Folder string
	Unread bool
	Files  bool
	Since  string // days, as the browser's field has them
	Until  string
	Asked  bool
	Rows   []inboxRow
	Locked int    // messages whose PIN this session doesn't have, of which only the sender was looked at
	Next   string // where to go on; "": that was all
}

const (
	searchTime = 1500 * time.Millisecond // of one page of results
	searchPage = 500                     // entries that the owner is asked for at a time
	maxFound   = 50                      // results on a page
)

func (p *portal) searchForm(c *call) error {
	list, err := p.owner.List(c.ctx(), c.user.token, socket.ListQuery{Folder: socket.FolderInbox, Limit: 1})
	if err != nil {
		return err
	}
	return p.render(c, http.StatusOK, "search", c.text("search.title"), searchView{Nav: c.folders(list.Counts, "")})
}

// search looks through the entries of the session's messages. Nothing of it is
// kept anywhere.
func (p *portal) search(c *call) error {
	if err := c.form(); err != nil {
		return err
	}
	field := c.r.PostFormValue
	v := searchView{
		Nav: c.folders(nil, ""), Asked: true, Query: clip(field("q"), 300), Folder: field("folder"),
		Unread: field("unread") != "", Files: field("files") != "", Since: field("since"), Until: field("until"),
	}
	q := socket.ListQuery{Flat: true, Limit: searchPage, Unread: v.Unread, Since: c.day(v.Since, 0), Until: c.day(v.Until, 1)}
	// Where to go on is a folder and the owner's cursor in it.
	at, cursor, _ := strings.Cut(field("next"), " ")
	if len(cursor) > maxCursor {
		return errForm
	}
	started, find, wanted := time.Now(), p.finder(c), words(v.Query)
	for _, folder := range folders {
		if v.Folder != "" && v.Folder != string(folder) || at != "" && at != string(folder) {
			continue
		}
		q.Folder, q.Cursor, at = folder, cursor, ""
		for more := true; more; more = q.Cursor != "" {
			if len(v.Rows) >= maxFound || time.Since(started) > searchTime {
				v.Next = string(folder) + " " + q.Cursor
				return p.render(c, http.StatusOK, "search", c.text("search.title"), v)
			}
			list, err := p.owner.List(c.ctx(), c.user.token, q)
			if err != nil {
				return err
			}
			v.Nav = c.folders(list.Counts, "")
			find.prepare(list.Items)
			for _, i := range list.Items {
				p.match(find, &v, i, wanted)
			}
			find.keep()
			q.Cursor = list.Next
		}
		cursor = ""
	}
	return p.render(c, http.StatusOK, "search", c.text("search.title"), v)
}

// match adds an item to what was found, if it fits. What ended has no content to be
// found by.
func (p *portal) match(find *finder, v *searchView, i socket.Item, wanted []string) {
	switch {
	case i.Ended != "":
		return
	case i.NeedsPIN:
		p.matchLocked(find, v, i, wanted)
		return
	}
	e, ok := find.describe(i)
	if !ok || v.Files && len(e.Files) == 0 || !e.matches(wanted) {
		return
	}
	v.Rows = append(v.Rows, p.row(find, i))
}

// matchLocked is match for a message with a PIN. One whose PIN this session has is
// looked through as any other; nothing of it is kept. Of the others the sender is all
// that is known.
func (p *portal) matchLocked(find *finder, v *searchView, i socket.Item, wanted []string) {
	row := p.row(find, i)
	e, open := indexEntry{From: row.From}, false
	if _, given := p.readPIN(find.c, i.ID); given {
		if f, err := p.fetch(find.c, find.c.user, i.ID); err == nil {
			e, open = find.c.indexOf(f), true
			if m, err := p.read(find.c, f); err == nil {
				e.Text = strings.Join(strings.Fields(m.Text), " ")
			}
			row.PIN, row.Subject, row.Attachments = false, e.Subject, len(e.Files)
		}
	}
	switch {
	case e.matches(wanted) && (!v.Files || len(e.Files) > 0):
		v.Rows = append(v.Rows, row)
	case !open && !row.Broken:
		v.Locked++
	}
}

// day is the start of a day of the reader's, some days later; zero for none.
func (c *call) day(s string, later int) time.Time {
	zone := c.viewer.Zone
	if zone == nil {
		zone = time.UTC
	}
	t, err := time.ParseInLocation(time.DateOnly, s, zone)
	if err != nil {
		return time.Time{}
	}
	return t.AddDate(0, 0, later)
}
