package store

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

func TestGenuine(t *testing.T) {
	e := newEnv(t)
	c, ctx := e.client(), context.Background()
	var all []Sealed
	for range 20 {
		all = append(all, e.deposit(seal.ModeAccount, "x", "bob@guest.test")[0])
	}
	once := e.deposit(seal.ModeOneTime, "x", "carol@other.test")[0]
	for _, s := range append(all, once) {
		domain := "guest.test"
		if s.Mode == seal.ModeOneTime {
			domain = "other.test"
		}
		for _, typed := range []string{s.Check, strings.ToLower(s.Check), " " + strings.ReplaceAll(s.Check, "-", " ")} {
			g := must(c.Genuine(ctx, typed, "192.0.2.1"))(t)
			if g.Sender != "alice@example.com" || g.Domain != domain || !g.Created.Equal(s.Created) || g.Ended {
				t.Fatalf("%q: %+v", typed, g)
			}
		}
	}
	if err := e.RecallMessage(ctx, once.Message); err != nil {
		t.Fatal(err)
	}
	if g := must(c.Genuine(ctx, once.Check, "192.0.2.1"))(t); !g.Ended || g.Sender == "" {
		t.Errorf("a recalled one: %+v", g)
	}
	wrong := []byte(all[0].Check)
	wrong[len(wrong)-1] = codeAlphabet[(strings.IndexByte(codeAlphabet, wrong[len(wrong)-1])+1)%32]
	for _, code := range []string{string(wrong), "", "x", strings.Repeat("0", 13), strings.Repeat("Z", 13), all[0].Check + "0", strings.Repeat("-", 99), "UUUUUUUUUUUUU", all[0].Message} {
		if _, err := c.Genuine(ctx, code, "198.51.100.1"); !errors.Is(err, socket.ErrUnknown) {
			t.Errorf("%q: %v", code, err)
		}
	}
	slowed := false
	for range 40 {
		_, err := c.Genuine(ctx, "0000000000000", "198.51.100.1")
		slowed = slowed || errors.Is(err, socket.ErrThrottled)
	}
	if !slowed {
		t.Error("nobody slows down who tries codes")
	}
}

func FuzzCheckCode(f *testing.F) {
	f.Add("A1B2-C3D4E-F5G6")
	f.Add("oil0 oil0oil 00000")
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		minute, mac, ok := parseCheck(s)
		if ok && (minute >= 1<<25 || mac >= 1<<40) {
			t.Errorf("%q: %d, %d", s, minute, mac)
		}
	})
}
