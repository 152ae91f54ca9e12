package e2e

import "testing"

// The actions that hold a message, through a real Sendmail.
func TestSendmailActions(t *testing.T) {
	s := NewSite(t, SiteOptions{Sendmail: true, Rules: actionRules})
	testHeld(t, s)
	s.wantClean(t)
}

func TestSendmailDefer(t *testing.T) {
	s := NewSite(t, SiteOptions{Sendmail: true, Rules: actionRules})
	testDeferred(t, s)
	s.wantClean(t)
}
