package main

import (
	"strings"
	"testing"

	"github.com/postseal/postseal/cmd/postseal/config"
)

func TestJudgePostfix(t *testing.T) {
	const chroot = "smtp       inet  n       -       y       -       -       smtpd\n"
	for _, test := range []struct {
		name      string
		main      string
		master    string
		overrides string
		want      []string // "level text", a part of each finding, in order
	}{
		{
			name: "all is well",
			main: "smtpd_milters = unix:/run/s.sock\nnon_smtpd_milters = unix:/run/s.sock\nmilter_default_action = tempfail\nmilter_protocol = 6\nmilter_content_timeout = 300s\nmessage_size_limit = 72000000\n",
		},
		{
			name: "not there",
			main: "smtpd_milters =\nnon_smtpd_milters = inet:localhost:8891\nmilter_default_action = tempfail\n",
			want: []string{"error smtpd_milters does not name", "error non_smtpd_milters does not name"},
		},
		{
			name: "accept, globally and for ours alone",
			main: "smtpd_milters = unix:/run/s.sock\nnon_smtpd_milters = { unix:/run/s.sock, default_action=accept }\nmilter_default_action = accept\n",
			want: []string{`error milter_default_action is "accept"`, `error non_smtpd_milters, default_action is "accept"`},
		},
		{
			name: "ours overrides the global one",
			main: "smtpd_milters = { unix:/run/s.sock, default_action=tempfail, content_timeout=5s }\nnon_smtpd_milters = inet:127.0.0.1:1, {unix:/run/s.sock default_action=tempfail}\nmilter_default_action = accept\n",
			want: []string{"warning smtpd_milters, content_timeout is 5s"},
		},
		{
			name:   "in a chroot",
			main:   "queue_directory = /var/spool/postfix\nsmtpd_milters = unix:/run/s.sock\nnon_smtpd_milters = unix:/run/s.sock\nmilter_default_action = tempfail\n",
			master: chroot,
			want:   []string{"error smtpd runs in a chroot"},
		},
		{
			name:   "below the chroot",
			main:   "queue_directory = /var/spool/postfix\nsmtpd_milters = unix:postseal/s.sock\nnon_smtpd_milters = unix:postseal/s.sock\nmilter_default_action = tempfail\n",
			master: chroot,
		},
		{
			name:      "around it",
			main:      "smtpd_milters = unix:/run/s.sock\nnon_smtpd_milters = unix:/run/s.sock\nmilter_default_action = reject\nmilter_protocol = 2\nalways_bcc = archive@example.com\nmessage_size_limit = 0\n",
			overrides: "submission/inet/smtpd_milters =\nsmtp/inet/milter_default_action = accept\n",
			want: []string{
				`warning milter_default_action is "reject"`,
				"error milter_protocol is 2", "warning always_bcc is set",
				"warning master.cf: submission/inet takes mail that passes no milter",
				"error master.cf: smtp/inet has milter_default_action=accept",
				"warning message_size_limit (0) is more than limits.message",
			},
		},
		{
			name: "replies are too large",
			main: "smtpd_milters = unix:/run/s.sock\nnon_smtpd_milters = unix:/run/s.sock\nmilter_default_action = tempfail\nmessage_size_limit = 10240000\n",
			want: []string{"warning a reply of limits.reply (50000000)"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := config.Default()
			c.Milter.Listen = []string{"unix:/run/s.sock", "unix:/var/spool/postfix/postseal/s.sock"}
			var r report
			s := parsePostconf(test.main)
			judgeMilters(&r, c, s, test.master)
			judgeOverrides(&r, test.overrides)
			judgeLimits(&r, c, s)
			for i, f := range r.findings {
				if got := f.Level + " " + f.Text; i >= len(test.want) || !strings.HasPrefix(got, test.want[i]) {
					t.Errorf("finding %d: %s", i, got)
				}
			}
			if len(r.findings) < len(test.want) {
				t.Errorf("%d findings, want %q", len(r.findings), test.want)
			}
		})
	}
}

func TestAsPostfixSees(t *testing.T) {
	for _, test := range []struct{ listen, queue, want string }{
		{"unix:/var/spool/postfix/postseal/m.sock", "/var/spool/postfix", "unix:postseal/m.sock"},
		{"unix:/var/spool/postfix/postseal/m.sock", "/var/spool/postfix/", "unix:postseal/m.sock"},
		{"unix:/var/spool/postfix2/m.sock", "/var/spool/postfix", "unix:/var/spool/postfix2/m.sock"},
		{"unix:/run/m.sock", "", "unix:/run/m.sock"},
		{"inet:127.0.0.1:8891", "/var/spool/postfix", "inet:127.0.0.1:8891"},
	} {
		if got := asPostfixSees(test.listen, test.queue); got != test.want {
			t.Errorf("%s below %s: got %s, want %s", test.listen, test.queue, got, test.want)
		}
	}
}
