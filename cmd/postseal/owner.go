package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/postseal/postseal/cmd/postseal/config"
	"github.com/postseal/postseal/milter"
	"github.com/postseal/postseal/milter/guard"
	"github.com/postseal/postseal/milter/notice"
	"github.com/postseal/postseal/milter/outbox"
	"github.com/postseal/postseal/milter/tlspolicy"
	"github.com/postseal/postseal/rules"
	"github.com/postseal/postseal/rules/extract"
	"github.com/postseal/postseal/store"
	"github.com/postseal/postseal/store/keys"
	"github.com/postseal/postseal/store/socket"
)

// mailDrain is how long messages under way may take when the process ends. It is
// longer than a large message's end takes, and shorter than systemd's patience.
const mailDrain = 60 * time.Second

// owner is the mail side of a process: it owns the store, answers the MTA, sends
// the outbox, keeps the store tidy and serves it to the portal.
type owner struct {
	config    *config.Config
	log       *slog.Logger
	store     *store.Store
	extractor *extract.Pool
	rules     *rules.Live
	milter    *milter.Server
	listeners []net.Listener
	outbox    *outbox.Outbox
	socket    *socket.Server
	socketAt  net.Listener
	control   *control
	prober    *tlspolicy.Prober // nil where nobody carries out TLS levels
	policies  *tlspolicy.Server // nil unless Postfix asks
	policyAt  net.Listener
	fatal     chan error
}

// newOwner opens everything; on an error nothing stays open.
func newOwner(c *config.Config, log *slog.Logger) (_ *owner, err error) {
	o := &owner{config: c, log: log, fatal: make(chan error, 1)}
	defer func() {
		if err != nil {
			err = errors.Join(err, o.close())
		}
	}()
	k, err := keys.LoadOwner(c.Keys.Dir)
	if err != nil {
		return nil, err
	}
	if o.extractor, err = newExtractor(context.Background(), log); err != nil {
		return nil, err
	}
	ruleOptions := rulesOptions(c)
	ruleOptions.Extractor = o.extractor
	if o.rules, err = rules.NewLive(c.Rules.Dir, ruleOptions, log); err != nil {
		return nil, fmt.Errorf("rules:\n%w", err)
	}
	notices, err := notice.New(noticeOptions(c))
	if err != nil {
		return nil, err
	}
	kept := storeOptions(c, k, notices, log, o.fatal)
	if kept.SignIn, err = newSignIn(c); err != nil {
		return nil, err
	}
	people, err := newPeople(c)
	if err != nil {
		return nil, err
	}
	if people != nil { // a nil *People in the interface would not be nil
		kept.Compose.Directory, kept.Compose.GuestsLookUp = people, c.Portal.Directory == "everybody"
	}
	if o.store, err = store.Open(kept); err != nil {
		return nil, err
	}
	g := guard.New(k.Derive(keys.PurposeGuard))
	if err := o.outgoingTLS(); err != nil {
		return nil, err
	}
	mail, err := milterOptions(c, o, notices, g)
	if err != nil {
		return nil, err
	}
	if o.milter, err = milter.New(mail); err != nil {
		return nil, err
	}
	submission, err := outboxOptions(c, o, notices, g)
	if err != nil {
		return nil, err
	}
	if o.outbox, err = outbox.New(submission); err != nil {
		return nil, err
	}
	if err := o.listen(); err != nil {
		return nil, err
	}
	return o, nil
}

// listen opens the sockets: the MTA's last, so that it waits until all is there.
func (o *owner) listen() (err error) {
	c := o.config
	gid := -1
	if c.Store.SocketGroup != "" {
		if gid, err = groupID(c.Store.SocketGroup); err != nil {
			return fmt.Errorf("store.socket_group: %w", err)
		}
	}
	uids := []int{os.Getuid(), 0}
	if c.Store.PortalUser != "" {
		uid, err := userID(c.Store.PortalUser)
		if err != nil {
			return fmt.Errorf("store.portal_user: %w", err)
		}
		uids = append(uids, uid)
	}
	if o.socketAt, err = socket.Listen(c.Store.Socket, gid); err != nil {
		return err
	}
	o.socket = socket.NewServer(o.store, socket.ServerOptions{UIDs: uids, MaxReply: replyEntity(c), Log: o.log})
	if o.control, err = newControl(c.Store.Control, o.store, o.log); err != nil {
		return err
	}
	if o.policies != nil {
		if o.policyAt, err = listenPolicies(c); err != nil {
			return err
		}
	}
	o.listeners, err = listenMilter(c.Milter)
	return err
}

