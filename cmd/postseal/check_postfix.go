package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/postseal/postseal/cmd/postseal/config"
	"github.com/postseal/postseal/cmd/postseal/mta"
)

// postfixSettings are what postconf said about main.cf.
type postfixSettings map[string]string

// checkPostfix compares Postfix's settings with ours.
func checkPostfix(ctx context.Context, r *report, c *config.Config, dir string) {
	postconf, err := mta.Program("postconf")
	if err != nil {
		r.warning("mta", "no Postfix here (postconf is not installed): its settings were not checked")
		return
	}
	ask := func(args ...string) (string, error) {
		if dir != "" {
			args = append([]string{"-c", dir}, args...)
		}
		var errs bytes.Buffer
		cmd := exec.CommandContext(ctx, postconf, args...)
		cmd.Stderr = &errs
		out, err := cmd.Output()
		if err != nil {
			return "", fmt.Errorf("postconf: %s", strings.TrimSpace(errs.String()))
		}
		return string(out), nil
	}
	main, err := ask("-x")
	if err != nil {
		r.warning("mta", "%v: its settings were not checked", err)
		return
	}
	master, err := ask("-M")
	if err != nil {
		r.warning("mta", "%v", err)
	}
	overrides, err := ask("-P")
	if err != nil {
		r.warning("mta", "%v", err)
	}
	settings := parsePostconf(main)
	before := len(r.findings)
	judgeMilters(r, c, settings, master)
	judgeOverrides(r, overrides)
	judgeLimits(r, c, settings)
	judgeTLS(r, c, settings, master, overrides)
	if len(r.findings) == before {
		r.ok("mta", "Postfix's settings")
	}
}

