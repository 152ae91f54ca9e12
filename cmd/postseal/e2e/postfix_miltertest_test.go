package e2e

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// miltertestScript drives three messages over one connection with OpenDKIM's
// miltertest, which shares no code with Postseal or go-milter. A replaced body of
// more than a kilobyte crashes it, so nothing here becomes a notice in place. A
// Lua error makes it exit without a word: the script says what it was about. There
// is no macro i at MAIL: Postfix has none there for mail by SMTP.
const miltertestScript = `
function say(what) print(what) end
function begin(conn, id, rcpts)
	if mt.mailfrom(conn, "<ann@example.com>") ~= nil then say("mail failed") end
	for _, r in ipairs(rcpts) do
		if mt.rcptto(conn, r) ~= nil then say("rcpt failed") end
	end
	mt.header(conn, "From", " ann@example.com")
	mt.header(conn, "Subject", " planted")
	mt.header(conn, "Message-ID", " <" .. id .. "@example.com>")
	if mt.eoh(conn) ~= nil then say("eoh failed") end
	if mt.bodystring(conn, "planted\r\n") ~= nil then say("body failed") end
	if mt.eom(conn) ~= nil then say("eom failed") end
end

conn = mt.connect("unix:" .. socket)
if conn == nil then say("connect failed") end
if mt.conninfo(conn, "client.example.com", "192.0.2.7") ~= nil then say("conninfo failed") end
if mt.helo(conn, "client.example.com") ~= nil then say("helo failed") end

begin(conn, "m1", { "<colleague@example.com>" })
if mt.getreply(conn) ~= SMFIR_ACCEPT then say("1: not accepted") end
if mt.eom_check(conn, MT_RCPTDELETE, "<colleague@example.com>") then say("1: a recipient was deleted") end

begin(conn, "m2", { "<return@customer.example>" })
if mt.getreply(conn) ~= SMFIR_REPLYCODE then say("2: not refused") end
if not mt.eom_check(conn, MT_SMTPREPLY, "550", "5.7.1", "100%% of these go to the vault.") then say("2: wrong reply") end

begin(conn, "m3", { "<Guest@Customer.example>", "<colleague@example.com>" })
if mt.getreply(conn) ~= SMFIR_ACCEPT then say("3: not accepted") end
if not mt.eom_check(conn, MT_RCPTDELETE, "<Guest@Customer.example>") then say("3: the guest was not deleted") end
if mt.eom_check(conn, MT_RCPTDELETE, "<colleague@example.com>") then say("3: the colleague was deleted") end
if mt.eom_check(conn, MT_BODYCHANGE) then say("3: the body was changed") end

mt.disconnect(conn)
say("done")
`

func TestPostfixMiltertest(t *testing.T) {
	program, err := exec.LookPath("miltertest")
	if err != nil {
		t.Fatalf("%v: .ci/install installs it", err)
	}
	s := NewSite(t, SiteOptions{Rules: byName})
	cmd := exec.Command(program, "-D", "socket="+filepath.Join(s.Dir, "milter.sock"))
	cmd.Stdin = strings.NewReader(miltertestScript)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	if got := strings.TrimSpace(out.String()); err != nil || got != "done" {
		t.Errorf("miltertest: %v\n%s", err, got)
	}
	wantNoPlanted(t, s.WaitOutside(t, "Guest@Customer.example"))
}
