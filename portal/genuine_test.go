package portal

import (
	"strings"
	"testing"
	"time"

	"github.com/postseal/postseal/store/seal"
)

func TestGenuine(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	m := s.owner.seal(sealRequest{mode: seal.ModeOneTime, from: member, to: guest, raw: plainMail, received: time.Now().Add(-time.Hour)})
	c := s.client()
	c.get("/genuine").wants(t, 200, text("genuine.intro"))
	p := c.post("/genuine", "code", strings.ToLower(m.Check)).wants(t, 200, text("genuine.yes"), member, "…@<bdi>elsewhere.example</bdi>")
	p.lacks(t, guest, m.Message, m.Code.Fragment())
	c.post("/genuine", "code", "0000-00000-0000").wants(t, 422, text("genuine.no")).lacks(t, member)
	c.post("/genuine", "code", "<script>").wants(t, 422, text("genuine.no"), `value="&lt;script&gt;"`)
	// Knowing the code opens nothing.
	c.post("/code", "code", m.Check).lacks(t, "4111 1111", text("onetime.button"))
}
