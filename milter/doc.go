// Package milter is the mail path: it speaks the milter protocol with Postfix or
// Sendmail, asks the rules for a verdict per recipient, and applies the verdicts.
//
// # Contract with the MTA
//
// Nothing is answered before it is durable: at end of message the order is
// decide, seal, commit, then all modifications and the answer in one burst. Any
// error, panic or limit before that is a 451 (a 452 when the disk is full, a 552
// for a message over the size limit): the MTA keeps the mail. A message passes
// untouched only if the rules said so for every recipient, or if it carries a
// genuine mark of our own mail ([guard]).
//
// A recipient is deleted by the exact octets of its RCPT command, and only after
// a check that this command was received and is one that the MTA knows again: MTAs
// say nothing about a deletion that found nobody. Where that is not sure, as with
// mail of Postfix's sendmail command, nobody is deleted, the message is dropped,
// and everybody gets mail of his own from the outbox. A recipient that is not a
// mailbox by RFC 5321 is refused with the message. A message never loses its last
// recipient: one is left for the notice, or the whole message is refused, held
// or discarded.
//
// What a rule blocks or quarantines is kept sealed in the store for those recipients
// alone, or the whole of it waits at the sender's server (451) or in the MTA's hold.
// When the store releases it, it comes back with a pass in its mark, and the rules
// decide about it again, without those that it was released from.
//
// # Contract with the store
//
// Whatever must happen once (sealing, notices, delivery status notifications)
// goes into one deposit under a key made of the envelope, Message-ID, content
// and verdicts. The deposit also records the modifications. When the MTA offers
// the same message again, the recorded ones are made and nothing else happens.
//
// # Protocol
//
// The wire format is the one of libmilter, versions 2 to 6. The sessions run on
// github.com/emersion/go-milter; the connection below it is ours (conn.go) and
// hands it whole, checked frames. It also rewrites the answer to the option
// negotiation, so that only what the MTA offered is asked for. Every step that
// needs no answer is negotiated to have none.
package milter
