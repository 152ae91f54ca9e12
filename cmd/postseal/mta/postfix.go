package mta

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// ErrNotInstalled is returned by [Start] when Postfix's programs are missing.
var ErrNotInstalled = errors.New("postfix is not installed: run .ci/install, or install your system's postfix package")

// ErrNotRoot is returned by [Start] without the rights Postfix needs.
var ErrNotRoot = errors.New("a private Postfix needs root, since its processes run under users of their own: try again with sudo")

// How long the instance may take to greet, and to end after SIGTERM.
const (
	startTimeout = 20 * time.Second
	stopTimeout  = 10 * time.Second
	startTries   = 3 // a port that was free may be taken when Postfix binds it
)

// Options of a private Postfix.
type Options struct {
	// Milters as in smtpd_milters: "unix:/path" or "inet:127.0.0.1:port". They
	// see SMTP, submission and the sendmail command. They need not run yet.
	Milters []string
	// Internal domains, and their subdomains, are delivered to Inside.
	Internal []string
	// Inside and Outside are the host:port of the sinks.
	Inside, Outside string
	// Hostname is myhostname; the default is "mail.example.com".
	Hostname string
	// MessageSizeLimit in bytes; the default is 60 MB.
	MessageSizeLimit int64
	// Main holds more settings for main.cf; they override ours.
	Main map[string]string
	// Master holds more lines for master.cf.
	Master []string
	// Macros are more lines of sendmail.mc, and Routes more of its mailertable: the
	// address of a domain's server, which is at the port of Outside.
	Macros []string
	Routes map[string]string
	// ResolvConf is a file that takes the place of /etc/resolv.conf for the instance
	// alone, so that it can ask a DNS server of the test's.
	ResolvConf string
}

// A Postfix is a private instance that runs.
type Postfix struct {
	SMTP       string // host:port for mail to be filtered
	Submission string // host:port for Postseal's own mail; filtered as well

	options Options
	dir     string
	master  *exec.Cmd
	guard   *watch
	exited  chan struct{}
	stop    sync.Once
	stopErr error
}

// Start writes the configuration and starts the instance. It returns when both
// ports greet. An error holds what Postfix said.
func Start(ctx context.Context, o Options) (*Postfix, error) {
	for _, program := range []string{"postfix", "postconf", "postqueue", "sendmail"} {
		if _, err := Program(program); err != nil {
			return nil, fmt.Errorf("%w (%w)", ErrNotInstalled, err)
		}
	}
	if os.Geteuid() != 0 {
		return nil, ErrNotRoot
	}
	if o.Hostname == "" {
		o.Hostname = "mail.example.com"
	}
	if o.MessageSizeLimit == 0 {
		o.MessageSizeLimit = 60 << 20
	}
	var errs []error
	for range startTries {
		p, err := start(ctx, o)
		if err == nil {
			return p, nil
		}
		errs = append(errs, err)
		if !errors.Is(err, errExited) && !strings.Contains(err.Error(), "Address already in use") {
			break
		}
	}
	return nil, errors.Join(errs...)
}

