package portal

import (
	"net/http"
	"net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/postseal/postseal/portal/display"
	"github.com/postseal/postseal/store/socket"
)

// A mailboxView is the data of a list of messages.
type mailboxView struct {
	Nav     folderNav
	Folder  string
	Rows    []inboxRow
	Total   int
	Unread  int
	Path    string // of this list
	Filter  string // "", "unread", "starred"
	Cursor  string // of this page; "": it is the first
	Next    string // of the next page; "": there is none
	Bounded bool   // older messages are found by the search
	Kept    int    // days that what was deleted is kept; 0: nothing is said
	// What was done a moment ago, to how many, and what takes it back.
	Done  string
	Count int
	Undo  []string
	One   bool // it was done to single messages, not to their conversations
}

// Page is the address of a page of this list, as it is filtered: the first, or the
// one that begins at a cursor.
func (v mailboxView) Page(cursor string) string {
	q := url.Values{}
	if v.Filter != "" {
		q.Set("show", v.Filter)
	}
	if cursor != "" {
		q.Set("from", cursor)
	}
	if len(q) == 0 {
		return v.Path
	}
	return v.Path + "?" + q.Encode()
}

// A folderNav is the list of folders beside a list of messages.
type folderNav struct {
	Links   []folderLink
	Compose bool // new messages can be written
	Search  bool // the page is the search
}

// A folderLink is one line of the list of folders.
type folderLink struct {
	Name, Path string
	Count      int // unread ones in the inbox, all in drafts; 0: nothing is said
	Current    bool
}

// An inboxRow is one message of a list, or one conversation. What doesn't verify
// shows no word of its content.
type inboxRow struct {
	ID          string
	Path        string
	From        string
	For         string // the address that it is to, if not the main one
	Subject     string
	Received    time.Time
	Expires     time.Time
	Soon        bool // expires within three days
	Unread      bool
	Starred     bool
	Opened      bool
	Own         bool
	Draft       bool
	Replied     bool
	Attachments int
	Thread      int    // messages of the conversation; 0 for one
	PIN         bool   // it needs its PIN to show even its subject
	Ended       string // "expired" or "recalled": this line is all there is
	EndedBy     string // who took it back
	EndedAt     time.Time
	Broken      bool
}

const (
	// maxCursor bounds what is passed on to the owner as a cursor.
	maxCursor = 200
	// recent is what the inbox shows without a search.
	recent = 60 * 24 * time.Hour
)

// folders are the lists, in the order in which the pages show them.
var folders = []socket.Folder{socket.FolderInbox, socket.FolderSent, socket.FolderDrafts, socket.FolderDeleted}

func folderPath(f socket.Folder) string {
	if f == socket.FolderInbox {
		return "/inbox"
	}
	return "/m/" + string(f)
}

func (p *portal) inbox(c *call) error { return p.folder(c, socket.FolderInbox) }

func (p *portal) otherFolder(c *call) error { return p.folder(c, socket.Folder(c.arg("folder"))) }

func (p *portal) folder(c *call, folder socket.Folder) error {
	query := c.r.URL.Query()
	cursor := query.Get("from")
	if len(cursor) > maxCursor {
		cursor = ""
	}
	q := socket.ListQuery{Folder: folder, Cursor: cursor, Limit: p.pageSize(c.user)}
	v := mailboxView{Folder: string(folder), Path: folderPath(folder), Cursor: cursor, Filter: query.Get("show"), Bounded: folder == socket.FolderInbox}
	switch v.Filter {
	case "unread":
		q.Unread = true
	case "starred":
		q.Starred = true
	default:
		v.Filter = ""
	}
	if folder == socket.FolderDeleted {
		v.Kept = int(p.deleted / (24 * time.Hour))
	}
	if v.Bounded {
		q.Since = p.now().Add(-recent)
	}
	list, err := p.owner.List(c.ctx(), c.user.token, q)
	if err != nil {
		return err
	}
	if len(list.Items) == 0 && cursor != "" {
		// All of the last page was moved away.
		query.Del("from")
		return c.redirect(v.Path + "?" + query.Encode())
	}
	find := p.finder(c)
	find.prepare(list.Items)
	for _, i := range list.Items {
		v.Rows = append(v.Rows, p.row(find, i))
	}
	find.keep()
	n := list.Counts[folder]
	v.Total, v.Unread, v.Next = n.Total, n.Unread, list.Next
	v.Nav = c.folders(list.Counts, folder)
	v.Done, v.Undo = done(query)
	v.Count, _ = strconv.Atoi(query.Get("n"))
	v.One = query.Has("one")
	title := c.text("inbox.title")
	if folder != socket.FolderInbox {
		title = c.text("folder." + string(folder))
	}
	if v.Unread > 0 {
		title = c.text("inbox.title.unread", "Count", c.viewer.Number(int64(v.Unread)))
	}
	return p.render(c, http.StatusOK, "inbox", title, v)
}

// folders makes the list of folders of a page; current is "" on that of the search.
func (c *call) folders(counts map[socket.Folder]socket.Count, current socket.Folder) folderNav {
	out := folderNav{Compose: c.user.compose != socket.ComposeNothing, Search: current == ""}
	for _, f := range folders {
		l := folderLink{Name: string(f), Path: folderPath(f), Current: f == current}
		switch f {
		case socket.FolderInbox:
			l.Count = counts[f].Unread
		case socket.FolderDrafts:
			l.Count = counts[f].Total
		}
		out.Links = append(out.Links, l)
	}
	return out
}

