package rules

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// alsoKeys are the keys of `also`, with their documentation.
func alsoKeys() []keyInfo {
	return []keyInfo{
		{name: "tag", value: "tags", doc: "Labels for the X-Postseal-Tag field, which other programs on the way can use.", example: `also.tag = "PHI"`},
		{name: "strip_subject", value: "regular expressions", doc: "What is cut out of the subject (RE2), also in the sealed message.", example: `also.strip_subject = '(?i)\[secure\]\s*'`},
		{name: "receipt", value: "true or false", doc: "Whether the sender is told what was secured.", example: `also.receipt = true`},
		{name: "expire", value: "a duration", doc: "How long a sealed message can be read, at most as long as the configuration keeps them. Of several rules the shortest time holds.", example: `also.expire = "7d"`},
		{name: "notify", value: "addresses", doc: "Who is told of the verdict.", example: `also.notify = "privacy@example.com"`},
		{name: "read_receipt", value: "true or false", doc: "Whether the sender is told when a sealed message is first opened. Unless told, the sender is if the message asks for it.", example: `also.read_receipt = true`},
		{name: "restrict", value: "`no-print`, `no-reply`, `pin`", doc: "What the recipient of a sealed message can't do: print it, answer in the portal, open it without a PIN that the sender gives by another way. Those of several rules add up.", example: `also.restrict = ["no-print", "pin"]`},
		{name: "tls", value: "`may`, `encrypt` or `verified`", doc: "How what goes out in clear must be protected on its way to the recipient's server: by TLS if it offers it; by TLS always; by TLS, and the server proves its name by a certificate, DANE or MTA-STS. Of several rules the strictest holds, together with its `tls_else`.", example: `also.tls = "verified"`},
		{name: "tls_else", value: "`wait`, `pickup` or `return`", doc: "What happens when that can't be: the message waits in the mail server's queue until that returns it, is sealed instead, or is returned at once. `wait` unless told. Of several rules with the same `tls`, `return` comes before `pickup` before `wait`.", example: `also = { tls = "verified", tls_else = "pickup" }`},
	}
}

// laterAlso are additions that a later version will carry out. To ignore one
// would promise something that isn't done.
func laterAlso() []string { return []string{"header", "footer", "copy"} }

func (l *loader) decodeAlso(n node) Also {
	var a Also
	fields := n.fields()
	if n.isTable() && len(fields) == 0 {
		n.errorf("is empty; add something or leave it out")
	}
	for _, f := range fields {
		switch f.name() {
		case "tag":
			a.Tags = l.decodeTags(f)
		case "strip_subject":
			for _, item := range f.texts() {
				expr := item.value.(string)
				re, err := regexp.Compile(expr)
				if err == nil && re.MatchString("") {
					item.errorf("the pattern matches an empty text")
				}
				if err != nil {
					item.errorf("not a regular expression (RE2): %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
					continue
				}
				a.StripSubject = append(a.StripSubject, re)
			}
		case "receipt":
			if b, ok := f.boolean(); ok {
				a.Receipt = &b
			}
		case "expire":
			a.Expire = l.decodeExpire(f)
		case "notify":
			a.Notify = l.decodeNotify(f)
		case "read_receipt":
			if b, ok := f.boolean(); ok {
				a.ReadReceipt = &b
			}
		case "restrict":
			a.Restrict = decodeRestriction(f)
		case "tls":
			a.TLS = oneOf(f, TLSMay, TLSEncrypt, TLSVerified)
		case "tls_else":
			a.TLSElse = oneOf(f, ElseWait, ElsePickup, ElseReturn)
		default:
			if slices.Contains(laterAlso(), f.name()) {
				f.errorf("this version does not offer it")
				continue
			}
			f.unknown(keyNames(alsoKeys()))
		}
	}
	switch {
	case a.TLS == "":
		a.TLSElse = "" // without effect; the linter says so
	case a.TLSElse == "":
		a.TLSElse = ElseWait
	}
	if a.TLS != "" {
		a.TLSRule = n.owner.rule
	}
	if l.options.NoTLS && a.TLS.AtLeast(TLSEncrypt) {
		n.errorf("nothing carries out tls = %q: postseal.toml has to say which mail server does (tls.outgoing)", a.TLS)
	}
	return a
}

func (l *loader) decodeTags(n node) []string {
	var tags []string
	for _, item := range n.texts() {
		s := item.value.(string)
		// It goes into a header field, several divided by commas.
		if len(s) > 64 || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == ',' }) {
			item.errorf("%q is not a tag; write at most 64 visible ASCII characters without space and comma", s)
			continue
		}
		tags = append(tags, s)
	}
	return tags
}

func (l *loader) decodeExpire(n node) time.Duration {
	s, ok := n.text()
	if !ok {
		return 0
	}
	d, err := parseDuration(s)
	switch {
	case err != nil:
		n.errorf("%v; write one like \"12h\" or \"7d\"", err)
	case d < time.Minute:
		n.errorf("%q is too short; write at least \"1m\"", s)
	case l.options.Retention > 0 && d > l.options.Retention:
		n.errorf("%q is longer than sealed messages are kept (retention is %s)", s, showDuration(l.options.Retention))
	default:
		return d
	}
	return 0
}

func (l *loader) decodeNotify(n node) []string {
	var addresses []string
	for _, e := range l.entries(n.texts()) {
		local, domain := splitAddress(e.text)
		if local == "" || domain == "" || strings.ContainsAny(e.text, "*? \t<>,;\r\n") {
			l.problem(e, n.owner, fmt.Sprintf("%q is not an address; write one like \"ann@example.com\"", e.text))
			continue
		}
		addresses = append(addresses, e.text)
	}
	return addresses
}
