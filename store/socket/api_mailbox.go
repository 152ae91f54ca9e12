package socket

import (
	"context"
	"io"
	"iter"
	"slices"
	"time"

	"github.com/postseal/postseal/store/seal"
)

// A Folder is one list of an account's mailbox.
type Folder string

const (
	FolderInbox   Folder = "inbox"
	FolderSent    Folder = "sent"    // the account's own copies of what it wrote
	FolderDrafts  Folder = "drafts"  // what it has not sent yet
	FolderDeleted Folder = "deleted" // of all three, until they are removed
)

// Folders are the calls of a session on its lists.
type Folders interface {
	// List returns a page of a folder, newest first.
	List(ctx context.Context, session seal.Token, q ListQuery) (List, error)
	// Conversation returns what belongs together with a message or an own item,
	// oldest first: what is in the inbox and in sent, or what is deleted, the
	// newest 100 of it.
	Conversation(ctx context.Context, session seal.Token, id string) ([]Item, error)
	// Flag sets and clears flags.
	Flag(ctx context.Context, session seal.Token, s Selection, set, clear Flags) error
	// Move deletes, brings back, or removes for good. A removed message is out of
	// the account's sight at once; its sender still follows it until it expires.
	Move(ctx context.Context, session seal.Token, s Selection, to Destination) error
	// KeepIndex stores index entries, by id. The owner can't read them. One of
	// what is not the account's is passed over.
	KeepIndex(ctx context.Context, session seal.Token, entries map[string][]byte) error
	// Contacts returns what KeepContacts stored last: sealed by the portal.
	Contacts(ctx context.Context, session seal.Token) ([]byte, error)
	KeepContacts(ctx context.Context, session seal.Token, sealed []byte) error
}

// A ListQuery says what to list. The zero value of a field asks for everything.
type ListQuery struct {
	Folder  Folder    `json:"folder"`
	Cursor  string    `json:"cursor,omitempty"` // Next of the page before
	Limit   int       `json:"limit"`            // at most 200; 1,000 if Flat
	Unread  bool      `json:"unread,omitempty"`
	Starred bool      `json:"starred,omitempty"`
	Since   time.Time `json:"since,omitzero"`
	Until   time.Time `json:"until,omitzero"` // not including it
	// Flat lists each message by itself; else there is one item a conversation,
	// its newest of the folder that passes.
	Flat bool `json:"flat,omitempty"`
	// Full gives out manifest, summary and grant also where there is an index
	// entry.
	Full bool `json:"full,omitempty"`
}

// A List is a page of a folder.
type List struct {
	Items []Item `json:"items"`
	// Next is the cursor of the next page, "" at the end. A page may have fewer
	// items than were asked for, even none, and still have a Next: what one call
	// looks at is bounded.
	Next   string           `json:"next,omitempty"`
	Counts map[Folder]Count `json:"counts"`
}

// A Count is of a folder as a whole.
type Count struct {
	Total  int `json:"total"`
	Unread int `json:"unread"`
}

// An Item is one line of a list. Of a message there is an Index, or what the
// portal makes one of (Manifest, Summary, Grant). Of an own item there is always
// an Index.
type Item struct {
	Message
	Folder  Folder `json:"folder"`
	Own     bool   `json:"own,omitempty"` // a draft or a sent copy; Received is when it was written last
	Starred bool   `json:"starred,omitempty"`
	Index   []byte `json:"index,omitempty"`
	// Of a conversation: how many Conversation returns, and how many of them are
	// unread. 0 in a flat list.
	Count  int `json:"count,omitempty"`
	Unread int `json:"unread,omitempty"`
}

// Flags are what an account notes about its messages.
type Flags struct {
	Read bool `json:"read,omitempty"`
	Star bool `json:"star,omitempty"`
}

// A Selection names at most [MaxSelected] messages and own items. Ids that are not
// the account's, or not there any more, are passed over.
type Selection struct {
	IDs []string `json:"ids"`
	// Whole takes all of each one's conversation that is in the same folder. Then
	// at most [MaxWhole] are named.
	Whole bool `json:"whole,omitempty"`
}

// The most that one call changes: it would be thousands of messages otherwise, for
// which other calls wait. A caller with more makes several calls.
const (
	MaxSelected = 500
	MaxWhole    = 20
)