// run works until ctx ends or something that can't go on fails. Then the MTA's
// sessions are drained and the outbox stops. The store stays open until close.
func (o *owner) run(ctx context.Context) error {
	return withBallast(func() error { return o.serve(ctx) })
}

func (o *owner) serve(ctx context.Context) error {
	work, ctx := errgroup.WithContext(ctx)
	for _, l := range o.listeners {
		o.log.Info("milter listens", "address", l.Addr().String())
		work.Go(func() error {
			if err := o.milter.Serve(l); !errors.Is(err, milter.ErrClosed) {
				return fmt.Errorf("milter: %w", err)
			}
			return nil
		})
	}
	work.Go(func() error {
		// A closed server's error is of no interest; a failing one's is.
		if err := o.socket.Serve(o.socketAt); err != nil && ctx.Err() == nil {
			return fmt.Errorf("store socket: %w", err)
		}
		return nil
	})
	if o.policies != nil {
		work.Go(func() error { return o.policies.Serve(o.policyAt) })
	}
	work.Go(func() error { return o.control.run(ctx) })
	work.Go(func() error { return ended(ctx, o.outbox.Run(ctx)) })
	work.Go(func() error { return ended(ctx, o.rules.Watch(ctx)) })
	work.Go(func() error { return o.maintain(ctx) })
	work.Go(func() error { return reloadOnHangup(ctx, o.rules) })
	work.Go(func() error {
		select {
		case err := <-o.fatal:
			return fmt.Errorf("store: %w", err)
		case <-ctx.Done():
			return nil
		}
	})
	work.Go(func() error {
		<-ctx.Done()
		o.log.Info("draining")
		drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), mailDrain)
		defer cancel()
		err := o.milter.Shutdown(drain)
		if o.policies != nil {
			o.policies.Close()
		}
		return errors.Join(quiet(err), quiet(o.socket.Shutdown(drain)))
	})
	return work.Wait()
}

// ended drops the error of work that stopped because it was told to.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// quiet drops the error of a drain whose time was over: the rest was closed.
func quiet(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	return err
}

func (o *owner) close() error {
	for _, l := range o.listeners {
		l.Close()
	}
	if o.socketAt != nil {
		o.socketAt.Close()
	}
	if o.policyAt != nil {
		o.policyAt.Close()
	}
	o.control.close()
	if o.extractor != nil {
		o.extractor.Close()
	}
	if o.store == nil {
		return nil
	}
	s := o.store
	o.store = nil
	return s.Close()
}

func noticeOptions(c *config.Config) notice.Options {
	return notice.Options{
		URL:            c.Portal.URL,
		Organisation:   c.Brand.Name,
		Domain:         c.MailDomain(),
		ReplyFrom:      c.Notice.ReplyFrom,
		Postmaster:     c.Brand.Postmaster,
		Help:           c.Brand.Help,
		Colour:         c.Brand.Colour,
		Templates:      c.Notice.Templates,
		ShowSubject:    c.Notice.ShowSubject,
		ReceiptSubject: c.Notice.ReceiptSubject,
		Language:       c.Languages.Default,
		Domains:        c.Languages.Domains,
		Location:       time.Local,
	}
}

