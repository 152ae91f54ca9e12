package portal

import (
	"strings"
	"testing"
	"time"

	"github.com/postseal/postseal/store"
	"github.com/postseal/postseal/store/socket"
)

// The choice is kept with its hour and zone, and what makes no sense is the usual.
func TestRoundupIsChosen(t *testing.T) {
	s := newSite(t, nil)
	c, _ := s.activated(plainMail)
	for _, tt := range []struct {
		fields []string
		want   socket.Roundup
	}{
		{[]string{"roundup", "day", "hour", "7", "zone", "Europe/Helsinki"}, socket.Roundup{Every: socket.EveryDay, Hour: 7, Zone: "Europe/Helsinki"}},
		{[]string{"roundup", "day", "hour", "0"}, socket.Roundup{Every: socket.EveryDay}},
		{[]string{"roundup", "day", "hour", "24", "zone", "Nowhere/Here"}, socket.Roundup{Every: socket.EveryDay, Hour: usualHour}},
		{[]string{"roundup", "hour", "hour", "7"}, socket.Roundup{Every: socket.EveryHour}},
		{[]string{"roundup", "week", "hour", "7"}, socket.Roundup{}},
		{nil, socket.Roundup{}},
	} {
		p := c.post("/settings/preferences", tt.fields...).wants(t, 200, text("preferences.saved"))
		if got := *s.owner.chosen.Load(); got != tt.want {
			t.Errorf("%q: %+v, want %+v", tt.fields, got, tt.want)
		}
		p.wants(t, 200, `<option value="`+string(tt.want.Every)+`" selected>`)
	}
	// A page that is shown again for a mistake has what was chosen.
	c.post("/settings/preferences", "roundup", "day", "hour", "21", "signature", strings.Repeat("ä", 1001)).
		wants(t, 422, `<option value="day" selected>`, `<option value="21" selected>`)
	if got := *s.owner.chosen.Load(); got != (socket.Roundup{}) {
		t.Errorf("a mistake was kept: %+v", got)
	}
}

// The sender sees that the notice waits, and until when, and then that it left.
func TestStatusOfRoundup(t *testing.T) {
	s := newSite(t, nil)
	c, _ := s.activated(plainMail)
	c.post("/settings/preferences", "roundup", "day", "hour", "8", "zone", "Europe/Helsinki").wants(t, 200)
	s.owner.sent(store.KindNotice)
	d := s.owner.dispatch([]string{guest, "two@elsewhere.example"}, nil)
	page := func() page { t.Helper(); return s.client().post("/s", "code", d.status.Fragment()) }
	page().wants(t, 200, text("status.state.waiting"), text("status.noticed.waits"), text("status.whynot.roundup"), text("status.state.sending"))
	s.client().post("/s/remind", "code", d.status.Fragment(), "message", d.sealed[guest].Message).wants(t, 200, text("status.said.refused"))
	s.owner.pass(25 * time.Hour)
	must(t, s.owner.Purge(t.Context()))
	if mails := s.owner.sent(store.KindRoundup); len(mails) != 1 || mails[0].to[0] != guest {
		t.Errorf("round-ups: %+v", mails)
	}
	page().wants(t, 200, text("status.state.unread")).lacks(t, text("status.state.waiting"))
}

// The folder of deleted ones says how long it keeps them, and keeps them as long.
func TestDeletedAreKept(t *testing.T) {
	s := newSiteOf(t, func(_ string, o *store.Options) { o.DeletedLife, o.SessionIdle, o.SessionMax = 2*day, 30*day, 30*day },
		func(o *Options) { o.DeletedLife = 2 * day })
	c, id := s.activated(plainMail)
	c.get("/m/deleted").wants(t, 200, "2 days after")
	c.get("/inbox").wants(t, 200).lacks(t, "2 days after")
	c.post("/m/change", "id", id, "action", "delete", "to", "/inbox").wants(t, 200)
	s.owner.pass(2*day - time.Minute)
	must(t, s.owner.Purge(t.Context()))
	c.get("/m/"+id).wants(t, 200)
	s.owner.pass(time.Minute)
	must(t, s.owner.Purge(t.Context()))
	c.get("/m/deleted").wants(t, 200, text("mailbox.empty.deleted"))
	c.get("/m/"+id).wants(t, 404)
}
