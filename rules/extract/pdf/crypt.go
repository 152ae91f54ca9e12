package pdf

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5"
	"crypto/rc4"
	"crypto/sha256"
	"crypto/sha512"
)

// The standard security handler (section 7.6), opened with the empty user
// password. The algorithms are the format's, not ours.

type cryptMethod uint8

const (
	cryptNone cryptMethod = iota
	cryptRC4
	cryptAES128
	cryptAES256
)

// A crypt decrypts strings and streams.
type crypt struct {
	key           []byte
	strings       cryptMethod
	streams       cryptMethod
	clearMetadata bool
}

var padding = []byte("\x28\xBF\x4E\x5E\x4E\x75\x8A\x41\x64\x00\x4E\x56\xFF\xFA\x01\x08\x2E\x2E\x00\xB6\xD0\x68\x3E\x80\x2F\x0C\xA9\xFE\x64\x53\x69\x7A")

// openCrypt makes the crypt of a file; ok is false if the empty password doesn't
// open it, or nothing that is known does.
func (f *file) openCrypt(d dict) (c *crypt, ok bool) {
	if f.name(d["Filter"]) != "Standard" {
		return nil, false
	}
	c = &crypt{strings: cryptRC4, streams: cryptRC4}
	v, r := int(f.number(d["V"])), int(f.number(d["R"]))
	length := int(f.number(d["Length"]))
	if length < 40 || length > 256 || v == 1 {
		length = 40
	}
	if v >= 4 {
		filters := f.dict(d["CF"])
		c.streams, ok = f.method(filters, f.name(d["StmF"]))
		strings, ok2 := f.method(filters, f.name(d["StrF"]))
		if c.strings = strings; !ok || !ok2 {
			return nil, false
		}
		length = 128
	}
	if m, is := f.resolve(d["EncryptMetadata"]).(bool); is && !m {
		c.clearMetadata = true
	}
	o, _ := f.resolve(d["O"]).(str)
	u, _ := f.resolve(d["U"]).(str)
	switch {
	case r >= 5 && r <= 6:
		ue, _ := f.resolve(d["UE"]).(str)
		if len(u) < 48 || len(ue) < 32 {
			return nil, false
		}
		if !bytes.Equal(hashPassword(r, []byte(u[32:40])), []byte(u[:32])) {
			return nil, false
		}
		block, err := aes.NewCipher(hashPassword(r, []byte(u[40:48])))
		if err != nil {
			return nil, false
		}
		c.key = make([]byte, 32)
		cipher.NewCBCDecrypter(block, make([]byte, 16)).CryptBlocks(c.key, []byte(ue[:32]))
		return c, true
	case r >= 2 && r <= 4:
		if len(o) < 32 || len(u) < 16 {
			return nil, false
		}
		id := ""
		if a := f.array(f.trailer["ID"]); len(a) > 0 {
			s, _ := f.resolve(a[0]).(str)
			id = string(s)
		}
		p := uint32(int64(f.number(d["P"])))
		c.key = fileKey(r, length/8, []byte(o[:32]), p, id, c.clearMetadata)
		return c, c.opens(r, []byte(u), id)
	}
	return nil, false
}

// method returns what a crypt filter does.
func (f *file) method(filters dict, filter name) (cryptMethod, bool) {
	if filter == "" || filter == "Identity" {
		return cryptNone, true
	}
	switch f.name(f.dict(filters[string(filter)])["CFM"]) {
	case "None", "":
		return cryptNone, true
	case "V2":
		return cryptRC4, true
	case "AESV2":
		return cryptAES128, true
	case "AESV3":
		return cryptAES256, true
	}
	return 0, false
}

