package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/user"
	"strconv"
	"strings"
	"syscall"

	"github.com/postseal/postseal/cmd/postseal/config"
)

// listenMilter opens the MTA's sockets. On an error none stays open.
func listenMilter(m config.Milter) (all []net.Listener, err error) {
	defer func() {
		if err != nil {
			for _, l := range all {
				l.Close()
			}
		}
	}()
	for _, address := range m.Listen {
		var l net.Listener
		if path, ok := strings.CutPrefix(address, "unix:"); ok {
			l, err = listenUnix(path, fs.FileMode(m.SocketMode), m.SocketGroup)
		} else {
			l, err = net.Listen("tcp", strings.TrimPrefix(address, "inet:"))
		}
		if err != nil {
			return all, fmt.Errorf("listen on %s: %w", address, err)
		}
		all = append(all, l)
	}
	return all, nil
}

// listenUnix makes a socket with its permissions. One that a process left behind
// is replaced, one that somebody answers on is not.
func listenUnix(path string, mode fs.FileMode, group string) (net.Listener, error) {
	if c, err := net.Dial("unix", path); err == nil {
		c.Close()
		return nil, errors.New("another process serves this socket")
	} else if errors.Is(err, syscall.ECONNREFUSED) {
		// connect(2) says the same of a file that is no socket: that one stays.
		if info, err := os.Lstat(path); err == nil && info.Mode().Type() == fs.ModeSocket {
			if err := os.Remove(path); err != nil {
				return nil, err
			}
		}
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	if err := giveSocket(path, mode, group); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// giveSocket sets the group, then the mode. Until then nobody else can connect:
// that needs the right to write, which the umask takes.
func giveSocket(path string, mode fs.FileMode, group string) error {
	if group != "" {
		gid, err := groupID(group)
		if err != nil {
			return err
		}
		if err := os.Chown(path, -1, gid); err != nil {
			return fmt.Errorf("give it to the group %s (is this user in it?): %w", group, err)
		}
	}
	return os.Chmod(path, mode)
}

func groupID(name string) (int, error) {
	g, err := user.LookupGroup(name)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(g.Gid)
}

func userID(name string) (int, error) {
	u, err := user.Lookup(name)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(u.Uid)
}
