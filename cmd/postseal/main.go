// Postseal seals mail that must not leave in clear and lets its recipients pick
// it up: a milter for Postfix and Sendmail, and a web portal.
//
// This command wires the packages together: it reads the configuration, makes
// their options of it and runs them. [Run] is all of it; main only connects it
// to the process.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := Run(ctx, os.Args[1:], Stdio{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
	stop()
	os.Exit(status)
}
