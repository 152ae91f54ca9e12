package rules

import (
	"errors"
	"fmt"
	"strconv"
	"time"
)

// A sentCondition tests how many recipients a sender's messages had within a
// time, this one included: it finds mass mailings in many small messages.
type sentCondition struct {
	recipients comparison
	within     time.Duration
}

func (c sentCondition) level() level { return levelHeader }

func (c sentCondition) test(st *state) truth {
	n, err := int64(0), errors.New("nobody counts them")
	if st.message.Sent != nil {
		n, err = st.message.Sent(st.message.Time.Add(-c.within))
	}
	if err != nil {
		st.err = fmt.Errorf("count the sender's recipients: %w", err)
		st.want(levelHeader, "a sender's recipients could not be counted")
		return unknown
	}
	if n += int64(len(st.message.Recipients)); !c.recipients.holds(n) {
		return no
	}
	st.found(Evidence{What: "sent", Part: "envelope", Name: c.recipients.String() + " within " + showDuration(c.within), Masked: strconv.FormatInt(n, 10)})
	return yes
}

func decodeSent(l *loader, n node, _ scope) condition {
	var c sentCondition
	fields := n.fields()
	for _, f := range fields {
		switch f.name() {
		case "recipients":
			c.recipients, _ = l.decodeComparison(f, parseNumber, "> 200")
		case "within":
			s, ok := f.text()
			if !ok {
				continue
			}
			var err error
			if c.within, err = parseDuration(s); err != nil || c.within < time.Minute || c.within > 7*24*time.Hour {
				f.errorf("%q is not a time from 1m to 7d; write one like \"1h\"", s)
			}
		default:
			f.unknown([]string{"recipients", "within"})
		}
	}
	if n.isTable() && (c.recipients.op == "" || c.within == 0) && len(fields) < 2 {
		n.errorf("write both like { recipients = \"> 200\", within = \"1h\" }")
	}
	return l.share(c)
}
