package browsertest

import (
	"os"
	"path/filepath"
	"time"

	"github.com/go-rod/rod/lib/proto"
)

// Opened runs what opens another tab, and returns that. It needs no opener: links
// to other tabs have none here.
func (tb *Tab) Opened(f func()) *Tab {
	tb.t.Helper()
	var opened proto.TargetTargetID
	wait := tb.Browser().Timeout(time.Minute).EachEvent(func(e *proto.TargetTargetCreated) bool {
		opened = e.TargetInfo.TargetID
		return e.TargetInfo.Type == proto.TargetTargetInfoTypePage && e.TargetInfo.BrowserContextID == tb.Browser().BrowserContextID
	})
	_, err := tb.Activate() // nothing is pressed in a tab that is behind another
	must(tb.t, err)
	f()
	wait()
	p, err := tb.Browser().PageFromTarget(opened)
	must(tb.t, err)
	other := watch(tb.t, p, tb.scripts)
	must(tb.t, other.WaitLoad())
	return other
}

// Drop drags files from outside over an element and lets go of them there.
func (tb *Tab) Drop(selector string, files ...string) {
	tb.t.Helper()
	e, err := tb.Element(selector)
	must(tb.t, err)
	must(tb.t, e.ScrollIntoView())
	shape, err := e.Shape()
	must(tb.t, err)
	at := shape.OnePointInside()
	for _, kind := range []proto.InputDispatchDragEventType{proto.InputDispatchDragEventTypeDragEnter, proto.InputDispatchDragEventTypeDragOver, proto.InputDispatchDragEventTypeDrop} {
		must(tb.t, proto.InputDispatchDragEvent{Type: kind, X: at.X, Y: at.Y, Data: &proto.InputDragData{
			Items: []*proto.InputDragDataItem{}, Files: files, DragOperationsMask: 1,
		}}.Call(tb))
	}
}

// Line sets what the tab's network is like: cut, or with so many octets a second
// upwards (0: as fast as it goes).
func (tb *Tab) Line(cut bool, upload float64) {
	tb.t.Helper()
	if upload == 0 {
		upload = -1
	}
	must(tb.t, proto.NetworkEmulateNetworkConditions{Offline: cut, DownloadThroughput: -1, UploadThroughput: upload}.Call(tb))
}

// File makes a file of the machine that runs the browser.
func (tb *Tab) File(name string, data []byte) string {
	tb.t.Helper()
	file := filepath.Join(tb.t.TempDir(), name)
	must(tb.t, os.WriteFile(file, data, 0o600))
	return file
}

// Leave runs what leads to another page, and waits until that is there.
func (tb *Tab) Leave(f func()) {
	tb.t.Helper()
	_, err := tb.Eval(`() => { window.left = true; }`)
	must(tb.t, err)
	f()
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		// An error is that of a document that is just going.
		r, err := tb.Eval(`() => !window.left && document.readyState === 'complete'`)
		if err == nil && r.Value.Bool() {
			return
		}
		if time.Now().After(end) {
			tb.t.Fatalf("no other page after %s: %v", tb.Address(), err)
		}
	}
}
