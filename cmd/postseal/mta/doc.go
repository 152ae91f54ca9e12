// Package mta runs private mail servers on loopback for the demo, the tests and
// the benchmark: a [Postfix] with its own configuration, queue, data folder and
// ports, a [Sendmail] likewise, and a [Sink] that captures what they deliver.
//
// Nothing of the system's own mail is read or changed: the installed programs
// are started with a configuration folder of ours (postfix(1), -c), everything
// they write is below one temporary folder, every port listens on 127.0.0.1 and
// every destination is a sink. Postfix needs root, since its processes run
// under the users "postfix" and "root"; [Start] says so when it is missing.
//
//	                  ┌───────────────────────────── Postfix ─────────────┐
//	test, demo ──────>│ SMTP        smtpd ──milter──┐                      │──> Inside  (internal domains)
//	sendmail command ─>│ pickup ─────────────milter──┼─> cleanup, qmgr ──> │
//	outbox ──────────>│ Submission  smtpd ──milter──┘                      │──> Outside (everything else)
//	                  └────────────────────────────────────────────────────┘
//
// The submission port passes the milter as well: mail that Postseal sent itself
// must get through it by its loop guard.
//
// Sendmail stands in the same place. It is not installed, since its package and
// Postfix's exclude each other, but extracted (.ci/sendmail); it runs as root in
// namespaces of its own ([StartSendmail]).
package mta
