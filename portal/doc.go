// Package portal serves the web pages on which a recipient opens a sealed
// message and answers it. It owns no file: everything it knows it asks of a
// [socket.Owner], with the token of a session or of a link, and gets only what
// that token allows.
//
// # Callers
//
// There is one table of routes (routes.go); each route names the class of caller
// it needs, and what isn't listed is denied. GET changes nothing: it never logs
// in, opens, consumes or marks as read, because mail scanners follow links.
//
// # Sessions
//
// The cookie holds two secrets of 32 octets: the token that the owner issued,
// and a secret of the portal that the owner never sees. The account's private
// key is kept with the session, sealed under the second ([seal.AccountKey.ForSession]);
// neither the owner nor a portal between two requests can open anything with it.
// The cookie is Secure, HttpOnly, SameSite=Lax and has the __Host- prefix. Every
// log-in makes a new one; the owner ends sessions by idle and absolute lifetime.
// Cross-origin requests that could change something are refused by
// [net/http.CrossOriginProtection].
//
// # Language
//
// Each request has a viewer: who reads, in which language, time zone and format
// (package locale). Every text comes from the catalogues there, and what a
// template or a handler says to a reader goes through the viewer.
//
// # Messages
//
// Nothing is shown that has no valid manifest (signature of the milter) or whose
// sealed payload hasn't the manifest's SHA-256. The payload is kept sealed while
// it is read: in memory up to a bound, then in an unnamed temporary file of
// ciphertext. Plaintext stays in memory. HTML is sanitised on the server and
// served as its own response into a sandboxed frame whose policy allows no
// script, no form and no remote load (package display).
//
// # One-time links
//
// The page at /o/{id} takes the code from the link's fragment, derives the
// link's token and key from it in the browser, sends the token, and decrypts in
// the browser. Without scripts the code goes to the portal by a form, which
// decrypts in memory and keeps nothing.
package portal
