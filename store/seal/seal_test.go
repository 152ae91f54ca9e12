package seal

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
)

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// vectors are in testdata/vectors.json: what is written there was written by an
// earlier version of this package and must open for ever.
type vectors struct {
	Codes []struct {
		Text      string `json:"text"`
		Hex       string `json:"hex"`
		Token     string `json:"token"`
		TokenHash string `json:"tokenHash"`
		Recipient string `json:"recipient"` // SHA-256 of its text
	} `json:"codes"`
	Passwords []struct {
		Password string `json:"password"`
		Pepper   string `json:"pepper"`
		KDF      KDF    `json:"kdf"`
		Wrap     string `json:"wrap"`
		Verifier string `json:"verifier"`
	} `json:"passwords"`
	Box struct {
		Key, Place, Value string
		Sealed            []byte
	} `json:"box"`
	Message struct {
		Code     string         `json:"code"`
		Signing  []byte         `json:"signing"` // public key
		Manifest SignedManifest `json:"manifest"`
		Grant    []byte         `json:"grant"`
		Summary  []byte         `json:"summary"`
		Payload  []byte         `json:"payload"`
		Subject  string         `json:"subject"`
		Content  string         `json:"content"`
	} `json:"message"`
}

const vectorFile = "testdata/vectors.json"

func readVectors(t *testing.T) (v vectors) {
	t.Helper()
	b, err := os.ReadFile(vectorFile)
	ok(t, err)
	ok(t, json.Unmarshal(b, &v))
	if len(v.Codes) == 0 || len(v.Passwords) == 0 || len(v.Message.Payload) == 0 || len(v.Box.Sealed) == 0 {
		t.Fatal("no vectors")
	}
	return v
}

func TestCodeVectors(t *testing.T) {
	for _, v := range readVectors(t).Codes {
		c, err := ParseCode(v.Text)
		ok(t, err)
		id, err := c.Identity()
		ok(t, err)
		h := c.Token().Hash()
		r := sha256.Sum256([]byte(id.Recipient().String()))
		if hex.EncodeToString(c[:]) != v.Hex || c.Token().Encode() != v.Token ||
			hex.EncodeToString(h[:]) != v.TokenHash || hex.EncodeToString(r[:]) != v.Recipient || c.Text() != v.Text {
			t.Errorf("%s gives another token or key", v.Text)
		}
	}
}

func TestPasswordVectors(t *testing.T) {
	for _, v := range readVectors(t).Passwords {
		k, err := v.KDF.Derive(v.Password, []byte(v.Pepper))
		ok(t, err)
		if hex.EncodeToString(k.Wrap[:]) != v.Wrap || hex.EncodeToString(k.Verifier[:]) != v.Verifier {
			t.Errorf("another key for a password")
		}
	}
}

func TestOldMessageOpens(t *testing.T) {
	v := readVectors(t)
	b, err := NewBox(Derive([]byte(v.Box.Key), "vector")).Open(v.Box.Sealed, v.Box.Place)
	ok(t, err)
	if string(b) != v.Box.Value {
		t.Error("box")
	}
	m := v.Message
	man, err := m.Manifest.Verify(m.Signing)
	ok(t, err)
	code, err := ParseCode(m.Code)
	ok(t, err)
	id, err := code.Identity()
	ok(t, err)
	k, err := OpenGrant(m.Grant, id, man)
	ok(t, err)
	s, err := k.OpenSummary(man.Message, m.Summary)
	ok(t, err)
	r, n, err := k.OpenPayload(bytes.NewReader(m.Payload), int64(len(m.Payload)))
	ok(t, err)
	content, err := io.ReadAll(io.NewSectionReader(r, 0, n))
	ok(t, err)
	if s.Subject != m.Subject || string(content) != m.Content || man.Payload != sha256.Sum256(m.Payload) || man.Summary != sha256.Sum256(m.Summary) {
		t.Error("the message opens to something else")
	}
}