func parsePostconf(text string) postfixSettings {
	s := make(postfixSettings)
	for line := range strings.SplitSeq(text, "\n") {
		if name, value, ok := strings.Cut(line, " ="); ok {
			s[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
	}
	return s
}

// A milterEntry is one milter of smtpd_milters: an address, and settings of its
// own where it is written in braces (postconf(5), since Postfix 3.0).
type milterEntry struct {
	address string
	own     map[string]string
}

var milterPattern = regexp.MustCompile(`\{[^}]*\}|[^\s,{}]+`)

func parseMilters(text string) (all []milterEntry) {
	for _, item := range milterPattern.FindAllString(text, -1) {
		fields := strings.FieldsFunc(strings.Trim(item, "{}"), func(r rune) bool { return r == ',' || r == ' ' || r == '\t' })
		if len(fields) == 0 {
			continue
		}
		e := milterEntry{address: fields[0], own: make(map[string]string)}
		for _, f := range fields[1:] {
			name, value, _ := strings.Cut(f, "=")
			e.own[name] = value
		}
		all = append(all, e)
	}
	return all
}

// ours finds the milter that is one of our sockets. Paths that are relative, or
// absolute in a chroot, are below the queue folder.
func ours(all []milterEntry, listen []string, queue string) int {
	return slices.IndexFunc(all, func(e milterEntry) bool {
		if slices.Contains(listen, e.address) {
			return true
		}
		kind, path, _ := strings.Cut(e.address, ":")
		return kind == "unix" && slices.Contains(listen, "unix:"+filepath.Join(queue, path))
	})
}

// asPostfixSees is the address of one of our sockets as it goes into main.cf: a
// path below the queue folder relative to it, which is right in a chroot as well.
func asPostfixSees(listen, queue string) string {
	if path, ok := strings.CutPrefix(listen, "unix:"+strings.TrimSuffix(queue, "/")+"/"); ok && queue != "" {
		return "unix:" + path
	}
	return listen
}

func judgeMilters(r *report, c *config.Config, s postfixSettings, master string) {
	for _, name := range []string{"smtpd_milters", "non_smtpd_milters"} {
		all := parseMilters(s[name])
		i := ours(all, c.Milter.Listen, s["queue_directory"])
		if i < 0 {
			way := "mail over SMTP"
			if name == "non_smtpd_milters" {
				way = "mail of the sendmail command"
			}
			r.error("mta", "%s does not name one of our sockets (%s): %s is not filtered; want %s = %s", name, strings.Join(c.Milter.Listen, ", "), way, name, asPostfixSees(c.Milter.Listen[0], s["queue_directory"]))
			continue
		}
		action, where := s["milter_default_action"], "milter_default_action"
		if own, ok := all[i].own["default_action"]; ok {
			action, where = own, name+", default_action"
		}
		switch action {
		case "accept":
			r.error("mta", "%s is \"accept\": mail would leave in clear, or be lost, whenever the milter has an error; want \"tempfail\"", where)
		case "tempfail", "shutdown":
		default:
			r.warning("mta", "%s is %q: want \"tempfail\", so that mail waits while the milter is away", where, action)
		}
		for _, limit := range []struct {
			name string
			want int
		}{{"content_timeout", 60}, {"command_timeout", 10}} {
			value, where := s["milter_"+limit.name], "milter_"+limit.name
			if own, ok := all[i].own[limit.name]; ok {
				value, where = own, name+", "+limit.name
			}
			if seconds, ok := postfixSeconds(value); ok && seconds < limit.want {
				r.warning("mta", "%s is %s: want at least %ds, or large messages are refused for now again and again", where, value, limit.want)
			}
		}
		if name == "smtpd_milters" && strings.HasPrefix(all[i].address, "unix:/") && chrooted(master, "smtpd") &&
			!slices.Contains(c.Milter.Listen, "unix:"+filepath.Join(s["queue_directory"], strings.TrimPrefix(all[i].address, "unix:"))) {
			r.error("mta", "smtpd runs in a chroot (master.cf) and can't reach %s: put the socket below %s and name it by a relative path, or use inet", all[i].address, s["queue_directory"])
		}
	}
	if v, err := strconv.Atoi(s["milter_protocol"]); err == nil && v < 6 {
		r.error("mta", "milter_protocol is %d: want 6", v)
	}
	for _, name := range []string{"always_bcc", "sender_bcc_maps", "recipient_bcc_maps"} {
		if s[name] != "" {
			r.warning("mta", "%s is set: its copies are invisible to a milter and get the body that goes out, a notice or the clear text", name)
		}
	}
	if s["content_filter"] != "" {
		r.warning("mta", "content_filter is set: mail that comes back from it must not pass the milter again, set -o smtpd_milters= on that port")
	}
}

// chrooted tells whether a service of master.cf whose command is program runs in
// a chroot: column 5 is "y" (master(5), as postconf -M prints it).
func chrooted(master, program string) bool {
	for line := range strings.SplitSeq(master, "\n") {
		if f := strings.Fields(line); len(f) >= 8 && f[7] == program && f[4] == "y" {
			return true
		}
	}
	return false
}

// judgeOverrides looks at -o options of master.cf (postconf -P:
// "smtp/inet/smtpd_milters = ...").
func judgeOverrides(r *report, text string) {
	for line := range strings.SplitSeq(text, "\n") {
		path, value, ok := strings.Cut(line, " =")
		if !ok {
			continue
		}
		service, name := path[:strings.LastIndexByte(path, '/')+1], path[strings.LastIndexByte(path, '/')+1:]
		value = strings.TrimSpace(value)
		switch name {
		case "smtpd_milters":
			if value == "" {
				r.warning("mta", "master.cf: %s takes mail that passes no milter: right only where it was filtered before", strings.TrimSuffix(service, "/"))
			}
		case "milter_default_action":
			if value == "accept" {
				r.error("mta", "master.cf: %s has milter_default_action=accept: want tempfail", strings.TrimSuffix(service, "/"))
			}
		}
	}
}

func judgeLimits(r *report, c *config.Config, s postfixSettings) {
	limit, err := strconv.ParseInt(s["message_size_limit"], 10, 64)
	if err != nil {
		return
	}
	if limit == 0 || limit > c.Limits.Message {
		r.warning("mta", "message_size_limit (%s) is more than limits.message (%d): what lies between is refused by Postseal; want the same", s["message_size_limit"], c.Limits.Message)
	}
	if need := replyEntity(c); limit != 0 && need > limit {
		r.warning("mta", "a reply of limits.reply (%d) is a mail of up to %d octets, which message_size_limit (%d) refuses; want a smaller one", c.Limits.Reply, need, limit)
	}
}

// postfixSeconds reads a time such as "300s" or "5m"; a bare number is seconds.
func postfixSeconds(s string) (int, bool) {
	unit := map[byte]int{'s': 1, 'm': 60, 'h': 3600, 'd': 86400, 'w': 7 * 86400}
	if s == "" {
		return 0, false
	}
	factor, ok := unit[s[len(s)-1]]
	if ok {
		s = s[:len(s)-1]
	} else {
		factor = 1
	}
	n, err := strconv.Atoi(s)
	return n * factor, err == nil
}
