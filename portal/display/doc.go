// Package display reads a message for showing it to a person: which text, which
// HTML, which attachments, and what of the HTML is safe to show.
//
// It is tolerant: what it can't read it leaves out and says so ([Mail.Damaged]);
// the reader still has the original as a file. Everything it returns comes from
// a stranger's mail. Text is for html/template to escape; HTML has been through
// [Sanitise] and still belongs into a sandboxed frame of its own, under
// [FramePolicy].
//
// It follows RFC 5322 and RFC 2045 to 2049 for structure, RFC 2387 for cid:
// pictures, RFC 2183 and RFC 2231 for names. No octet is fetched from anywhere.
package display

// FramePolicy is the Content-Security-Policy of the response that carries
// sanitised HTML. Sanitiser and policy each stop scripts and remote loads alone;
// both are used, since neither is perfect.
//
// allow-same-origin without allow-scripts lets the page around the frame measure
// its height. No script runs in the frame whatever its origin is: the sandbox
// and default-src both forbid it.
const FramePolicy = "sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox; " +
	"default-src 'none'; style-src 'unsafe-inline'; img-src data:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
