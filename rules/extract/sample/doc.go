// Package sample builds small files in the formats that rules/extract reads, for
// tests and fuzz seeds. Each is as real programs write it, or broken in one way
// that its function names.
package sample
