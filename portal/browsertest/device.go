package browsertest

import (
	"os"
	"path/filepath"

	"github.com/go-rod/rod/lib/proto"
)

// Agent sets what the browser calls itself (User-Agent).
func (tb *Tab) Agent(agent string) {
	tb.t.Helper()
	must(tb.t, proto.EmulationSetUserAgentOverride{UserAgent: agent}.Call(tb))
}

// From has the tab ask as if by a proxy that names this client in X-Forwarded-For.
func (tb *Tab) From(client string) {
	tb.t.Helper()
	_, err := tb.SetExtraHeaders([]string{"X-Forwarded-For", client})
	must(tb.t, err)
}

// Authenticator gives the tab a device with passkeys, whose owner always agrees.
// It takes the place of the one before.
func (tb *Tab) Authenticator() {
	tb.t.Helper()
	must(tb.t, proto.WebAuthnDisable{}.Call(tb))
	must(tb.t, proto.WebAuthnEnable{}.Call(tb))
	_, err := proto.WebAuthnAddVirtualAuthenticator{Options: &proto.WebAuthnVirtualAuthenticatorOptions{
		Protocol: proto.WebAuthnAuthenticatorProtocolCtap2, Transport: proto.WebAuthnAuthenticatorTransportInternal,
		HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}}.Call(tb)
	must(tb.t, err)
}

// Download runs what starts a download in this tab and returns the file's suggested
// name and its content.
func (tb *Tab) Download(f func()) (string, []byte) {
	tb.t.Helper()
	dir := tb.t.TempDir()
	must(tb.t, proto.BrowserSetDownloadBehavior{
		Behavior: proto.BrowserSetDownloadBehaviorBehaviorAllowAndName, DownloadPath: dir,
		BrowserContextID: tb.Browser().BrowserContextID,
	}.Call(tb.Browser()))
	var start *proto.PageDownloadWillBegin
	wait := tb.EachEvent(func(e *proto.PageDownloadWillBegin) {
		start = e
	}, func(e *proto.PageDownloadProgress) bool {
		return start != nil && start.GUID == e.GUID && e.State != proto.PageDownloadProgressStateInProgress
	})
	f()
	wait()
	if start == nil {
		tb.t.Fatal("no download began")
	}
	b, err := os.ReadFile(filepath.Join(dir, start.GUID))
	must(tb.t, err)
	return start.SuggestedFilename, b
}
