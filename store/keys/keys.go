// Package keys makes and loads the key files of a site. They lie in one folder,
// each file 0600 (public halves 0644), one value in text a file:
//
//	store.key     32 octets, base64   encrypts the store's values (owner)
//	signing.key   Ed25519 seed, base64  signs manifests (owner)
//	signing.pub   Ed25519, base64     verifies them (portal)
//	recovery.pub  age1pq1...          every account-mode message has a grant for it (both)
//	recovery.key  AGE-SECRET-KEY-PQ-1...  opens those grants (portal; offline: not in the folder)
//	pepper.key    32 octets, base64   goes into every password (portal)
//	ldap.key, oidc.key  text  passwords at the directory and the identity provider, where members sign in by them (owner)
//
// The owner of the store is the milter process, the portal another user: each
// loads its own files only, so that neither has to be able to read the other's.
// No error here repeats what a file holds.
package keys

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"filippo.io/age"

	"github.com/postseal/postseal/store/seal"
)

// The names of the files.
const (
	StoreFile       = "store.key"
	SigningFile     = "signing.key"
	SigningPubFile  = "signing.pub"
	RecoveryFile    = "recovery.key"
	RecoveryPubFile = "recovery.pub"
	PepperFile      = "pepper.key"
	LDAPFile        = "ldap.key" // password for searching the directory (owner)
	OIDCFile        = "oidc.key" // secret of the client at the identity provider (owner)
)

// maxFile bounds a key file; the longest (recovery.pub) has 2 kB.
const maxFile = 16 << 10

// ErrPermissions is in the error for a key file that others could read or change.
var ErrPermissions = errors.New("permissions are too open")

// Owner holds the keys of the process that owns the store.
type Owner struct {
	Store    [seal.KeySize]byte
	Signing  ed25519.PrivateKey
	Recovery *age.HybridRecipient
}

// The purposes for which keys are derived from the store key ([Owner.Derive]).
const (
	PurposeValues  = "postseal v1 store values"    // encryption of the store's values
	PurposeIndex   = "postseal v1 store index"     // keyed hashes of addresses
	PurposeDedup   = "postseal v1 store dedup"     // keyed hashes of offers by the MTA
	PurposeDecoy   = "postseal v1 store decoy"     // what unknown addresses are told
	PurposeDefer   = "postseal v1 store deferral"  // codes of deferred messages
	PurposeGuard   = "postseal v1 loop guard"      // the header of our own mail
	PurposeTempKey = "postseal v1 temporary files" // reserved
)

// Derive returns the key for one of the purposes above.
func (o *Owner) Derive(purpose string) [seal.KeySize]byte {
	return seal.Derive(o.Store[:], purpose)
}

// Portal holds the keys of the portal process.
type Portal struct {
	Signing           ed25519.PublicKey
	Pepper            []byte
	Recovery          *age.HybridIdentity // nil when recovery is offline
	RecoveryRecipient *age.HybridRecipient
}

// LoadOwner reads the owner's keys. It never opens the portal's.
func LoadOwner(dir string) (*Owner, error) {
	var o Owner
	store, err := readKey(dir, StoreFile)
	if err != nil {
		return nil, err
	}
	o.Store = [seal.KeySize]byte(store)
	seed, err := readKey(dir, SigningFile)
	if err != nil {
		return nil, err
	}
	o.Signing = ed25519.NewKeyFromSeed(seed)
	if o.Recovery, err = readRecoveryPub(dir); err != nil {
		return nil, err
	}
	return &o, nil
}

// LoadPortal reads the portal's keys. It never opens the owner's. When there is
// no recovery.key, recovery is offline. A recovery.key that does not belong to
// recovery.pub is an error.
func LoadPortal(dir string) (*Portal, error) {
	var p Portal
	pub, err := read(dir, SigningPubFile, 0o022)
	if err != nil {
		return nil, err
	}
	if p.Signing, err = base64.StdEncoding.Strict().DecodeString(pub); err != nil || len(p.Signing) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("%s: not a public key in base64", filepath.Join(dir, SigningPubFile))
	}
	if p.Pepper, err = readKey(dir, PepperFile); err != nil {
		return nil, err
	}
	if p.RecoveryRecipient, err = readRecoveryPub(dir); err != nil {
		return nil, err
	}
	text, err := read(dir, RecoveryFile, 0o077)
	if errors.Is(err, fs.ErrNotExist) {
		return &p, nil
	}
	if err != nil {
		return nil, err
	}
	// age's error is not wrapped: it might repeat the key.
	if p.Recovery, err = age.ParseHybridIdentity(text); err != nil {
		return nil, fmt.Errorf("%s: not a recovery key (AGE-SECRET-KEY-PQ-1...)", filepath.Join(dir, RecoveryFile))
	}
	if p.Recovery.Recipient().String() != p.RecoveryRecipient.String() {
		return nil, fmt.Errorf("%s does not belong to %s", filepath.Join(dir, RecoveryFile), RecoveryPubFile)
	}
	return &p, nil
}

// LoadRecovery reads a recovery key that lies in a file of its own.
func LoadRecovery(path string) (*age.HybridIdentity, error) {
	text, err := read(filepath.Dir(path), filepath.Base(path), 0o077)
	if err != nil {
		return nil, err
	}
	key, err := age.ParseHybridIdentity(text)
	if err != nil { // not wrapped: it might repeat the key
		return nil, fmt.Errorf("%s: not a recovery key (AGE-SECRET-KEY-PQ-1...)", path)
	}
	return key, nil
}

// ReadSecret returns the text of an optional key file, "" if it is not there.
func ReadSecret(dir, name string) (string, error) {
	text, err := read(dir, name, 0o077)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return text, err
}

func readRecoveryPub(dir string) (*age.HybridRecipient, error) {
	text, err := read(dir, RecoveryPubFile, 0o022)
	if err != nil {
		return nil, err
	}
	r, err := age.ParseHybridRecipient(text)
	if err != nil {
		return nil, fmt.Errorf("%s: not a recovery public key (age1pq1...)", filepath.Join(dir, RecoveryPubFile))
	}
	return r, nil
}

// readKey reads a secret of 32 octets in base64.
func readKey(dir, name string) ([]byte, error) {
	text, err := read(dir, name, 0o077)
	if err != nil {
		return nil, err
	}
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(b) != seal.KeySize {
		return nil, fmt.Errorf("%s: not %d octets in base64", filepath.Join(dir, name), seal.KeySize)
	}
	return b, nil
}

// read returns a key file's text. forbidden are the permission bits that it
// must not have.
func read(dir, name string, forbidden fs.FileMode) (string, error) {
	path := filepath.Join(dir, name)
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("key file: %w", err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return "", fmt.Errorf("key file: %w", err)
	}
	if !st.Mode().IsRegular() {
		return "", fmt.Errorf("%s: not a regular file", path)
	}
	if bad := st.Mode().Perm() & forbidden; bad != 0 {
		return "", fmt.Errorf("%s: %w: %04o, want at most %04o", path, ErrPermissions,
			st.Mode().Perm(), st.Mode().Perm()&^forbidden)
	}
	if st.Size() > maxFile {
		return "", fmt.Errorf("%s: too large for a key file", path)
	}
	b := make([]byte, st.Size())
	if _, err := f.ReadAt(b, 0); err != nil {
		return "", fmt.Errorf("key file: %w", err)
	}
	return strings.TrimSpace(string(b)), nil
}
