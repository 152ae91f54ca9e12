//go:build !linux

package extract

import (
	"runtime"
	"runtime/debug"
	"time"
)

// confine does what is possible everywhere; the parent's deadline is what ends a
// document.
func confine(s setup) error {
	runtime.GOMAXPROCS(1)
	debug.SetMemoryLimit(s.Memory / 4 * 3)
	return nil
}

func limitCPU(time.Duration) error { return nil }
