package main

import (
	"crypto/tls"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/postseal/postseal/cmd/postseal/config"
	"github.com/postseal/postseal/milter/notice"
	"github.com/postseal/postseal/rules"
	"github.com/postseal/postseal/store/keys"
)

func checkRules(r *report, c *config.Config) {
	if set, err := rules.Load(c.Rules.Dir, rulesOptions(c)); err != nil {
		r.error("rules", "%v", err)
	} else {
		r.ok("rules", "%s", c.Rules.Dir)
		for _, w := range set.Lint(rules.LintOptions{Now: time.Now(), ShowSubject: c.Notice.ShowSubject}) {
			r.warning("rules", "%s", w)
		}
	}
	files, err := filepath.Glob(filepath.Join(c.Rules.Dir, "*.toml"))
	if err != nil || len(files) == 0 {
		r.warning("rules", "%s holds no *.toml file: no mail would be sealed", c.Rules.Dir)
	}
	for _, name := range append(files, c.Rules.Dir) {
		if info, err := os.Stat(name); err == nil && info.Mode().Perm()&0o022 != 0 {
			r.error("rules", "%s can be changed by others (%04o): want at most %04o", name, info.Mode().Perm(), info.Mode().Perm()&^0o022)
		}
	}
}

func checkKeys(r *report, c *config.Config) {
	good := true
	o, err := keys.LoadOwner(c.Keys.Dir)
	if err != nil {
		good = false
		r.error("keys", "milter: %v", err)
	}
	p, err := keys.LoadPortal(c.Keys.Dir)
	switch {
	case err != nil:
		good = false
		r.error("keys", "portal: %v", err)
	case c.Keys.Recovery == "online" && p.Recovery == nil:
		good = false
		r.error("keys", "keys.recovery is \"online\", but %s is not there: restore it, or set \"offline\"", filepath.Join(c.Keys.Dir, keys.RecoveryFile))
	case c.Keys.Recovery == "offline" && p.Recovery != nil:
		r.warning("keys", "keys.recovery is \"offline\", but %s lies here: put it away", filepath.Join(c.Keys.Dir, keys.RecoveryFile))
	}
	if good && !p.Signing.Equal(o.Signing.Public()) {
		good = false
		r.error("keys", "%s does not belong to %s: the portal would take every message for a forged one", filepath.Join(c.Keys.Dir, keys.SigningPubFile), keys.SigningFile)
	}
	if good {
		r.ok("keys", "%s, recovery %s", c.Keys.Dir, c.Keys.Recovery)
	}
}

// checkFiles looks at folders and files beside rules and keys.
func checkFiles(r *report, c *config.Config) {
	switch info, err := os.Stat(c.Store.Dir); {
	case errors.Is(err, fs.ErrNotExist):
		owner := "USER"
		if u := milterUser(c); u != nil {
			owner = u.Username
		}
		r.warning("store", "%s is not there yet: systemd's unit makes it; without systemd run: install -d -o %s -m 0700 %s", c.Store.Dir, owner, c.Store.Dir)
	case err != nil:
		r.error("store", "%v", err)
	case !info.IsDir():
		r.error("store", "%s is no folder", c.Store.Dir)
	case info.Mode().Perm()&0o077 != 0:
		r.error("store", "%s is open to others (%04o): want 0700", c.Store.Dir, info.Mode().Perm())
	default:
		r.ok("store", "%s", c.Store.Dir)
	}
	var space syscall.Statfs_t
	if err := syscall.Statfs(c.Store.Dir, &space); err == nil {
		if free := space.Bavail * uint64(space.Bsize); free < uint64(c.Store.MinFree) {
			r.error("store", "%s has %d MiB left, which is less than store.min_free: nothing is sealed, mail waits at the MTA", c.Store.Dir, free>>20)
		}
	}
	if info, err := os.Stat(c.Path); err == nil && info.Mode().Perm()&0o022 != 0 {
		r.error("config", "%s can be changed by others (%04o): want 0644", c.Path, info.Mode().Perm())
	}
	if _, err := notice.New(noticeOptions(c)); err != nil {
		r.error("notice", "%v", err)
	}
	if _, err := submissionTLS(c.Submission); err != nil {
		r.error("submission", "%v", err)
	}
	if c.Brand.Logo != "" {
		if info, err := os.Stat(c.Brand.Logo); err != nil {
			r.error("portal", "brand.logo: %v", err)
		} else if info.Size() > 256<<10 {
			r.error("portal", "brand.logo: %s has %d octets, want at most 256 KiB", c.Brand.Logo, info.Size())
		}
	}
	checkCertificate(r, c.Portal)
}

func checkCertificate(r *report, p config.Portal) {
	if p.Certificate == "" {
		return
	}
	pair, err := tls.LoadX509KeyPair(p.Certificate, p.Key)
	if err != nil {
		r.error("portal", "certificate: %v", err)
		return
	}
	if info, err := os.Stat(p.Key); err == nil && info.Mode().Perm()&0o007 != 0 {
		r.error("portal", "%s can be read by everybody (%04o): want 0600 or 0640", p.Key, info.Mode().Perm())
	}
	left := time.Until(pair.Leaf.NotAfter)
	name := portalHost(p.URL)
	switch {
	case left <= 0:
		r.error("portal", "certificate %s ended on %s", p.Certificate, pair.Leaf.NotAfter.Format(time.DateOnly))
	case left < 7*24*time.Hour:
		r.warning("portal", "certificate %s ends on %s", p.Certificate, pair.Leaf.NotAfter.Format(time.DateOnly))
	}
	if err := pair.Leaf.VerifyHostname(name); err != nil {
		r.error("portal", "certificate %s is not for %s: %v", p.Certificate, name, err)
	}
}
