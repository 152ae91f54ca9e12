package portal

import (
	"strconv"
	"time"

	"github.com/postseal/postseal/store/socket"
)

// usualHour is when a daily round-up leaves where nothing else was chosen.
const usualHour = 8

// roundupOptions are the choices of how often new messages are told of, and of the
// hour for once a day.
func roundupOptions(c *call, r socket.Roundup) (every, hours []option) {
	for _, e := range []struct {
		every socket.Every
		text  string
	}{
		{socket.EveryMessage, c.text("preferences.roundup.each")},
		{socket.EveryHour, c.text("preferences.roundup.hour")},
		{socket.EveryDay, c.text("preferences.roundup.day")},
	} {
		every = append(every, option{string(e.every), e.text, "", r.Every == e.every})
	}
	chosen := r.Hour
	if r.Every != socket.EveryDay {
		chosen = usualHour
	}
	clock := *c.viewer
	clock.Zone = time.UTC
	for h := range 24 {
		at := time.Date(2000, 1, 1, h, 0, 0, 0, time.UTC)
		hours = append(hours, option{strconv.Itoa(h), clock.Time(at), "", h == chosen})
	}
	return every, hours
}

// roundupForm reads the choice. It is of the account's time zone, or of the
// browser's where the account follows that.
func (p *portal) roundupForm(c *call, prefs Preferences) socket.Roundup {
	r := socket.Roundup{Every: socket.Every(c.r.PostFormValue("roundup"))}
	zone := zoneNamed(prefs.TimeZone)
	if zone == nil {
		zone = p.browserZone(c.r)
	}
	if zone != nil {
		r.Zone = zone.String()
	}
	var err error
	if r.Hour, err = strconv.Atoi(c.r.PostFormValue("hour")); err != nil || r.Hour < 0 || r.Hour > 23 {
		r.Hour = usualHour
	}
	if r.Check() != nil {
		r.Every = socket.EveryMessage
	}
	if r.Every != socket.EveryDay {
		r.Hour = 0
	}
	return r
}
