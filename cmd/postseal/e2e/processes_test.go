package e2e

import (
	"errors"
	"net/http"
	"net/textproto"
	"strings"
	"testing"
)

// TestOneProcessDown: without the portal mail goes on, and without the milter's
// process mail waits and the pages say so; each comes back by itself.
func TestOneProcessDown(t *testing.T) {
	s := NewSite(t, SiteOptions{Two: true})
	if err := s.Portal.Stop(t); err != nil {
		t.Errorf("portal: %v", err)
	}
	s.Submit(t, "ann@example.com", []string{"bob@guest.example"}, cardMail)
	n := s.ReadNotice(t, s.WaitOutside(t, "bob@guest.example"))
	s.Portal = s.start(t, "portal")
	s.waitPortal(t)
	page, code, _ := strings.Cut(n.Link, "#")
	// Opening is what asks the store; a GET of the page does not.
	open := func() int {
		t.Helper()
		r, err := http.NewRequest(http.MethodPost, page, strings.NewReader("code="+code))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", s.URL)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		return answer.StatusCode
	}
	if got := open(); got/100 != 2 && got/100 != 3 {
		t.Errorf("both are up: %d", got)
	}
	s.Milter.Kill(t)
	if got := open(); got != http.StatusServiceUnavailable {
		t.Errorf("the store's process is gone: %d, want 503", got)
	}
	err := s.TrySubmit("ann@example.com", []string{"eve@guest.example"}, cardMail)
	var reply *textproto.Error
	if !errors.As(err, &reply) || reply.Code/100 != 4 {
		t.Errorf("the milter is gone: %v, want a 4xx", err)
	}
	s.RestartMilter(t)
	if got := open(); got/100 != 2 && got/100 != 3 {
		t.Errorf("both are up again: %d", got)
	}
	s.Submit(t, "ann@example.com", []string{"eve@guest.example"}, cardMail)
	s.ReadNotice(t, s.WaitOutside(t, "eve@guest.example"))
}
