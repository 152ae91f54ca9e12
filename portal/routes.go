package portal

import (
	"net/http"

	"github.com/gorilla/mux"
)

// A caller is the class of client that a route is for.
type caller int

const (
	// public: anybody. The page shows nothing of the store.
	public caller = iota
	// attempt: anybody, who offers a password, a code or an address. Limited per
	// client address; the owner judges what is offered.
	attempt
	// holder: anybody who holds a link's code. It is an attempt if the code is not
	// genuine: many who have one may share an address.
	holder
	// member of a live session only. The owner scopes each call to its account.
	session
)

// A weight is what a request may cost.
type weight int

const (
	light    weight = iota // small body, ordinary time-out
	download               // long answer
	upload                 // long body, up to the limit of a reply
)

// A route is one line of the table of all that the portal answers.
type route struct {
	method string
	path   string // gorilla/mux template
	caller caller
	weight weight
	serve  func(*portal, *call) error
}

// id matches a message's id. Ids are the store's own (UUID); nothing from a mail
// ever is part of a path.
const id = "{id:[0-9a-fA-F-]{36}}"

// fileID matches the id of a file of a draft.
const fileID = "{file:[0-9a-f-]{36}}"

// routes is the whole table. What it doesn't list is denied.
func routes() []route {
	return []route{
		{"GET", "/", public, light, (*portal).landing},
		{"POST", "/login", attempt, light, (*portal).login},
		{"POST", "/logout", public, light, (*portal).logout},
		{"GET", "/forgot", public, light, (*portal).forgotForm},
		{"POST", "/forgot", attempt, light, (*portal).forgot},

		// Links. GET is the same page for everybody and asks the owner nothing.
		{"GET", "/code", public, light, (*portal).codePage},
		{"POST", "/code", holder, light, (*portal).useCode},
		{"POST", "/code/find", holder, light, (*portal).findCode},
		{"GET", "/a/" + id, public, light, (*portal).linkPage},
		{"POST", "/a/" + id, holder, light, (*portal).useCode},
		{"GET", "/r", public, light, (*portal).linkPage},
		{"POST", "/r", holder, light, (*portal).useCode},
		{"GET", "/h", public, light, (*portal).linkPage},
		{"POST", "/h", holder, light, (*portal).useCode},
		{"POST", "/h/release", holder, light, (*portal).release},
		{"POST", "/h/withdraw", holder, light, (*portal).withdraw},
		{"GET", "/s", public, light, (*portal).linkPage},
		{"POST", "/s", holder, light, (*portal).useCode},
		{"POST", "/s/recall", holder, light, (*portal).recall},
		{"POST", "/s/extend", holder, light, (*portal).extend},
		{"POST", "/s/remind", holder, light, (*portal).remind},
		{"GET", "/p", public, light, (*portal).linkPage},
		{"POST", "/p", holder, light, (*portal).useCode},
		{"POST", "/p/accept", holder, light, (*portal).acceptSeat},
		{"POST", "/activate", attempt, light, (*portal).activate},
		{"GET", "/j", public, light, (*portal).linkPage},
		{"POST", "/j", holder, light, (*portal).useCode},
		{"POST", "/activate/join", holder, light, (*portal).joinByNotice},
		{"GET", "/o/" + id, public, light, (*portal).oneTimePage},
		{"POST", "/o/" + id, holder, download, (*portal).useCode},
		{"POST", "/o/" + id + "/open", holder, light, (*portal).oneTimeOpen},
		{"POST", "/o/" + id + "/pin", holder, light, (*portal).oneTimePIN},
		{"POST", "/o/" + id + "/payload", holder, download, (*portal).oneTimePayload},
		{"POST", "/o/" + id + "/part/{part:[0-9]{1,4}}", holder, download, (*portal).oneTimePart},
		{"POST", "/o/" + id + "/eml", holder, download, (*portal).oneTimeOriginal},
		{"POST", "/o/" + id + "/reply", holder, upload, (*portal).oneTimeReply},
		{"POST", "/o/" + id + "/invitation", holder, download, (*portal).answerOneTimeInvitation},
		{"GET", "/frame", public, light, (*portal).emptyFrame},
		// A mail gateway turned "#" into "%23", once or twice.
		{"GET", "/{kind:[ao]}/" + id + "{mark:(?:#|%23)}{code:.*}", public, light, (*portal).mendLink},
		{"GET", "/{kind:[rhsjp]}{mark:(?:#|%23)}{code:.*}", public, light, (*portal).mendLink},

		{"GET", "/inbox", session, light, (*portal).inbox},
		{"GET", "/m/{folder:sent|drafts|deleted}", session, light, (*portal).otherFolder},
		{"GET", "/m/search", session, light, (*portal).searchForm},
		{"POST", "/m/search", session, light, (*portal).search},
		{"POST", "/m/change", session, light, (*portal).change},
		{"POST", "/m/people", session, light, (*portal).people},
		{"GET", "/m/write", session, light, (*portal).newForm},
		{"POST", "/m/write", session, upload, (*portal).write},
		{"GET", "/m/write/" + id, session, light, (*portal).draftForm},
		{"GET", "/m/write/" + id + "/" + fileID, session, light, (*portal).fileStatus},
		{"POST", "/m/write/" + id + "/" + fileID + "/{from:[0-9]{1,5}}", session, upload, (*portal).putPart},
		{"GET", "/m/own/" + id, session, light, (*portal).ownItem},
		{"GET", "/m/own/" + id + "/status", session, light, (*portal).ownStatus},
		{"POST", "/m/own/" + id + "/recall", session, light, (*portal).recall},
		{"POST", "/m/own/" + id + "/extend", session, light, (*portal).extend},
		{"POST", "/m/own/" + id + "/remind", session, light, (*portal).remind},
		{"GET", "/m/own/" + id + "/" + fileID, session, download, (*portal).ownPart},
		{"GET", "/m/" + id, session, light, (*portal).message},
		{"POST", "/m/" + id + "/open", session, light, (*portal).openMessage},
		{"POST", "/m/" + id + "/unread", session, light, (*portal).markUnread},
		{"POST", "/m/" + id + "/pin", session, light, (*portal).enterPIN},
		{"POST", "/m/" + id + "/invitation", session, light, (*portal).answerInvitation},
		{"POST", "/m/" + id + "/unwanted", session, light, (*portal).unwanted},
		{"GET", "/m/" + id + "/print", session, light, (*portal).printView},
		{"GET", "/m/" + id + "/html", session, light, (*portal).messageHTML},
		{"GET", "/m/" + id + "/part/{part:[0-9]{1,4}}", session, download, (*portal).messagePart},
		{"GET", "/m/" + id + "/zip", session, download, (*portal).messageZip},
		{"GET", "/m/" + id + "/eml", session, download, (*portal).messageOriginal},
		{"GET", "/m/" + id + "/reply", session, light, (*portal).replyForm},
		{"POST", "/m/" + id + "/reply", session, upload, (*portal).reply},
		{"GET", "/m/" + id + "/all", session, light, (*portal).replyAllForm},
		{"GET", "/m/" + id + "/forward", session, light, (*portal).forwardForm},
		{"GET", "/m/" + id + "/sent", session, light, (*portal).replySent},

		{"GET", "/genuine", public, light, (*portal).genuineForm},
		{"POST", "/genuine", attempt, light, (*portal).genuine},
		// Sign-in with a second factor, or by an identity provider.
		{"POST", "/login/second", attempt, light, (*portal).secondFactor},
		{"GET", "/signin/return", public, light, (*portal).signInReturn},
		{"POST", "/signin/return", attempt, light, (*portal).finishSignIn},

		{"GET", "/settings", session, light, (*portal).settings},
		{"POST", "/settings/profile", session, light, (*portal).changeProfile},
		{"POST", "/settings/password", session, light, (*portal).changePassword},
		{"POST", "/settings/sessions", session, light, (*portal).endSessions},
		{"POST", "/settings/messages", session, download, (*portal).downloadAll},
		{"POST", "/settings/totp", session, light, (*portal).beginTOTP},
		{"POST", "/settings/totp/confirm", session, light, (*portal).finishTOTP},
		{"POST", "/settings/passkey", session, light, (*portal).beginPasskey},
		{"POST", "/settings/passkey/confirm", session, light, (*portal).finishPasskey},
		{"POST", "/settings/factor/remove", session, light, (*portal).removeFactor},
		{"POST", "/settings/codes", session, light, (*portal).newRecoveryCodes},
		{"POST", "/settings/address", session, light, (*portal).askAddress},
		{"POST", "/settings/address/withdraw", session, light, (*portal).withdrawAddress},
		{"POST", "/settings/address/confirm", session, light, (*portal).joinAddress},
		{"POST", "/settings/address/remove", session, light, (*portal).removeAddress},
		{"POST", "/settings/close", session, light, (*portal).closeAccount},

		// Mailboxes that several people open.
		{"GET", "/settings/mailboxes", session, light, (*portal).mailboxesPage},
		{"POST", "/settings/mailbox", session, light, (*portal).switchMailbox},
		{"POST", "/settings/mailboxes/leave", session, light, (*portal).leaveMailbox},
		{"GET", "/settings/people", session, light, (*portal).peoplePage},
		{"POST", "/settings/people/invite", session, light, (*portal).invitePerson},
		{"POST", "/settings/people/change", session, light, (*portal).changePerson},
		{"POST", "/settings/people/access", session, light, (*portal).changeAccess},
		{"POST", "/settings/people/name", session, light, (*portal).renameMailbox},

		{"GET", "/settings/preferences", session, light, (*portal).preferencesForm},
		{"POST", "/settings/preferences", session, light, (*portal).changePreferences},
		{"GET", "/help", public, light, (*portal).help},
		{"POST", "/language", public, light, (*portal).chooseLanguage},
		{"GET", "/static/{file:[A-Za-z0-9._-]+}", public, light, (*portal).static},
		{"GET", "/favicon.ico", public, light, (*portal).favicon},
		{"GET", "/robots.txt", public, light, (*portal).robots},
		{"GET", "/healthz", public, light, (*portal).health},
	}
}

// handler builds the router of the table, with the middleware around it.
func (p *portal) handler() http.Handler {
	m := mux.NewRouter().SkipClean(true)
	for _, rt := range routes() {
		methods := []string{rt.method}
		if rt.method == "GET" {
			methods = append(methods, "HEAD")
		}
		m.Handle(rt.path, p.serve(rt)).Methods(methods...)
	}
	m.NotFoundHandler = p.serve(route{path: "(none)", serve: func(p *portal, c *call) error { return errNotFound }})
	m.MethodNotAllowedHandler = p.serve(route{path: "(none)", serve: func(p *portal, c *call) error { return errMethod }})
	return p.protect(m)
}
