package seal

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
)

func TestPINs(t *testing.T) {
	seen := map[string]bool{}
	for range 200 {
		p := NewPIN()
		if got, err := ParsePIN(p); err != nil || got != p || len(p) != pinDigits {
			t.Fatalf("%d digits: %v", len(p), err)
		}
		seen[p] = true
	}
	if len(seen) < 195 {
		t.Errorf("%d of 200 differ", len(seen))
	}
	for in, want := range map[string]string{
		" 1234-5678\t": "12345678", "1 2 3 4 5 6 7 8": "12345678", "1234567": "", "123456789": "", "": "",
		"1234567a": "", "１２３４５６７８": "", strings.Repeat(" ", 65) + "12345678": "",
	} {
		got, err := ParsePIN(in)
		if got != want || (err == nil) != (want != "") || err != nil && !errors.Is(err, ErrPIN) {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
	a, b := mustPIN(t, "12345678", "m"), mustPIN(t, "12345678", "n")
	if a == b || a == mustPIN(t, "12345679", "m") || a.Wrap == a.Verifier || a != mustPIN(t, "12345678", "m") {
		t.Error("keys are not of PIN and message alone, or not apart")
	}
}

// TestPINVectors: testdata/pins.json was computed by another program, with PBKDF2
// and HKDF of Python's hashlib and hmac.
func TestPINVectors(t *testing.T) {
	b, err := os.ReadFile("testdata/pins.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct{ PIN, Message, Wrap, Verifier string }
	if err := json.Unmarshal(b, &vectors); err != nil || len(vectors) == 0 {
		t.Fatal("no vectors", err)
	}
	for _, v := range vectors {
		k := mustPIN(t, v.PIN, v.Message)
		if hex.EncodeToString(k.Wrap[:]) != v.Wrap || hex.EncodeToString(k.Verifier[:]) != v.Verifier {
			t.Errorf("%s gives other keys", v.PIN)
		}
	}
}

func mustPIN(t *testing.T, pin, message string) PINKeys {
	t.Helper()
	k, err := StretchPIN(pin, message)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestLockedGrant(t *testing.T) {
	key, err := NewMessageKey()
	if err != nil {
		t.Fatal(err)
	}
	account, err := NewAccountKey()
	if err != nil {
		t.Fatal(err)
	}
	guest, err := NewAccountKey()
	if err != nil {
		t.Fatal(err)
	}
	m := Manifest{Message: "m", Recipient: "bob@guest.test", Restrict: Restriction{PIN: true}}
	pin := mustPIN(t, "12345678", "m")
	locked, err := key.LockedGrant(account.Identity().Recipient(), m, pin.Wrap)
	if err != nil || len(locked) > maxGrant {
		t.Fatal(len(locked), err)
	}
	moved, err := Regrant(locked, account.Identity(), m, guest.Identity().Recipient())
	if err != nil {
		t.Fatal(err)
	}
	for name, g := range map[string]struct {
		sealed []byte
		by     AccountKey
	}{"first": {locked, account}, "moved": {moved, guest}} {
		got, err := OpenLockedGrant(g.sealed, g.by.Identity(), m, pin.Wrap)
		if err != nil || got.Text() != key.Text() {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := OpenGrant(g.sealed, g.by.Identity(), m); !errors.Is(err, ErrOpen) {
			t.Errorf("%s without the PIN: %v", name, err)
		}
		if _, err := OpenLockedGrant(g.sealed, g.by.Identity(), m, mustPIN(t, "12345679", "m").Wrap); !errors.Is(err, ErrOpen) {
			t.Errorf("%s with another PIN: %v", name, err)
		}
	}
	if _, err := OpenLockedGrant(locked, guest.Identity(), m, pin.Wrap); !errors.Is(err, ErrOpen) {
		t.Errorf("another's grant: %v", err)
	}
	if _, err := Regrant(locked, account.Identity(), Manifest{Message: "n", Recipient: "bob@guest.test"}, guest.Identity().Recipient()); !errors.Is(err, ErrOpen) {
		t.Errorf("for another message: %v", err)
	}
	open, err := key.Grant(account.Identity().Recipient(), m)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenLockedGrant(open, account.Identity(), m, pin.Wrap); !errors.Is(err, ErrOpen) {
		t.Errorf("an open grant as a locked one: %v", err)
	}
}

func TestTextOfALink(t *testing.T) {
	code := NewCode()
	sealed := code.SealText("a subject")
	if got, err := code.OpenText(sealed); err != nil || got != "a subject" || bytes.Contains(sealed, []byte("subject")) {
		t.Error(got, err)
	}
	if _, err := NewCode().OpenText(sealed); !errors.Is(err, ErrOpen) {
		t.Errorf("another's code: %v", err)
	}
	secret := [KeySize]byte{1}
	derived := CodeOf(secret, "a")
	if again := CodeOf(secret, "a"); again != derived {
		t.Error("a derived code changes")
	}
	if derived == CodeOf(secret, "b") || derived == CodeOf([KeySize]byte{}, "a") {
		t.Error("a derived code is that of another name or key")
	}
}

// TestReadPayload reads a payload as a stream, whole and damaged.
func TestReadPayload(t *testing.T) {
	key, err := NewMessageKey()
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseMessageKey(key.Text())
	if err != nil {
		t.Fatal(err)
	}
	if key.String() != "[key]" || key.GoString() != "[key]" {
		t.Error("a key prints itself")
	}
	body := strings.Repeat("planted ", 30000)
	var sealed bytes.Buffer
	w, err := key.SealPayload(&sealed)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, body)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		octets []byte
		whole  bool
	}{
		"whole":          {sealed.Bytes(), true},
		"cut":            {sealed.Bytes()[:sealed.Len()-70000], false},
		"cut at a chunk": {sealed.Bytes()[:sealed.Len()-sealed.Len()%(64<<10+16)], false},
		"longer":         {append(bytes.Clone(sealed.Bytes()), 'x'), false},
	} {
		r, err := again.ReadPayload(bytes.NewReader(tc.octets))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := io.ReadAll(r)
		if (err == nil) != tc.whole || tc.whole && string(got) != body {
			t.Errorf("%s: %d octets, %v", name, len(got), err)
		}
	}
	other, err := NewMessageKey()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.ReadPayload(&sealed); !errors.Is(err, ErrOpen) {
		t.Errorf("another's key: %v", err)
	}
	if _, err := ParseMessageKey("AGE-SECRET-KEY-PQ-1PLANTED"); !errors.Is(err, ErrOpen) || strings.Contains(err.Error(), "PLANTED") {
		t.Errorf("no key: %v", err)
	}
}

func FuzzPIN(f *testing.F) {
	for _, s := range []string{"12345678", "1234 5678", "x", "1234\u00a05678"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := ParsePIN(s)
		if again, err2 := ParsePIN(got); err == nil && (again != got || err2 != nil) {
			t.Fatal("a PIN that is read again differs")
		}
	})
}
