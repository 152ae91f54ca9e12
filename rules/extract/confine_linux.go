package extract

import (
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// confine limits this process for good. Address space is counted from what the
// runtime has reserved already, which is not used memory.
func confine(s setup) error {
	runtime.GOMAXPROCS(1)
	debug.SetMemoryLimit(s.Memory / 4 * 3)
	// Whoever is short of memory takes it here first; no container has to allow it.
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0)
	used, err := addressSpace()
	if err != nil {
		return err
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	// No core, and nobody attaches: the content is somebody's mail.
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return err
	}
	if err := dieOfSIGXCPU(); err != nil {
		return err
	}
	for _, l := range []struct {
		which int
		value uint64
	}{
		{unix.RLIMIT_AS, uint64(used + s.Memory)},
		{unix.RLIMIT_CORE, 0},
		{unix.RLIMIT_FSIZE, 0}, // pipes are no files
		{unix.RLIMIT_NOFILE, 16},
	} {
		if err := unix.Setrlimit(l.which, &unix.Rlimit{Cur: l.value, Max: l.value}); err != nil {
			return err
		}
	}
	return nil
}

// addressSpace returns the octets that this process has mapped.
func addressSpace() (int64, error) {
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(data), " ")
	pages, err := strconv.ParseInt(first, 10, 64)
	return pages * int64(os.Getpagesize()), err
}

// limitCPU lets the process use so much more processor time; beyond it the
// kernel sends SIGXCPU, which ends it.
func limitCPU(d time.Duration) error {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return err
	}
	used := time.Duration(u.Utime.Nano() + u.Stime.Nano())
	seconds := uint64((used + d + time.Second - 1) / time.Second)
	return unix.Setrlimit(unix.RLIMIT_CPU, &unix.Rlimit{Cur: seconds, Max: unix.RLIM_INFINITY})
}

// dieOfSIGXCPU gives the signal its default action back: the runtime installs a
// handler that ignores it.
func dieOfSIGXCPU() error {
	var action [8]uint64 // struct sigaction of all zeros: SIG_DFL
	const setSize = 8    // octets of the kernel's sigset_t
	if _, _, e := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(unix.SIGXCPU), uintptr(unsafe.Pointer(&action)), 0, setSize, 0, 0); e != 0 {
		return e
	}
	return nil
}
