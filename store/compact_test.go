package store

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/postseal/postseal/store/seal"
)

func TestCompactionCutOff(t *testing.T) {
	e := newEnv(t)
	s := e.deposit(seal.ModeAccount, "x", "bob@guest.test")[0]
	e.close()
	left := filepath.Join(e.opts.Dir, compactFile)
	if err := os.WriteFile(left, []byte("half a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	e.open()
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Errorf("what a crash left is still there: %v", err)
	}
	if _, err := e.Link(context.Background(), s.Code.Token()); err != nil {
		t.Error(err)
	}
}

func TestCompactionThatCanNotBeWritten(t *testing.T) {
	e, ctx := newEnv(t), context.Background()
	e.deposit(seal.ModeAccount, "x", "bob@guest.test")
	// A folder with something in it can neither be removed nor opened as a file.
	blocked := filepath.Join(e.opts.Dir, compactFile)
	if err := os.MkdirAll(filepath.Join(blocked, "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := e.Compact(ctx); err == nil {
		t.Fatal("compacted")
	}
	e.deposit(seal.ModeAccount, "the store goes on", "bob@guest.test")
	if err := os.RemoveAll(blocked); err != nil {
		t.Fatal(err)
	}
	if err := e.Compact(ctx); err != nil {
		t.Fatal(err)
	}
}
