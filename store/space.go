package store

import (
	"math"
	"syscall"
)

// freeSpace returns the octets that an ordinary process may still write to the
// file system of dir.
func freeSpace(dir string) (int64, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, err
	}
	free := st.Bavail * uint64(st.Bsize)
	return int64(min(free, math.MaxInt64)), nil
}
