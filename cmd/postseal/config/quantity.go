package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

var errQuantity = errors.New("not a quantity")

// sizeUnits in the order in which showSize tries them.
var sizeUnits = []struct {
	name   string
	octets int64
}{
	{"GiB", 1 << 30}, {"GB", 1e9}, {"MiB", 1 << 20}, {"MB", 1e6}, {"KiB", 1 << 10}, {"kB", 1e3},
}

// parseSize reads a number of octets such as "500", "20 kB", "64 MiB"; a kB is
// 1,000 octets, a KiB 1,024. Units are the same as in rules.
func parseSize(s string) (int64, error) {
	i := strings.LastIndexAny(s, "0123456789") + 1
	n, err := strconv.ParseInt(strings.TrimSpace(s[:i]), 10, 64)
	if err != nil || n < 0 {
		return 0, errQuantity
	}
	unit := strings.TrimSpace(s[i:])
	if unit == "" || strings.EqualFold(unit, "B") {
		return n, nil
	}
	for _, u := range sizeUnits {
		if strings.EqualFold(unit, u.name) {
			if n > math.MaxInt64/u.octets {
				return 0, errQuantity
			}
			return n * u.octets, nil
		}
	}
	return 0, errQuantity
}

func showSize(n int64) string {
	for _, u := range sizeUnits {
		if n >= u.octets && n%u.octets == 0 {
			return fmt.Sprintf("%d %s", n/u.octets, u.name)
		}
	}
	return strconv.FormatInt(n, 10)
}

var durationUnits = []struct {
	name string
	time.Duration
}{
	{"w", 7 * day}, {"d", day}, {"h", hour}, {"m", minute}, {"s", time.Second},
}

// parseDuration reads "30s", "15m", "12h", "30d", "2w" and sums such as "1d12h".
func parseDuration(s string) (time.Duration, error) {
	var total time.Duration
	for rest := s; rest != "" || s == ""; {
		i := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
		if i <= 0 {
			return 0, errQuantity
		}
		n, err := strconv.ParseInt(rest[:i], 10, 32)
		if err != nil {
			return 0, errQuantity
		}
		found := false
		for _, u := range durationUnits {
			if rest[i:i+1] == u.name && n <= int64(math.MaxInt64/2/u.Duration) {
				total += time.Duration(n) * u.Duration
				found = true
			}
		}
		if !found || total < 0 {
			return 0, errQuantity
		}
		rest = rest[i+1:]
	}
	return total, nil
}

// ParseDuration reads a duration as the configuration file has it: "30d", "1d12h".
func ParseDuration(s string) (time.Duration, error) { return parseDuration(s) }

// showDuration writes d as parseDuration reads it.
func showDuration(d time.Duration) string {
	if d == 0 {
		return "0s"
	}
	var b strings.Builder
	for _, u := range durationUnits[1:] { // days, not weeks: people count in days
		if n := d / u.Duration; n > 0 {
			fmt.Fprintf(&b, "%d%s", n, u.name)
			d -= n * u.Duration
		}
	}
	return b.String()
}