// Parts splits a selection into those of as many calls as it needs.
func (s Selection) Parts() iter.Seq[Selection] {
	return func(yield func(Selection) bool) {
		for ids := range slices.Chunk(s.IDs, s.most()) {
			if !yield(Selection{ids, s.Whole}) {
				return
			}
		}
	}
}

// Fits reports whether one call may have the selection.
func (s Selection) Fits() bool { return len(s.IDs) <= s.most() }

func (s Selection) most() int {
	if s.Whole {
		return MaxWhole
	}
	return MaxSelected
}

// A Destination is where a selection goes.
type Destination string

const (
	ToDeleted Destination = "deleted"
	ToFolder  Destination = "back" // from deleted to where it came from
	ToNowhere Destination = "gone" // from deleted, for good
)

// Drafts are the calls of a session on what it writes. All of it is sealed by the
// portal under a key that the owner does not have. The portal chooses the ids
// (UUIDv7): storing the same twice is once.
type Drafts interface {
	// PutDraft makes a draft, or replaces its content.
	PutDraft(ctx context.Context, session seal.Token, d Draft, content io.Reader) error
	// OwnItem describes a draft or a sent copy.
	OwnItem(ctx context.Context, session seal.Token, id string) (OwnItem, error)
	// OwnContent returns what PutDraft was given.
	OwnContent(ctx context.Context, session seal.Token, id string) (io.ReadCloser, error)
	// PutFile appends to a file of a draft, and makes it with the first chunks.
	// Each chunk but the last of a file has 65,536 octets. ErrConflict: From is
	// not the number of chunks that are there; OwnItem tells it.
	PutFile(ctx context.Context, session seal.Token, p FilePart, chunks io.Reader) (OwnFile, error)
	// OwnFile returns the chunks of a file.
	OwnFile(ctx context.Context, session seal.Token, id, file string) (io.ReadCloser, error)
	// DropFile removes a file of a draft. Removing one that is not there is no error.
	DropFile(ctx context.Context, session seal.Token, id, file string) error
}

// A Draft is what the owner knows of one.
type Draft struct {
	ID      string `json:"id"`
	Answers string `json:"answers,omitempty"` // id of the message that it answers or forwards
	Index   []byte `json:"index"`             // as of [Folders].KeepIndex
}

// An OwnItem is a draft or a sent copy.
type OwnItem struct {
	ID      string    `json:"id"`
	Folder  Folder    `json:"folder"`
	Answers string    `json:"answers,omitempty"`
	Changed time.Time `json:"changed"`
	Expires time.Time `json:"expires"`
	Size    int64     `json:"size"` // octets as stored, files included
	Files   []OwnFile `json:"files"`
	// Dispatch is what a member can follow of it (Following).
	Dispatch string `json:"dispatch,omitempty"`
}

// An OwnFile is one attachment.
type OwnFile struct {
	ID     string `json:"id"`
	Chunks int    `json:"chunks"`
	Size   int64  `json:"size"` // octets as stored
}

// A FilePart names the place of some chunks.
type FilePart struct {
	Draft string `json:"draft"`
	File  string `json:"file"`
	From  int    `json:"from"` // number of the first of them
}

// Writing are the calls that start a conversation.
type Writing interface {
	// Compose sends a new message. entity is as for Reply. A guest writes to
	// internal addresses alone, of the domains that the site allows; a member to
	// anybody, and what goes outside is sealed.
	Compose(ctx context.Context, session seal.Token, c Composition, entity io.Reader) error
}

// A Composition is the part of a new message that its writer chooses. The owner
// writes the header.
type Composition struct {
	Draft   string      `json:"draft,omitempty"` // becomes the copy in sent
	To      []string    `json:"to"`
	Cc      []string    `json:"cc,omitempty"`
	Subject string      `json:"subject"`
	Nonce   string      `json:"nonce"` // as of a [Reply]
	Options SendOptions `json:"options,omitzero"`
}

// SendOptions are a member's wishes about a message that is sealed.
type SendOptions struct {
	ReadReceipt bool `json:"readReceipt,omitempty"`
	NoPrint     bool `json:"noPrint,omitempty"`
	NoReply     bool `json:"noReply,omitempty"`
	Days        int  `json:"days,omitempty"` // until it expires: 1, 7 or 30; 0: the usual
}

// What a session may compose, see [SessionInfo].
const (
	ComposeNothing  = ""
	ComposeInternal = "internal" // a guest: to the domains of the site
	ComposeAny      = "any"      // a member
)
