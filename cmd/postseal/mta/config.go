package mta

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// setting is one line of main.cf.
type setting struct{ name, value string }

// mainCF returns the private instance's main.cf (postconf(5)).
func (p *Postfix) mainCF() string {
	o := p.options
	settings := []setting{
		{"compatibility_level", "3.6"},
		{"queue_directory", p.path("queue")},
		{"data_directory", p.path("data")},
		{"maillog_file", p.LogFile()},
		{"maillog_file_prefixes", p.dir},
		{"multi_instance_enable", "no"},

		{"myhostname", o.Hostname},
		{"mydomain", o.Hostname},
		{"mynetworks", "127.0.0.0/8"},
		{"inet_interfaces", "127.0.0.1"},
		{"inet_protocols", "ipv4"},
		{"smtp_bind_address", "127.0.0.1"},
		{"smtpd_peername_lookup", "no"},
		{"smtpd_relay_restrictions", "permit_mynetworks, reject"},
		{"smtpd_client_connection_count_limit", "0"},
		{"smtpd_client_connection_rate_limit", "0"},

		// No mailbox of this machine: every domain has a sink.
		{"mydestination", ""},
		{"alias_maps", ""},
		{"alias_database", ""},
		{"local_recipient_maps", ""},
		{"relay_domains", strings.Join(o.Internal, ", ")},
		{"relay_recipient_maps", ""},
		{"transport_maps", transportMaps(o)},
		{"default_transport", nexthop(o.Outside)},
		{"relay_transport", nexthop(o.Inside)},
		{"smtp_dns_support_level", "disabled"},
		{"smtp_tls_security_level", "none"},

		// Deferred mail comes again while a test waits for it.
		{"queue_run_delay", "2s"},
		{"minimal_backoff_time", "1s"},
		{"maximal_backoff_time", "4s"},
		{"message_size_limit", fmt.Sprint(o.MessageSizeLimit)},
		{"mailbox_size_limit", "0"},
	}
	if len(o.Milters) > 0 {
		line := strings.Join(o.Milters, ", ")
		settings = append(settings,
			setting{"smtpd_milters", line},
			setting{"non_smtpd_milters", line},
			setting{"milter_default_action", "tempfail"},
			setting{"milter_protocol", "6"},
		)
	}
	for _, name := range slices.Sorted(maps.Keys(o.Main)) {
		settings = append(settings, setting{name, o.Main[name]})
	}
	var b strings.Builder
	for _, s := range settings {
		fmt.Fprintf(&b, "%s = %s\n", s.name, s.value)
	}
	return b.String()
}

// transportMaps routes the internal domains and their subdomains to the inside.
func transportMaps(o Options) string {
	var b strings.Builder
	b.WriteString("inline:{")
	for _, d := range o.Internal {
		d = strings.TrimPrefix(d, ".")
		fmt.Fprintf(&b, " { %s = %s } { .%s = %s }", d, nexthop(o.Inside), d, nexthop(o.Inside))
	}
	b.WriteString(" }")
	return b.String()
}

// nexthop is the transport:nexthop that reaches a host:port without DNS.
func nexthop(hostport string) string {
	host, port, _ := strings.Cut(hostport, ":")
	return fmt.Sprintf("smtp:[%s]:%s", host, port)
}

// masterCF returns master.cf (master(5)); nothing runs in a chroot.
func (p *Postfix) masterCF() string {
	services := []string{
		p.SMTP + " inet n - n - - smtpd -o syslog_name=postfix/smtp",
		p.Submission + " inet n - n - - smtpd -o syslog_name=postfix/submission",
		"pickup unix n - n 1 1 pickup",
		"cleanup unix n - n - 0 cleanup",
		"qmgr unix n - n 300 1 qmgr",
		"tlsmgr unix - - n 1000? 1 tlsmgr",
		"rewrite unix - - n - - trivial-rewrite",
		"bounce unix - - n - 0 bounce",
		"defer unix - - n - 0 bounce",
		"trace unix - - n - 0 bounce",
		"verify unix - - n - 1 verify",
		"flush unix n - n 1000? 0 flush",
		"proxymap unix - - n - - proxymap",
		"smtp unix - - n - - smtp",
		"relay unix - - n - - smtp",
		"showq unix n - n - - showq",
		"error unix - - n - - error",
		"retry unix - - n - - error",
		"discard unix - - n - - discard",
		"anvil unix - - n - 1 anvil",
		"scache unix - - n - 1 scache",
		"postlog unix-dgram n - n - 1 postlogd",
	}
	return strings.Join(append(services, p.options.Master...), "\n") + "\n"
}
