package store

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/socket"
)

// A check code stands in a notice, and its reader types it on a page that he finds
// himself, to learn whether the notice is genuine. It is 65 bits: the minute in
// which the message was made (25 bits, counted from 2020), and 40 bits of a keyed
// hash of the message's id. Ids are in the order of time, so the message is found
// among those of the minute, and nothing has to be stored for it. It opens nothing.
const (
	checkLength = 13 // characters, of 5 bits each
	checkEpoch  = 1577836800
)

// limitCheck slows down who tries codes: a hit tells who wrote on which day.
var limitCheck = limit{free: 20, most: time.Hour}

// checkCode returns a message's check code as people read it: "A1B2-C3D4E-F5G6".
func (v *vault) checkCode(message id) string {
	mac := v.checkMAC(message)
	minute := uint64(idTime(message).Unix()-checkEpoch) / 60
	code := make([]byte, checkLength)
	for i := range 5 {
		code[i] = codeAlphabet[minute>>(20-5*i)&31]
	}
	for i := range 8 {
		code[5+i] = codeAlphabet[mac>>(35-5*i)&31]
	}
	return string(code[:4]) + "-" + string(code[4:9]) + "-" + string(code[9:])
}

// checkMAC is the keyed part: 40 bits.
func (v *vault) checkMAC(message id) uint64 {
	mac := hmac.New(sha256.New, v.index[:])
	mac.Write([]byte("check code\x00"))
	mac.Write(message[:])
	return binary.BigEndian.Uint64(mac.Sum(nil)) >> 24
}

// idTime is the time in an id (RFC 9562 section 5.7).
func idTime(i id) time.Time {
	var ms [8]byte
	copy(ms[2:], i[:6])
	return time.UnixMilli(int64(binary.BigEndian.Uint64(ms[:])))
}

// parseCheck reads a check code as people type it.
func parseCheck(s string) (minute, mac uint64, ok bool) {
	if len(s) > 100 {
		return 0, 0, false
	}
	s = strings.NewReplacer("-", "", " ", "", "O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(s))
	if len(s) != checkLength {
		return 0, 0, false
	}
	for i := range len(s) {
		n := strings.IndexByte(codeAlphabet, s[i])
		if n < 0 {
			return 0, 0, false
		}
		if i < 5 {
			minute = minute<<5 | uint64(n)
		} else {
			mac = mac<<5 | uint64(n)
		}
	}
	return minute, mac, true
}

// Genuine implements [socket.Notices].
func (s *Store) Genuine(ctx context.Context, code, client string) (socket.GenuineNotice, error) {
	var out socket.GenuineNotice
	counted := map[string]limit{"check " + network(client): limitCheck}
	if err := s.guard.try(counted); err != nil {
		return out, err
	}
	minute, mac, ok := parseCheck(code)
	if !ok {
		return out, socket.ErrUnknown
	}
	from := time.Unix(checkEpoch+int64(minute)*60, 0)
	var first, end [6]byte
	copy(first[:], timeKey(from)[2:])
	copy(end[:], timeKey(from.Add(time.Minute))[2:])
	err := s.meta.view(func(tx *bbolt.Tx) error {
		cur := tx.Bucket([]byte(bucketMessage)).Cursor()
		for k, _ := cur.Seek(first[:]); len(k) == 16 && bytes.Compare(k[:6], end[:]) < 0; k, _ = cur.Next() {
			if err := ctx.Err(); err != nil {
				return err
			}
			var want, got [8]byte
			binary.BigEndian.PutUint64(want[:], s.vault.checkMAC(id(k)))
			binary.BigEndian.PutUint64(got[:], mac)
			if subtle.ConstantTimeCompare(want[:], got[:]) != 1 {
				continue
			}
			var m messageRecord
			if err := s.vault.get(tx, bucketMessage, k, &m); err != nil {
				return err
			}
			_, domain, _ := strings.Cut(m.Recipient, "@")
			out = socket.GenuineNotice{Sender: m.Sender, Domain: domain, Created: m.Created, Ended: m.Ended != ""}
			return nil
		}
		return socket.ErrUnknown
	})
	if err != nil {
		return socket.GenuineNotice{}, err
	}
	s.guard.forget(counted)
	return out, nil
}