func storeOptions(c *config.Config, k *keys.Owner, mails *notice.Renderer, log *slog.Logger, fatal chan<- error) store.Options {
	return store.Options{
		Dir:          c.Store.Dir,
		Keys:         k,
		Recovery:     k.Recovery,
		Mails:        mails,
		Alerts:       mails,
		Addresses:    mails,
		People:       mails,
		Now:          now,
		Log:          log,
		Fatal:        func(err error) { fatal <- err }, // called once, the channel holds one
		OneTimeGrace: c.Messages.OneTimeGrace,
		SessionIdle:  c.Portal.SessionIdle,
		SessionMax:   c.Portal.SessionMax,
		ResetTTL:     c.Messages.ResetTTL,
		MaxReply:     replyEntity(c),
		MinFree:      c.Store.MinFree,
		URL:          c.Portal.URL,
		StatusMemory: c.Messages.Status,
		Retention:    c.Messages.Retention,
		DeletedLife:  c.Messages.Deleted,
		Reminders: store.Reminders{
			UnreadAfter:   c.Reminders.UnreadAfter,
			ToRecipient:   c.Reminders.ToRecipient,
			ToSender:      c.Reminders.ToSender,
			BeforeExpiry:  c.Reminders.BeforeExpiry,
			ExpiredUnread: c.Reminders.ExpiredUnread,
		},
		RecoveryOffline: c.Keys.Recovery == "offline",
		Compose:         compose(c),
	}
}

// compose says who writes new messages in the portal.
func compose(c *config.Config) store.Compose {
	if !c.Portal.Compose {
		return store.Compose{}
	}
	o := store.Compose{Domains: c.Portal.ComposeDomains}
	if len(o.Domains) == 0 {
		o.Domains = c.InternalDomains
	}
	if c.Members.Method != "off" || len(c.Members.Domains) > 0 {
		o.Member = func(address string) bool { return rules.Internal(address, c.InternalDomains) }
		o.Pass = milter.ComposePass
	}
	return o
}

// replyEntity is how many octets a reply of limits.reply has as MIME: base64 with
// a line break after 76 characters (RFC 2045 section 6.8), and headers.
func replyEntity(c *config.Config) int64 { return c.Limits.Reply/54*74 + 1<<20 }

func milterOptions(c *config.Config, o *owner, notices *notice.Renderer, g *guard.Guard) (milter.Options, error) {
	incoming, err := incomingTLS(c)
	if err != nil {
		return milter.Options{}, err
	}
	return milter.Options{
		Incoming:        incoming,
		Outgoing:        o.outgoing(),
		Rules:           o.rules,
		Store:           milter.OfStore(o.store),
		Notices:         notices,
		Guard:           g,
		InternalDomains: c.InternalDomains,
		Retention:       c.Messages.Retention,
		Block:           blockMode(c.Actions.Block),
		Hold:            c.Actions.Hold,
		Sealed:          c.Actions.Quarantine == "sealed",
		Receipt:         c.Actions.Receipt,
		Thread:          c.Messages.Thread,
		KeepHeaders:     c.Milter.KeepHeaders,
		SpoolDir:        c.Milter.SpoolDir,
		Limits: milter.Limits{
			Message:     c.Limits.Message,
			Memory:      c.Limits.Memory,
			Connections: c.Milter.Connections,
			Idle:        c.Milter.Idle,
		},
		Now: now,
		Log: o.log,
	}, nil
}

// blockMode is "" for the automatic choice.
func blockMode(configured string) rules.ReleaseMode {
	if configured == "auto" {
		return ""
	}
	return rules.ReleaseMode(configured)
}

func outboxOptions(c *config.Config, o *owner, notices *notice.Renderer, g *guard.Guard) (outbox.Options, error) {
	trust, err := submissionTLS(c.Submission)
	if err != nil {
		return outbox.Options{}, err
	}
	return outbox.Options{
		Queue:      outbox.OfStore(o.store),
		Guard:      g,
		Address:    c.Submission.Address,
		TLS:        trust,
		RequireTLS: c.Submission.TLS == "required",
		Hello:      c.Submission.Hello,
		GiveUp:     c.Submission.GiveUp,
		Failures:   notices,
		Now:        now,
		Log:        o.log,
	}, nil
}

// submissionTLS returns the settings for STARTTLS. What is merely offered is not
// verified: whoever could put himself between could also take the offer away
// (RFC 7435), so a check would stop mail and no attacker.
func submissionTLS(s config.Submission) (*tls.Config, error) {
	host, _, err := net.SplitHostPort(s.Address)
	if err != nil {
		return nil, fmt.Errorf("submission.address: %w", err)
	}
	roots, err := authorities("submission.ca", s.CA)
	if err != nil {
		return nil, err
	}
	t := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host, RootCAs: roots, InsecureSkipVerify: s.TLS != "required"}
	if s.ServerName != "" {
		t.ServerName = s.ServerName
	}
	return t, nil
}
