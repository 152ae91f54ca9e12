package store

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// Whoever opens the store, its files are those of the folder's owner.
func TestFilesBelongToTheFoldersOwner(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	if os.Geteuid() == 0 {
		if err := os.Chown(dir, 12345, 12345); err != nil {
			t.Fatal(err)
		}
	}
	owner := func(path string) uint32 {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Sys().(*syscall.Stat_t).Uid
	}
	path := filepath.Join(dir, metaFile)
	for range 2 { // made, and found
		db, err := openFile(path, testMmap)
		if err != nil {
			t.Fatal(err)
		}
		db.Close()
		if owner(path) != owner(dir) {
			t.Errorf("the file is of user %d, the folder of %d", owner(path), owner(dir))
		}
	}
	target := filepath.Join(elsewhere, "foreign")
	if err := os.WriteFile(target, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	f, err := openLikeFolder(link, os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	if int(owner(target)) != os.Geteuid() {
		t.Errorf("what a link leads to was given to user %d", owner(target))
	}
}
