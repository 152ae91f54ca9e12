package store

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/postseal/postseal/store/keys"
	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// childRoundup makes the child of a crash test one of TestRoundupKilled.
const childRoundup = "POSTSEAL_STORE_CRASH_ROUNDUP"

const crashReader = "bob@guest.test"

// crashRoundups deposits messages for somebody who wants one mail an hour, in a time
// that runs, sends what is due, and prints the id of each message that was
// acknowledged.
func crashRoundups(dir string) error {
	owner, err := keys.LoadOwner(filepath.Join(dir, "keys"))
	if err != nil {
		return err
	}
	var hours atomic.Int64
	s, err := Open(Options{
		Dir: filepath.Join(dir, "store"), Keys: owner, Recovery: owner.Recovery, MmapSize: testMmap, MinFree: -1,
		Mails: &testMails{codes: map[string]seal.Code{}},
		Now:   func() time.Time { return time.Now().Add(time.Duration(hours.Load()) * time.Hour) },
	})
	if err != nil {
		return err
	}
	ctx := context.Background()
	key, err := seal.NewAccountKey()
	if err != nil {
		return err
	}
	account := s.vault.account(crashReader)
	err = s.update(ctx, func(c *change) error {
		return s.vault.put(c, bucketAccount, account[:], accountRecord{
			versioned: current, Address: crashReader, PublicKey: key.Recipient(), Roundup: socket.Roundup{Every: socket.EveryHour},
		})
	})
	if err != nil {
		return err
	}
	var out sync.Mutex
	failed := make(chan error, 1)
	for w := range 4 {
		go func() {
			for n := 0; ; n++ {
				message, err := crashCome(ctx, s, fmt.Sprint(w, n, time.Now().UnixNano()))
				if err != nil {
					failed <- err
					return
				}
				out.Lock()
				fmt.Println(message)
				out.Unlock()
			}
		}()
	}
	for {
		select {
		case err := <-failed:
			return err
		default:
		}
		hours.Add(1)
		if err := s.Purge(ctx); err != nil {
			return err
		}
		if i, err := s.ClaimMail(ctx, time.Minute); err != nil {
			return err
		} else if i != nil {
			if err := s.MailSent(ctx, i); err != nil {
				return err
			}
		}
	}
}

// crashCome deposits a message, with a notice unless it waits.
func crashCome(ctx context.Context, s *Store, name string) (string, error) {
	now := s.now()
	d := s.Begin(DepositKey{From: "a@example.com", MessageID: name})
	sealed, err := d.Seal(ctx, SealRequest{
		Mode: seal.ModeAccount, Sender: "a@example.com", Recipients: []string{crashReader},
		Message: strings.NewReader("x"), Created: now, Expires: now.Add(1000 * day),
	})
	if err != nil {
		return "", err
	}
	if sealed[0].Waits.IsZero() {
		d.Send(Mail{Kind: KindNotice, From: "a@example.com", To: []string{crashReader}, Data: []byte("notice"), Message: sealed[0].Message})
	}
	return sealed[0].Message, d.Commit(ctx)
}

// TestRoundupKilled kills the owner again and again: its reader was told of each
// message that was acknowledged, or will be.
func TestRoundupKilled(t *testing.T) {
	dir, e := newCrashEnv(t)
	e.close()
	t.Setenv(childRoundup, "1")
	found := map[string]int{}
	for round := range 3 {
		acked := killOnce(t, dir, 60+40*round, false)
		e.open()
		e.consistent()
		for _, message := range acked {
			found[must(e.fate(must(parseID(message))(t)))(t)]++
		}
		e.close()
	}
	if found["told"] == 0 || found["waits"] == 0 || found["lost"] != 0 {
		t.Errorf("%v: what was acknowledged is told of or waits, both have to occur, and nothing is lost", found)
	}
	e.open()
}

// fate is what became of the notice of a message: "told", also if the mail that tells
// of it is in the outbox, "waits" or "lost".
func (e *env) fate(message id) (fate string, err error) {
	err = e.meta.view(func(tx *bbolt.Tx) error {
		var m messageRecord
		if err := e.vault.get(tx, bucketMessage, message[:], &m); err != nil {
			return err
		}
		due, err := e.awaiting(tx, m.Account, message)
		switch {
		case err != nil:
			return err
		case !due.IsZero():
			fate = "waits"
			return nil
		case !m.Noticed.IsZero():
			fate = "told"
			return nil
		}
		fate = "lost"
		return tx.Bucket([]byte(bucketMail)).ForEach(func(k, _ []byte) error {
			var mail mailRecord
			err := e.vault.get(tx, bucketMail, k, &mail)
			if slices.Contains(append(mail.Messages, mail.Message), message) {
				fate = "told"
			}
			return err
		})
	})
	return fate, err
}
