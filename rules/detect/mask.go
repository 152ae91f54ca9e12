package detect

import "unicode/utf8"

// Mask hides all of a value but its ends: "4111...1111". Values of less than
// twelve characters keep two at each end, of less than eight none.
func Mask(value string) string {
	n := utf8.RuneCountInString(value)
	keep := 4
	switch {
	case n < 8:
		return "..."
	case n < 12:
		keep = 2
	}
	head, tail := 0, len(value)
	for i := 0; i < keep; i++ {
		_, size := utf8.DecodeRuneInString(value[head:])
		head += size
		_, size = utf8.DecodeLastRuneInString(value[:tail])
		tail -= size
	}
	return value[:head] + "..." + value[tail:]
}