func start(ctx context.Context, o Options) (_ *Postfix, err error) {
	// Postfix's users must be able to pass through, and socket paths are short
	// (108 bytes, unix(7)), so not below a test's own temporary folder.
	dir, err := os.MkdirTemp("", "postseal-mta-")
	if err != nil {
		return nil, fmt.Errorf("private postfix: %w", err)
	}
	p := &Postfix{options: o, dir: dir, exited: make(chan struct{})}
	defer func() {
		if err != nil {
			os.RemoveAll(dir)
		}
	}()
	if p.SMTP, err = FreePort(); err != nil {
		return nil, err
	}
	if p.Submission, err = FreePort(); err != nil {
		return nil, err
	}
	if err := p.layOut(); err != nil {
		return nil, fmt.Errorf("private postfix: %w", err)
	}
	if err := p.run(ctx); err != nil {
		return nil, fmt.Errorf("private postfix: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	err = p.waitLog(ctx)
	for _, addr := range []string{p.SMTP, p.Submission} {
		if err == nil {
			err = waitGreeting(ctx, addr, p.exited)
		}
	}
	if err != nil {
		log := p.Log()
		p.Stop()
		return nil, fmt.Errorf("private postfix on %s and %s: %w\n%s", p.SMTP, p.Submission, err, log)
	}
	return p, nil
}

// waitLog returns when postlogd(8) has written its first line. Until it reads,
// its socket holds ten datagrams (net.unix.max_dgram_qlen); a client that
// connects to smtpd(8) again and again fills it, and when postlogd then wants to
// log something itself, it waits for itself for ever.
func (p *Postfix) waitLog(ctx context.Context) error {
	for {
		if info, err := os.Stat(p.LogFile()); err == nil && info.Size() > 0 {
			return nil
		}
		select {
		case <-p.exited:
			return errExited
		case <-ctx.Done():
			return fmt.Errorf("no line in the log: %w", ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// errExited is returned when a server ends before it greets. If it could not bind
// a port, it may have had no log yet to say so.
var errExited = errors.New("the process ended")

// layOut makes the folders and writes the configuration. Postfix's own start-up
// creates the queue's folders.
func (p *Postfix) layOut() error {
	if err := os.Chmod(p.dir, 0o755); err != nil {
		return err
	}
	for _, d := range []string{"conf", "queue", "data"} {
		if err := os.Mkdir(p.path(d), 0o755); err != nil {
			return err
		}
	}
	uid, gid, err := owner("postfix")
	if err != nil {
		return err
	}
	if err := os.Chown(p.path("data"), uid, gid); err != nil {
		return err
	}
	for name, text := range map[string]string{"main.cf": p.mainCF(), "master.cf": p.masterCF()} {
		if err := os.WriteFile(filepath.Join(p.ConfigDir(), name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// run starts master(8) itself as our child, and a watch that ends it when our
// own process dies without Stop.
func (p *Postfix) run(ctx context.Context) error {
	out, err := os.Create(p.path("start"))
	if err != nil {
		return err
	}
	defer out.Close()
	// Makes the queue's folders and refuses what master would trip over.
	if _, err := p.command(ctx, nil, "postfix", "-c", p.ConfigDir(), "check"); err != nil {
		return err
	}
	master, err := Program("master")
	if err != nil {
		return err
	}
	line := []string{master, "-c", p.ConfigDir(), "-s"}
	if file := p.options.ResolvConf; file != "" {
		const script = `mount --bind "$1" /etc/resolv.conf && shift && exec "$@"`
		line = append([]string{"unshare", "--mount", "/bin/sh", "-c", script, "sh", file}, line...)
	}
	p.master = exec.Command(line[0], line[1:]...)
	p.master.Stdout, p.master.Stderr = out, out
	p.master.Dir = p.dir
	if err := p.master.Start(); err != nil {
		return err
	}
	go func() {
		p.master.Wait() // how it ended is in the log
		close(p.exited)
	}()
	if p.guard, err = startWatch(p.master.Process.Pid, p.dir); err != nil {
		p.master.Process.Kill()
		<-p.exited
		return err
	}
	return nil
}

// waitGreeting returns when the server at addr says 220, or its process exited.
func waitGreeting(ctx context.Context, addr string, exited <-chan struct{}) error {
	var last error
	for {
		if last = greeting(addr); last == nil {
			return nil
		}
		select {
		case <-exited:
			return errExited
		case <-ctx.Done():
			return fmt.Errorf("no greeting: %w", last)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func greeting(addr string) error {
	c, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(5 * time.Second))
	line, err := bufio.NewReader(c).ReadString('\n')
	if err != nil {
		return err
	}
	// A milter that does not run yet makes it 421 or 451: Postfix itself is up.
	if len(line) < 3 || !strings.ContainsAny(line[:1], "24") {
		return fmt.Errorf("unexpected greeting %q", line)
	}
	io.WriteString(c, "QUIT\r\n")
	return nil
}

// Stop ends the instance and removes its folder. It can be called again.
func (p *Postfix) Stop() error {
	p.stop.Do(func() { p.stopErr = p.stopNow() })
	return p.stopErr
}

func (p *Postfix) stopNow() error {
	defer p.guard.Close()
	if err := p.master.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop private postfix: %w", err)
	}
	select {
	case <-p.exited:
		return nil
	case <-time.After(stopTimeout):
		syscall.Kill(-p.master.Process.Pid, syscall.SIGKILL)
		<-p.exited
		return errors.New("stop private postfix: it did not end by itself and was killed")
	}
}

// Dir is the instance's folder; it is gone after Stop.
func (p *Postfix) Dir() string { return p.dir }

// ConfigDir is what to give to Postfix's commands with -c.
func (p *Postfix) ConfigDir() string { return p.path("conf") }

// LogFile is what postlogd(8) writes.
func (p *Postfix) LogFile() string { return p.path("log") }

// Log returns what Postfix logged so far, start-up messages first.
func (p *Postfix) Log() string {
	var b bytes.Buffer
	for _, name := range []string{p.path("start"), p.LogFile()} {
		text, err := os.ReadFile(name)
		if err == nil {
			b.Write(text)
		}
	}
	return b.String()
}

func (p *Postfix) path(name string) string { return filepath.Join(p.dir, name) }

// FreePort returns a host:port of loopback that nobody listened on just now.
func FreePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().String(), nil
}
