// Package examples holds ready rule files. They are tested with the code and
// compiled into the command: "postseal init" starts a site with the sample, and
// the demo and the benchmark run on it.
package examples

import "embed"

// Sample is the name of the file that a new site starts with.
const Sample = "sample.toml"

// Files are all *.toml files of this folder.
//
//go:embed *.toml
var Files embed.FS
