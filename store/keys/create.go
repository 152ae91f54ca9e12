package keys

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"filippo.io/age"
)

// Create makes all key files in dir, which it makes too (0700) if it is not
// there. It overwrites nothing: when one of the files exists, it is an error
// that is fs.ErrExist, and no file is written.
//
// With offline, recovery.key is not written: recovery is its text, to be printed
// or put away by the caller and then forgotten. Otherwise recovery is "".
func Create(dir string, offline bool) (recovery string, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make the keys folder: %w", err)
	}
	id, err := age.GenerateHybridIdentity()
	if err != nil {
		return "", fmt.Errorf("make the recovery key: %w", err)
	}
	pub, signing, err := ed25519.GenerateKey(nil)
	if err != nil {
		return "", fmt.Errorf("make the signing key: %w", err)
	}
	files := []struct {
		name, text string
		mode       fs.FileMode
	}{
		{StoreFile, randomKey(), 0o600},
		{SigningFile, base64.StdEncoding.EncodeToString(signing.Seed()), 0o600},
		{SigningPubFile, base64.StdEncoding.EncodeToString(pub), 0o644},
		{RecoveryPubFile, id.Recipient().String(), 0o644},
		{PepperFile, randomKey(), 0o600},
		{RecoveryFile, id.String(), 0o600},
	}
	for _, f := range files {
		if _, err := os.Lstat(filepath.Join(dir, f.name)); err == nil {
			return "", fmt.Errorf("%s: %w", filepath.Join(dir, f.name), fs.ErrExist)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("look for key files: %w", err)
		}
	}
	if offline {
		files = files[:len(files)-1]
		recovery = id.String()
	}
	for _, f := range files {
		if err := write(filepath.Join(dir, f.name), f.text+"\n", f.mode); err != nil {
			return "", err
		}
	}
	return recovery, syncDir(dir)
}

func randomKey() string {
	b := make([]byte, 32)
	rand.Read(b) // never fails (crypto/rand)
	return base64.StdEncoding.EncodeToString(b)
}

// write makes a new file, durable when it returns nil.
func write(path, text string, mode fs.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return fmt.Errorf("write a key file: %w", err)
	}
	_, err = f.WriteString(text)
	// Chmod: the umask must not take the portal's read of the public halves.
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err != nil {
		return fmt.Errorf("write a key file: %w", err)
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync the keys folder: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("sync the keys folder: %w", err)
	}
	return nil
}
