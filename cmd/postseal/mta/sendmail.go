package mta

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// ErrSendmailNotThere is returned by [StartSendmail] when the programs are missing.
var ErrSendmailNotThere = errors.New("sendmail is not there: run .ci/sendmail, which extracts it beside Postfix")

// Without namespaces of its own, Sendmail waits a minute for a name server to
// qualify this machine's name if it has no dot, before it reads a configuration.
const sendmailSlowStart = 90 * time.Second

// A Sendmail is a private instance of Sendmail that runs; what goes in and out
// is as with a [Postfix]. The programs come from the folder that .ci/sendmail
// fills, since the packages of the two exclude each other.
type Sendmail struct {
	SMTP       string // host:port for mail to be filtered
	Submission string // host:port for Postseal's own mail; filtered as well

	options   Options
	installed string // the extracted packages
	dir       string
	enter     []string // what starts a program inside our namespaces, and its arguments
	daemon    *exec.Cmd
	guard     *watch
	syslog    net.PacketConn
	exited    chan struct{}
	stop      sync.Once
	stopErr   error

	mu  sync.Mutex
	log bytes.Buffer
}

// StartSendmail writes the configuration and starts the instance. It returns
// when both ports greet. Options.Main and Options.Master are Postfix's and must
// be empty.
func StartSendmail(ctx context.Context, o Options) (*Sendmail, error) {
	if len(o.Main)+len(o.Master) > 0 {
		return nil, errors.New("private sendmail: settings for main.cf or master.cf")
	}
	installed, err := findSendmail()
	if err != nil {
		return nil, err
	}
	if os.Geteuid() != 0 {
		return nil, errors.New("a private Sendmail needs root: try again with sudo")
	}
	if o.Hostname == "" {
		o.Hostname = "mail.example.com"
	}
	if o.MessageSizeLimit == 0 {
		o.MessageSizeLimit = 60 << 20
	}
	var errs []error
	for range startTries {
		s, err := startSendmail(ctx, installed, o)
		if err == nil {
			return s, nil
		}
		errs = append(errs, err)
		if !strings.Contains(err.Error(), "Address already in use") {
			break
		}
	}
	return nil, errors.Join(errs...)
}

// findSendmail looks for .cache/sendmail in this folder and those above it: a
// test runs in its package's folder, the cache is at the top of the tree.
func findSendmail() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		found := filepath.Join(dir, ".cache", "sendmail")
		if _, err := os.Stat(filepath.Join(found, "sendmail")); err == nil {
			return found, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", ErrSendmailNotThere
		}
		dir = up
	}
}

func startSendmail(ctx context.Context, installed string, o Options) (_ *Sendmail, err error) {
	dir, err := os.MkdirTemp("", "postseal-mta-")
	if err != nil {
		return nil, fmt.Errorf("private sendmail: %w", err)
	}
	s := &Sendmail{options: o, installed: installed, dir: dir, exited: make(chan struct{})}
	defer func() {
		if err != nil {
			if s.syslog != nil {
				s.syslog.Close()
			}
			os.RemoveAll(dir)
		}
	}()
	if s.SMTP, err = FreePort(); err != nil {
		return nil, err
	}
	if s.Submission, err = FreePort(); err != nil {
		return nil, err
	}
	if err := s.layOut(); err != nil {
		return nil, fmt.Errorf("private sendmail: %w", err)
	}
	if err := s.configure(ctx); err != nil {
		return nil, fmt.Errorf("private sendmail: %w", err)
	}
	if err := s.isolate(ctx); err != nil {
		return nil, fmt.Errorf("private sendmail: %w", err)
	}
	if err := s.run(); err != nil {
		return nil, fmt.Errorf("private sendmail: %w", err)
	}
	patience := startTimeout
	if len(s.enter) == 0 {
		patience = sendmailSlowStart
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for _, addr := range []string{s.SMTP, s.Submission} {
		if err := waitGreeting(ctx, addr, s.exited); err != nil {
			log := s.Log()
			s.Stop()
			return nil, fmt.Errorf("private sendmail on %s: %w\n%s", addr, err, log)
		}
	}
	return s, nil
}

// layOut makes the folders. The sendmail command gives up root for the user
// "daemon", and must reach its configuration and own its queue.
func (s *Sendmail) layOut() error {
	if err := os.Chmod(s.dir, 0o755); err != nil {
		return err
	}
	for d, mode := range map[string]os.FileMode{"conf": 0o755, "data": 0o755, "dev": 0o755, "queue": 0o700, "client-queue": 0o770} {
		if err := os.Mkdir(s.path(d), mode); err != nil {
			return err
		}
		if err := os.Chmod(s.path(d), mode); err != nil { // whatever the umask
			return err
		}
	}
	uid, gid, err := owner("daemon")
	if err != nil {
		return err
	}
	return os.Chown(s.path("client-queue"), uid, gid)
}

// run starts the daemon in the foreground as our child, and a watch that ends it
// when our own process dies without Stop.
func (s *Sendmail) run() error {
	out, err := os.Create(s.path("start"))
	if err != nil {
		return err
	}
	defer out.Close()
	// A queue run a second: deferred mail comes again while a test waits for it.
	s.daemon = s.program(context.Background(), "-C", s.path("conf", "sendmail.cf"), "-bD", "-q1s")
	s.daemon.Stdout, s.daemon.Stderr = out, out
	s.daemon.Dir = s.dir
	s.daemon.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := s.daemon.Start(); err != nil {
		return err
	}
	go func() {
		s.daemon.Wait() // how it ended is in the log
		close(s.exited)
	}()
	if s.guard, err = startWatch(-s.daemon.Process.Pid, s.dir); err != nil {
		syscall.Kill(-s.daemon.Process.Pid, syscall.SIGKILL)
		<-s.exited
		return err
	}
	return nil
}

// program is sendmail with args, inside our namespaces if there are any.
func (s *Sendmail) program(ctx context.Context, args ...string) *exec.Cmd {
	line := append(append([]string{}, s.enter...), filepath.Join(s.installed, "sendmail"))
	line = append(line, args...)
	return exec.CommandContext(ctx, line[0], line[1:]...)
}

// Stop ends the instance and removes its folder. It can be called again.
func (s *Sendmail) Stop() error {
	s.stop.Do(func() { s.stopErr = s.stopNow() })
	return s.stopErr
}

func (s *Sendmail) stopNow() error {
	defer s.guard.Close()
	if s.syslog != nil {
		defer s.syslog.Close()
	}
	group := -s.daemon.Process.Pid
	if err := syscall.Kill(group, syscall.SIGTERM); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("stop private sendmail: %w", err)
	}
	select {
	case <-s.exited:
		return nil
	case <-time.After(stopTimeout):
		syscall.Kill(group, syscall.SIGKILL)
		<-s.exited
		return errors.New("stop private sendmail: it did not end by itself and was killed")
	}
}

// Dir is the instance's folder; it is gone after Stop.
func (s *Sendmail) Dir() string { return s.dir }

// Log returns what Sendmail logged so far, start-up messages first. Where the
// instance has no namespace of its own there are no others.
func (s *Sendmail) Log() string {
	start, err := os.ReadFile(s.path("start"))
	if err != nil {
		start = nil // it never started, or is gone
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(start) + s.log.String()
}

func (s *Sendmail) path(names ...string) string {
	return filepath.Join(append([]string{s.dir}, names...)...)
}