// fileKey is algorithm 2.
func fileKey(r, n int, o []byte, p uint32, id string, clearMetadata bool) []byte {
	h := md5.New()
	h.Write(padding)
	h.Write(o)
	h.Write([]byte{byte(p), byte(p >> 8), byte(p >> 16), byte(p >> 24)})
	h.Write([]byte(id))
	if r >= 4 && clearMetadata {
		h.Write([]byte{0xff, 0xff, 0xff, 0xff})
	}
	key := h.Sum(nil)
	n = min(n, 16)
	if r >= 3 {
		for range 50 {
			s := md5.Sum(key[:n])
			key = s[:]
		}
	}
	return key[:n]
}

// opens is algorithm 6: whether the key is the right one.
func (c *crypt) opens(r int, u []byte, id string) bool {
	if r == 2 {
		return len(u) >= 32 && bytes.Equal(rc4Crypt(c.key, padding), u[:32])
	}
	s := md5.Sum(append(bytes.Clone(padding), id...))
	x := rc4Crypt(c.key, s[:])
	for i := byte(1); i <= 19; i++ {
		key := bytes.Clone(c.key)
		for j := range key {
			key[j] ^= i
		}
		x = rc4Crypt(key, x)
	}
	return bytes.Equal(x, u[:16])
}

// hashPassword is algorithm 2.B with the empty password and no user key; plain
// SHA-256 for revision 5.
func hashPassword(r int, salt []byte) []byte {
	s := sha256.Sum256(salt)
	k := s[:]
	if r == 5 {
		return k
	}
	for i := 0; ; i++ {
		k1 := bytes.Repeat(k, 64)
		block, err := aes.NewCipher(k[:16])
		if err != nil {
			return nil
		}
		cipher.NewCBCEncrypter(block, k[16:32]).CryptBlocks(k1, k1)
		mod := 0
		for _, b := range k1[:16] {
			mod += int(b)
		}
		switch mod % 3 {
		case 0:
			s := sha256.Sum256(k1)
			k = s[:]
		case 1:
			s := sha512.Sum384(k1)
			k = s[:]
		case 2:
			s := sha512.Sum512(k1)
			k = s[:]
		}
		if i >= 63 && int(k1[len(k1)-1]) <= i-32 {
			return k[:32]
		}
	}
}

func rc4Crypt(key, data []byte) []byte {
	out := make([]byte, len(data))
	c, err := rc4.NewCipher(key)
	if err != nil {
		return out
	}
	c.XORKeyStream(out, data)
	return out
}

// stream decrypts a stream's content.
func (c *crypt) stream(r ref, d dict, data []byte) []byte {
	if d["Type"] == name("Metadata") && c.clearMetadata {
		return data
	}
	if a, _ := d["Filter"].(array); len(a) > 0 && a[0] == name("Crypt") {
		return data // the identity, in all files that are seen
	}
	return c.open(c.streams, r, data)
}

func (c *crypt) open(m cryptMethod, r ref, data []byte) []byte {
	switch m {
	case cryptRC4:
		return rc4Crypt(c.objectKey(r, false), data)
	case cryptAES128:
		return openCBC(c.objectKey(r, true), data)
	case cryptAES256:
		return openCBC(c.key, data)
	}
	return data
}

// objectKey is algorithm 1.
func (c *crypt) objectKey(r ref, isAES bool) []byte {
	k := append(bytes.Clone(c.key), byte(r.num), byte(r.num>>8), byte(r.num>>16), byte(r.gen), byte(r.gen>>8))
	if isAES {
		k = append(k, "sAlT"...)
	}
	s := md5.Sum(k)
	return s[:min(len(c.key)+5, 16)]
}

// openCBC decrypts what starts with its initialisation vector. A part of a block
// at the end is left out, wrong padding stays.
func openCBC(key, data []byte) []byte {
	if len(data) < 32 {
		return nil
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil
	}
	out := make([]byte, (len(data)-16)&^15)
	cipher.NewCBCDecrypter(block, data[:16]).CryptBlocks(out, data[16:16+len(out)])
	if n := int(out[len(out)-1]); n >= 1 && n <= 16 {
		out = out[:len(out)-n]
	}
	return out
}
