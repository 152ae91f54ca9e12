package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/postseal/postseal/store"
	"github.com/postseal/postseal/store/socket"
)

// oneAccount knows one account.
type oneAccount struct{ dropped []string }

func (k *oneAccount) ReportAccount(_ context.Context, address string) (store.AccountReport, error) {
	if address != "bob@guest.test" {
		return store.AccountReport{}, store.ErrNoAccount
	}
	return store.AccountReport{
		Address: address, Name: "Bob\x1b[31m", Method: "off", Password: true, Changed: time.Unix(0, 0), Messages: 3, Codes: 1,
		Further:  []string{"robert@guest.test"},
		Factors:  []socket.Factor{{Kind: socket.FactorPasskey, Name: "Phone"}},
		Sessions: []socket.OpenSession{{Client: "192.0.2.1", Agent: "Firefox"}},
	}, nil
}

func (k *oneAccount) DropFactors(_ context.Context, address string) error {
	if _, err := k.ReportAccount(context.Background(), address); err != nil {
		return err
	}
	k.dropped = append(k.dropped, address)
	return nil
}

func (k *oneAccount) SeparateAddress(ctx context.Context, address string) error {
	if address != "robert@guest.test" {
		return store.ErrNoAccount
	}
	k.dropped = append(k.dropped, address)
	return nil
}

func TestAccountByControl(t *testing.T) {
	one := &oneAccount{}
	client, ctx := dialKeeper(t, &fakeKeeper{accountKeeper: one}), t.Context()
	r, err := client.ReportAccount(ctx, "bob@guest.test")
	if err != nil {
		t.Fatal(err)
	}
	text := accountText(r)
	for _, want := range []string{"bob@guest.test", "1 recovery code left", "passkey Phone", "192.0.2.1, Firefox", "messages     3", "also         robert@guest.test"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "\x1b") {
		t.Errorf("a terminal's control characters in %q", text)
	}
	if err := client.SeparateAddress(ctx, "bob@guest.test"); err == nil {
		t.Error("a main address was separated")
	}
	if err := client.SeparateAddress(ctx, "robert@guest.test"); err != nil || len(one.dropped) != 1 {
		t.Errorf("separate: %v, %v", one.dropped, err)
	}
	one.dropped = nil
	if err := client.DropFactors(ctx, "bob@guest.test"); err != nil || len(one.dropped) != 1 {
		t.Errorf("unlock: %v, %v", err, one.dropped)
	}
	if err := client.DropFactors(ctx, "nobody@guest.test"); err == nil || !strings.Contains(err.Error(), store.ErrNoAccount.Error()) {
		t.Errorf("nobody: %v", err)
	}
}
