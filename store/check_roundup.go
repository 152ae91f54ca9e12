package store

// roundups checks that what waits for a round-up has one, and that it is due.
func (c *checker) roundups() error {
	err := c.each(bucketRoundup, 16, func(k, _ []byte) {
		var r roundupRecord
		// One that came is gone, or was put off.
		if c.record(bucketRoundup, k, &r) && c.s.now().Before(r.Due) {
			c.needs(bucketRoundup, k, bucketExpiry, expiryKey(r.Due, dueRoundup, k))
		}
	})
	if err != nil {
		return err
	}
	return c.each(bucketAwaiting, 32, func(k, _ []byte) {
		var r roundupRecord
		if c.record(bucketRoundup, k[:16], &r) && r.Due.IsZero() {
			c.bad(bucketAwaiting, "%x: its round-up is not due", k)
		}
		var m messageRecord
		if c.record(bucketMessage, k[16:], &m) && (m.Ended != "" || m.Account != accountID(k[:16])) {
			c.bad(bucketAwaiting, "%x: message is another's or ended", k)
		}
	})
}
