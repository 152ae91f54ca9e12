package e2e

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/postseal/postseal/cmd/postseal/config"
	"github.com/postseal/postseal/cmd/postseal/mta"
	"github.com/postseal/postseal/examples"
)

// patience is how long a test waits for something that should happen.
const patience = 60 * time.Second

// SiteOptions say what differs from an ordinary site.
type SiteOptions struct {
	Two   bool              // milter and portal in two processes, not one
	Inet  bool              // the milter listens on TCP, not on a Unix socket
	Rules string            // text of the rule file; "" is the sample
	Set   map[string]string // more settings: key to TOML
	Main  map[string]string // more of main.cf
	// Master are more lines of master.cf, and ResolvConf is the MTA's own.
	Master     []string
	ResolvConf string
	// Macros and Routes are for Sendmail (mta.Options).
	Macros []string
	Routes map[string]string
	// Sendmail takes Postfix's place.
	Sendmail bool
	// Between is a socket that the MTA uses in place of the milter's: something
	// that stands between the two.
	Between string
	// Users runs the processes of Two under [milterUser] and [portalUser], as a
	// real site does.
	Users bool
	// Members sign in to the portal: those of firm.example at a directory, those of
	// cloud.example at an OpenID provider, those of example.com by a password of the
	// portal. All three domains are internal then, and everybody may look people up.
	Members bool
	// Host is by what name browsers reach the portal; "": by its address. Passkeys
	// need a name, such as localhost.
	Host string
}

// System users that are on every machine and that own nothing here.
const (
	milterUser = "daemon"
	portalUser = "nobody"
)

// An MTA is a Postfix or a Sendmail.
type MTA interface {
	Sendmail(ctx context.Context, message io.Reader, args ...string) error
	Queue(context.Context) ([]mta.QueueEntry, error)
	Log() string
	Stop() error
}

// internal are the domains of the site.
func (o SiteOptions) internal() []string {
	if o.Members {
		return []string{"example.com", "firm.example", "cloud.example"}
	}
	return []string{"example.com"}
}

// A Site is a private MTA with Postseal beside it. example.com is internal.
type Site struct {
	MTA     MTA
	SMTP    string       // where mail is submitted
	Postfix *mta.Postfix // nil with SiteOptions.Sendmail
	Inside  *mta.Sink    // members' mailboxes
	Outside *mta.Sink    // everybody else's
	URL     string       // of the portal
	Dir     string       // configuration, rules, keys, store
	Milter  *Process     // also the portal, unless SiteOptions.Two
	Portal  *Process     // nil unless SiteOptions.Two

	credentials  map[string]*syscall.Credential // by command; empty: ours
	submission   string                         // where Postseal submits
	milterSocket string                         // as in smtpd_milters
	portalAddr   string
}

// NewSite starts a site and stops it when the test ends. A test that failed
// shows the logs of all processes.
func NewSite(t *testing.T, o SiteOptions) *Site {
	t.Helper()
	s := &Site{}
	var err error
	if s.Dir, err = os.MkdirTemp("", "postseal-e2e-"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(s.Dir) })
	// Postfix's user connects to the milter's socket in here.
	if err := os.Chmod(s.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, sink := range []**mta.Sink{&s.Inside, &s.Outside} {
		if *sink, err = mta.NewSink(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { (*sink).Close() })
	}
	s.milterSocket = "unix:" + filepath.Join(s.Dir, "milter.sock")
	if o.Inet {
		s.milterSocket = "inet:" + freePort(t)
	}
	s.portalAddr = freePort(t)
	s.URL = "http://" + s.portalAddr
	if o.Host != "" {
		_, port, _ := strings.Cut(s.portalAddr, ":")
		s.URL = "http://" + net.JoinHostPort(o.Host, port)
	}
	s.startMTA(t, o)
	s.configure(t, o)
	if o.Two {
		s.Milter = s.start(t, "milter")
		s.Portal = s.start(t, "portal")
	} else {
		s.Milter = s.start(t, "serve")
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the MTA:\n%s", s.MTA.Log())
		}
	})
	s.waitMilter(t)
	s.waitPortal(t)
	return s
}

