package milter

import (
	"encoding/binary"
	"fmt"

	"github.com/emersion/go-milter"
)

// wantedActions are the modifications we may ask for. All but the macro lists
// are needed: without one of them a verdict could not be applied.
const wantedActions = milter.OptAddHeader | milter.OptChangeHeader | milter.OptChangeBody |
	milter.OptRemoveRcpt | milter.OptQuarantine | milter.OptSetSymList

// wantedProtocol are the steps we leave out, those that get no answer, and
// leading spaces of header values. Nothing is decided before the end of the
// header, so nothing before it needs a round trip.
const wantedProtocol = milter.OptNoUnknown | milter.OptNoData |
	milter.OptNoConnReply | milter.OptNoHeloReply | milter.OptNoMailReply |
	milter.OptNoRcptReply | milter.OptNoHeaderReply | milter.OptNoEOHReply |
	milter.OptNoBodyReply | milter.OptHeaderLeadingSpace

// wantedMacros are listed for every stage: Postfix sends nothing for a stage
// that is left out, and Sendmail heeds the list for the end of the message only
// beside one for the end of the header. TLS macros never come later than MAIL.
func wantedMacros() map[milter.Stage][]string {
	return map[milter.Stage][]string{
		milter.StageConnect:  {"j", "v"},
		milter.StageHelo:     {"{tls_version}"},
		milter.StageMailFrom: {"i", "{auth_authen}", "{tls_version}"},
		milter.StageRcptTo:   {"i"},
		milter.StageEOH:      {"i"},
		milter.StageEOM:      {"i"},
	}
}

// maxVersion is the protocol version of libmilter since Sendmail 8.14.
const maxVersion = 6

// offer is what an MTA can do (SMFIC_OPTNEG).
type offer struct {
	version  uint32
	actions  milter.OptAction
	protocol milter.OptProtocol
}

func parseOffer(data []byte) (offer, error) {
	if len(data) < 12 {
		return offer{}, fmt.Errorf("option negotiation: %w", errFrame)
	}
	o := offer{
		version:  binary.BigEndian.Uint32(data),
		actions:  milter.OptAction(binary.BigEndian.Uint32(data[4:])),
		protocol: milter.OptProtocol(binary.BigEndian.Uint32(data[8:])),
	}
	if o.version < 2 {
		return offer{}, fmt.Errorf("option negotiation: protocol version %d", o.version)
	}
	if missing := (wantedActions &^ milter.OptSetSymList) &^ o.actions; missing != 0 {
		return offer{}, fmt.Errorf("option negotiation: the MTA lets us not do what verdicts need (actions %#x)", uint32(missing))
	}
	return o, nil
}

// limitTo rewrites go-milter's answer to the negotiation: it always says version
// 2 and asks for everything, offered or not. frame is that answer whole.
func (o offer) limitTo(frame []byte) ([]byte, error) {
	const head = 4 + 1 + 12
	if len(frame) < head || frame[4] != cmdOptions {
		return nil, fmt.Errorf("answer to the option negotiation: %w", errFrame)
	}
	data := make([]byte, 12, len(frame))
	binary.BigEndian.PutUint32(data, min(o.version, maxVersion))
	binary.BigEndian.PutUint32(data[4:], uint32(o.actions&wantedActions))
	binary.BigEndian.PutUint32(data[8:], uint32(o.protocol&wantedProtocol))
	if o.actions&milter.OptSetSymList != 0 {
		data = append(data, frame[head:]...)
	}
	return appendFrame(nil, cmdOptions, data), nil
}

// silent reports whether the MTA waits for no answer to the step.
func (o offer) silent(step milter.OptProtocol) bool { return o.protocol&step != 0 }

// leading reports whether header values keep their leading space, both ways.
func (o offer) leading() bool { return o.protocol&milter.OptHeaderLeadingSpace != 0 }
