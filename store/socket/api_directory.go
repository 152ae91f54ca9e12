package socket

import (
	"context"

	"github.com/postseal/postseal/store/seal"
)

// Directory is the call of a session on the organisation's directory, for those
// whom [SessionInfo] lets look people up.
type Directory interface {
	// LookUp finds people whose name or address begins with text, which has two
	// letters at least: 20 of them at most. A guest sees only those to whom it may
	// write. How much of the directory one account is shown is bounded
	// ([ErrThrottled]). A directory that does not answer within some seconds is
	// [ErrUnavailable].
	LookUp(ctx context.Context, session seal.Token, text string) (Found, error)
}

// Found is the answer to [Directory].LookUp.
type Found struct {
	People []FoundPerson `json:"people"` // in the order of their names
	More   bool          `json:"more,omitempty"`
}

// A FoundPerson is as the directory has it, without what can't be seen.
type FoundPerson struct {
	Name    string `json:"name,omitempty"`
	Address string `json:"address"`
}
