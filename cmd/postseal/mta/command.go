package mta

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
)

// A QueueEntry is one message in the queue (postqueue(1), -j).
type QueueEntry struct {
	Queue      string           `json:"queue_name"` // "active", "deferred", "hold", ...
	ID         string           `json:"queue_id"`
	Size       int64            `json:"message_size"`
	Sender     string           `json:"sender"`
	Recipients []QueueRecipient `json:"recipients"`
}

// A QueueRecipient is a recipient that has not got the message yet.
type QueueRecipient struct {
	Address string `json:"address"`
	Delay   string `json:"delay_reason"` // why not; "" before the first attempt
}

// Sendmail submits message with the sendmail(1) command, as a program on this
// machine would: it passes non_smtpd_milters. args are its own, such as "-f",
// "ann@example.com", "bob@guest.example"; "-t" reads recipients from the header.
func (p *Postfix) Sendmail(ctx context.Context, message io.Reader, args ...string) error {
	_, err := p.command(ctx, message, "sendmail", append([]string{"-C", p.ConfigDir(), "-oi"}, args...)...)
	return err
}

// Queue lists what is in the queue.
func (p *Postfix) Queue(ctx context.Context) ([]QueueEntry, error) {
	out, err := p.command(ctx, nil, "postqueue", "-c", p.ConfigDir(), "-j")
	if err != nil {
		return nil, err
	}
	var all []QueueEntry
	d := json.NewDecoder(bytes.NewReader(out))
	for {
		var e QueueEntry
		switch err := d.Decode(&e); {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, fmt.Errorf("postqueue -j: %w", err)
		}
		all = append(all, e)
	}
}

// Flush asks for another delivery attempt of all deferred mail.
func (p *Postfix) Flush(ctx context.Context) error {
	_, err := p.command(ctx, nil, "postqueue", "-c", p.ConfigDir(), "-f")
	return err
}

// Super runs postsuper(1), for example with "-r", "ALL" to requeue or "-H", id
// to release from hold.
func (p *Postfix) Super(ctx context.Context, args ...string) error {
	_, err := p.command(ctx, nil, "postsuper", append([]string{"-c", p.ConfigDir()}, args...)...)
	return err
}

// Configure changes settings of main.cf and reloads the instance. Processes
// that serve a connection keep the old ones until it ends.
func (p *Postfix) Configure(ctx context.Context, settings ...string) error {
	if _, err := p.command(ctx, nil, "postconf", append([]string{"-c", p.ConfigDir(), "-e"}, settings...)...); err != nil {
		return err
	}
	_, err := p.command(ctx, nil, "postfix", "-c", p.ConfigDir(), "reload")
	return err
}

func (p *Postfix) command(ctx context.Context, stdin io.Reader, name string, args ...string) ([]byte, error) {
	path, err := Program(name)
	if err != nil {
		return nil, err
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(stderr.String()))
	}
	return stdout.Bytes(), nil
}

// Program finds a program of an MTA: on PATH, or where the system keeps what
// only root runs and users' PATH leaves out.
func Program(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	for _, dir := range []string{"/usr/sbin", "/usr/lib/postfix/sbin", "/usr/local/sbin"} {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && info.Mode()&0o111 != 0 {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s: %w", name, exec.ErrNotFound)
}

// owner returns the user and group ids of a system user.
func owner(name string) (uid, gid int, err error) {
	u, err := user.Lookup(name)
	if err != nil {
		return 0, 0, err
	}
	if uid, err = strconv.Atoi(u.Uid); err != nil {
		return 0, 0, err
	}
	gid, err = strconv.Atoi(u.Gid)
	return uid, gid, err
}
