package main

import (
	"errors"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/postseal/postseal/cmd/postseal/config"
	"github.com/postseal/postseal/store/keys"
)

// checkNames looks up the users and groups that the milter looks up when it starts.
func checkNames(r *report, c *config.Config) {
	if name := c.Store.PortalUser; name != "" {
		if _, err := userID(name); err != nil {
			r.error("store", "store.portal_user: %v: the milter won't start", err)
		}
	}
	if name := c.Store.SocketGroup; name != "" {
		if _, err := groupID(name); err != nil {
			r.error("store", "store.socket_group: %v: the milter won't start", err)
		}
	}
	if name := c.Milter.SocketGroup; name != "" && strings.Contains(strings.Join(c.Milter.Listen, " "), "unix:") {
		if _, err := groupID(name); err != nil {
			r.error("milter", "milter.socket_group: %v: the milter won't start", err)
		}
	}
}

// checkAccess asks whether each process can read its files, since root, who runs
// check, can read everything. Anybody else can't ask for other users.
func checkAccess(r *report, c *config.Config) {
	if os.Geteuid() != 0 {
		return
	}
	key := func(name string) string { return filepath.Join(c.Keys.Dir, name) }
	// Somebody's first start as root, or a restored backup.
	if dir, file := ownerOf(c.Store.Dir), ownerOf(key(keys.StoreFile)); dir != nil && file != nil && file.Uid != "0" && dir.Uid != file.Uid {
		r.error("store", "%s belongs to the user %s, but %s to %s: want one user, the milter's", c.Store.Dir, dir.Username, key(keys.StoreFile), file.Username)
	}
	if u := milterUser(c); u != nil {
		files := []string{c.Path, c.Rules.Dir, key(keys.StoreFile), key(keys.SigningFile), key(keys.RecoveryPubFile), c.Notice.Templates, c.Submission.CA,
			key(keys.LDAPFile), key(keys.OIDCFile), c.Members.LDAPCA, c.Members.OIDCCA}
		if rules, err := filepath.Glob(filepath.Join(c.Rules.Dir, "*.toml")); err == nil {
			files = append(files, rules...)
		}
		reportUnreadable(r, "milter", u, files)
	}
	if c.Store.PortalUser == "" {
		return
	}
	if u, err := user.Lookup(c.Store.PortalUser); err == nil {
		reportUnreadable(r, "portal", u, []string{
			c.Path, c.Portal.Certificate, c.Portal.Key, c.Brand.Logo,
			key(keys.SigningPubFile), key(keys.PepperFile), key(keys.RecoveryFile), key(keys.RecoveryPubFile),
		})
	}
}

// milterUser is the user whose store it is or, before the first start, whose
// key of the store. nil when nobody can tell.
func milterUser(c *config.Config) *user.User {
	if u := ownerOf(c.Store.Dir); u != nil {
		return u
	}
	return ownerOf(filepath.Join(c.Keys.Dir, keys.StoreFile))
}

// ownerOf is the user whose file it is, nil when there is none.
func ownerOf(path string) *user.User {
	info, err := os.Stat(path)
	if err != nil {
		return nil
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	u, err := user.LookupId(strconv.FormatUint(uint64(st.Uid), 10))
	if err != nil {
		return nil
	}
	return u
}

// reportUnreadable reports those of the files that are there and that u can't read.
func reportUnreadable(r *report, where string, u *user.User, files []string) {
	for _, name := range files {
		if name == "" {
			continue
		}
		if _, err := os.Stat(name); err == nil && !readable(u, name) {
			r.error(where, "%s can't be read by the user %s: look at its permissions and those of the folders above it", name, u.Username)
		}
	}
}

// readable asks test(1), run as that user, since permissions are not all: there
// are access lists and file systems with rules of their own. What can't be asked
// counts as readable.
func readable(u *user.User, name string) bool {
	path, err := filepath.Abs(name)
	if err != nil {
		return true
	}
	uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	names, err3 := u.GroupIds()
	if errors.Join(err1, err2, err3) != nil {
		return true
	}
	who := &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	for _, name := range names {
		if id, err := strconv.ParseUint(name, 10, 32); err == nil {
			who.Groups = append(who.Groups, uint32(id))
		}
	}
	cmd := exec.Command("test", "-r", path)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: who}
	var exit *exec.ExitError
	return !errors.As(cmd.Run(), &exit) || exit.ExitCode() != 1
}
