package portal

import (
	"archive/zip"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"

	"github.com/postseal/postseal/portal/display"
)

// messageZip sends all attachments of a message in an archive that is made while
// it is sent.
func (p *portal) messageZip(c *call) error {
	f, err := p.opened(c)
	if err != nil {
		return err
	}
	m, err := p.openMail(c, f)
	if err != nil {
		return err
	}
	defer m.Close()
	read, err := display.Read(m.reader())
	if err != nil {
		return err
	}
	if len(read.Attachments) == 0 {
		return errNotFound
	}
	name := display.Decode(f.summary.Subject)
	if name == "" {
		name = "attachments"
	}
	attachment(c.w.Header(), display.CleanName(clip(name, 80)+".zip", "application/zip"))
	c.w.WriteHeader(http.StatusOK)
	z := zip.NewWriter(c.w)
	used := map[string]bool{}
	for _, a := range read.Attachments {
		_, err := display.Part(m.reader(), a.Index, func(display.Attachment) (io.Writer, error) {
			return z.CreateHeader(&zip.FileHeader{Name: unused(used, a.Name), Method: zip.Deflate, Modified: f.Received})
		})
		if err != nil {
			return err // the connection is cut: half an archive must not look whole
		}
	}
	return z.Close()
}

// unused makes a name that no earlier one is equal to, on any file system.
func unused(used map[string]bool, name string) string {
	out := name
	for n := 2; used[strings.ToLower(out)]; n++ {
		ext := path.Ext(name)
		out = fmt.Sprintf("%s (%d)%s", strings.TrimSuffix(name, ext), n, ext)
	}
	used[strings.ToLower(out)] = true
	return out
}
