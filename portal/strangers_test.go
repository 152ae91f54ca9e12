package portal

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/postseal/postseal/store/seal"
	"github.com/postseal/postseal/store/socket"
)

// TestStrangers asks for every route of an account, with the ids of another's
// message, draft, sent copy and files: nothing of them is shown, and nothing of
// them changes.
func TestStrangers(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	victim, opened := s.activated(strings.Replace(plainMail, "The number", "planted-text: the number", 1))
	fresh := s.mail("planted-subject", plainMail)
	draft, sent := uuid.Must(uuid.NewV7()).String(), uuid.Must(uuid.NewV7()).String()
	victim.postReply("/m/write", map[string]string{"kind": "new", "draft": draft, "nonce": "1", "to": member, "subject": "planted-draft", "body": "planted-body", "action": "save"},
		chosenFile{"planted-file.txt", []byte("planted-content")})
	victim.postReply("/m/write", map[string]string{"kind": "new", "draft": sent, "nonce": "2", "to": member, "subject": "planted-sent", "body": "planted-body"}).wants(t, 200)
	file := keptField.FindStringSubmatch(victim.get("/m/write/"+draft).wants(t, 200, "planted-draft").body)[1][:36]

	stranger := s.client()
	mine := s.owner.seal(sealRequest{mode: seal.ModeAccount, from: member, to: "eve@elsewhere.example", raw: plainMail})
	stranger.post("/activate", "code", mine.Code.Fragment(), "name", "Eve", "password", password, "repeat", password).wants(t, 200)
	cookie := cookieOf(stranger)
	tried := 0
	for _, rt := range routes() {
		if rt.caller != session || rt.path == "/settings/close" || rt.path == "/settings/password" {
			continue
		}
		for _, i := range []string{opened, fresh, draft, sent} {
			path := concrete(strings.NewReplacer(id, i, fileID, file).Replace(rt.path))
			form := "id=" + i + "&action=delete&q=planted&draft=" + i + "&kind=new&answers=" + i + "&sure=1&message=" + i
			r, err := http.NewRequest(rt.method, s.url+path, strings.NewReader(form))
			must(t, err)
			if rt.method == "POST" {
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			}
			r.Header.Set("Cookie", "postseal="+cookie)
			p := s.client().do(r)
			tried++
			if strings.Contains(p.body, "planted-") {
				t.Errorf("%s %s shows another's", rt.method, rt.path)
			}
			if strings.Contains(rt.path, id) && p.status < 400 {
				t.Errorf("%s %s: status %d", rt.method, rt.path, p.status)
			}
		}
	}
	if tried < 100 {
		t.Fatalf("only %d requests", tried)
	}
	for path, want := range map[string]string{"/inbox": "planted-subject", "/m/drafts": "planted-draft", "/m/sent": "planted-sent", "/m/own/" + draft + "/" + file: "planted-content"} {
		victim.get(path).wants(t, 200, want)
	}
	token, err := seal.ParseToken(strings.Split(cookieOf(victim), ".")[0])
	must(t, err)
	l, err := s.owner.List(context.Background(), token, socket.ListQuery{Folder: socket.FolderInbox, Limit: 10})
	must(t, err)
	if n := l.Counts[socket.FolderInbox]; n.Total != 2 || n.Unread != 1 {
		t.Errorf("%+v", n)
	}
}
