package config

import "time"

// A key describes one key of the file.
type key struct {
	name     string // "milter.listen"
	value    value
	doc      string // whole sentences
	required bool
	example  string // TOML, for the sample of a key that is empty by default
}

// sections are the tables of the file, in the order of the sample.
var sections = []struct{ name, doc string }{
	{"", "Whose mail this is."},
	{"milter", "How Postfix or Sendmail reaches Postseal."},
	{"store", "Where sealed messages lie, and who may ask for them."},
	{"portal", "The web pages where recipients read and answer."},
	{"submission", "Where Postseal hands in mail of its own: notices, replies, password mails."},
	{"messages", "How long things last."},
	{"actions", "What the actions of rules do, where the rules leave it open."},
	{"tls", "Encryption on the way in and out."},
	{"limits", "How large things may be."},
	{"rules", "Which mail is sealed."},
	{"keys", "The key files."},
	{"brand", "How your organisation presents itself, in the portal and in notices."},
	{"notice", "The mail that a recipient gets instead of a sealed message."},
	{"log", "What goes to standard error."},
}

// schema returns all keys, bound to the fields of c.
func schema(c *Config) []key {
	return []key{
		{name: "internal_domains", value: list{&c.InternalDomains, domain}, required: true, example: `["example.com"]`,
			doc: `The domains of your members. "example.com" is that domain alone, ".example.com" its subdomains at any depth and not itself. Everybody else is a guest.`},

		{name: "milter.listen", value: list{&c.Milter.Listen, socketAddress},
			doc: `Sockets for the MTA: "unix:/path" or "inet:host:port". The same words go into smtpd_milters. A Unix socket is faster; use inet on loopback only where the MTA runs in a chroot.`},
		{name: "milter.socket_mode", value: mode{&c.Milter.SocketMode},
			doc: `Permissions of Unix sockets, in octal.`},
		{name: "milter.socket_group", value: text{&c.Milter.SocketGroup, anything},
			doc: `Group of Unix sockets: one that the MTA's processes are in. "" leaves the group of the process.`},
		{name: "milter.connections", value: number{&c.Milter.Connections, 1, 100_000},
			doc: `Sessions served at once; more wait.`},
		{name: "milter.idle_timeout", value: duration{&c.Milter.Idle, minute, day},
			doc: `After this long without a word from the MTA a session is closed.`},
		{name: "milter.keep_headers", value: list{&c.Milter.KeepHeaders, headerName}, example: `["X-Case-Number"]`,
			doc: `Header fields of the original that stay in a message that becomes a notice, beside From, To, Date, Message-ID and the like.`},
		{name: "milter.spool_dir", value: text{&c.Milter.SpoolDir, anything}, example: `"/var/lib/postseal/spool"`,
			doc: `Folder for the temporary files of large messages. They are encrypted under a key that is in memory only. "" is the system's temporary folder.`},

		{name: "store.dir", value: text{&c.Store.Dir, nonEmpty},
			doc: `Folder of the store. The milter process owns it; no other may write there.`},
		{name: "store.socket", value: text{&c.Store.Socket, nonEmpty},
			doc: `Unix socket through which the portal reaches the store.`},
		{name: "store.socket_group", value: text{&c.Store.SocketGroup, anything}, example: `"postseal-portal"`,
			doc: `Group of that socket. "" leaves the group of the process.`},
		{name: "store.portal_user", value: text{&c.Store.PortalUser, anything}, example: `"postseal-portal"`,
			doc: `System user of the portal process. Its user id is checked at every connection; others are refused, but for the store's own user and root.`},
		{name: "store.control_socket", value: text{&c.Store.Control, nonEmpty},
			doc: `Unix socket through which the administrator's commands reach a running process. Its user and root alone can open it.`},
		{name: "store.min_free", value: size{&c.Store.MinFree, 1 << 20, 1 << 50},
			doc: `With less free space than this the MTA is asked to try again later.`},
		{name: "store.compact_at", value: text{&c.Store.CompactAt, clock},
			doc: `Local time of day at which the database is compacted, which removes deleted values for good. "" never does.`},

		{name: "portal.url", value: text{&c.Portal.URL, portalURL}, required: true, example: `"https://pickup.example.com"`,
			doc: `How browsers reach the portal; the links in notices begin with it. https, without a path; http is accepted for loopback hosts alone.`},
		{name: "portal.listen", value: text{&c.Portal.Listen, hostPort},
			doc: `Address of the web server.`},
		{name: "portal.certificate", value: text{&c.Portal.Certificate, anything}, example: `"/etc/ssl/pickup.pem"`,
			doc: `Certificate file (PEM, with intermediates). With it the portal speaks HTTPS itself; without it a proxy in front has to. It is read again when it changes.`},
		{name: "portal.key", value: text{&c.Portal.Key, anything}, example: `"/etc/ssl/private/pickup.key"`,
			doc: `The certificate's private key (PEM).`},
		{name: "portal.trusted_proxies", value: list{&c.Portal.TrustedProxies, network}, example: `["127.0.0.1"]`,
			doc: `Addresses or networks of proxies whose X-Forwarded-For is believed. A proxy must pass the Host header on.`},
		{name: "portal.session_idle", value: duration{&c.Portal.SessionIdle, minute, day},
			doc: `A session that is not used ends after this time.`},
		{name: "portal.session_max", value: duration{&c.Portal.SessionMax, minute, 30 * day},
			doc: `A session ends after this time in any case.`},

		{name: "submission.address", value: text{&c.Submission.Address, hostPort},
			doc: `host:port of an SMTP service that relays for this machine. It may pass the milter: Postseal recognises its own mail.`},
		{name: "submission.tls", value: choice{&c.Submission.TLS, []string{"offered", "required"}},
			doc: `STARTTLS: "offered" uses it where the server offers it, without checking the certificate (right for loopback); "required" refuses to send without it and checks the certificate.`},
		{name: "submission.server_name", value: text{&c.Submission.ServerName, anything}, example: `"mail.example.com"`,
			doc: `Name that the certificate must have. "" is the host of the address.`},
		{name: "submission.ca", value: text{&c.Submission.CA, anything}, example: `"/etc/ssl/mail-ca.pem"`,
			doc: `Certificates of the authorities to trust (PEM). "" are the system's.`},
		{name: "submission.hello", value: text{&c.Submission.Hello, anything}, example: `"postseal.example.com"`,
			doc: `Name in EHLO. "" is the name of the machine.`},
		{name: "submission.give_up", value: duration{&c.Submission.GiveUp, hour, 7 * day},
			doc: `Mail that the MTA did not take for this long is dropped, and the sender told. Notices and reset mails, which hold codes, wait for a day at the most.`},

		{name: "messages.retention", value: duration{&c.Messages.Retention, time.Second, 3660 * day},
			doc: `How long a sealed message can be read. A rule can say less for its messages.`},
		{name: "messages.one_time_grace", value: duration{&c.Messages.OneTimeGrace, time.Second, 7 * day},
			doc: `How long an opened one-time message can be opened again.`},
		{name: "messages.reset_ttl", value: duration{&c.Messages.ResetTTL, 10 * minute, 7 * day},
			doc: `How long the link of a forgotten-password mail is good for.`},
		{name: "messages.thread", value: boolean{&c.Messages.Thread},
			doc: `Seal what answers a guest's reply from the portal, where no rule decides. The conversation then stays secret without a rule for it.`},

		{name: "actions.block", value: choice{&c.Actions.Block, []string{"auto", "hold", "defer"}},
			doc: `Where a message waits that a rule blocks, unless the rule says it: "hold" is sealed in the store, "defer" is at the sender's server, which gets a temporary failure. "auto" holds what was submitted here (authenticated, from a private network, by a program) and defers what other servers send.`},
		{name: "actions.hold", value: duration{&c.Actions.Hold, minute, 90 * day},
			doc: `How long a blocked message waits for its release; then it goes back to its sender. One that is quarantined in the store is dropped after this time.`},
		{name: "actions.quarantine", value: choice{&c.Actions.Quarantine, []string{"mta", "sealed"}},
			doc: `Where quarantined messages wait: "mta" is the mail server's own hold, "sealed" is the store, encrypted, where "postseal held" shows, releases and rejects them.`},
		{name: "actions.receipt", value: boolean{&c.Actions.Receipt},
			doc: `Tell members what was sealed and give them a link to follow it, unless a rule says otherwise.`},

		{name: "tls.incoming", value: choice{&c.TLS.Incoming, []string{"automatic", "required"}},
			doc: `Mail that comes in: "automatic" takes it as the MTA does, "required" refuses what came in clear.`},
		{name: "tls.incoming_senders", value: list{&c.TLS.IncomingSenders, addressOrDomain}, example: `["partner.example"]`,
			doc: `Envelope senders (addresses or domains, written as in rules) whose mail is refused if it came in clear, whatever incoming says.`},
		{name: "tls.incoming_recipients", value: list{&c.TLS.IncomingRecipients, addressOrDomain}, example: `["board@example.com"]`,
			doc: `The same for recipients.`},
		{name: "tls.incoming_authenticated", value: choice{&c.TLS.IncomingAuthenticated, []string{"as others", "required", "exempt"}},
			doc: `What holds for clients that authenticated.`},
		{name: "tls.incoming_exempt", value: list{&c.TLS.IncomingExempt, networkOrLocal},
			doc: `Clients (addresses or networks) whose mail may come in clear; "local" is the sendmail command. Postseal's own mail comes over the address of submission.address: leave that one in.`},
		{name: "tls.outgoing", value: choice{&c.TLS.Outgoing, []string{"none", "postfix", "sendmail"}},
			doc: `Which MTA carries out the TLS levels of rules (also.tls). With "none" a rule with such a level is an error. docs/tls.md says what the MTA needs.`},
		{name: "tls.policy_socket", value: text{&c.TLS.PolicySocket, socketAddress},
			doc: `Socket at which Postfix asks for TLS policies (socketmap), with mode and group of the milter's sockets. It is served if outgoing is "postfix".`},
		{name: "tls.route_all", value: boolean{&c.TLS.RouteAll},
			doc: `Give messages a way of their own also where a rule is about whole domains. Set it where Postfix does not ask for the recipient's domain, because mail goes through a relayhost or by transport_maps.`},
		{name: "tls.wait", value: duration{&c.TLS.Wait, time.Second, minute},
			doc: `How long the end of a message waits until it is known what a destination offers. Then it is sealed, if the rule says so.`},
		{name: "tls.dane", value: boolean{&c.TLS.DANE},
			doc: `Whether the MTA can verify by DANE (Postfix: smtp_dns_support_level = dnssec, and a resolver that validates).`},
		{name: "tls.resolver", value: text{&c.TLS.Resolver, hostPort}, example: `"127.0.0.1:53"`,
			doc: `DNS server that says what destinations offer. "" is the first of /etc/resolv.conf. DNSSEC counts if it is named here, or on this machine.`},
		{name: "tls.ca", value: text{&c.TLS.CA, anything}, example: `"/etc/ssl/certs/ca-certificates.crt"`,
			doc: `Certificates of the authorities to trust (PEM): the same as in Postfix's smtp_tls_CAfile. "" are the system's.`},

		{name: "limits.message", value: size{&c.Limits.Message, 1e6, 1e9},
			doc: `Largest message; a larger one is refused. At least the MTA's message_size_limit.`},
		{name: "limits.memory", value: size{&c.Limits.Memory, 64 << 10, 1 << 30},
			doc: `What of a message is kept in memory while it is inspected; the rest goes to an encrypted temporary file.`},
		{name: "limits.reply", value: size{&c.Limits.Reply, 1e5, 1e9},
			doc: `Largest reply of a guest, with attachments. The MTA must take it.`},

		{name: "rules.dir", value: text{&c.Rules.Dir, nonEmpty},
			doc: `Folder of the rule files (*.toml, read in the order of their names).`},

		{name: "keys.dir", value: text{&c.Keys.Dir, nonEmpty},
			doc: `Folder of the key files.`},
		{name: "keys.recovery", value: choice{&c.Keys.Recovery, []string{"online", "offline"}},
			doc: `"online": the portal holds the recovery key, and a forgotten password loses nothing. "offline": the key lies elsewhere, and a new password opens old messages only after an administrator recovers them.`},

		{name: "brand.name", value: text{&c.Brand.Name, oneLine}, example: `"Example Ltd"`,
			doc: `Name of your organisation.`},
		{name: "brand.logo", value: text{&c.Brand.Logo, anything}, example: `"logo.png"`,
			doc: `Picture file for the portal (PNG, JPEG, GIF or WebP, at most 256 KiB).`},
		{name: "brand.colour", value: text{&c.Brand.Colour, colour}, example: `"#0b5fa5"`,
			doc: `Colour of buttons and links. Shades with enough contrast are derived from it.`},
		{name: "brand.help", value: text{&c.Brand.Help, oneLine}, example: `"Questions? help@example.com or +358 9 123 456"`,
			doc: `One line of plain text: whom a recipient can ask.`},
		{name: "brand.postmaster", value: text{&c.Brand.Postmaster, address}, example: `"postmaster@example.com"`,
			doc: `Who answers for this mail system. "" is postmaster at the mail domain.`},

		{name: "notice.domain", value: text{&c.Notice.Domain, plainDomain}, example: `"example.com"`,
			doc: `Mail domain of Postseal's own mail. "" is the first internal domain.`},
		{name: "notice.reply_from", value: text{&c.Notice.ReplyFrom, address}, example: `"pickup@example.com"`,
			doc: `From address of guests' replies; the guest is in Reply-To. "" is postseal at the mail domain. Bounces come here.`},
		{name: "notice.templates", value: text{&c.Notice.Templates, anything}, example: `"templates"`,
			doc: `Folder with templates of your own; a file there replaces the built-in one of the same name.`},
		{name: "notice.show_subject", value: boolean{&c.Notice.ShowSubject},
			doc: `Put the original subject into the notice. It then leaves in clear.`},

		{name: "log.format", value: choice{&c.Log.Format, []string{"text", "json"}},
			doc: `How a line looks.`},
		{name: "log.level", value: choice{&c.Log.Level, []string{"debug", "info", "warn", "error"}},
			doc: `What is left out: everything below this level.`},
	}
}
