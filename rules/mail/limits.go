package mail

// Limits bound the work on one message. What lies beyond one is not read and is
// recorded in Message.Unscannable. A zero field means the default.
type Limits struct {
	Depth       int   // nesting of parts, default 100
	Parts       int   // parts in all, default 10,000
	HeaderBytes int   // header of one part, and of the message, default 1 MiB
	NestedBytes int64 // decoded forwarded messages held in memory at once, default 64 MiB
	TextBytes   int64 // text handed out in all, the raw sweep not counted, default 256 MiB
}

// ChunkBytes is the length of text after which Texts starts a new chunk, and
// OverlapBytes what two neighbouring chunks have in common.
const (
	ChunkBytes   = 4 << 20
	OverlapBytes = 8 << 10
)

func (l Limits) withDefaults() Limits {
	if l.Depth <= 0 {
		l.Depth = 100
	}
	if l.Parts <= 0 {
		l.Parts = 10_000
	}
	if l.HeaderBytes <= 0 {
		l.HeaderBytes = 1 << 20
	}
	if l.NestedBytes <= 0 {
		l.NestedBytes = 64 << 20
	}
	if l.TextBytes <= 0 {
		l.TextBytes = 256 << 20
	}
	return l
}
