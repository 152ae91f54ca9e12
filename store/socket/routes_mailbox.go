package socket

import (
	"context"
	"io"
	"net/http"

	"github.com/postseal/postseal/store/seal"
)

// The calls on an account's mailbox.
const (
	pathList         = "/v1/mailbox/list"
	pathConversation = "/v1/mailbox/conversation"
	pathFlag         = "/v1/mailbox/flag"
	pathMove         = "/v1/mailbox/move"
	pathKeepIndex    = "/v1/mailbox/index"
	pathContacts     = "/v1/mailbox/contacts"
	pathKeepContacts = "/v1/mailbox/contacts/keep"
	pathPutDraft     = "/v1/draft"
	pathOwnItem      = "/v1/own"
	pathOwnContent   = "/v1/own/content"
	pathOwnFile      = "/v1/own/file"
	pathPutFile      = "/v1/draft/file"
	pathDropFile     = "/v1/draft/file/drop"
	pathCompose      = "/v1/compose"
	pathLookUp       = "/v1/directory"
)

// Bounds, in octets. The owner has tighter ones.
const (
	maxIndexes  = 16 << 20 // some hundred index entries
	maxUploaded = 16 << 20 // a draft's content, or a part of a file
)

// The requests. A field that a call does not use is empty.
type (
	selectRequest struct {
		Session   seal.Token  `json:"session"`
		Selection Selection   `json:"selection"`
		Set       Flags       `json:"set,omitzero"`
		Clear     Flags       `json:"clear,omitzero"`
		To        Destination `json:"to,omitempty"`
	}
	conversation struct {
		Items []Item `json:"items"`
	}
	sealedAnswer struct {
		Sealed []byte `json:"sealed"`
	}
)

// mailboxRoutes adds the calls on folders, drafts and new messages.
func (s *Server) mailboxRoutes(mux *http.ServeMux) {
	o := s.owner
	for path, h := range map[string]http.HandlerFunc{
		pathList: call(s, maxRequest, func(ctx context.Context, q aboutRequest[ListQuery]) (List, error) {
			return o.List(ctx, q.Session, q.About)
		}),
		pathConversation: call(s, maxRequest, func(ctx context.Context, q messageRequest) (conversation, error) {
			items, err := o.Conversation(ctx, q.Session, q.Message)
			return conversation{items}, err
		}),
		pathFlag: call(s, maxRequest, func(ctx context.Context, q selectRequest) (nothing, error) {
			return nothing{}, o.Flag(ctx, q.Session, q.Selection, q.Set, q.Clear)
		}),
		pathMove: call(s, maxRequest, func(ctx context.Context, q selectRequest) (nothing, error) {
			return nothing{}, o.Move(ctx, q.Session, q.Selection, q.To)
		}),
		pathKeepIndex: call(s, maxIndexes, func(ctx context.Context, q aboutRequest[map[string][]byte]) (nothing, error) {
			return nothing{}, o.KeepIndex(ctx, q.Session, q.About)
		}),
		pathContacts: call(s, maxRequest, func(ctx context.Context, q sessionRequest) (sealedAnswer, error) {
			b, err := o.Contacts(ctx, q.Session)
			return sealedAnswer{b}, err
		}),
		pathKeepContacts: call(s, maxChosen, func(ctx context.Context, q aboutRequest[[]byte]) (nothing, error) {
			return nothing{}, o.KeepContacts(ctx, q.Session, q.About)
		}),
		pathPutDraft: upload(s, maxUploaded, func(ctx context.Context, q aboutRequest[Draft], content io.Reader) (nothing, error) {
			return nothing{}, o.PutDraft(ctx, q.Session, q.About, content)
		}),
		pathOwnItem: call(s, maxRequest, func(ctx context.Context, q messageRequest) (OwnItem, error) {
			return o.OwnItem(ctx, q.Session, q.Message)
		}),
		pathOwnContent: stream(s, func(ctx context.Context, q messageRequest) (io.ReadCloser, error) {
			return o.OwnContent(ctx, q.Session, q.Message)
		}),
		pathOwnFile: stream(s, func(ctx context.Context, q aboutRequest[FilePart]) (io.ReadCloser, error) {
			return o.OwnFile(ctx, q.Session, q.About.Draft, q.About.File)
		}),
		pathPutFile: upload(s, maxUploaded, func(ctx context.Context, q aboutRequest[FilePart], chunks io.Reader) (OwnFile, error) {
			return o.PutFile(ctx, q.Session, q.About, chunks)
		}),
		pathDropFile: call(s, maxRequest, func(ctx context.Context, q aboutRequest[FilePart]) (nothing, error) {
			return nothing{}, o.DropFile(ctx, q.Session, q.About.Draft, q.About.File)
		}),
		pathLookUp: call(s, maxRequest, func(ctx context.Context, q aboutRequest[string]) (Found, error) {
			return o.LookUp(ctx, q.Session, q.About)
		}),
		pathCompose: upload(s, s.o.MaxReply, func(ctx context.Context, q aboutRequest[Composition], entity io.Reader) (nothing, error) {
			return nothing{}, o.Compose(ctx, q.Session, q.About, entity)
		}),
	} {
		mux.HandleFunc("POST "+path, h)
	}
}