func (s *Site) startMTA(t *testing.T, o SiteOptions) {
	t.Helper()
	options := mta.Options{
		Milters:  []string{cmp.Or(o.Between, s.milterSocket)},
		Internal: o.internal(),
		Inside:   s.Inside.Addr(),
		Outside:  s.Outside.Addr(),
		Main:     o.Main,
		Master:   o.Master, ResolvConf: o.ResolvConf, Macros: o.Macros, Routes: o.Routes,
	}
	if o.Sendmail {
		m, err := mta.StartSendmail(t.Context(), options)
		if err != nil {
			t.Fatal(err)
		}
		s.MTA, s.SMTP, s.submission = m, m.SMTP, m.Submission
	} else {
		m, err := mta.Start(t.Context(), options)
		if err != nil {
			t.Fatal(err)
		}
		s.MTA, s.SMTP, s.submission = m, m.SMTP, m.Submission
		s.Postfix = m
	}
	t.Cleanup(func() {
		if err := s.MTA.Stop(); err != nil {
			t.Error(err)
		}
	})
}

// configure lets the program's own init write the site, and then says what
// differs.
func (s *Site) configure(t *testing.T, o SiteOptions) {
	t.Helper()
	etc := filepath.Join(s.Dir, "etc")
	if o.Users {
		s.credentials = credentials(t)
		s.Run(t, "init", "--dir", etc, "--milter-user", milterUser, "--portal-user", portalUser)
		if err := os.Chown(s.Dir, int(s.credentials["milter"].Uid), -1); err != nil {
			t.Fatal(err)
		}
	} else {
		s.Run(t, "init", "--dir", etc)
	}
	set := map[string]string{
		"internal_domains":     config.QuoteList(o.internal()),
		"milter.listen":        config.QuoteList([]string{s.milterSocket}),
		"milter.socket_group":  config.Quote("postfix"),
		"milter.spool_dir":     config.Quote(s.Dir),
		"store.dir":            config.Quote(filepath.Join(s.Dir, "store")),
		"store.socket":         config.Quote(filepath.Join(s.Dir, "store.sock")),
		"store.control_socket": config.Quote(filepath.Join(s.Dir, "control.sock")),
		"portal.url":           config.Quote(s.URL),
		"portal.listen":        config.Quote(s.portalAddr),
		"submission.address":   config.Quote(s.submission),
		"brand.name":           config.Quote("Example Ltd"),
		"log.level":            config.Quote("debug"),
	}
	if o.Users {
		set["store.portal_user"] = config.Quote(portalUser)
		set["store.socket_group"] = config.Quote(groupName(t, s.credentials["portal"].Gid))
	}
	if o.Members {
		maps.Copy(set, s.members(t))
	}
	maps.Copy(set, o.Set)
	s.write(t, s.ConfigFile(), config.Sample(set))
	if o.Rules != "" {
		sample := filepath.Join(s.RulesDir(), "50-"+examples.Sample)
		s.write(t, sample, o.Rules)
	}
}

// ConfigFile is the site's postseal.toml.
func (s *Site) ConfigFile() string { return filepath.Join(s.Dir, "etc", "postseal.toml") }

// RulesDir holds the site's rule files.
func (s *Site) RulesDir() string { return filepath.Join(s.Dir, "etc", "rules.d") }

// StoreDir is the store's folder.
func (s *Site) StoreDir() string { return filepath.Join(s.Dir, "store") }

func (s *Site) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Run runs a command of the program with the site's configuration and returns
// what it printed. A failure ends the test.
func (s *Site) Run(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command(binary, append(args, "--config", s.ConfigFile())...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("postseal %s: %v\n%s%s", strings.Join(args, " "), err, out.String(), errs.String())
	}
	return out.String()
}

// A Process is the program that runs in the background.
type Process struct {
	cmd  *exec.Cmd
	log  *syncBuffer
	done chan struct{}
	err  error // how it ended; after done
}

