package store

import (
	"context"
	"errors"
	"testing"

	"github.com/postseal/postseal/store/socket"
)

func TestAdministratorHelps(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	s := e.holder()
	e.withTOTP(s.Token)
	if r := must(e.ReportAccount(ctx, "BOB@guest.test"))(t); len(r.Factors) != 1 || len(r.Sessions) != 1 || r.Messages != 1 || !r.Password || !r.Recovery {
		t.Errorf("report: %+v", r)
	}
	if err := e.DropFactors(ctx, "bob@guest.test"); err != nil {
		t.Fatal(err)
	}
	if _, err := e.SessionInfo(ctx, s.Token); !errors.Is(err, socket.ErrUnknown) {
		t.Errorf("the session goes on: %v", err)
	}
	if e.loginAs("password").Pending {
		t.Error("the second factor is still asked for")
	}
	if _, err := e.ReportAccount(ctx, "nobody@guest.test"); !errors.Is(err, ErrNoAccount) {
		t.Errorf("nobody: %v", err)
	}
	if err := e.DropFactors(ctx, "nobody@guest.test"); !errors.Is(err, ErrNoAccount) {
		t.Errorf("nobody: %v", err)
	}
}
