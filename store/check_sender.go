package store

import (
	"bytes"
)

func (c *checker) holds() error {
	return c.each(bucketHold, 16, func(k, _ []byte) {
		var h holdRecord
		if !c.record(bucketHold, k, &h) {
			return
		}
		if h.Link != nil {
			c.needs(bucketHold, k, bucketLink, h.Link[:])
		}
		if h.State != HoldWaiting {
			c.leftover(expireHoldGone, k)
			return
		}
		if h.Dispatch != (id{}) {
			c.needs(bucketHold, k, bucketDispatch, h.Dispatch[:])
		}
		c.needs(bucketHold, k, bucketExpiry, expiryKey(h.Expires, expireHold, k))
		if h.Deferred {
			return
		}
		if _, ok := c.payloads[h.Payload]; !ok {
			c.bad(bucketHold, "%x: payload %s is not recorded", k, h.Payload)
		}
		c.refs[h.Payload]++
		c.needs(bucketHold, k, bucketPart, partKey(id(k), partSummary))
		if !c.has(bucketPart, partKey(id(k), partCode)) && !c.has(bucketPart, partKey(id(k), partRecovery)) {
			c.bad(bucketHold, "%x: nobody can release it", k)
		}
		c.manifest(id(k), h.Payload)
	})
}

func (c *checker) trusts() error {
	err := c.each(bucketTrust, 48, func(k, _ []byte) {
		var r trustRecord
		if !c.record(bucketTrust, k, &r) {
			return
		}
		if !bytes.Equal(k, c.s.vault.trustKey(r.Sender, r.Recipient, r.Rule)) {
			c.bad(bucketTrust, "%x: sender, recipient or rule belong elsewhere", k)
		}
		if !r.Expires.IsZero() {
			c.needs(bucketTrust, k, bucketExpiry, expiryKey(r.Expires, expireTrust, k))
		}
	})
	if err != nil {
		return err
	}
	err = c.each(bucketUnwanted, 32, func(k, _ []byte) {
		var r unwantedRecord
		if c.record(bucketUnwanted, k, &r) && !bytes.Equal(k, c.s.vault.unwantedKey(r.Recipient, r.Sender)) {
			c.bad(bucketUnwanted, "%x: sender or recipient belong elsewhere", k)
		}
	})
	if err != nil {
		return err
	}
	return c.each(bucketThread, 32, func(k, v []byte) {
		if len(v) != 8 {
			c.bad(bucketThread, "%x: value %x", k, v)
			return
		}
		c.needs(bucketThread, k, bucketExpiry, expiryKey(keyTime(v), expireThread, k))
	})
}

func (c *checker) dispatches() error {
	err := c.each(bucketDispatch, 16, func(k, _ []byte) {
		var d dispatchRecord
		if !c.record(bucketDispatch, k, &d) {
			return
		}
		c.needs(bucketDispatch, k, bucketLink, d.Link[:])
		c.needs(bucketDispatch, k, bucketExpiry, expiryKey(d.Forgotten, expireDispatch, k))
		c.needs(bucketDispatch, k, bucketSent, inboxKey(c.s.vault.account(d.Sender), d.Created, id(k)))
		lines, err := c.s.dispatchLines(c.tx, id(k), d.Lines)
		if err != nil || len(lines) != d.Lines {
			c.bad(bucketDispatch, "%x: %d lines of %d: %v", k, len(lines), d.Lines, err)
			return
		}
		for _, l := range lines {
			if l.Message != (id{}) {
				c.needs(bucketDispatch, k, bucketMessage, l.Message[:])
			}
			if l.Hold != (id{}) {
				c.needs(bucketDispatch, k, bucketHold, l.Hold[:])
			}
		}
	})
	if err != nil {
		return err
	}
	err = c.each(bucketLine, 20, func(k, _ []byte) { c.needs(bucketLine, k, bucketDispatch, k[:16]) })
	if err != nil {
		return err
	}
	return c.each(bucketSent, 40, func(k, _ []byte) { c.needs(bucketSent, k, bucketDispatch, k[24:]) })
}
