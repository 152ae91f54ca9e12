// Package mail reads a message as tolerantly as mail clients do, so that no
// reader shows its user something that the rules have not seen.
//
// A message is given as its header fields and its body. Read finds the tree of
// parts (RFC 2045, 2046, 5322) in one pass over the body, without holding it in
// memory; Message.Texts then decodes, part by part, all text there is and hands
// it out normalised for detectors: UTF-8, HTML reduced to what is shown and what
// is hidden in it, digits of all scripts as ASCII, odd spaces and invisible
// characters removed.
//
// # Doubt
//
// Two programs can read one malformed message in two ways. Whatever is wrong
// with its form is recorded as a Defect, and after any defect the message is
// also swept raw: its octets as they are, with quoted-printable undone
// everywhere, and with each run of base64 decoded at all four offsets. What
// neither finds is never called clean: a limit that was hit, or an encoding
// nobody knows, is recorded as a Reason in Message.Unscannable.
//
// # Bounds
//
// Time is linear in the size of the message. Memory is bounded by the Limits and
// by the chunks in which long texts are handed out (ChunkBytes, each repeating
// the last OverlapBytes of the one before it). Defects and reasons are fixed
// texts and hold nothing of a message's content.
//
// The package imports nothing of ours, does no I/O but reading the body it was
// given, and keeps no state.
package mail
