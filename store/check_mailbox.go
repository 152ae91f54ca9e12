package store

// own checks drafts and sent copies.
func (c *checker) own() error {
	return c.each(bucketOwn, 16, func(k, _ []byte) {
		var o ownRecord
		if !c.record(bucketOwn, k, &o) {
			return
		}
		bucket, key := o.entry(id(k)).place()
		c.needs(bucketOwn, k, bucket, key)
		c.needs(bucketOwn, k, bucketExpiry, expiryKey(o.Expires, expireOwn, k))
		c.refs[o.Content]++
		size := c.payloads[o.Content].Size
		for _, f := range o.Files {
			c.refs[f.Payload]++
			size += f.Size
		}
		if size != o.Size {
			c.bad(bucketOwn, "%x: %d octets recorded, %d found", k, o.Size, size)
		}
	})
}

// lists checks that each entry of a list is of something, in its place, and that
// conversations and counts agree with the lists.
func (c *checker) lists() error {
	sums := map[accountID]counts{}
	linked := 0
	see := func(account accountID, folder byte, i id, k, v []byte) {
		if len(v) != 1 {
			c.bad(bucketFolder, "%x: value %x", k, v)
			return
		}
		n := sums[account]
		t := tallyOf(v[0])
		n.of(folder).total += t.total
		n.of(folder).unread += t.unread
		sums[account] = n
		e, ok := c.entry(folder, i, k, v[0])
		if !ok || !conversing(e) {
			return
		}
		linked++
		c.needs(bucketFolder, k, bucketConversation, e.conversationKey())
	}
	err := c.each(bucketInbox, 40, func(k, v []byte) { see(accountID(k[:16]), inInbox, id(k[24:]), k, v) })
	if err != nil {
		return err
	}
	err = c.each(bucketFolder, 41, func(k, v []byte) { see(accountID(k[:16]), k[16], id(k[25:]), k, v) })
	if err != nil {
		return err
	}
	err = c.each(bucketConversation, 56, func(k, _ []byte) { linked-- })
	if err != nil {
		return err
	}
	if linked != 0 {
		c.bad(bucketConversation, "%d entries too few or (below zero) too many", linked)
	}
	err = c.each(bucketOwn, 16, func(k, _ []byte) {
		var o ownRecord
		if c.record(bucketOwn, k, &o) {
			n := sums[o.Account]
			n.own += o.Size
			sums[o.Account] = n
		}
	})
	if err != nil {
		return err
	}
	err = c.each(bucketCount, 16, func(k, v []byte) {
		n, err := parseCounts(v)
		if err != nil || n != sums[accountID(k)] {
			c.bad(bucketCount, "%x: %+v recorded, %+v found", k, n, sums[accountID(k)])
		}
		delete(sums, accountID(k))
	})
	if err != nil {
		return err
	}
	for account, n := range sums {
		if n != (counts{}) {
			c.bad(bucketCount, "%x: nothing recorded, %+v found", account[:], n)
		}
	}
	return c.each(bucketIndex, 32, func(k, _ []byte) {
		if i := id(k[16:]); i != (id{}) && !c.has(bucketMessage, i[:]) && !c.has(bucketOwn, i[:]) {
			c.bad(bucketIndex, "%x: of nothing", k)
		}
	})
}

// entry checks one entry of a list against the record of what it lists.
func (c *checker) entry(folder byte, i id, k []byte, flags byte) (entry, bool) {
	if flags&inboxOwn != 0 {
		var o ownRecord
		if !c.record(bucketOwn, i[:], &o) {
			return entry{}, false
		}
		e := o.entry(i)
		if _, key := e.place(); string(key) != string(k) {
			c.bad(bucketFolder, "%x: own item is elsewhere", k)
		}
		return e, true
	}
	var m messageRecord
	if !c.record(bucketMessage, i[:], &m) {
		return entry{}, false
	}
	if flags&inboxEnded != 0 {
		if m.Ended == "" || flags&^(inboxRead|inboxEnded) != 0 {
			c.bad(bucketFolder, "%x: flags %x of a message that ended: %v", k, flags, m.Ended != "")
		}
		return entry{}, false
	}
	e := c.s.entryFor(i, m, flags)
	if _, key := e.place(); m.Ended != "" || string(key) != string(k) {
		c.bad(bucketFolder, "%x: message is elsewhere or ended", k)
	}
	granted := c.has(bucketPart, partKey(i, partGrant))
	if flags&^(inboxRead|inboxGranted|inboxStar) != 0 || (flags&inboxGranted != 0) != granted {
		c.bad(bucketFolder, "%x: flags %x, grant %v", k, flags, granted)
	}
	return e, true
}
