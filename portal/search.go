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
	Folders []folderLink
	Query   string
	Folder  string
	Unread  bool
	Files   bool
	Since   string // days, as the browser's field has them
	Until   string
	Asked   bool
	Rows    []inboxRow
	Next    string // where to go on; "": that was all
}

const (
	searchTime = 1500 * time.Millisecond // of one page of results
	searchPage = 500                     // entries that the owner is asked for at a time
	maxFound   = 50                      // results on a page
)

func (p *portal) searchForm(c *call) error {
	return p.render(c, http.StatusOK, "search", c.text("search.title"), searchView{Folders: folderLinks(nil, "")})
}

// search looks through the entries of the session's messages. Nothing of it is
// kept anywhere.
func (p *portal) search(c *call) error {
	if err := c.form(); err != nil {
		return err
	}
	field := c.r.PostFormValue
	v := searchView{
		Folders: folderLinks(nil, ""), Asked: true, Query: clip(field("q"), 300), Folder: field("folder"),
		Unread: field("unread") != "", Files: field("files") != "", Since: field("since"), Until: field("until"),
	}
	q := socket.ListQuery{Flat: true, Limit: searchPage, Unread: v.Unread, Since: c.day(v.Since, 0), Until: c.day(v.Until, 1)}
	// Where to go on is a folder and the owner's cursor in it.
	at, cursor, _ := strings.Cut(field("next"), " ")
	if len(cursor) > maxCursor {
		return errForm
	}
	started, find, wanted := time.Now(), p.finder(c), words(v.Query)
	for _, folder := range []socket.Folder{socket.FolderInbox, socket.FolderSent, socket.FolderDeleted} {
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

// match adds an item to what was found, if it fits. What ended or needs a PIN has
// no content to be found by.
func (p *portal) match(find *finder, v *searchView, i socket.Item, wanted []string) {
	if i.Ended != "" || i.NeedsPIN {
		return
	}
	e, ok := find.describe(i)
	if !ok || v.Files && len(e.Files) == 0 || !e.matches(wanted) {
		return
	}
	v.Rows = append(v.Rows, p.row(find, i))
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
