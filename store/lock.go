package store

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"
)

// lockTimeout is how long opening waits for another process to let go of a file.
const lockTimeout = time.Second

// lockHolder says which process holds the lock on a file, as far as Linux tells
// (proc(5), /proc/locks).
func lockHolder(path string) string {
	const unknown = "another process"
	st, err := os.Stat(path)
	if err != nil {
		return unknown
	}
	sys, ok := st.Sys().(*syscall.Stat_t)
	if !ok {
		return unknown
	}
	f, err := os.Open("/proc/locks")
	if err != nil {
		return unknown
	}
	defer f.Close()
	// 1: FLOCK  ADVISORY  WRITE 708 08:03:131106 0 EOF
	inode := fmt.Sprintf(":%d", sys.Ino)
	for sc := bufio.NewScanner(f); sc.Scan(); {
		w := strings.Fields(sc.Text())
		if len(w) < 6 || w[1] != "FLOCK" || !strings.HasSuffix(w[5], inode) {
			continue
		}
		name, err := os.ReadFile("/proc/" + w[4] + "/comm")
		if err != nil {
			return "process " + w[4]
		}
		return fmt.Sprintf("process %s (%s)", w[4], strings.TrimSpace(string(name)))
	}
	return unknown
}
