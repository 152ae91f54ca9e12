package milter

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/textproto"
	"runtime/debug"
	"strings"

	"github.com/emersion/go-milter"

	"github.com/postseal/postseal/milter/spool"
)

// session is one connection's backend in go-milter: its callbacks run in one
// goroutine, one after the other. What they are given is not used but for the
// fact that they were called; the frame at hand is in conn.
type session struct {
	conn   *conn
	server *Server
	client netip.Addr
	// mta is the macro v: "Postfix 3.10.5", or Sendmail's "8.18.1".
	mta string
	// message is the one under way, from MAIL to the answer or ABORT.
	message *message
}

// broken ends a connection on which something came that can't be. go-milter would
// write the error to the standard logger.
func (s *session) broken(err error) (milter.Response, error) {
	s.server.ended(err)
	s.conn.Close()
	return nil, nil
}

var errOrder = errors.New("milter command out of order")

// step returns what answers a step before the end of the message.
func (s *session) step(noReply milter.OptProtocol) milter.Response {
	if s.conn.offer.silent(noReply) {
		return nil
	}
	return answer{respContinue, nil}
}

// Connect takes SMFIC_CONNECT.
func (s *session) Connect(string, string, uint16, net.IP, *milter.Modifier) (milter.Response, error) {
	s.mta = s.conn.takeMacros(cmdConnect)["v"]
	var err error
	if s.client, err = parseConnect(s.conn.frame.data); err != nil {
		return s.broken(err)
	}
	return s.step(milter.OptNoConnReply), nil
}

// Helo takes SMFIC_HELO. It comes again after STARTTLS.
func (s *session) Helo(string, *milter.Modifier) (milter.Response, error) {
	s.conn.takeMacros(cmdHelo)
	return s.step(milter.OptNoHeloReply), nil
}

// MailFrom takes SMFIC_MAIL and starts a message.
func (s *session) MailFrom(string, *milter.Modifier) (milter.Response, error) {
	s.reset()
	macros := s.conn.takeMacros(cmdMail)
	args, err := parseStrings(s.conn.frame.data)
	if err != nil {
		return s.broken(fmt.Errorf("mail: %w", err))
	}
	o := s.server.options
	s.message = &message{
		from: bracketed(args[0]), envelopeID: esmtp(args[1:], "ENVID"),
		body:     spool.New(o.SpoolDir, o.Limits.Memory, o.Limits.Message),
		client:   s.client,
		authUser: macros["auth_authen"],
		tls:      macros["tls_version"],
		queue:    macros["i"], rewritten: local(s.mta, macros["i"]),
		received: o.Now(),
	}
	if r := s.server.options.Incoming.refuseSender(s.message); r != nil {
		s.log().Info("message refused: it came in clear", "event", "refused", "code", r.code)
		s.reset()
		s.conn.refused()
		return r.answer(), nil
	}
	return s.step(milter.OptNoMailReply), nil
}

// RcptTo takes SMFIC_RCPT: one recipient that the MTA has accepted.
func (s *session) RcptTo(string, *milter.Modifier) (milter.Response, error) {
	macros := s.conn.takeMacros(cmdRcpt)
	if s.message == nil || s.message.headed {
		return s.broken(fmt.Errorf("rcpt: %w", errOrder))
	}
	args, err := parseStrings(s.conn.frame.data)
	if err != nil {
		return s.broken(fmt.Errorf("rcpt: %w", err))
	}
	if args[0] == "" {
		return s.broken(fmt.Errorf("rcpt: %w", errFrame))
	}
	s.noteQueue(macros)
	if r := s.server.options.Incoming.refuseRecipient(s.message, bracketed(args[0])); r != nil {
		s.log().Info("recipient refused: the message came in clear", "event", "refused", "code", r.code, "to", short(args[0]))
		return r.answer(), nil
	}
	if len(s.message.recipients) >= s.server.options.Limits.Recipients {
		s.message.fail(replyMany)
	} else if !mailbox(args[0]) {
		s.message.fail(replyMailbox)
	} else {
		address := bracketed(args[0])
		s.message.recipients = append(s.message.recipients, recipient{
			raw: args[0], address: address, key: normalise(address),
			silent: strings.EqualFold(esmtp(args[1:], "NOTIFY"), "NEVER"),
		})
		s.server.lookAhead(address)
	}
	return s.step(milter.OptNoRcptReply), nil
}

