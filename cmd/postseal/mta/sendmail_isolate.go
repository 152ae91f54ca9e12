package mta

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
)

// enterScript runs in new mount and UTS namespaces (unshare(1)). The machine's
// name gets a dot, for otherwise Sendmail sleeps for a minute; /dev/log becomes
// our socket, for Sendmail logs to syslog and nowhere else. The machine's own
// name and /dev stay as they are.
const enterScript = `#!/bin/sh
set -e
dir=$1 name=$2
shift 2
hostname "$name"
for device in null zero random urandom; do
	touch "$dir/dev/$device"
	mount --bind "/dev/$device" "$dir/dev/$device"
done
mount --rbind "$dir/dev" /dev
exec "$@"
`

// isolate finds out whether programs can be started in namespaces. Where they
// can't (a container without the right to make any), the instance works too, but
// starts slowly and logs nothing.
func (s *Sendmail) isolate(ctx context.Context) error {
	script := s.path("conf", "enter")
	if err := os.WriteFile(script, []byte(enterScript), 0o700); err != nil {
		return err
	}
	enter := []string{"unshare", "--uts", "--mount", "/bin/sh", script, s.dir, s.options.Hostname}
	if exec.CommandContext(ctx, enter[0], append(enter[1:], "/bin/true")...).Run() != nil {
		return ctx.Err()
	}
	l, err := net.ListenPacket("unixgram", s.path("dev", "log"))
	if err != nil {
		return fmt.Errorf("listen for syslog: %w", err)
	}
	s.enter, s.syslog = enter, l
	go s.keepLog(l)
	return nil
}

// keepLog collects syslog messages ("<22>Jan  2 15:04:05 sendmail[123]: text")
// until l is closed.
func (s *Sendmail) keepLog(l net.PacketConn) {
	line := make([]byte, 64<<10)
	for {
		n, _, err := l.ReadFrom(line)
		if err != nil {
			return
		}
		text := bytes.TrimRight(line[:n], "\n\x00")
		if _, rest, ok := bytes.Cut(text, []byte(">")); ok && text[0] == '<' {
			text = rest
		}
		s.mu.Lock()
		s.log.Write(append(text, '\n'))
		s.mu.Unlock()
	}
}
