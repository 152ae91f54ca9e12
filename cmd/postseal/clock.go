//go:build !shiftclock

package main

import "time"

// now is the clock of what happens to mail. The end-to-end tests build the program
// with one that they can set (clock_shifted.go); nothing else can.
func now() time.Time { return time.Now() }
