package milter

import (
	"io"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/postseal/postseal/milter/guard"
	"github.com/postseal/postseal/milter/spool"
	"github.com/postseal/postseal/milter/volume"
	"github.com/postseal/postseal/rules"
)

// message is what a session collects of one message. Envelope and header are
// kept as received; what is normalised is kept beside them.
type message struct {
	from       string // address of the reverse-path, "" for the null one
	envelopeID string // ENVID of MAIL (RFC 3461 section 4.4), "" if none
	recipients []recipient
	header     []field // without marks of the loop guard
	headerSize int
	marks      int  // how many of them there were
	own        bool // one was genuine
	ways       int  // how many fields [TLSHeader] there were
	way        rules.TLSLevel
	pass       *pass // and carried this: the message was held, and comes back released
	body       *spool.Spool
	client     netip.Addr
	authUser   string
	tls        string
	queue      string // the MTA's queue id, once it is known
	rewritten  bool   // recipients are not shown as they were given (apart.go)
	received   time.Time
	headed     bool // the end of the header came: envelope and header are what they are

	offer *volume.Offer // what it adds to its sender's count, until it is decided; nil: nothing
	rules evaluator     // in force at the end of the header, and for this message throughout
	clear bool          // the header alone decided that all recipients get it as it is
	fault *reply        // the first thing that went wrong; the answer at end of message

	identity *identity // nil until it was asked for
}

// recipient is one RCPT command.
type recipient struct {
	raw     string // the command's first argument: exactly this names it when it is deleted
	address string // raw without <>
	key     string // normalised: what tells two people apart
	silent  bool   // NOTIFY=NEVER: no notification about this one (RFC 3461 section 4.1)
}

// esmtp returns the value of an ESMTP argument of MAIL or RCPT, "" if it is not
// there. args are the arguments behind the address, each "KEYWORD=value".
func esmtp(args []string, keyword string) string {
	for _, a := range args {
		if k, v, _ := strings.Cut(a, "="); strings.EqualFold(k, keyword) {
			return v
		}
	}
	return ""
}

// field is one header field. The value keeps its leading space and its folds, as
// the MTA gave them (SMFIP_HDR_LEADSPC).
type field struct{ name, value string }

// is compares names. RFC 5322 section 4.5 knows fields with space before the
// colon; they count as the same field.
func (f field) is(name string) bool {
	return strings.EqualFold(strings.TrimRight(f.name, " \t"), name)
}

// text is the value without its leading space, for the rules.
func (f field) text() string { return strings.TrimLeft(f.value, " \t") }

// appendTo appends the field as it stood in the mail. MTAs hand folds out with a
// bare LF.
func (f field) appendTo(b []byte) []byte {
	b = append(b, f.name...)
	b = append(b, ':')
	for i := 0; i < len(f.value); i++ {
		if f.value[i] == '\n' && (i == 0 || f.value[i-1] != '\r') {
			b = append(b, '\r')
		}
		b = append(b, f.value[i])
	}
	return append(b, "\r\n"...)
}

// fail notes a failure. The first one decides; whatever it is, the message does
// not pass.
func (m *message) fail(r *reply) {
	if m.fault == nil {
		m.fault = r
	}
}

func (m *message) close() {
	if m.offer != nil {
		m.offer.Withdraw()
	}
	if m.body != nil {
		m.body.Close()
	}
}

// get returns the first field called name, without its leading space.
func (m *message) get(name string) string {
	for _, f := range m.header {
		if f.is(name) {
			return strings.TrimSpace(f.value)
		}
	}
	return ""
}

// takeMarks moves the loop guard's fields out of the header and returns their
// values.
func (m *message) takeMarks() []string {
	var marks []string
	kept := m.header[:0]
	for _, f := range m.header {
		if f.is(guard.Header) {
			marks = append(marks, f.value)
		} else {
			kept = append(kept, f)
		}
	}
	m.header, m.marks = kept, len(marks)
	return marks
}

// addresses lists the recipients' addresses as received.
func (m *message) addresses() []string {
	a := make([]string, len(m.recipients))
	for i, r := range m.recipients {
		a[i] = r.address
	}
	return a
}

// forRules is the message as the rules see it, without its body.
func (m *message) forRules() *rules.Message {
	r := &rules.Message{
		From:       m.from,
		Recipients: m.addresses(),
		Header:     make([]rules.Field, len(m.header)),
		AuthUser:   m.authUser,
		Client:     m.client,
		TLS:        m.tls,
		Time:       m.received,
	}
	if m.offer != nil {
		r.Sent = m.offer.Others
	}
	for i, f := range m.header {
		r.Header[i] = rules.Field{Name: f.name, Value: f.text()}
	}
	return r
}

// original returns the message as the sender submitted it but for the fields of set,
// of which there is one each then, and its size.
func (m *message) original(set []planField, body io.ReaderAt, size int64) (io.Reader, int64) {
	var b []byte
	done := make([]bool, len(set))
	for _, f := range m.header {
		if i := slices.IndexFunc(set, func(s planField) bool { return f.is(s.Name) }); i >= 0 {
			if done[i] {
				continue
			}
			f, done[i] = set[i].folded(), true
		}
		b = f.appendTo(b)
	}
	b = append(b, "\r\n"...)
	return io.MultiReader(strings.NewReader(string(b)), io.NewSectionReader(body, 0, size)), int64(len(b)) + size
}

// bracketed returns the address in a MAIL or RCPT argument.
func bracketed(arg string) string {
	if len(arg) >= 2 && arg[0] == '<' && arg[len(arg)-1] == '>' {
		return arg[1 : len(arg)-1]
	}
	return arg
}

// normalise returns an address in the form in which accounts know it: all lower
// case, the domain without a final dot, no source route, no quotes that aren't
// needed. RFC 5321 section 2.4 lets a local part depend on case; no site that
// mails people does.
func normalise(address string) string {
	address = strings.ToLower(strings.TrimSpace(address))
	if strings.HasPrefix(address, "@") { // RFC 5321 section 4.1.2, A-d-l
		if _, rest, ok := strings.Cut(address, ":"); ok {
			address = rest
		}
	}
	at := strings.LastIndexByte(address, '@')
	if at < 0 {
		return address
	}
	local, domain := address[:at], strings.TrimSuffix(address[at+1:], ".")
	if n := len(local); n > 2 && local[0] == '"' && local[n-1] == '"' && plain(local[1:n-1]) {
		local = local[1 : n-1]
	}
	return local + "@" + domain
}

// plain reports whether a local part is a dot-string (RFC 5321 section 4.1.2).
func plain(local string) bool {
	for _, atom := range strings.Split(local, ".") {
		if atom == "" {
			return false
		}
		for i := 0; i < len(atom); i++ {
			c := atom[i]
			if !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || strings.IndexByte("!#$%&'*+-/=?^_`{|}~", c) >= 0) {
				return false
			}
		}
	}
	return true
}
