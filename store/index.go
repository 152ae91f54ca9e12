package store

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// The buckets of meta.db.
const (
	bucketStore   = "store"   // fixed names: format, key check, head of the audit trail
	bucketMessage = "message" // id -> messageRecord
	bucketPart    = "part"    // id || kind -> manifest, summary, grants
	bucketInbox   = "inbox"   // account || inverted creation time || id -> flags
	bucketPayload = "payload" // payload id -> payloadRecord
	bucketLink    = "link"    // SHA-256(token) -> linkRecord
	bucketReset   = "reset"   // account || SHA-256(token) -> nothing; the live reset links
	bucketAccount = "account" // account -> accountRecord
	bucketSession = "session" // SHA-256(token) -> sessionRecord
	bucketLogins  = "logins"  // account || SHA-256(token) -> nothing; the sessions of an account
	bucketOutbox  = "outbox"  // visible at || mail id -> outboxRecord
	bucketMail    = "mail"    // mail id -> mailRecord
	bucketDedup   = "dedup"   // keyed hash of an offer -> dedupRecord
	bucketNonce   = "nonce"   // account || SHA-256(message, nonce) -> nothing; replies of the last day
	bucketExpiry  = "expiry"  // time || kind || key of what ends then -> nothing
	bucketHold    = "hold"    // hold id -> holdRecord; its parts are in bucketPart

	bucketTrust    = "trust"    // keyed hash of sender || recipient || rule -> trustRecord
	bucketUnwanted = "unwanted" // keyed hash of recipient || sender -> unwantedRecord
	bucketDispatch = "dispatch" // dispatch id -> dispatchRecord
	bucketLine     = "line"     // dispatch id || number of the first -> lineRecord
	bucketSent     = "sent"     // account || inverted creation time || dispatch id -> nothing
	bucketThread   = "thread"   // keyed hash of a reply's Message-ID and its guest -> when it is forgotten

	bucketFolder       = "folder"       // account || folder || inverted time || id -> flags; all folders but the inbox
	bucketConversation = "conversation" // account || thread || inverted time || id -> folder
	bucketCount        = "count"        // account -> counts
	bucketIndex        = "index"        // account || id -> what the portal sealed about it; id zero: its contacts
	bucketOwn          = "own"          // id -> ownRecord

	bucketSeat    = "seat"    // account of a mailbox || account of a person -> seatRecord
	bucketSeated  = "seated"  // account of a person || account of a mailbox -> nothing
	bucketInvited = "invited" // account of a mailbox || SHA-256(token) -> nothing; its live invitations

	bucketAlias = "alias" // account of a further address -> aliasRecord
	bucketAsked = "asked" // account || SHA-256(token) -> nothing; the live links that would join an address to it

	bucketAwaiting = "awaiting" // account || message id -> nothing; what its round-up tells of
	bucketRoundup  = "roundup"  // account -> roundupRecord

	bucketAudit = "audit" // sequence -> hash of the entry before || entry
)

var buckets = []string{bucketStore, bucketMessage, bucketPart, bucketInbox, bucketPayload,
	bucketLink, bucketReset, bucketAccount, bucketSession, bucketLogins, bucketOutbox,
	bucketMail, bucketDedup, bucketNonce, bucketExpiry, bucketAudit, bucketHold, bucketTrust,
	bucketUnwanted, bucketDispatch, bucketLine, bucketSent, bucketThread, bucketSeat, bucketSeated, bucketInvited,
	bucketAlias, bucketAsked, bucketFolder, bucketConversation, bucketCount, bucketIndex, bucketOwn, bucketAwaiting, bucketRoundup}

// The kinds of bucketPart.
const (
	partManifest = 'm' // signature (64 octets) || JSON
	partSummary  = 's'
	partGrant    = 'g' // for the account's key
	partCode     = 'c' // for the code of the message's link
	partRecovery = 'r' // for the recovery key
)

var partKinds = []byte{partManifest, partSummary, partGrant, partCode, partRecovery}

