package milter

import (
	"slices"
	"strings"
)

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
	name = strings.TrimRight(name, " \t")
	return slices.ContainsFunc(keptInNotice(), func(k string) bool { return strings.EqualFold(k, name) })
}

func keptInNotice() []string {
	return []string{
		"Received", "Return-Path", "Delivered-To", "X-Original-To",
		"From", "Sender", "Reply-To", "To", "Cc", "Date",
		"Message-ID", "In-Reply-To", "References",
		"Resent-From", "Resent-Sender", "Resent-To", "Resent-Cc", "Resent-Date", "Resent-Message-ID",
		"List-Id", "List-Help", "List-Unsubscribe", "List-Unsubscribe-Post",
		"List-Subscribe", "List-Post", "List-Owner", "List-Archive",
		"Auto-Submitted", "Precedence",
	}
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
