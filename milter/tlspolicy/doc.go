// Package tlspolicy knows how a mail domain's servers can be reached under TLS,
// and tells Postfix how to deliver to them.
//
// # Levels
//
// A message is delivered with the level "encrypt" when no octet of it leaves in
// clear, whoever the other side is, and with "verified" when the other side also
// proved that it is the right one. There are three proofs, the first that the
// domain offers is the one that counts ([Method]):
//
//   - DANE (RFC 7672): the MX, address and TLSA records are signed, and the
//     certificate is the one that a TLSA record names;
//   - MTA-STS (RFC 8461): the domain published a policy over HTTPS, and the
//     certificate is good for a name that the policy allows;
//   - certificate: it is good for the domain itself or a name below it, or for a
//     mail server that a signed MX record names. A name out of an unsigned MX
//     record proves nothing: who forges the record has a certificate for it.
//
// A domain that offers a proof and fails it is not verified by another one.
//
// # Contract
//
// A [Prober] says what a destination offers. It looks up, fetches and connects,
// all with bounds; its results are kept as long as the DNS records and policies
// they come from, within bounds too. What it could not find out is [Unknown],
// and the caller must do without.
//
// The prober decides nothing about a delivery: Postfix does that anew at each
// one, as the [Maps] tell it through the socketmap protocol (socketmap_table(5)).
// These answer with a level that leaves no way in clear, or with a temporary
// failure, and say that they know nothing only of destinations that no rule is
// about. So a prober that was deceived can make mail wait, or send sealed what
// might have gone as it is, and no more.
//
// # DNS
//
// DNSSEC is validated by the resolver: its AD bit (RFC 4035 section 3.2.3) is
// believed if the resolver is on this machine or was configured by name. One that
// does not validate makes everything unsigned, and DANE does not exist.
package tlspolicy
