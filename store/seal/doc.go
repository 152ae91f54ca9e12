// Package seal holds the cryptography of a sealed message: what the milter
// process does to lock a message, and what the portal (or, in one-time mode,
// the recipient's browser) does to open it. It does no I/O of its own and knows
// neither the store nor the web.
//
// # Parts of a sealed message
//
//   - The payload is the message as the sender submitted it, byte for byte, in
//     one age file for a [MessageKey] made for this message alone.
//   - The [Summary] (who, when, subject, attachments) is what an inbox lists.
//     It is sealed under a key derived from the message key, so that whoever may
//     list a message is exactly whoever may open it.
//   - A [Grant] holds the message key for one party. It is an age file too: for
//     an account's key, for the key that a link's [Code] yields, or for the
//     recovery key. It names the message, the recipient and the payload's digest.
//   - The [Manifest] says what belongs together and is signed by the milter
//     (Ed25519). Nothing is shown that has no valid manifest.
//
// # Formats
//
// Files for a key are age v1 files (https://age-encryption.org/v1) with the
// post-quantum recipient mlkem768x25519, and nothing else: plugins, passphrases
// and classic recipients are never accepted. Small values are XChaCha20-Poly1305
// with a random nonce in front ([Box]). Keys are derived by HKDF-SHA256
// (RFC 5869) with a label each, passwords stretched by argon2id (RFC 9106).
package seal
