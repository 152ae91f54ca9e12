package milter

import "strings"

// KeptInNotice reports whether a header field stays when the message becomes a
// notice in place. The list says what is needed and tells nothing of the content:
// trace (RFC 5321 section 4.4), originator, destination and identification
// fields (RFC 5322 section 3.6.2 to 3.6.4), Resent fields, those of mailing
// lists (RFC 2369, 2919, 8058) and Auto-Submitted (RFC 3834). All others go:
// fields of the old body (Content-*, MIME-Version is written new), fields that
// repeat content (Subject is written new; Thread-Topic, Thread-Index, Keywords,
// Comments, any X-*), signatures that the new body breaks (DKIM-Signature, ARC-*,
// Authentication-Results), requests that the notice would answer wrongly
// (Disposition-Notification-To, Return-Receipt-To), keys and hints for replies
// by mail (Autocrypt, OpenPGP), and Bcc.
func KeptInNotice(name string) bool {
	switch strings.ToLower(strings.TrimRight(name, " \t")) {
	case "received", "return-path", "delivered-to", "x-original-to",
		"from", "sender", "reply-to", "to", "cc", "date",
		"message-id", "in-reply-to", "references",
		"resent-from", "resent-sender", "resent-to", "resent-cc", "resent-date", "resent-message-id",
		"list-id", "list-help", "list-unsubscribe", "list-unsubscribe-post",
		"list-subscribe", "list-post", "list-owner", "list-archive",
		"auto-submitted", "precedence":
		return true
	}
	return false
}

// unsafe are the octets that must not reach the MTA inside a header value: with
// them a value could end its field or the header.
var unsafe = strings.NewReplacer("\r", "", "\n", "", "\x00", "")

// headerLine makes text one header value: no CR, LF or NUL, no space around it.
func headerLine(text string) string { return strings.TrimSpace(unsafe.Replace(text)) }

// folded makes a value that we folded ourselves fit for the protocol: line ends
// are a bare LF, each followed by a space, and there is no NUL.
func folded(value string) string {
	lines := strings.Split(strings.ReplaceAll(value, "\r\n", "\n"), "\n")
	for i, l := range lines {
		lines[i] = headerLine(l)
	}
	return strings.Join(lines, "\n ")
}
