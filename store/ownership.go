package store

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

// openLikeFolder opens a file of the store. When root looks after the store of
// another user, what root makes is given to the owner of the folder: that user's
// process could not open it otherwise.
func openLikeFolder(path string, flag int, mode os.FileMode) (*os.File, error) {
	f, err := os.OpenFile(path, flag, mode)
	if err != nil || os.Geteuid() != 0 {
		return f, err
	}
	if err := giveToFolder(f, path); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// giveToFolder gives a file of root's to the owner of its folder. What a link
// leads to stays as it is: the folder's owner could have made the link.
func giveToFolder(f *os.File, path string) error {
	folder, err := os.Stat(filepath.Dir(path))
	if err != nil {
		return err
	}
	opened, err := f.Stat()
	if err != nil {
		return err
	}
	named, err := os.Lstat(path)
	if err != nil {
		return err
	}
	to, ok1 := folder.Sys().(*syscall.Stat_t)
	st, ok2 := opened.Sys().(*syscall.Stat_t)
	if !ok1 || !ok2 || st.Uid != 0 || to.Uid == 0 || st.Nlink != 1 || !os.SameFile(opened, named) {
		return nil
	}
	return f.Chown(int(to.Uid), int(to.Gid))
}
