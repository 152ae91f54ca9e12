package main

import (
	"net"

	"golang.org/x/sys/unix"
)

// peer names the user of the process at the other end of a Unix socket, as the
// kernel noted it when it connected (unix(7), SO_PEERCRED). Behind sudo that is
// root: what sudo says of its caller is in the environment, which root's processes
// set as they like. "" if it isn't known.
func peer(c net.Conn) string {
	u, ok := c.(*net.UnixConn)
	if !ok {
		return ""
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return ""
	}
	name := ""
	err = raw.Control(func(fd uintptr) {
		if cred, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
			name = userName(int(cred.Uid))
		}
	})
	if err != nil {
		return ""
	}
	return name
}
