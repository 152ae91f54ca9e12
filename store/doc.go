// Package store keeps sealed messages, accounts, sessions, the outbox and the
// audit trail, in bbolt files of one folder that one process owns:
//
//	meta.db              everything small
//	payload-2026-W49.db  payloads that expire in that ISO week, in chunks
//
// docs/store-format.md gives every bucket, key and value to the byte.
//
// # Promises
//
//   - Durable before acknowledged: a method that changes something returns nil
//     only after the commit reached the disk (fdatasync). Concurrent callers
//     share a commit.
//   - A payload is durable before the metadata that names it. What no metadata
//     names is an orphan, and is swept.
//   - What belongs together is one transaction: sealed messages with the mails
//     that announce them, the outcome of the offer and the audit entries.
//   - After a failed commit or fsync nothing on disk is known for certain: the
//     store fails for good, calls [Options].Fatal, and the process has to end. A
//     full disk is the exception: [ErrFull], and reads go on.
//   - The files alone give away nothing: values are encrypted under the store
//     key and tied to their place, index keys that come from addresses are keyed
//     hashes, and payloads are sealed to keys that the store does not have. What
//     does show is how many records there are, their sizes, and their times.
//   - Codes of links are never stored but inside the mails of the outbox and the
//     outcome of an offer, encrypted, until the mail is sent and the day is over.
//
// The store does not trust who calls it as a [socket.Owner]: each call reaches
// what its session or link allows.
package store
