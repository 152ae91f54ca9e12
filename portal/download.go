package portal

import (
	"io"
	"mime"
	"net/http"
	"strconv"

	"github.com/postseal/postseal/portal/display"
)

// messagePart sends one attachment.
func (p *portal) messagePart(c *call) error {
	f, err := p.opened(c)
	if err != nil {
		return err
	}
	m, err := p.openMail(c, f)
	if err != nil {
		return err
	}
	defer m.Close()
	return sendPart(c, m)
}

// sendPart sends the part that the path names by its number.
func sendPart(c *call, m *plain) error {
	n, err := strconv.Atoi(c.arg("part"))
	if err != nil {
		return errNotFound
	}
	ok, err := display.Part(m.reader(), n, func(a display.Attachment) (io.Writer, error) {
		attachment(c.w.Header(), a.Name)
		if a.Type == "text/calendar" {
			// A phone offers its calendar by the type alone. Nothing is run by it:
			// no browser shows it as a page, and it is still a file to save.
			c.w.Header().Set("Content-Type", "text/calendar; charset=utf-8")
		}
		c.w.WriteHeader(http.StatusOK)
		return c.w, nil
	})
	if err == nil && !ok {
		return errNotFound
	}
	return err
}

// messageOriginal sends the message as the sender submitted it, byte for byte.
func (p *portal) messageOriginal(c *call) error {
	f, err := p.opened(c)
	if err != nil {
		return err
	}
	if f.manifest.Restrict.NoPrint {
		return errNoPrint
	}
	m, err := p.openMail(c, f)
	if err != nil {
		return err
	}
	defer m.Close()
	return sendOriginal(c, f, m)
}

func sendOriginal(c *call, f *fetched, m *plain) error {
	name := display.Decode(f.summary.Subject)
	if name == "" {
		name = "message"
	}
	attachment(c.w.Header(), display.CleanName(clip(name, 80)+".eml", "message/rfc822"))
	c.w.Header().Set("Content-Length", strconv.FormatInt(m.size, 10))
	c.w.WriteHeader(http.StatusOK)
	_, err := io.Copy(c.w, m.reader())
	return err
}

// attachment makes the response a file to save, never a page to show. name has
// been cleaned.
func attachment(h http.Header, name string) {
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Security-Policy", filePolicy)
	d := mime.FormatMediaType("attachment", map[string]string{"filename": name})
	if d == "" {
		d = "attachment"
	}
	h.Set("Content-Disposition", d)
}