// done reads what the page that led here says was done.
func done(query url.Values) (string, []string) {
	switch d := query.Get("done"); d {
	case "deleted", "back", "gone", "read", "unread", "sent", "saved":
		return d, strings.FieldsFunc(query.Get("undo"), func(r rune) bool { return r == ',' })
	}
	return "", nil
}

// row describes an item of a list.
func (p *portal) row(find *finder, i socket.Item) inboxRow {
	r := inboxRow{
		ID: i.ID, Path: "/m/" + i.ID, Received: i.Received, Expires: i.Expires, Unread: !i.Read || i.Unread > 0, Starred: i.Starred, Own: i.Own,
		Opened: !i.Opened.IsZero(), Replied: !i.Replied.IsZero(), Soon: i.Expires.Sub(p.now()) < 3*24*time.Hour,
	}
	if i.Count > 1 {
		r.Thread = i.Count
	}
	switch {
	case i.Ended != "":
		r.Ended, r.EndedBy, r.EndedAt, r.From, r.Unread, r.Soon = i.Ended, i.EndedBy, i.EndedAt, i.Sender, false, false
		return r
	case i.NeedsPIN:
		manifest, err := p.verify(i.Manifest)
		r.PIN, r.From, r.For, r.Broken = true, manifest.Sender, find.c.user.other(manifest.Recipient), err != nil
		return r
	}
	e, ok := find.describe(i)
	if !ok {
		r.Broken = true
		return r
	}
	r.From, r.For, r.Subject, r.Attachments = e.From, e.For, e.Subject, len(e.Files)
	if i.Own {
		r.Path, r.Unread = "/m/own/"+i.ID, false
		if r.Draft = e.Kind != "" && i.Folder == socket.FolderDrafts; r.Draft {
			r.Path = "/m/write/" + i.ID
		}
	}
	return r
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

// A changeView is the data of the page that asks before messages are removed for
// good.
type changeView struct {
	IDs  []string
	Back string
	One  bool // single messages, not their conversations
}

// maxSelected bounds what one form changes.
const maxSelected = 200

// change does to messages what a list's form or a message's buttons say.
func (p *portal) change(c *call) error {
	if err := c.form(); err != nil {
		return err
	}
	form := c.r.PostForm
	ids := form["id"]
	back := ownPath(form.Get("to"))
	if back == "/" {
		back = "/inbox"
	}
	if len(ids) > maxSelected {
		return errForm
	}
	if len(ids) == 0 {
		return c.redirect(back)
	}
	sel := socket.Selection{IDs: ids, Whole: form.Get("one") == ""}
	flag := func(set, clear socket.Flags) error {
		return inParts(sel, func(s socket.Selection) error { return p.owner.Flag(c.ctx(), c.user.token, s, set, clear) })
	}
	move := func(to socket.Destination) error {
		return inParts(sel, func(s socket.Selection) error { return p.owner.Move(c.ctx(), c.user.token, s, to) })
	}
	action := form.Get("action")
	var err error
	switch action {
	case "read":
		err = flag(socket.Flags{Read: true}, socket.Flags{})
	case "unread":
		sel.Whole = false // the newest of a conversation is enough to find it again
		err = flag(socket.Flags{}, socket.Flags{Read: true})
	case "star":
		sel.Whole = false
		err = flag(socket.Flags{Star: true}, socket.Flags{})
	case "unstar":
		sel.Whole = false
		err = flag(socket.Flags{}, socket.Flags{Star: true})
	case "delete":
		action, err = "deleted", move(socket.ToDeleted)
	case "back":
		err = move(socket.ToFolder)
	case "gone":
		if form.Get("sure") == "" {
			return p.render(c, http.StatusOK, "confirm", c.text("confirm.title"), changeView{ids, back, !sel.Whole})
		}
		err = move(socket.ToNowhere)
	default:
		return errForm
	}
	if err != nil {
		return err
	}
	if action == "star" || action == "unstar" {
		return c.redirect(back)
	}
	return c.redirect(withDone(back, action, ids, sel.Whole))
}

// inParts makes a call for each part of a selection.
func inParts(sel socket.Selection, call func(socket.Selection) error) error {
	for part := range sel.Parts() {
		if err := call(part); err != nil {
			return err
		}
	}
	return nil
}

// withDone adds to a path what its page is to say. whole tells that conversations
// were meant, which is how it is taken back, too.
func withDone(path, action string, ids []string, whole bool) string {
	u, err := url.Parse(path)
	if err != nil {
		return "/inbox"
	}
	q := u.Query()
	q.Set("done", action)
	q.Set("n", strconv.Itoa(len(ids)))
	q.Del("undo")
	q.Del("one")
	if action == "deleted" {
		q.Set("undo", strings.Join(ids, ","))
		if !whole {
			q.Set("one", "1")
		}
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// markUnread makes a message count as unread again.
func (p *portal) markUnread(c *call) error {
	if err := p.owner.MarkOpened(c.ctx(), c.user.token, c.arg("id"), false); err != nil {
		return err
	}
	return c.redirect("/inbox")
}
