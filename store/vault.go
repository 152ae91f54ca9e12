package store

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.etcd.io/bbolt"
	"golang.org/x/net/idna"

	"github.com/postseal/postseal/store/keys"
	"github.com/postseal/postseal/store/seal"
)

// errNotFound is returned by vault.get for a key that is not there.
var errNotFound = errors.New("not found")

// A vault encrypts values and hashes index keys.
type vault struct {
	box                 *seal.Box
	index, dedup, decoy [seal.KeySize]byte
	deferral            [seal.KeySize]byte
}

func newVault(k *keys.Owner) *vault {
	return &vault{
		box:   seal.NewBox(k.Derive(keys.PurposeValues)),
		index: k.Derive(keys.PurposeIndex),
		dedup: k.Derive(keys.PurposeDedup),
		decoy: k.Derive(keys.PurposeDecoy),

		deferral: k.Derive(keys.PurposeDefer),
	}
}

// place ties a value to where it is: one that was moved does not open.
func place(bucket string, key []byte) string { return bucket + "\x00" + string(key) }

// seal encrypts raw octets for a place.
func (v *vault) seal(bucket string, key, value []byte) []byte {
	return v.box.Seal(value, place(bucket, key))
}

// open returns the octets at a place, or errNotFound. Decrypting copies them
// out of the transaction.
func (v *vault) open(tx *bbolt.Tx, bucket string, key []byte) ([]byte, error) {
	sealed := tx.Bucket([]byte(bucket)).Get(key)
	if sealed == nil {
		return nil, errNotFound
	}
	b, err := v.box.Open(sealed, place(bucket, key))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", bucket, err)
	}
	return b, nil
}

// encode seals a record as JSON. Records marshal without error.
func (v *vault) encode(bucket string, key []byte, r record) []byte {
	b, err := json.Marshal(r)
	if err != nil {
		panic("store: encode a record: " + err.Error())
	}
	return v.seal(bucket, key, b)
}

// get reads a record into out, or returns errNotFound.
func (v *vault) get(tx *bbolt.Tx, bucket string, key []byte, out record) error {
	b, err := v.open(tx, bucket, key)
	if err != nil {
		return err
	}
	return decode(bucket, b, out)
}

// put stores a record.
func (v *vault) put(c *change, bucket string, key []byte, r record) error {
	return c.put(bucket, key, v.encode(bucket, key, r))
}

// An accountID stands for an address in index keys: 128 bits of a keyed hash.
type accountID [16]byte

// MarshalText writes lower-case hex.
func (a accountID) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(a[:])), nil }

// UnmarshalText reads 32 hex digits.
func (a *accountID) UnmarshalText(b []byte) error {
	if len(b) != 2*len(a) {
		return errors.New("account: want 32 hex digits")
	}
	_, err := hex.Decode(a[:], b)
	return err
}

// account returns the id of an address, which need not have an account.
func (v *vault) account(address string) accountID {
	mac := hmac.New(sha256.New, v.index[:])
	mac.Write([]byte(normalise(address)))
	return accountID(mac.Sum(nil)[:16])
}

// deposit returns the key of an offer by the MTA: the recipients' order does not
// matter.
func (v *vault) deposit(k DepositKey) []byte {
	mac := hmac.New(sha256.New, v.dedup[:])
	field := func(s string) {
		var n [4]byte
		binary.BigEndian.PutUint32(n[:], uint32(len(s)))
		mac.Write(n[:])
		mac.Write([]byte(s))
	}
	field(k.From)
	for _, to := range slices.Sorted(slices.Values(k.To)) {
		field(to)
	}
	field(k.MessageID)
	mac.Write(k.Content[:])
	return mac.Sum(nil)
}

// normalise returns the form under which addresses are the same account: lower
// case, the domain without a final dot in its ASCII form (RFC 5890). Lower-casing the local part is
// not RFC 5321's rule (section 2.4), but people type theirs as they like, and no
// site gives two of them to two people.
func normalise(address string) string {
	a := strings.TrimSuffix(strings.ToLower(strings.TrimSpace(address)), ".")
	at := strings.LastIndexByte(a, '@')
	if at < 0 {
		return a
	}
	if domain, err := idna.Lookup.ToASCII(a[at+1:]); err == nil {
		return a[:at+1] + domain
	}
	return a
}
