package portal

import (
	"strings"
	"testing"
	"time"

	"github.com/postseal/postseal/store/seal"
)

// The owner takes an entry of at most so much, and refuses all that come with one
// that is larger.
const ownerTakes = 8 << 10

func TestSealIndexFits(t *testing.T) {
	key, err := seal.NewAccountKey()
	must(t, err)
	u := &user{index: key.IndexBox()}
	for _, c := range []string{"<", `"`, "\\", "\x01", "\u2028", "\xff", "ä", "x", "😀"} {
		long := strings.Repeat(c, 5000)
		sealed := u.sealIndex("id", indexEntry{From: long, Sender: long, To: long, Subject: long, Text: long, Kind: "new",
			Date: time.Now(), Files: []string{long, long, long, long, long, long, long, long, long, long, long, long}})
		if len(sealed) > ownerTakes {
			t.Errorf("%q: %d octets", c, len(sealed))
		}
		e, ok := u.openIndex("id", sealed)
		if !ok || e.Kind != "new" || e.Subject == "" || e.From == "" {
			t.Errorf("%q: %v %.100v", c, ok, e)
		}
	}
}

// A hostile mail must not keep the entries of all others of a list from being kept:
// each list would take as long as the first.
func TestHostileIndex(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	c, _ := s.activated(plainMail)
	evil := strings.Repeat("<>&", 2000)
	s.owner.seal(sealRequest{mode: seal.ModeAccount, from: member, to: guest, raw: plainMail,
		summary: seal.Summary{From: evil, To: evil, Cc: evil, Subject: evil, Attachments: []seal.Attachment{{Name: evil}}}})
	c.get("/inbox").wants(t, 200)
	if strings.Contains(s.log.String(), "could not be kept") {
		t.Error("the entries of the list were not kept")
	}
	// And what one writes is kept, whatever its characters.
	c.postReply("/m/write", map[string]string{"kind": "new", "nonce": "n1", "to": member, "subject": evil[:400], "body": evil, "action": "save"}).
		wants(t, 200, text("write.saved"))
}
