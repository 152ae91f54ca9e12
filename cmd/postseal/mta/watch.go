package mta

import (
	"fmt"
	"io"
	"os/exec"
	"syscall"
)

// A watch is a small process that ends an MTA when our own process dies without
// stopping it, for example by SIGKILL, and removes its folder in any case.
type watch struct {
	stdin io.WriteCloser
	cmd   *exec.Cmd
}

// startWatch watches over a process, or with a negative pid a process group
// (kill(1)). The shell reads a line when the MTA ended in order, and end of file
// when we are gone.
func startWatch(pid int, dir string) (*watch, error) {
	w := &watch{cmd: exec.Command("/bin/sh", "-c",
		`read -r line || { kill -s TERM -- "$1" 2>/dev/null && sleep 2; }; rm -rf "$2"`,
		"sh", fmt.Sprint(pid), dir)}
	w.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // survives a Ctrl-C at our terminal
	var err error
	if w.stdin, err = w.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("watch over pid %d: %w", pid, err)
	}
	if err := w.cmd.Start(); err != nil {
		return nil, fmt.Errorf("watch over pid %d: %w", pid, err)
	}
	return w, nil
}

// Close says that the MTA has ended, and waits until the folder is gone.
func (w *watch) Close() error {
	if _, err := io.WriteString(w.stdin, "ended\n"); err != nil {
		return fmt.Errorf("end the watch: %w", err)
	}
	w.stdin.Close()
	if err := w.cmd.Wait(); err != nil {
		return fmt.Errorf("end the watch: %w", err)
	}
	return nil
}
