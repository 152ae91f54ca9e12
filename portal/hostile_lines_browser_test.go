package portal

import (
	"fmt"
	"testing"

	"github.com/postseal/postseal/portal/browsertest"
	"github.com/postseal/postseal/portal/display/hostile"
	"github.com/postseal/postseal/store/seal"
)

// ownLines looks at what a page made of the texts of mail: no element came of
// them, and no character is left that turns the text around.
const ownLines = `() => {
	const bad = [];
	for (const e of document.querySelectorAll('bdi, h1, dd, .name, .mail-text')) {
		for (const c of e.children) if (!/^(BDI|TIME|SPAN|BR)$/.test(c.nodeName)) bad.push(c.outerHTML.slice(0, 200));
		if (/[\u202a-\u202e\u2066-\u2069]/.test(e.textContent)) bad.push(JSON.stringify(e.textContent.slice(0, 200)));
	}
	if (document.querySelectorAll('script:not([src]), svg[onload], img[onerror], main iframe:not(.mail)').length) bad.push('elements');
	return bad.join('\n');
}`

// TestBrowserHostileLines shows subjects, senders and file names made to deceive
// in the list and on the pages of messages.
func TestBrowserHostileLines(t *testing.T) {
	t.Parallel()
	tr := newTrap(t)
	h := newHostileSite(t, tr)
	for _, line := range hostile.Lines() {
		h.owner.seal(sealRequest{mode: seal.ModeAccount, from: member, to: guest, raw: plainMail,
			summary: seal.Summary{From: line, To: line, Subject: line, Date: h.owner.now()}})
	}
	check := func(what string, tb *browsertest.Tab) {
		t.Helper()
		out, err := tb.Eval(ownLines)
		must(t, err)
		if out.Value.Str() != "" {
			t.Errorf("%s: %.1000s", what, out.Value.Str())
		}
		if sprung := tr.take(); len(sprung) > 0 {
			t.Errorf("%s: %.1000q", what, sprung)
		}
	}
	tb := h.tab(true, true)
	tb.Open(h.url + "/inbox")
	check("inbox", tb)
	out, err := tb.Eval(`() => document.querySelectorAll('.inbox .row, .inbox li').length`)
	must(t, err)
	if out.Value.Int() < len(hostile.Lines()) {
		t.Errorf("%d lines in the inbox", out.Value.Int())
	}

	var headers []string
	for i, name := range hostile.FileNames() {
		headers = append(headers, hostile.Attached(name)[i%6])
	}
	files := hostile.Attachments(headers[:150])
	mails := []hostile.Mail{{Raw: files}, {Raw: hostile.Attachments(headers[150:])}}
	for i, m := range hostile.Mails(tr.origin) {
		if i%25 == 0 {
			mails = append(mails, m)
		}
	}
	var once *browsertest.Tab
	for i, m := range mails {
		if i%5 == 0 { // a tab has a minute
			tb, once = h.tab(true, true), h.tab(false, true)
		}
		id, _ := h.sealed(seal.ModeAccount, m.Raw)
		h.guest.post("/m/"+id+"/open").wants(t, 200)
		tb.Open(h.url + "/m/" + id)
		check(fmt.Sprintf("page of mail %d, %s", i, m.Name), tb)
		id, code := h.sealed(seal.ModeOneTime, m.Raw)
		once.Open(h.url + "/o/" + id + "#" + code.Fragment())
		once.Press(text("onetime.button"))
		once.WaitFor("#m-subject", "hostile")
		check(fmt.Sprintf("mail %d, %s, opened in the browser", i, m.Name), once)
	}
}
