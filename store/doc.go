// Package store keeps sealed messages, accounts, sessions and the outbox.
package store