func TestParseCode(t *testing.T) {
	c := Code{1, 2, 3, 250, 251, 252, 0, 0, 0xff, 0x10, 0x42, 7, 8, 9, 10, 11, 12, 13, 14, 15}
	f := c.Fragment()
	for _, text := range []string{
		f, c.Text(), strings.ToLower(f), " " + c.Text() + "\r\n", strings.ReplaceAll(c.Text(), "-", " "),
		strings.ReplaceAll(c.Text(), "-", "\u2011"), strings.ReplaceAll(f, "0", "O"), strings.ReplaceAll(f, "0", "o"),
		strings.ReplaceAll(f, "1", "I"), strings.ReplaceAll(f, "1", "l"),
	} {
		if got, err := ParseCode(text); err != nil || got != c {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, text := range []string{"", f[1:], f + "0", f[:31] + "U", f[:31] + "\u00e9", f[:31] + "=", strings.Repeat("-", 201), strings.Repeat("0", 33)} {
		if got, err := ParseCode(text); err != ErrCode || got != (Code{}) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	c := NewCode()
	token := c.Token()
	for _, s := range []string{fmt.Sprint(c), fmt.Sprintf("%v %+v %#v %s %q", c, c, c, c, c), fmt.Sprintf("%v %+v %#v %s", token, token, token, token)} {
		if strings.Contains(s, c.Fragment()) || strings.Contains(s, token.Encode()) || strings.Contains(s, fmt.Sprint(c[0], " ", c[1])) {
			t.Errorf("%q", s)
		}
	}
}

func TestBox(t *testing.T) {
	b := NewBox([KeySize]byte{1})
	sealed := b.Seal([]byte("value"), "place")
	if got, err := b.Open(sealed, "place"); err != nil || string(got) != "value" {
		t.Fatal(err)
	}
	if bytes.Equal(sealed, b.Seal([]byte("value"), "place")) {
		t.Error("the nonce is not random")
	}
	open := func(b *Box, sealed []byte, place string) error { _, err := b.Open(sealed, place); return err }
	flipped := bytes.Clone(sealed)
	for i := range flipped {
		flipped[i] ^= 1
		if open(b, flipped, "place") != ErrOpen {
			t.Fatalf("octet %d can be changed", i)
		}
		flipped[i] ^= 1
	}
	for i := range sealed {
		if open(b, sealed[:i], "place") != ErrOpen {
			t.Fatalf("opens when cut at %d", i)
		}
	}
	if open(b, sealed, "other") != ErrOpen || open(NewBox([KeySize]byte{2}), sealed, "place") != ErrOpen {
		t.Error("opens with another place or key")
	}
}

// A sealedTest is a message with one grant.
type sealedTest struct {
	key      MessageKey
	manifest Manifest
	grant    []byte
	payload  []byte
	id       *age.HybridIdentity
}

func sealOne(t testing.TB, content string) sealedTest {
	t.Helper()
	key, err := NewMessageKey()
	ok(t, err)
	var payload bytes.Buffer
	w, err := key.SealPayload(&payload)
	ok(t, err)
	_, err = io.WriteString(w, content)
	ok(t, err)
	ok(t, w.Close())
	id, err := NewCode().Identity()
	ok(t, err)
	m := Manifest{
		Version: 1, Message: "m1", Mode: ModeOneTime, Sender: "a@example.com", Recipient: "b@example.org",
		Payload: sha256.Sum256(payload.Bytes()), PayloadSize: int64(payload.Len()), Created: time.Unix(1e9, 0).UTC(),
	}
	grant, err := key.Grant(id.Recipient(), m)
	ok(t, err)
	return sealedTest{key, m, grant, payload.Bytes(), id}
}

func TestGrantIsBound(t *testing.T) {
	s := sealOne(t, "content")
	if _, err := OpenGrant(s.grant, s.id, s.manifest); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Manifest){
		"message":   func(m *Manifest) { m.Message = "m2" },
		"recipient": func(m *Manifest) { m.Recipient = "eve@example.org" },
		"payload":   func(m *Manifest) { m.Payload[0] ^= 1 },
	} {
		m := s.manifest
		change(&m)
		if _, err := OpenGrant(s.grant, s.id, m); err != ErrOpen {
			t.Errorf("opens for another %s: %v", name, err)
		}
	}
	other, err := NewCode().Identity()
	ok(t, err)
	if _, err := OpenGrant(s.grant, other, s.manifest); err != ErrOpen {
		t.Errorf("opens for another key: %v", err)
	}
	for i := 0; i < len(s.grant); i += 7 {
		g := bytes.Clone(s.grant)
		g[i] ^= 1
		if _, err := OpenGrant(g, s.id, s.manifest); err != ErrOpen {
			t.Fatalf("opens with octet %d changed: %v", i, err)
		}
	}
	if _, err := OpenGrant(make([]byte, maxGrant+1), s.id, s.manifest); err != ErrOpen {
		t.Errorf("large: %v", err)
	}
}

func TestTruncatedPayloadGivesNothing(t *testing.T) {
	s := sealOne(t, strings.Repeat("x", 200<<10))
	r, n, err := s.key.OpenPayload(bytes.NewReader(s.payload), int64(len(s.payload)))
	if err != nil || n != 200<<10 {
		t.Fatal(n, err)
	}
	if b, err := io.ReadAll(io.NewSectionReader(r, 0, n)); err != nil || len(b) != 200<<10 {
		t.Fatal(len(b), err)
	}
	for _, cut := range []int{1, 16, 17, 64 << 10, len(s.payload) - 10} {
		if _, _, err := s.key.OpenPayload(bytes.NewReader(s.payload), int64(len(s.payload)-cut)); err != ErrOpen {
			t.Errorf("cut by %d: %v", cut, err)
		}
	}
}

func TestManifestSignature(t *testing.T) {
	pub, priv, err := ed25519.GenerateKey(nil)
	ok(t, err)
	s := sealOne(t, "x")
	signed, err := s.manifest.Sign(priv)
	ok(t, err)
	if m, err := signed.Verify(pub); err != nil || m != s.manifest {
		t.Fatal(m, err)
	}
	for i := range signed.JSON {
		c := SignedManifest{bytes.Clone(signed.JSON), signed.Signature}
		c.JSON[i] ^= 1
		if _, err := c.Verify(pub); err != ErrManifest {
			t.Fatalf("octet %d can be changed", i)
		}
	}
	// The same key over the same octets, but not as a manifest.
	if _, err := (SignedManifest{signed.JSON, ed25519.Sign(priv, signed.JSON)}).Verify(pub); err != ErrManifest {
		t.Errorf("signature from elsewhere: %v", err)
	}
	for _, bad := range []string{`{"v":2}`, `{}`, `[`, ``} {
		sig := ed25519.Sign(priv, append([]byte(manifestContext), bad...))
		if _, err := (SignedManifest{[]byte(bad), sig}).Verify(pub); err != ErrManifest {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := (SignedManifest{signed.JSON, signed.Signature[:63]}).Verify(pub); err != ErrManifest {
		t.Errorf("short signature: %v", err)
	}
}

func TestAccountKey(t *testing.T) {
	k, err := NewAccountKey()
	ok(t, err)
	wrapped := k.Wrap([KeySize]byte{1}, "bob@guest.test")
	if got, err := UnwrapAccountKey(wrapped, [KeySize]byte{1}, "bob@guest.test"); err != nil || got.Recipient() != k.Recipient() {
		t.Error(err)
	}
	if _, err := UnwrapAccountKey(wrapped, [KeySize]byte{1}, "eve@guest.test"); err != ErrOpen {
		t.Error("opens for another account")
	}
	if _, err := UnwrapAccountKey(wrapped, [KeySize]byte{2}, "bob@guest.test"); err != ErrOpen {
		t.Error("opens with another password")
	}
	token := NewToken()
	if got, err := AccountKeyOfSession(k.ForSession(token), token); err != nil || got.Recipient() != k.Recipient() {
		t.Error(err)
	}
	if _, err := AccountKeyOfSession(k.ForSession(token), NewToken()); err != ErrOpen {
		t.Error("opens in another session")
	}
	recovery, err := age.GenerateHybridIdentity()
	ok(t, err)
	escrow, err := k.Escrow(recovery.Recipient())
	ok(t, err)
	if got, err := OpenEscrow(escrow, recovery); err != nil || got.Recipient() != k.Recipient() {
		t.Error(err)
	}
	if _, err := OpenEscrow(wrapped, recovery); err != ErrOpen {
		t.Error("opens something else")
	}
}

func TestKDFBounds(t *testing.T) {
	good := NewKDF()
	ok(t, good.Check())
	for name, change := range map[string]func(*KDF){
		"salt":         func(k *KDF) { k.Salt = k.Salt[:15] },
		"long salt":    func(k *KDF) { k.Salt = make([]byte, 65) },
		"time":         func(k *KDF) { k.Time = 0 },
		"long time":    func(k *KDF) { k.Time = 11 },
		"memory":       func(k *KDF) { k.Memory = 1 << 10 },
		"much memory":  func(k *KDF) { k.Memory = 1 << 20 },
		"threads":      func(k *KDF) { k.Threads = 0 },
		"many threads": func(k *KDF) { k.Threads = 9 },
	} {
		k := good
		change(&k)
		if _, err := k.Derive("password", nil); !errors.Is(err, ErrKDF) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTokenText(t *testing.T) {
	token := NewToken()
	b, err := json.Marshal(token)
	ok(t, err)
	var back Token
	ok(t, json.Unmarshal(b, &back))
	if back != token {
		t.Error("another token")
	}
	for _, bad := range []string{"", "AAAA", token.Encode() + "A", token.Encode()[:42] + "=", strings.Repeat("!", 43)} {
		if _, err := ParseToken(bad); err != ErrToken {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func FuzzParseCode(f *testing.F) {
	for _, s := range []string{Code{}.Text(), "0000-OOOO-1111-iiii-llll-ABCD-EFGH-JKMN", " ", "%23abc"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := ParseCode(s)
		if err != nil {
			if c != (Code{}) {
				t.Fatal("a code in spite of the error")
			}
			return
		}
		if again, err := ParseCode(c.Text()); err != nil || again != c {
			t.Fatalf("%q", s)
		}
	})
}

func FuzzManifest(f *testing.F) {
	pub, priv, _ := ed25519.GenerateKey(nil)
	for _, s := range []string{`{"v":1,"message":"m","payload":"00"}`, `{"v":1}`, `{"v":1,"created":"x"}`, `null`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := (SignedManifest{b, make([]byte, 64)}).Verify(pub); err != ErrManifest {
			t.Fatal(err)
		}
		s := SignedManifest{b, ed25519.Sign(priv, append([]byte(manifestContext), b...))}
		if m, err := s.Verify(pub); err != nil && m != (Manifest{}) {
			t.Fatal("a manifest in spite of the error")
		}
	})
}

func FuzzGrant(f *testing.F) {
	s := sealOne(f, "x")
	f.Add(s.grant)
	f.Add([]byte("age-encryption.org/v1\n-> X25519 x\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		k, err := OpenGrant(b, s.id, s.manifest)
		if err == nil && k.id.String() != s.key.id.String() {
			t.Fatal("another key")
		}
		if _, err := OpenEscrow(b, s.id); err == nil {
			t.Fatal("a grant opens as an escrow")
		}
	})
}
