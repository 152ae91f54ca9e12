// Package mailnet is a private piece of the mail world on loopback, for tests: a
// DNS server whose zones can be signed ([DNS]), an authority for certificates
// ([CA]), and mail servers that keep every octet that reached them ([Receiver]).
package mailnet
