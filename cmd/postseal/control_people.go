package main

import (
	"context"
	"net/http"

	"github.com/postseal/postseal/store"
)

// peopleKeeper is what an administrator may ask of mailboxes that several people open.
type peopleKeeper interface {
	ReportPeople(ctx context.Context, mailbox string) (store.PeopleReport, error)
	AddPerson(ctx context.Context, mailbox, person string, manager bool) error
	DropPerson(ctx context.Context, mailbox, person string) error
}

// peopleOrder is the body of the calls about a mailbox's people.
type peopleOrder struct {
	Mailbox string `json:"mailbox"`
	Person  string `json:"person,omitempty"`
	Manager bool   `json:"manager,omitempty"`
}

// servePeople adds the calls about people.
func servePeople(mux *http.ServeMux, k peopleKeeper) {
	mux.HandleFunc("POST /account/people", func(w http.ResponseWriter, r *http.Request) {
		if o, ok := controlBody[peopleOrder](w, r); ok {
			p, err := k.ReportPeople(r.Context(), o.Mailbox)
			answer(w, p, err)
		}
	})
	mux.HandleFunc("POST /account/people/add", func(w http.ResponseWriter, r *http.Request) {
		if o, ok := controlBody[peopleOrder](w, r); ok {
			answer(w, nil, k.AddPerson(r.Context(), o.Mailbox, o.Person, o.Manager))
		}
	})
	mux.HandleFunc("POST /account/people/remove", func(w http.ResponseWriter, r *http.Request) {
		if o, ok := controlBody[peopleOrder](w, r); ok {
			answer(w, nil, k.DropPerson(r.Context(), o.Mailbox, o.Person))
		}
	})
}

func (c *controlClient) ReportPeople(ctx context.Context, mailbox string) (p store.PeopleReport, err error) {
	err = c.call(ctx, http.MethodPost, "/account/people", peopleOrder{Mailbox: mailbox}, &p)
	return p, err
}

func (c *controlClient) AddPerson(ctx context.Context, mailbox, person string, manager bool) error {
	return c.call(ctx, http.MethodPost, "/account/people/add", peopleOrder{mailbox, person, manager}, nil)
}

func (c *controlClient) DropPerson(ctx context.Context, mailbox, person string) error {
	return c.call(ctx, http.MethodPost, "/account/people/remove", peopleOrder{Mailbox: mailbox, Person: person}, nil)
}
