package keys

import (
	"crypto/ed25519"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
)

func create(t *testing.T, offline bool) (dir, recovery string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "keys")
	recovery, err := Create(dir, offline)
	if err != nil {
		t.Fatal(err)
	}
	return dir, recovery
}

func TestCreateAndLoad(t *testing.T) {
	dir, recovery := create(t, false)
	if recovery != "" {
		t.Error("an online recovery key was given out")
	}
	want := map[string]fs.FileMode{
		StoreFile: 0o600, SigningFile: 0o600, SigningPubFile: 0o644, RecoveryFile: 0o600, RecoveryPubFile: 0o644, PepperFile: 0o600,
	}
	names, err := os.ReadDir(dir)
	if err != nil || len(names) != len(want) {
		t.Fatalf("%d files, %v", len(names), err)
	}
	for _, n := range names {
		if st, err := n.Info(); err != nil || st.Mode() != want[n.Name()] {
			t.Errorf("%s: %v, %v", n.Name(), st.Mode(), err)
		}
	}
	o, err := LoadOwner(dir)
	if err != nil {
		t.Fatal(err)
	}
	p, err := LoadPortal(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !p.Signing.Equal(o.Signing.Public().(ed25519.PublicKey)) || p.Recovery == nil || len(p.Pepper) != 32 ||
		p.Recovery.Recipient().String() != o.Recovery.String() {
		t.Error("the two halves don't fit")
	}
	if o.Derive(PurposeIndex) == o.Derive(PurposeValues) || o.Derive(PurposeGuard) == o.Store {
		t.Error("derived keys are not apart")
	}
	if _, err := Create(dir, false); !errors.Is(err, fs.ErrExist) {
		t.Errorf("keys were overwritten: %v", err)
	}
}

func TestOffline(t *testing.T) {
	dir, recovery := create(t, true)
	id, err := age.ParseHybridIdentity(recovery)
	if err != nil {
		t.Fatal(err)
	}
	p, err := LoadPortal(dir)
	if err != nil {
		t.Fatal(err)
	}
	if p.Recovery != nil || p.RecoveryRecipient.String() != id.Recipient().String() {
		t.Error("not the public half of the key that was given out")
	}
}

// TestEachProcessReadsItsOwn has the other one's files unreadable: gone.
func TestEachProcessReadsItsOwn(t *testing.T) {
	dir, _ := create(t, false)
	for _, n := range []string{PepperFile, RecoveryFile, SigningPubFile} {
		os.Rename(filepath.Join(dir, n), filepath.Join(dir, n+".away"))
	}
	if _, err := LoadOwner(dir); err != nil {
		t.Errorf("owner: %v", err)
	}
	for _, n := range []string{PepperFile, RecoveryFile, SigningPubFile} {
		os.Rename(filepath.Join(dir, n+".away"), filepath.Join(dir, n))
	}
	for _, n := range []string{StoreFile, SigningFile} {
		os.Remove(filepath.Join(dir, n))
	}
	if _, err := LoadPortal(dir); err != nil {
		t.Errorf("portal: %v", err)
	}
}

func TestBadFiles(t *testing.T) {
	owner := func(dir string) error { _, err := LoadOwner(dir); return err }
	portal := func(dir string) error { _, err := LoadPortal(dir); return err }
	other, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, file, text string
		mode             fs.FileMode
		load             func(string) error
		want             string
	}{
		{"group", StoreFile, "", 0o640, owner, "permissions are too open: 0640, want at most 0600"},
		{"others", SigningFile, "", 0o604, owner, "permissions are too open: 0604, want at most 0600"},
		{"pepper", PepperFile, "", 0o660, portal, "permissions are too open"},
		{"recovery", RecoveryFile, "", 0o644, portal, "permissions are too open"},
		{"public half can be changed", RecoveryPubFile, "", 0o664, owner, "permissions are too open: 0664, want at most 0644"},
		{"signing half can be changed", SigningPubFile, "", 0o666, portal, "permissions are too open"},
		{"short", StoreFile, "c2hvcnQ=", 0o600, owner, "not 32 octets in base64"},
		{"not base64", SigningFile, "planted secret!", 0o600, owner, "not 32 octets in base64"},
		{"empty", PepperFile, "\n\n", 0o600, portal, "not 32 octets in base64"},
		{"not a recovery key", RecoveryFile, "planted secret", 0o600, portal, "not a recovery key"},
		{"not its public half", RecoveryPubFile, "planted", 0o644, owner, "not a recovery public key"},
		{"another's", RecoveryFile, other.String(), 0o600, portal, "does not belong to recovery.pub"},
		{"signing.pub", SigningPubFile, "c2hvcnQ=", 0o644, portal, "not a public key"},
		{"large", StoreFile, strings.Repeat("A", maxFile+1), 0o600, owner, "too large"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir, _ := create(t, false)
			path := filepath.Join(dir, tc.file)
			if tc.text != "" {
				if err := os.WriteFile(path, []byte(tc.text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Chmod(path, tc.mode); err != nil {
				t.Fatal(err)
			}
			err := tc.load(dir)
			if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), tc.file) {
				t.Fatalf("error %v, want %q and %s in it", err, tc.want, tc.file)
			}
			if tc.text != "" && strings.Contains(err.Error(), tc.text) {
				t.Errorf("the error repeats the file: %v", err)
			}
		})
	}
	if err := owner(t.TempDir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no files: %v", err)
	}
}
