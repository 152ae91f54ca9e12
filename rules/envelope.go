package rules

import (
	netmail "net/mail"
	"regexp"
	"strconv"
	"strings"
)

// A senderCondition tests the envelope sender.
type senderCondition struct{ set *addressSet }

func (c senderCondition) level() level { return levelHeader }

func (c senderCondition) test(st *state) truth {
	entry, ok := c.set.match(st.message.From)
	if ok {
		st.found(Evidence{What: "from", Part: "envelope", Name: entry, Masked: maskAddress(st.message.From)})
	}
	return truthOf(ok)
}

// A recipientCondition tests the recipient that is being decided.
type recipientCondition struct{ set *addressSet }

func (c recipientCondition) level() level { return levelHeader }

func (c recipientCondition) test(st *state) truth {
	entry, ok := c.set.match(st.recipient)
	if ok {
		st.found(Evidence{What: "to", Part: "envelope", Name: entry, Masked: maskAddress(st.recipient)})
	}
	return truthOf(ok)
}

// A headerFromCondition tests the addresses in the From fields (RFC 5322 section
// 3.6.2), all of them if there are several.
type headerFromCondition struct{ set *addressSet }

func (c headerFromCondition) level() level { return levelHeader }

func (c headerFromCondition) test(st *state) truth {
	for _, f := range st.message.Header {
		if !strings.EqualFold(strings.TrimSpace(f.Name), "From") {
			continue
		}
		for _, address := range headerAddresses(f.Value) {
			if entry, ok := c.set.match(address); ok {
				st.found(Evidence{What: "header_from", Part: "header From", Name: entry, Masked: maskAddress(address)})
				return yes
			}
		}
	}
	return no
}

// headerAddresses returns the addresses of an address list. From a malformed one
// it takes whatever looks like an address.
func headerAddresses(value string) []string {
	var found []string
	if list, err := netmail.ParseAddressList(value); err == nil {
		for _, a := range list {
			found = append(found, a.Address)
		}
		return found
	}
	return looseAddress.FindAllString(value, 100)
}

var looseAddress = regexp.MustCompile(`[^\s<>,;:"()\[\]]+@[^\s<>,;:"()\[\]]+`)

// A sizeCondition tests the size of the whole message.
type sizeCondition struct{ comparison }

// Its size is known only with the body.
func (c sizeCondition) level() level { return levelStructure }

func (c sizeCondition) test(st *state) truth {
	n, ok := st.size()
	if !ok {
		st.want(levelStructure, "")
		return unknown
	}
	if !c.holds(n) {
		return no
	}
	st.found(Evidence{What: "size", Part: "message", Name: c.String(), Masked: strconv.FormatInt(n, 10)})
	return yes
}

// A recipientsCondition tests the number of envelope recipients.
type recipientsCondition struct{ comparison }

func (c recipientsCondition) level() level { return levelHeader }

func (c recipientsCondition) test(st *state) truth {
	n := int64(len(st.message.Recipients))
	if !c.holds(n) {
		return no
	}
	st.found(Evidence{What: "recipients", Part: "envelope", Name: c.String(), Masked: strconv.FormatInt(n, 10)})
	return yes
}
