package main

import (
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/postseal/postseal/cmd/postseal/config"
)

// milterSockets are the paths of the Unix sockets for the MTA.
func milterSockets(c *config.Config) (paths []string) {
	addresses := c.Milter.Listen
	if c.TLS.Outgoing == "postfix" {
		addresses = append(slices.Clone(addresses), c.TLS.PolicySocket)
	}
	for _, address := range addresses {
		if path, ok := strings.CutPrefix(address, "unix:"); ok {
			paths = append(paths, path)
		}
	}
	return paths
}

// checkSocketFolders looks at the folders of the sockets: who can write there can
// put a socket of his own in the place of ours, and gets the mail or the pickups.
func checkSocketFolders(r *report, c *config.Config) {
	look := func(where, socket string) {
		dir := filepath.Dir(socket)
		info, err := os.Stat(dir)
		if err != nil || info.Mode().Perm()&0o002 == 0 {
			return
		}
		if info.Mode()&fs.ModeSticky != 0 {
			r.warning(where, "%s can be written by everybody: before the milter starts, somebody else can make %s there; want a folder of its own", dir, filepath.Base(socket))
			return
		}
		r.error(where, "%s can be written by everybody (%04o), who could put a socket in the place of %s: want 0750", dir, info.Mode().Perm(), filepath.Base(socket))
	}
	for _, path := range milterSockets(c) {
		look("milter", path)
	}
	look("store", c.Store.Socket)
	look("store", c.Store.Control)
}

// checkSocketGroups asks whether the milter's user may hand its sockets to their
// groups (chown(2)): he has to be in them, unless he is root.
func checkSocketGroups(r *report, c *config.Config) {
	u := milterUser(c)
	if u == nil || u.Uid == "0" {
		return
	}
	if len(milterSockets(c)) > 0 {
		checkMember(r, u, "milter", "milter.socket_group", c.Milter.SocketGroup)
	}
	checkMember(r, u, "store", "store.socket_group", c.Store.SocketGroup)
}

func checkMember(r *report, u *user.User, where, key, group string) {
	if group == "" {
		return
	}
	gid, err := groupID(group)
	if err != nil {
		return // checkNames says so
	}
	if in, err := u.GroupIds(); err == nil && !slices.Contains(in, strconv.Itoa(gid)) {
		r.error(where, "the user %s is not in the group %s of %s: the milter won't start; run usermod -aG %s %s", u.Username, group, key, group, u.Username)
	}
}
