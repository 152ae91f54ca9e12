package portal

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/postseal/postseal/portal/display"
	"github.com/postseal/postseal/store/socket"
)

// downloadAll sends every message of the account that may be downloaded, as files
// in an archive that is made while it is sent: nothing of it is ever on disk in
// clear. It is a POST: each message counts as opened.
func (p *portal) downloadAll(c *call) error {
	attachment(c.w.Header(), "messages.zip")
	c.w.WriteHeader(http.StatusOK)
	z := zip.NewWriter(c.w)
	n, left := 0, 0
	for cursor, more := "", true; more; more = cursor != "" {
		page, err := p.owner.Inbox(c.ctx(), c.user.token, cursor, 100)
		if err != nil {
			return err
		}
		for _, m := range page.Messages {
			switch err := p.addToArchive(c, z, m, n+1); {
			case errors.Is(err, errLeftOut):
				left++
			case err != nil:
				return err // the connection is cut: half an archive must not look whole
			default:
				n++
			}
		}
		cursor = page.Next
	}
	if left > 0 {
		w, err := z.Create(c.text("settings.download.left.name") + ".txt")
		if err != nil {
			return err
		}
		if _, err := io.WriteString(w, c.plural("settings.download.left", left)+"\r\n"); err != nil {
			return err
		}
	}
	return z.Close()
}

// errLeftOut: a message that the archive does not get: its sender forbids it, it
// needs a PIN, its seal is broken, or it ended a moment ago.
var errLeftOut = errors.New("left out of the archive")

// addToArchive adds a message, byte for byte as its sender submitted it.
func (p *portal) addToArchive(c *call, z *zip.Writer, m socket.Message, n int) error {
	f, err := p.fetch(c, c.user, m.ID)
	if refusal(err) || errors.Is(err, errIntegrity) {
		return errLeftOut
	}
	if err != nil {
		p.log.Error("a message is left out of an archive", "id", m.ID, "error", err)
		return errLeftOut
	}
	if f.manifest.Restrict.NoPrint {
		return errLeftOut
	}
	mail, err := p.openMail(c, f)
	if err != nil {
		return err
	}
	defer mail.Close()
	if f.Opened.IsZero() { // by whoever downloads it, also if others of the mailbox have
		if err := p.owner.MarkOpened(c.ctx(), c.user.token, m.ID, m.Read); err != nil {
			return err
		}
	}
	subject := display.Decode(f.summary.Subject)
	if subject == "" {
		subject = "message"
	}
	name := fmt.Sprintf("%04d %s", n, display.CleanName(clip(subject, 80)+".eml", "message/rfc822"))
	w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: f.Received})
	if err != nil {
		return err
	}
	_, err = io.Copy(w, mail.reader())
	return err
}
