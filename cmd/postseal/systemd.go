package main

import (
	"net"
	"os"
)

// notifySystemd tells the service manager about our state ("READY=1",
// "STOPPING=1"; sd_notify(3)). Without one it does nothing.
func notifySystemd(state string) {
	path := os.Getenv("NOTIFY_SOCKET")
	if path == "" {
		return
	}
	if path[0] == '@' {
		path = "\x00" + path[1:]
	}
	c, err := net.Dial("unixgram", path)
	if err != nil {
		return // a manager that doesn't listen is not our failure
	}
	defer c.Close()
	c.Write([]byte(state))
}