// The kinds of bucketExpiry, and what their key is.
const (
	expireMessage  = 'm' // message id
	expireGrace    = 'g' // message id: a one-time message whose grace period ends
	expireOutline  = 'o' // message id: what is kept of an ended message
	expirePayload  = 'p' // payload id: its week is over
	expireLink     = 'l' // link hash: a reset link or an invitation ends
	expireLinkGone = 'L' // link hash: an ended link is forgotten
	expireSession  = 's' // session hash
	expireMail     = 'x' // mail id
	expireDedup    = 'd' // dedup key
	expireNonce    = 'n' // nonce key

	expireHold     = 'H' // hold id: nobody released it
	expireHoldGone = 'K' // hold id: what is kept of an ended one
	expireDispatch = 'D' // dispatch id: its status is forgotten
	expireTrust    = 't' // trust key
	expireThread   = 'h' // thread key
	expireOwn      = 'O' // id of a draft or a sent copy
	dueUnread      = 'u' // message id || number: a reminder of an unread message
	dueWarning     = 'w' // message id: the warning that it ends soon
	dueRoundup     = 'q' // account: its round-up
	purgeMessage   = 'P' // message id: it was deleted a while ago
	purgeOwn       = 'Q' // id of a draft or a sent copy: the same
)

// expiring is the bucket of what each kind of bucketExpiry is about.
var expiring = map[byte]string{
	expireMessage: bucketMessage, expireGrace: bucketMessage, expireOutline: bucketMessage,
	expirePayload: bucketPayload, expireLink: bucketLink, expireLinkGone: bucketLink,
	expireSession: bucketSession, expireMail: bucketMail, expireDedup: bucketDedup, expireNonce: bucketNonce,
	expireHold: bucketHold, expireHoldGone: bucketHold, expireDispatch: bucketDispatch,
	expireTrust: bucketTrust, expireThread: bucketThread, expireOwn: bucketOwn,
	dueUnread: bucketMessage, dueWarning: bucketMessage,
	dueRoundup: bucketRoundup, purgeMessage: bucketMessage, purgeOwn: bucketOwn,
}

// The flags of bucketInbox and bucketFolder.
const (
	inboxRead    = 1 << iota // the account marked it as read
	inboxGranted             // there is a grant for the account's key
	inboxEnded               // only the outline is left, to be shown as a line
	inboxStar
	inboxOwn // a draft or a sent copy, no message
)

// An id names a message, a payload or a mail: a UUIDv7 (RFC 9562), so that it
// grows with time.
type id [16]byte

// newID returns a fresh id. It fails only without randomness, which on Linux it
// never is.
func newID() id { return id(uuid.Must(uuid.NewV7())) }

// parseID reads an id as [id.String] writes it, and nothing else that might
// pass as a UUID.
func parseID(s string) (id, error) {
	if len(s) != 36 {
		return id{}, errors.New("not an id")
	}
	u, err := uuid.Parse(s)
	if err != nil || u.String() != s {
		return id{}, errors.New("not an id")
	}
	return id(u), nil
}

func (i id) String() string { return uuid.UUID(i).String() }

// MarshalText writes the id as in links.
func (i id) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// UnmarshalText is the inverse of MarshalText.
func (i *id) UnmarshalText(b []byte) (err error) {
	*i, err = parseID(string(b))
	return err
}

// tokenHash is SHA-256 of a token, or as long. In JSON it is lower-case hex.
type tokenHash [32]byte

// MarshalText writes lower-case hex.
func (h tokenHash) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(h[:])), nil }

// UnmarshalText reads 64 hex digits.
func (h *tokenHash) UnmarshalText(b []byte) error {
	if len(b) != 2*len(h) {
		return errors.New("hash: want 64 hex digits")
	}
	_, err := hex.Decode(h[:], b)
	return err
}

// timeKey orders by time: milliseconds since 1970, big endian.
func timeKey(t time.Time) []byte {
	return binary.BigEndian.AppendUint64(nil, uint64(t.UnixMilli()))
}

// keyTime is the time at the start of a key.
func keyTime(key []byte) time.Time {
	return time.UnixMilli(int64(binary.BigEndian.Uint64(key)))
}

func partKey(message id, kind byte) []byte { return append(message[:], kind) }

// inboxKey puts the newest message of an account first.
func inboxKey(account accountID, created time.Time, message id) []byte {
	k := make([]byte, 0, 40)
	k = append(k, account[:]...)
	k = binary.BigEndian.AppendUint64(k, ^uint64(created.UnixMilli()))
	return append(k, message[:]...)
}

// inboxID returns the message id in a key of bucketInbox or bucketSent.
func inboxID(key []byte) (id, error) {
	if len(key) != 40 {
		return id{}, fmt.Errorf("inbox key of %d octets", len(key))
	}
	return id(key[24:]), nil
}

func expiryKey(at time.Time, kind byte, key []byte) []byte {
	return append(append(timeKey(at), kind), key...)
}

func queueKey(visible time.Time, mail id) []byte { return append(timeKey(visible), mail[:]...) }

func accountKey(account accountID, h []byte) []byte { return append(account[:], h...) }
