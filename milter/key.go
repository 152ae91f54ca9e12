package milter

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"io"
	"net/mail"
	"strings"
	"time"

	"github.com/postseal/postseal/store"
)

// An identity is what tells a message that the MTA offers again from another one.
//
// Of the header only what its author wrote counts: trace fields and those of
// filters in front of us differ from attempt to attempt. So do a Message-ID and a
// Date that the MTA itself added, because the author's program wrote none; those
// are left out.
type identity struct {
	messageID string
	digest    [32]byte // of header and body
}

// identify reads the body, once for a message.
func (m *message) identify(body io.ReaderAt, size int64) (identity, error) {
	if m.identity != nil {
		return *m.identity, nil
	}
	id := identity{messageID: m.get("Message-ID")}
	h := sha256.New()
	skipDate := false
	if m.queue != "" && strings.Contains(id.messageID, m.queue) {
		// <time.queueid@host>: Postfix has a dot before its queue ids, Sendmail its
		// own way.
		id.messageID = ""
		skipDate = m.dateIsOurs()
	}
	for _, f := range m.header {
		name := strings.ToLower(strings.TrimRight(f.name, " \t"))
		if !authored(name) || name == "date" && skipDate {
			continue
		}
		put(h, name)
		put(h, f.text())
	}
	put(h, "")
	if _, err := io.Copy(h, io.NewSectionReader(body, 0, size)); err != nil {
		return identity{}, fmt.Errorf("digest the message: %w", err)
	}
	id.digest = [32]byte(h.Sum(nil))
	m.identity = &id
	return id, nil
}

// depositKey is the key of what is done with the message. The verdicts count: after
// a change of the rules the same mail is not what was dealt with before, and the
// record must not be replayed. So does what it was released from: it comes back
// after a record of its being held.
func (m *message) depositKey(s *sorted, body io.ReaderAt, size int64) (store.DepositKey, error) {
	id, err := m.identify(body, size)
	if err != nil {
		return store.DepositKey{}, err
	}
	h := sha256.New()
	h.Write(id.digest[:])
	for _, p := range s.all() {
		put(h, p.key)
		put(h, string(p.verdict.Action)+string(p.way))
	}
	if m.pass != nil {
		put(h, "")
		for _, rule := range m.pass.Rules {
			put(h, rule)
		}
	}
	return store.DepositKey{From: m.from, To: m.addresses(), MessageID: id.messageID, Content: [32]byte(h.Sum(nil))}, nil
}

// authored reports whether a field, in lower case, is part of what the author
// wrote. Message-ID stands in the key by itself.
func authored(name string) bool {
	switch name {
	case "from", "sender", "reply-to", "to", "cc", "bcc", "subject", "date",
		"in-reply-to", "references", "mime-version", "comments", "keywords":
		return true
	}
	return strings.HasPrefix(name, "content-") || strings.HasPrefix(name, "resent-")
}

// dateIsOurs reports whether Date may be the time at which the MTA took the mail.
func (m *message) dateIsOurs() bool {
	t, err := mail.ParseDate(m.get("Date"))
	if err != nil {
		return false
	}
	d := m.received.Sub(t)
	return -2*time.Minute < d && d < 10*time.Minute
}

// put adds a value with its length, so that no two lists of values look alike.
func put(h hash.Hash, s string) {
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(s))))
	h.Write([]byte(s))
}
