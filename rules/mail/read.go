package mail

import (
	"context"
	"errors"
	"io"
	"strings"
)

// Read finds the parts of a message. Body holds the octets after the header's
// empty line, size of them. A malformed message is no error: the error is one of
// body's or ctx's.
func Read(ctx context.Context, header []Field, body io.ReaderAt, size int64, limits Limits) (*Message, error) {
	return nil, errors.New("mail: reading is not available")
}

func equalFold(a, b string) bool { return strings.EqualFold(a, b) }
