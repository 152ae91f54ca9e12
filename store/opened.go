package store

import "slices"

// opened notes the first time that a message is opened, and tells who asked to be
// told (RFC 8098). The caller calls mailAdded after it.
func (s *Store) opened(c *change, message id, m *messageRecord) error {
	if err := c.drop(bucketAwaiting, accountKey(m.Account, message[:])); err != nil {
		return err
	}
	now := s.now().UTC()
	m.Opened = now
	receipt := m.Receipt
	m.Receipt = ""
	if err := s.vault.put(c, bucketMessage, message[:], *m); err != nil {
		return err
	}
	entry := Entry{Event: EventOpened, Message: message.String(), Address: m.Recipient, Sender: m.Sender}
	by := ""
	if len(m.OpenedBy) > 0 {
		entry.Actor, by = m.OpenedBy[0].Address, m.OpenedBy[0].shown()
	}
	if err := s.audit(c, entry); err != nil {
		return err
	}
	if receipt == "" {
		return nil
	}
	mail, err := s.o.Mails.Read(ReadMail{
		ID: message.String(), To: receipt, Recipient: m.Recipient, MessageID: m.MessageID, Sent: m.Created, Opened: now, By: by,
	})
	if err != nil { // nobody is to be kept from reading by that
		s.log.Error("read receipt", "message", message.String(), "error", err)
		return nil
	}
	mail.To = []string{receipt}
	return s.send(c, mail, id{}, now.Add(s.o.MailLife))
}

// openedBy notes that the message was opened, the first time at all and by each of a
// mailbox's people. by is nil for the account's holder.
func (s *Store) openedBy(c *change, message id, m *messageRecord, by *byPerson) error {
	first, new := m.Opened.IsZero(), m.newTo(by)
	if new {
		m.OpenedBy = append(m.OpenedBy, *by)
	}
	switch {
	case first:
		return s.opened(c, message, m)
	case !new:
		return nil
	}
	if err := s.vault.put(c, bucketMessage, message[:], *m); err != nil {
		return err
	}
	return s.audit(c, Entry{
		Event: EventOpened, Message: message.String(), Address: m.Recipient, Sender: m.Sender, Actor: by.address(),
	})
}

// newTo reports whether one of a mailbox's people has yet to open the message; by is
// nil for the account's holder.
func (m messageRecord) newTo(by *byPerson) bool {
	return by != nil && len(m.OpenedBy) < maxSeats &&
		!slices.ContainsFunc(m.OpenedBy, func(o byPerson) bool { return o.Address == by.Address })
}

// canReply reports whether the recipient may answer.
func (m messageRecord) canReply() bool { return m.ReplyTo != "" && !m.Restrict.NoReply }
