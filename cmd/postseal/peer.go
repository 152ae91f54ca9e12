package main

import (
	"os/user"
	"strconv"
)

// userName is the name of a user by its number, or "uid N" of one without a name.
func userName(uid int) string {
	n := strconv.Itoa(uid)
	if u, err := user.LookupId(n); err == nil {
		return u.Username
	}
	return "uid " + n
}
