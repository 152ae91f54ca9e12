// Package e2e tests the whole program from outside: a private Postfix, the real
// binary, captured mail and a browser. It has tests alone.
//
// [NewSite] starts a site: two sinks, Postfix, and Postseal with a configuration
// of its own, all on loopback and below one temporary folder that is gone when
// the test ends. Nothing waits for a fixed time: what a test waits for arrives as
// an event or the test fails at its deadline with the logs.
package e2e