// Header takes SMFIC_HEADER: one field, in order.
func (s *session) Header(string, string, *milter.Modifier) (milter.Response, error) {
	s.conn.takeMacros(cmdHeader)
	if s.message == nil || s.message.headed {
		return s.broken(fmt.Errorf("header: %w", errOrder))
	}
	name, value, err := parseHeader(s.conn.frame.data)
	if err != nil {
		return s.broken(err)
	}
	if !s.conn.offer.silent(milter.OptHeaderLeadingSpace) {
		value = " " + value // this MTA took one away
	}
	m, limits := s.message, s.server.options.Limits
	m.headerSize += len(name) + len(value) + 3
	if m.headerSize > limits.Header || len(m.header) >= limits.Fields {
		m.fail(replyHeader)
	} else {
		m.header = append(m.header, field{name, value})
	}
	return s.step(milter.OptNoHeaderReply), nil
}

// Headers takes SMFIC_EOH.
func (s *session) Headers(textproto.MIMEHeader, *milter.Modifier) (resp milter.Response, err error) {
	s.noteQueue(s.conn.takeMacros(cmdEOH))
	if s.message == nil || s.message.headed {
		return s.broken(fmt.Errorf("end of header: %w", errOrder))
	}
	s.message.headed = true
	s.guarded(func() { s.endOfHeader() })
	return s.step(milter.OptNoEOHReply), nil
}

// BodyChunk takes SMFIC_BODY.
func (s *session) BodyChunk([]byte, *milter.Modifier) (milter.Response, error) {
	s.conn.takeMacros(cmdBody)
	if s.message == nil {
		return s.broken(fmt.Errorf("body: %w", errOrder))
	}
	if m := s.message; m.fault == nil && !m.clear {
		if _, err := m.body.Write(s.conn.frame.data); err != nil {
			s.deferred(err, "spool")
			m.fail(replyFor(err))
		}
	}
	return s.step(milter.OptNoBodyReply), nil
}

// Body takes SMFIC_BODYEOB and gives the answer to the message.
func (s *session) Body(*milter.Modifier) (resp milter.Response, err error) {
	s.noteQueue(s.conn.takeMacros(cmdEnd))
	if s.message == nil {
		return s.broken(fmt.Errorf("end of message: %w", errOrder))
	}
	defer s.reset()
	var a answer
	if !s.guarded(func() { a = s.endOfMessage() }) {
		s.conn.hold(nil)
		a = s.message.fault.answer()
	}
	return a, nil
}

// Abort takes SMFIC_ABORT. It says nothing about what the MTA did with a message
// that was answered: Postfix sends it after those too. So it ends what is being
// collected and undoes nothing.
func (s *session) Abort(*milter.Modifier) error {
	s.reset()
	return nil
}

// guarded runs f. A panic in it is the message's failure, not the connection's:
// an MTA may let the rest of a connection pass after a broken milter session.
func (s *session) guarded(f func()) (ok bool) {
	defer func() {
		if v := recover(); v != nil {
			ok = false
			s.message.fault = replyLater
			s.log().Error("panic", "event", "deferred", "why", "panic", "stack", string(debug.Stack()))
		}
	}()
	f()
	return true
}

// noteQueue keeps the MTA's queue id. It is there from the second recipient on,
// or from MAIL for mail of the local command.
func (s *session) noteQueue(macros map[string]string) {
	if id := macros["i"]; id != "" && s.message != nil {
		s.message.queue = id
	}
}

func (s *session) reset() {
	if s.message != nil {
		s.message.close()
		s.message = nil
	}
}
