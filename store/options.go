package store

import (
	"errors"
	"fmt"
	"log/slog"
	"math/bits"
	"time"

	"filippo.io/age"

	"github.com/postseal/postseal/store/keys"
	"github.com/postseal/postseal/store/socket"
)

// Options say where and how a store works. A zero duration or size means the
// default that is named beside it.
type Options struct {
	Dir  string      // the folder; made (0700) if it is not there
	Keys *keys.Owner // required
	// Recovery gets a grant for every account-mode message. nil: no recovery at
	// all, not even offline; a forgotten password then loses every message.
	Recovery *age.HybridRecipient
	Mails    Mailer // required
	// SignIn verifies members who sign in by the organisation's directory or
	// provider. nil: members sign in as guests do.
	SignIn SignIn
	// Alerts renders sign-in alerts. nil: there are none.
	Alerts AlertMailer
	// Addresses renders the mails about further addresses of an account. nil:
	// none can be added.
	Addresses AddressMailer
	// People renders the mails about who may open a mailbox. nil: nobody can be
	// invited, and nobody is told.
	People PeopleMailer
	// URL is the portal's, for passkeys; "": there are none.
	URL string

	// Operator is the administrator by whose command the store is open: each entry
	// of the trail names him. "" in a service, whose administrators come by [By].
	Operator string

	Now func() time.Time // nil: time.Now
	Log *slog.Logger     // nil: nothing is logged
	// Fatal is called once, when a commit or an fsync failed: what is on disk is
	// then unknown, every further call fails, and the process must end (the MTA
	// keeps its mail). nil: panic.
	Fatal func(error)

	OneTimeGrace time.Duration // how long an opened one-time message can be opened again; 1 h
	SessionIdle  time.Duration // a session ends when not used for this long; 30 min
	SessionMax   time.Duration // and after this in any case; 12 h
	ResetTTL     time.Duration // life of a reset link; 24 h
	LinkMemory   time.Duration // how long an ended link is still told apart from an unknown one; 90 days
	MailLife     time.Duration // after this an unsent mail of the outbox is dropped; 14 days
	StatusMemory time.Duration // how long a sender can still follow what has ended; 90 days
	ThreadLife   time.Duration // how long an answer to a guest's reply is known to be one; 1 year
	Retention    time.Duration // the longest time from now to which a message can be extended; 0: any

	DeletedLife time.Duration // how long what was deleted can be brought back; 30 days
	OwnLife     time.Duration // how long a draft or a sent copy is kept; 180 days
	MaxOwn      int64         // octets of all drafts and sent copies of an account; 1 GiB
	MaxOwnItems int           // their number; 10,000

	Compose Compose

	Reminders Reminders
	// RecoveryOffline says that the portal does not have the recovery key: a guest
	// without an account can't be given a new activation.
	RecoveryOffline bool

	MaxReply int64 // octets of a reply's MIME entity; 50 MiB
	MinFree  int64 // free octets of the file system below which ErrFull is returned; 64 MiB, < 0: not checked
	MmapSize int   // address space reserved for each file, in octets; 8 GiB (128 MiB on 32 bits)
}

// Reminders say who is told of messages that were not opened. Zero: nobody.
type Reminders struct {
	UnreadAfter  []time.Duration // after these times since it was sent
	ToRecipient  bool
	ToSender     bool
	BeforeExpiry time.Duration // this long before its end, once
	// ExpiredUnread tells the sender when a message ended and was never opened.
	ExpiredUnread bool
}

// Compose says who may write new messages in the portal. The zero value: nobody.
type Compose struct {
	// Domains are those to which guests may write: "example.com" is that domain
	// alone, ".example.com" what is below it.
	Domains []string
	// Member reports whether an address is internal: its account may write to
	// anybody. nil: there are no members who write.
	Member func(address string) bool
	// Pass is what the milter is to know about a member's message when it passes:
	// that it is to be sealed for those outside, and how, and the id by which the
	// member is to follow it (Dispatch.ID).
	Pass func(member, dispatch string, o socket.SendOptions) ([]byte, error)
	// Directory finds people for members who write, and with GuestsLookUp for
	// guests too. nil: there is none.
	Directory    Directory
	GuestsLookUp bool
}

// maxUnread bounds how often one message is reminded of.
const maxUnread = 10

// defaultMmap is large: while a file outgrows its mapping, writers wait for all
// readers. It costs address space only, of which 32 bits have little.
const defaultMmap = 1 << (27 + 6*(bits.UintSize/64))

func (o Options) withDefaults() (Options, error) {
	if o.Dir == "" || o.Keys == nil || o.Mails == nil {
		return o, errors.New("open a store: Dir, Keys and Mails are required")
	}
	if len(o.Reminders.UnreadAfter) > maxUnread {
		return o, fmt.Errorf("open a store: %d reminders of one message are more than %d", len(o.Reminders.UnreadAfter), maxUnread)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Fatal == nil {
		o.Fatal = func(err error) { panic(fmt.Sprintf("store: %v", err)) }
	}
	for _, d := range []struct {
		v *time.Duration
		d time.Duration
	}{
		{&o.OneTimeGrace, time.Hour},
		{&o.SessionIdle, 30 * time.Minute},
		{&o.SessionMax, 12 * time.Hour},
		{&o.ResetTTL, 24 * time.Hour},
		{&o.LinkMemory, 90 * 24 * time.Hour},
		{&o.MailLife, 14 * 24 * time.Hour},
		{&o.StatusMemory, 90 * 24 * time.Hour},
		{&o.ThreadLife, 365 * 24 * time.Hour},
		{&o.DeletedLife, 30 * 24 * time.Hour},
		{&o.OwnLife, 180 * 24 * time.Hour},
	} {
		if *d.v == 0 {
			*d.v = d.d
		}
	}
	if o.MaxOwn == 0 {
		o.MaxOwn = 1 << 30
	}
	if o.MaxOwnItems == 0 {
		o.MaxOwnItems = 10000
	}
	if o.MaxReply == 0 {
		o.MaxReply = 50 << 20
	}
	if o.MinFree == 0 {
		o.MinFree = 64 << 20
	}
	if o.MmapSize == 0 {
		o.MmapSize = defaultMmap
	}
	return o, nil
}
