package store

// seats looks at who may open which mailbox.
func (c *checker) seats() error {
	err := c.each(bucketSeat, 32, func(k, _ []byte) {
		var r seatRecord
		if !c.record(bucketSeat, k, &r) {
			return
		}
		if c.s.vault.account(r.Mailbox) != accountID(k[:16]) || c.s.vault.account(r.Person) != accountID(k[16:]) {
			c.bad(bucketSeat, "%x: addresses belong elsewhere", k)
		}
		c.needs(bucketSeat, k, bucketSeated, append(append([]byte(nil), k[16:]...), k[:16]...))
	})
	if err != nil {
		return err
	}
	return c.each(bucketSeated, 32, func(k, _ []byte) {
		c.needs(bucketSeated, k, bucketSeat, append(append([]byte(nil), k[16:]...), k[:16]...))
	})
}
