package portal

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/postseal/postseal/portal/display"
	"github.com/postseal/postseal/store/socket"
)

// Kept is the value of a form's field that names the file.
func (f draftFile) Kept() string {
	return fmt.Sprintf("%s %d %s", f.ID, f.Size, url.QueryEscape(f.Name))
}

func parseKept(s string) (f draftFile, ok bool) {
	parts := strings.SplitN(s, " ", 3)
	if len(parts) != 3 {
		return f, false
	}
	size, err := strconv.ParseInt(parts[1], 10, 64)
	name, err2 := url.QueryUnescape(parts[2])
	_, err3 := uuid.Parse(parts[0])
	return draftFile{ID: parts[0], Name: display.CleanName(name, ""), Size: size}, err == nil && err2 == nil && err3 == nil && size >= 0
}

// maxChunks is how many chunks of a file one request brings.
const maxChunks = 64

// fileStatus says how much of a file is there, so that an upload goes on.
func (p *portal) fileStatus(c *call) error {
	item, err := p.owner.OwnItem(c.ctx(), c.user.token, c.arg("id"))
	if err != nil {
		return p.jsonError(c, err)
	}
	for _, f := range item.Files {
		if f.ID == c.arg("file") {
			return c.json(http.StatusOK, map[string]int{"chunks": f.Chunks})
		}
	}
	return c.json(http.StatusOK, map[string]int{"chunks": 0})
}

// putPart takes a part of a file, sealed before it leaves the portal's memory.
func (p *portal) putPart(c *call) error {
	release, err := p.uploading.take(c.ctx(), c.client)
	if err != nil {
		return p.jsonError(c, err)
	}
	defer release()
	from, err := strconv.Atoi(c.arg("from"))
	if err != nil {
		return p.jsonError(c, errForm)
	}
	b, err := io.ReadAll(http.MaxBytesReader(c.w, c.r.Body, maxChunks*plainChunk))
	if err != nil {
		return p.jsonError(c, tooLargeOr(err, errForm))
	}
	if int64(from)*plainChunk+int64(len(b)) > p.limits.Reply {
		return p.jsonError(c, socket.ErrTooLarge)
	}
	f, err := p.owner.PutFile(c.ctx(), c.user.token, socket.FilePart{Draft: c.arg("id"), File: c.arg("file"), From: from},
		strings.NewReader(string(c.sealChunks(c.arg("id"), c.arg("file"), from, b))))
	if err != nil {
		return p.jsonError(c, err)
	}
	return c.json(http.StatusOK, map[string]int{"chunks": f.Chunks})
}
