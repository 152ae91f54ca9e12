// Package docs holds the documents that the program itself shows.
package docs

import "embed"

// Recipients has the help for recipients, one file a language: "recipients.md" is
// in English, "recipients.de.md" in German. The portal shows it at /help. It is
// plain Markdown of headings ("# ", "## "), paragraphs and lists ("- "), without
// anything inside a line.
//
//go:embed recipients*.md
var Recipients embed.FS
