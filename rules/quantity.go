package rules

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// A comparison is a test of a number, such as "> 20 kB".
type comparison struct {
	op    string
	value int64
}

// String writes c as it is written in rules, without a unit.
func (c comparison) String() string { return c.op + " " + strconv.FormatInt(c.value, 10) }

func (c comparison) holds(v int64) bool {
	switch c.op {
	case ">":
		return v > c.value
	case ">=":
		return v >= c.value
	case "<":
		return v < c.value
	case "<=":
		return v <= c.value
	default:
		return v == c.value
	}
}

// never reports whether no number of at least least fulfils c.
func (c comparison) never(least int64) bool {
	switch c.op {
	case "<":
		return c.value <= least
	case "<=", "=":
		return c.value < least
	}
	return false
}

// parseComparison reads an operator and what parse makes of the rest.
func parseComparison(s string, parse func(string) (int64, error)) (comparison, error) {
	s = strings.TrimSpace(s)
	for _, op := range []string{">=", "<=", ">", "<", "="} {
		if rest, ok := strings.CutPrefix(s, op); ok {
			v, err := parse(strings.TrimSpace(rest))
			return comparison{op, v}, err
		}
	}
	return comparison{}, fmt.Errorf("%q does not begin with >, >=, <, <= or =", s)
}

// parseSize reads a number of octets: "500", "20 kB", "1.5 MB", "10 MiB". A kB
// is 1,000 octets, a KiB 1,024.
func parseSize(s string) (int64, error) {
	i := strings.LastIndexAny(s, "0123456789.") + 1
	number, unit := s[:i], strings.ToLower(strings.TrimSpace(s[i:]))
	factor, ok := map[string]float64{
		"": 1, "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9,
		"kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30,
	}[unit]
	f, err := strconv.ParseFloat(number, 64)
	if !ok || err != nil || f < 0 || f*factor > math.MaxInt64/2 || strings.ContainsAny(number, "eExXpP_") {
		return 0, fmt.Errorf("%q is not a size", s)
	}
	return int64(f * factor), nil
}

func parseNumber(s string) (int64, error) {
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil {
		return 0, fmt.Errorf("%q is not a whole number", s)
	}
	return int64(n), nil
}

// parseDuration reads "30m", "12h", "7d", "2w" and sums such as "1d12h".
func parseDuration(s string) (time.Duration, error) {
	bad := fmt.Errorf("%q is not a duration", s)
	total := time.Duration(0)
	for rest := s; ; {
		i := 0
		for i < len(rest) && rest[i] >= '0' && rest[i] <= '9' {
			i++
		}
		if i == 0 || i == len(rest) {
			return 0, bad
		}
		n, err := strconv.ParseInt(rest[:i], 10, 32)
		unit, ok := map[byte]time.Duration{
			's': time.Second, 'm': time.Minute, 'h': time.Hour,
			'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour,
		}[rest[i]]
		if err != nil || !ok || n > int64(math.MaxInt64/2/unit) {
			return 0, bad
		}
		if total += time.Duration(n) * unit; total < 0 {
			return 0, bad
		}
		if rest = rest[i+1:]; rest == "" {
			return total, nil
		}
	}
}

// showDuration writes d as parseDuration reads it.
func showDuration(d time.Duration) string {
	var b strings.Builder
	for _, u := range []struct {
		name string
		unit time.Duration
	}{{"d", 24 * time.Hour}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}} {
		if n := d / u.unit; n > 0 {
			fmt.Fprintf(&b, "%d%s", n, u.name)
			d -= n * u.unit
		}
	}
	return b.String()
}
