package socket

import (
	"context"
	"io"

	"github.com/postseal/postseal/store/seal"
)

// List implements [Folders].
func (c *Client) List(ctx context.Context, session seal.Token, q ListQuery) (List, error) {
	return get[List](ctx, c, pathList, again, aboutRequest[ListQuery]{session, q})
}

// Conversation implements [Folders].
func (c *Client) Conversation(ctx context.Context, session seal.Token, id string) ([]Item, error) {
	out, err := get[conversation](ctx, c, pathConversation, again, messageRequest{Session: session, Message: id})
	return out.Items, err
}

// Flag implements [Folders].
func (c *Client) Flag(ctx context.Context, session seal.Token, s Selection, set, clear Flags) error {
	return c.ask(ctx, pathFlag, again, selectRequest{Session: session, Selection: s, Set: set, Clear: clear}, nil)
}

// Move implements [Folders].
func (c *Client) Move(ctx context.Context, session seal.Token, s Selection, to Destination) error {
	return c.ask(ctx, pathMove, again, selectRequest{Session: session, Selection: s, To: to}, nil)
}

// KeepIndex implements [Folders].
func (c *Client) KeepIndex(ctx context.Context, session seal.Token, entries map[string][]byte) error {
	return c.ask(ctx, pathKeepIndex, again, aboutRequest[map[string][]byte]{session, entries}, nil)
}

// Contacts implements [Folders].
func (c *Client) Contacts(ctx context.Context, session seal.Token) ([]byte, error) {
	out, err := get[sealedAnswer](ctx, c, pathContacts, again, sessionRequest{session})
	return out.Sealed, err
}

// KeepContacts implements [Folders].
func (c *Client) KeepContacts(ctx context.Context, session seal.Token, sealed []byte) error {
	return c.ask(ctx, pathKeepContacts, again, aboutRequest[[]byte]{session, sealed}, nil)
}

// PutDraft implements [Drafts].
func (c *Client) PutDraft(ctx context.Context, session seal.Token, d Draft, content io.Reader) error {
	return c.upload(ctx, pathPutDraft, aboutRequest[Draft]{session, d}, content, nil)
}

// OwnItem implements [Drafts].
func (c *Client) OwnItem(ctx context.Context, session seal.Token, id string) (OwnItem, error) {
	return get[OwnItem](ctx, c, pathOwnItem, again, messageRequest{Session: session, Message: id})
}

// OwnContent implements [Drafts].
func (c *Client) OwnContent(ctx context.Context, session seal.Token, id string) (io.ReadCloser, error) {
	return c.stream(ctx, pathOwnContent, messageRequest{Session: session, Message: id})
}

// PutFile implements [Drafts].
func (c *Client) PutFile(ctx context.Context, session seal.Token, p FilePart, chunks io.Reader) (OwnFile, error) {
	var out OwnFile
	err := c.upload(ctx, pathPutFile, aboutRequest[FilePart]{session, p}, chunks, &out)
	return out, err
}

// OwnFile implements [Drafts].
func (c *Client) OwnFile(ctx context.Context, session seal.Token, id, file string) (io.ReadCloser, error) {
	return c.stream(ctx, pathOwnFile, aboutRequest[FilePart]{session, FilePart{Draft: id, File: file}})
}

// DropFile implements [Drafts].
func (c *Client) DropFile(ctx context.Context, session seal.Token, id, file string) error {
	return c.ask(ctx, pathDropFile, again, aboutRequest[FilePart]{session, FilePart{Draft: id, File: file}}, nil)
}

// Compose implements [Writing].
func (c *Client) Compose(ctx context.Context, session seal.Token, m Composition, entity io.Reader) error {
	return c.upload(ctx, pathCompose, aboutRequest[Composition]{session, m}, entity, nil)
}

// LookUp implements [Directory].
func (c *Client) LookUp(ctx context.Context, session seal.Token, text string) (Found, error) {
	return get[Found](ctx, c, pathLookUp, once, aboutRequest[string]{session, text})
}
