package detect

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// The same once more in a process that the kernel ends after a minute of
// processor time (RLIMIT_CPU), and whose memory is measured.
func TestHostileWithinLimits(t *testing.T) {
	c := exec.Command("/bin/sh", "-c", `ulimit -t 60 && exec "$@"`, "sh", os.Args[0], "-test.run=^TestHostile$", "-test.v")
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if n := c.ProcessState.SysUsage().(*syscall.Rusage).Maxrss; n > 1<<20 {
		t.Errorf("%d KiB of memory", n)
	}
}
