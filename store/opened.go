package store

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
	if err := s.audit(c, Entry{Event: EventOpened, Message: message.String(), Address: m.Recipient, Sender: m.Sender}); err != nil {
		return err
	}
	if receipt == "" {
		return nil
	}
	mail, err := s.o.Mails.Read(ReadMail{
		ID: message.String(), To: receipt, Recipient: m.Recipient, MessageID: m.MessageID, Sent: m.Created, Opened: now,
	})
	if err != nil { // nobody is to be kept from reading by that
		s.log.Error("read receipt", "message", message.String(), "error", err)
		return nil
	}
	mail.To = []string{receipt}
	return s.send(c, mail, id{}, now.Add(s.o.MailLife))
}

// canReply reports whether the recipient may answer.
func (m messageRecord) canReply() bool { return m.ReplyTo != "" && !m.Restrict.NoReply }
