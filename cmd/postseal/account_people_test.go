package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/postseal/postseal/store"
	"github.com/postseal/postseal/store/socket"
)

// oneMailbox has the people that it was given.
type oneMailbox struct{ people []socket.Person }

func (k *oneMailbox) ReportPeople(_ context.Context, mailbox string) (store.PeopleReport, error) {
	if mailbox != "claims@guest.test" {
		return store.PeopleReport{}, store.ErrNoAccount
	}
	return store.PeopleReport{
		Mailbox: mailbox, Access: socket.Access{PeopleOnly: true, SecondStep: true}, People: k.people,
		Invited: []socket.InvitedPerson{{Address: "eve@guest.test", By: "ann@guest.test", Expires: time.Unix(0, 0)}},
	}, nil
}

func (k *oneMailbox) AddPerson(_ context.Context, _, person string, manager bool) error {
	k.people = append(k.people, socket.Person{Address: person, Name: "Bob\x1b[31m", Manager: manager})
	return nil
}

func (k *oneMailbox) DropPerson(context.Context, string, string) error {
	if len(k.people) == 0 {
		return store.ErrNoSeat
	}
	k.people = nil
	return nil
}

func TestPeopleByControl(t *testing.T) {
	client, ctx := dialKeeper(t, &fakeKeeper{peopleKeeper: &oneMailbox{}}), t.Context()
	if err := client.AddPerson(ctx, "claims@guest.test", "bob@guest.test", true); err != nil {
		t.Fatal(err)
	}
	r, err := client.ReportPeople(ctx, "claims@guest.test")
	if err != nil {
		t.Fatal(err)
	}
	text := peopleText(r)
	for _, want := range []string{"claims@guest.test  opened by its people alone", "no account yet", "second step", "manager   bob@guest.test", "opener    eve@guest.test  invited by ann@guest.test"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if strings.Contains(text, "\x1b") {
		t.Errorf("a terminal's control characters in %q", text)
	}
	if err := client.DropPerson(ctx, "claims@guest.test", "bob@guest.test"); err != nil {
		t.Fatal(err)
	}
	err = client.DropPerson(ctx, "claims@guest.test", "bob@guest.test")
	if err == nil || !strings.Contains(err.Error(), store.ErrNoSeat.Error()) {
		t.Errorf("nobody: %v", err)
	}
	if _, err := client.ReportPeople(ctx, "nobody@guest.test"); err == nil || !strings.Contains(err.Error(), store.ErrNoAccount.Error()) {
		t.Errorf("no mailbox: %v", err)
	}
}
