// Package web holds the portal's templates and static files, built into the
// program. static/pickup.js is made from pickup/ by "make assets" (assets/main.go)
// and committed, so that building the program needs no JavaScript tool.
package web

import "embed"

// Files has the folders templates and static.
//
//go:embed templates/*.html static/*
var Files embed.FS