// start runs a server; it is stopped when the test ends.
func (s *Site) start(t *testing.T, name string) *Process {
	t.Helper()
	p := &Process{log: &syncBuffer{}, done: make(chan struct{})}
	p.cmd = exec.Command(binary, name, "--config", s.ConfigFile())
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	p.cmd.Env = append(os.Environ(), "POSTSEAL_CLOCK="+s.clockFile())
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.credentials[name]}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		p.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-p.done:
		case <-time.After(patience):
			p.cmd.Process.Kill()
			<-p.done
			t.Errorf("postseal %s did not end after SIGTERM", name)
		}
		if t.Failed() {
			t.Logf("postseal %s:\n%s", name, p.Log())
		}
	})
	return p
}

// Signal sends a signal, for example SIGHUP.
func (p *Process) Signal(t *testing.T, sig syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
}

// Kill ends the process at once (SIGKILL) and waits until it is gone.
func (p *Process) Kill(t *testing.T) {
	t.Helper()
	p.Signal(t, syscall.SIGKILL)
	<-p.done
}

// Stop ends the process as a service manager does and returns how it ended.
func (p *Process) Stop(t *testing.T) error {
	t.Helper()
	p.Signal(t, syscall.SIGTERM)
	select {
	case <-p.done:
		return p.err
	case <-time.After(patience):
		t.Fatal("it did not end after SIGTERM")
		return nil
	}
}

// Log returns what the process wrote so far.
func (p *Process) Log() string { return p.log.String() }

// WaitLog waits until the process wrote text.
func (p *Process) WaitLog(t *testing.T, text string) {
	t.Helper()
	wait(t, fmt.Sprintf("%q in the log", text), func() bool { return strings.Contains(p.Log(), text) })
}

// RestartMilter starts the milter's process again after Kill or Stop.
func (s *Site) RestartMilter(t *testing.T) {
	t.Helper()
	name := "serve"
	if s.Portal != nil {
		name = "milter"
	}
	s.Milter = s.start(t, name)
	s.waitMilter(t)
	if s.Portal == nil {
		s.waitPortal(t)
	}
}

func (s *Site) waitMilter(t *testing.T) {
	t.Helper()
	kind, address, _ := strings.Cut(s.milterSocket, ":")
	network := map[string]string{"unix": "unix", "inet": "tcp"}[kind]
	s.waitDial(t, s.Milter, network, address)
}

func (s *Site) waitPortal(t *testing.T) {
	t.Helper()
	p := s.Portal
	if p == nil {
		p = s.Milter
	}
	s.waitDial(t, p, "tcp", s.portalAddr)
}

// waitDial waits until somebody listens, or ends the test when the process ends.
func (s *Site) waitDial(t *testing.T, p *Process, network, address string) {
	t.Helper()
	wait(t, "somebody at "+address, func() bool {
		select {
		case <-p.done:
			t.Fatalf("it ended: %v\n%s", p.err, p.Log())
		default:
		}
		c, err := net.Dial(network, address)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
}

// wait calls f until it holds; the test ends at the deadline.
func wait(t *testing.T, what string, f func() bool) {
	t.Helper()
	end := time.Now().Add(patience)
	for !f() {
		if time.Now().After(end) {
			t.Fatalf("waited %s for %s", patience, what)
		}
		time.Sleep(5 * time.Millisecond) // between two looks, not instead of one
	}
}

// deadline is a context for what should happen soon.
func deadline(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func freePort(t *testing.T) string {
	t.Helper()
	address, err := mta.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// syncBuffer is a buffer that a process writes while a test reads.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// Queue returns the ids of the messages in the MTA's queue named ("hold",
// "deferred", ...).
func (s *Site) Queue(t *testing.T, name string) []string {
	t.Helper()
	entries, err := s.MTA.Queue(deadline(t))
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, e := range entries {
		if e.Queue == name {
			ids = append(ids, e.ID)
		}
	}
	return slices.Clip(ids)
}
