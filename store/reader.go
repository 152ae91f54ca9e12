package store

import (
	"encoding/json"
	"errors"

	"go.etcd.io/bbolt"
)

// language returns the language that the account chose (BCP 47), "" for none. It
// is a preference of the portal, and the only one that the store looks at.
func (a accountRecord) language() string {
	var p struct {
		Language string `json:"language"`
	}
	if len(a.Preferences) == 0 || json.Unmarshal(a.Preferences, &p) != nil || len(p.Language) > 35 { // RFC 5646 section 4.4.1
		return ""
	}
	return p.Language
}

// reader returns what a mail to somebody depends on: the language and the phrase
// of the account, "" where there is none.
func (s *Store) reader(account accountID) (language, phrase string, err error) {
	err = s.meta.view(func(tx *bbolt.Tx) error {
		language, phrase, err = s.vault.reader(tx, account)
		return err
	})
	return language, phrase, err
}

func (v *vault) reader(tx *bbolt.Tx, account accountID) (language, phrase string, err error) {
	var a accountRecord
	if err := v.get(tx, bucketAccount, account[:], &a); err != nil && !errors.Is(err, errNotFound) {
		return "", "", err
	}
	return a.language(), a.Phrase, nil
}
