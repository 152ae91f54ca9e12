package rules

// globMatch reports whether s matches pattern, in which * stands for any number
// of characters and ? for one. Time is linear in len(s) times len(pattern).
func globMatch(pattern, s string) bool {
	p, i := 0, 0
	star, mark := -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i += runeLength(s[i:], pattern[p-1] == '?')
		case star >= 0:
			mark++
			p, i = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// runeLength returns how many octets one character takes if whole, else 1.
func runeLength(s string, whole bool) int {
	if whole {
		for i := range s {
			if i > 0 {
				return i
			}
		}
		return len(s)
	}
	return 1
}
