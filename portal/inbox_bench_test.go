package portal

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/postseal/postseal/store"
	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
	"golang.org/x/sync/errgroup"
)

// benchMessages are in the mailbox, in conversations of three: a list shows 50 of
// them on a page.
const benchMessages = 100_000

// BenchmarkMailbox100k asks for pages of a large mailbox and searches in it, as a
// browser does, of a portal whose owner is behind a Unix socket as in operation.
// Measured is what the browser waits for: from the request to the end of the page.
// Filling takes minutes.
func BenchmarkMailbox100k(b *testing.B) {
	s := newSiteOf(b,
		func(_ string, o *store.Options) {
			o.MmapSize = 0   // as in operation: nobody waits for it to grow
			o.Recovery = nil // its grants are in no list, and take a third of the filling
		},
		func(o *Options) {
			o.Owner = overSocket(b, o.Owner)
			o.Limits.Page, o.Limits.Requests = 50, 1<<30
		})
	c, _ := s.activated(plainMail)
	s.fill(b, benchMessages-1)

	b.Run("list", c.benchLists)
	b.Run("search", c.benchSearches)
}

func (c *client) benchLists(b *testing.B) {
	next := "/inbox"
	b.Run("unseen", func(b *testing.B) { // each page for the first time: its entries are made
		timed(b, func() {
			if next == "" {
				b.Fatal("all pages have been seen")
			}
			next = c.get(next).wants(b, 200).older()
		})
	})
	second := c.get("/inbox").wants(b, 200).older()
	for _, bm := range []struct{ name, path string }{
		{"first", "/inbox"}, {"second", second}, {"last", c.last()},
		{"unread", "/inbox?show=unread"}, {"starred", "/inbox?show=starred"}, // none is
	} {
		c.get(bm.path).wants(b, 200) // makes the entries
		b.Run(bm.name, func(b *testing.B) {
			timed(b, func() { c.get(bm.path).wants(b, 200) })
		})
	}
}

// benchSearches takes the first answers only. The search that finds nothing makes
// entries of all that it looks at; it goes on where its last answer ended.
func (c *client) benchSearches(b *testing.B) {
	from := ""
	goOn := func() { from = c.post("/m/search", "q", "nowhere", "next", from).wants(b, 200).goesOn() }
	b.Run("unseen", func(b *testing.B) { timed(b, goOn) })
	for range 4 { // so that the entries of what is looked at below are there
		goOn()
	}
	for _, bm := range []struct{ name, words string }{{"often", "statement"}, {"one-in-100", "branch-77"}} {
		b.Run(bm.name, func(b *testing.B) {
			timed(b, func() { c.post("/m/search", "q", bm.words).wants(b, 200) })
		})
	}
}

// timed is the loop of a benchmark. It reports the percentiles of what a call takes.
func timed(b *testing.B, call func()) {
	var took []time.Duration
	for b.Loop() {
		began := time.Now()
		call()
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	for _, p := range []int{50, 99} {
		at := (len(took)*p+99)/100 - 1 // the nearest rank
		b.ReportMetric(float64(took[at].Microseconds())/1000, fmt.Sprintf("p%d-ms", p))
	}
}

// overSocket serves an owner on a socket, and returns a client of it.
func overSocket(b *testing.B, o socket.Owner) *socket.Client {
	b.Helper()
	dir, err := os.MkdirTemp("", "served") // with room for a socket's path (unix(7))
	must(b, err)
	l, err := socket.Listen(filepath.Join(dir, "s"), -1)
	must(b, err)
	server := socket.NewServer(o, socket.ServerOptions{UIDs: []int{os.Getuid()}})
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	c := socket.NewClient(filepath.Join(dir, "s"))
	b.Cleanup(func() {
		must(b, c.Close())
		must(b, errors.Join(server.Shutdown(context.Background()), <-done))
		must(b, os.RemoveAll(dir))
	})
	return c
}

// fill seals messages to the guest, spread over the time that the inbox shows.
func (s *site) fill(b *testing.B, n int) {
	b.Helper()
	const batch = 3000
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for at := 0; at < n; at += batch {
		g.Go(func() error { return s.sealMany(at, min(at+batch, n), n) })
	}
	must(b, g.Wait())
}

// sealMany seals and commits a part of n messages, the oldest of which is number 0.
// Three that follow each other are a conversation, and have their payload in common.
func (s *site) sealMany(from, end, n int) error {
	ctx, now := context.Background(), s.owner.now()
	raw := strings.ReplaceAll(plainMail, "\n", "\r\n")
	d := s.owner.Begin(store.DepositKey{From: member, To: []string{guest}, MessageID: uuid.NewString()})
	defer d.Abandon()
	for at := from; at < end; at += 3 {
		_, err := d.Seal(ctx, store.SealRequest{
			Mode: seal.ModeAccount, Sender: member, Internal: true, Recipients: slices.Repeat([]string{guest}, min(3, end-at)), ReplyTo: member,
			MessageID: "<" + uuid.NewString() + "@firm.example>",
			Summary: seal.Summary{
				From: "Clara Member <" + member + ">", To: guest, Date: now,
				Subject: fmt.Sprintf("Your statement %d of branch-%d", at, at/3%100), Size: int64(len(raw)),
			},
			Message: strings.NewReader(raw),
			Created: now.Add(-time.Duration(n-at) * (recent - 24*time.Hour) / time.Duration(n)), Expires: now.AddDate(0, 1, 0),
		})
		if err != nil {
			return err
		}
	}
	return d.Commit(ctx)
}

// last is the path of the inbox's last page, by way of the longest lists there are.
func (c *client) last() string {
	c.t.Helper()
	u, err := url.Parse(c.url)
	must(c.t, err)
	token, _, _ := strings.Cut(c.http.Jar.Cookies(u)[0].Value, ".")
	session, err := seal.ParseToken(token)
	must(c.t, err)
	q := socket.ListQuery{Folder: socket.FolderInbox, Flat: true}
	for left := benchMessages - 150; left > 0; left -= q.Limit {
		q.Limit = min(left, 1000)
		l, err := c.owner.List(context.Background(), session, q)
		must(c.t, err)
		q.Cursor = l.Next
	}
	return "/inbox?from=" + url.QueryEscape(q.Cursor)
}

var (
	olderLink = regexp.MustCompile(`href="(/inbox\?from=[^"]+)"`)
	goOnValue = regexp.MustCompile(`name="next" value="([^"]+)"`)
)

// older is the path of the next page of a list, "" on the last one.
func (p page) older() string { return first(olderLink, p.body) }

// goesOn is what the button to search on sends, "" if there is none.
func (p page) goesOn() string { return first(goOnValue, p.body) }

// first returns what the group of a pattern matches first.
func first(r *regexp.Regexp, s string) string {
	if m := r.FindStringSubmatch(s); m != nil {
		return m[1]
	}
	return ""
}
