package milter

import (
	"encoding/json"
	"net/mail"
	"strings"
	"time"

	"github.com/postseal/postseal/rules"
	"github.com/postseal/postseal/store/socket"
)

// ComposedRule stands for the rule's name where a message is sealed because a
// member wrote it in the portal.
const ComposedRule = "portal"

// A sealOrder is how a member's message is to be sealed.
type sealOrder struct {
	ReadReceipt bool `json:"readReceipt,omitempty"`
	NoPrint     bool `json:"noPrint,omitempty"`
	NoReply     bool `json:"noReply,omitempty"`
	Days        int  `json:"days,omitempty"`
	// Dispatch is the id by which the member is to follow the message.
	Dispatch string `json:"dispatch,omitempty"`
}

// ComposePass is what goes with a message that a member wrote in the portal: the
// rules judge it as the member's own, and what they would let go outside in clear
// is sealed.
func ComposePass(member, dispatch string, o socket.SendOptions) ([]byte, error) {
	return json.Marshal(pass{
		Version: passVersion, AuthUser: member,
		Seal: &sealOrder{ReadReceipt: o.ReadReceipt, NoPrint: o.NoPrint, NoReply: o.NoReply, Days: o.Days, Dispatch: dispatch},
	})
}

// sealComposed carries out a member's wishes about those outside. What the rules
// say beside sealing stays: a block blocks, and restrictions add up.
func (s *Server) sealComposed(m *message, d *rules.Decision) {
	if m.pass == nil || m.pass.Seal == nil || len(d.Verdicts) != len(m.recipients) {
		return
	}
	o := m.pass.Seal
	for i, v := range d.Verdicts {
		if rules.Internal(v.Recipient, s.options.InternalDomains) {
			continue
		}
		if v.Action == rules.Deliver {
			v.Action, v.Rule, v.Reason = rules.Pickup, ComposedRule, ""
			v.Text = "It was written in the portal."
		}
		if o.ReadReceipt {
			v.Also.ReadReceipt = &o.ReadReceipt
		}
		v.Also.Restrict.NoPrint = v.Also.Restrict.NoPrint || o.NoPrint
		v.Also.Restrict.NoReply = v.Also.Restrict.NoReply || o.NoReply
		if end := time.Duration(o.Days) * 24 * time.Hour; end > 0 && (v.Also.Expire == 0 || end < v.Also.Expire) {
			v.Also.Expire = end
		}
		d.Verdicts[i] = v
	}
}

// maxOthers bounds the addresses that a reply to all goes to.
const maxOthers = 50

// answerable are the internal addresses of To and Cc of a member's message: a guest's
// reply to all goes to them. Nobody outside can have one sent anywhere.
func (w *work) answerable() []string {
	if !w.internal() {
		return nil
	}
	var out []string
	for _, name := range []string{"To", "Cc"} {
		list, err := mail.ParseAddressList(headerLine(w.m.get(name)))
		if err != nil {
			continue
		}
		for _, a := range list {
			if len(out) < maxOthers && rules.Internal(a.Address, w.server.options.InternalDomains) && !strings.EqualFold(a.Address, w.m.from) {
				out = append(out, a.Address)
			}
		}
	}
	return out
}
