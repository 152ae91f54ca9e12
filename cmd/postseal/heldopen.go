package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"filippo.io/age"
	"github.com/spf13/cobra"

	"github.com/postseal/postseal/store"
	"github.com/postseal/postseal/store/keys"
	"github.com/postseal/postseal/store/seal"
)

const recoveryFlag = "`file` with the recovery key (default recovery.key in the keys folder)"

func newHeldShowCommand(a *app) *cobra.Command {
	var asJSON, content bool
	var recovery string
	c := &cobra.Command{
		Use:   "show ID",
		Short: "Show a held message",
		Long: "Show who sent a held message to whom, and which rule holds it. With --content the message itself is written\n" +
			"to standard output, byte for byte, and nothing else: that takes the recovery key, and is in the audit trail.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if content && asJSON {
				return &usageError{"--content and --json exclude each other"}
			}
			return a.withStore(c.Context(), func(k keeper) error {
				m, err := k.HeldMessage(c.Context(), args[0])
				if err != nil {
					return held(args[0], err)
				}
				switch {
				case content:
					return held(args[0], a.writeHeld(c.Context(), k, m, recovery))
				case asJSON:
					m.Manifest, m.Summary, m.Grant = seal.SignedManifest{}, nil, nil
					return a.printJSON(m)
				}
				return a.printHeld(m)
			})
		},
	}
	f := c.Flags()
	f.BoolVar(&asJSON, "json", false, "print JSON")
	f.BoolVar(&content, "content", false, "write the message itself to standard output")
	f.StringVar(&recovery, "recovery-key", "", recoveryFlag)
	return c
}

func (a *app) printHeld(m store.HeldMessage) error {
	var b strings.Builder
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%-10s %s\n", name, value)
		}
	}
	line("id", m.ID)
	line("state", heldState(m))
	line("sender", dash(shown(m.Sender)))
	for _, to := range m.Recipients {
		line("recipient", shown(to))
	}
	line("rule", shown(m.Rule))
	if m.Text != "" {
		line("text", shown(m.Text))
	}
	line("created", m.Created.Local().Format(time.DateTime))
	line("expires", m.Expires.Local().Format(time.DateTime))
	if !m.Ended.IsZero() {
		line("ended", m.Ended.Local().Format(time.DateTime))
	}
	_, err := io.WriteString(a.Out, b.String())
	return err
}

func newHeldReleaseCommand(a *app) *cobra.Command {
	var why, recovery string
	c := &cobra.Command{
		Use:   "release ID",
		Short: "Send a held message on",
		Long: "Send a held message on to its recipients. The rules are asked again, all but the one that held it. A deferred\n" +
			"message passes when its sender's server offers it again; any other is sealed, which takes the recovery key.",
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withStore(c.Context(), func(k keeper) error {
				m, err := k.HeldMessage(c.Context(), args[0])
				if err != nil {
					return held(args[0], err)
				}
				if err := stillWaits(m, store.HoldReleased); err != nil {
					return held(args[0], err)
				}
				text := ""
				if !m.Deferred && m.State == store.HoldWaiting {
					key, _, err := a.openHeld(m, recovery)
					if err != nil {
						return held(args[0], err)
					}
					text = key.Text()
				}
				return held(args[0], k.ReleaseHeld(c.Context(), args[0], text, why))
			})
		},
	}
	c.Flags().StringVar(&why, "reason", "", "`text` for the audit trail")
	c.Flags().StringVar(&recovery, "recovery-key", "", recoveryFlag)
	return c
}

// openHeld opens the key of a held message with the recovery key in a file; "" is
// the one in the keys folder.
func (a *app) openHeld(m store.HeldMessage, file string) (seal.MessageKey, seal.Manifest, error) {
	c, err := a.load()
	if err != nil {
		return seal.MessageKey{}, seal.Manifest{}, err
	}
	if m.State != store.HoldWaiting || m.Deferred {
		return seal.MessageKey{}, seal.Manifest{}, fmt.Errorf("its content is not here: %s", heldState(m))
	}
	own, err := keys.LoadOwner(c.Keys.Dir)
	if err != nil {
		return seal.MessageKey{}, seal.Manifest{}, err
	}
	man, err := m.Manifest.Verify(own.Signing.Public().(ed25519.PublicKey))
	if err != nil {
		return seal.MessageKey{}, seal.Manifest{}, err
	}
	if file == "" {
		file = filepath.Join(c.Keys.Dir, keys.RecoveryFile)
	}
	recovery, err := keys.LoadRecovery(file)
	if err != nil {
		return seal.MessageKey{}, seal.Manifest{}, err
	}
	key, err := openRecovery(m.Grant, recovery, man)
	return key, man, err
}

func openRecovery(grant []byte, recovery *age.HybridIdentity, man seal.Manifest) (seal.MessageKey, error) {
	if len(grant) == 0 {
		return seal.MessageKey{}, errors.New("it is not sealed for a recovery key: only its sender can release it")
	}
	key, err := seal.OpenGrant(grant, recovery, man)
	if err != nil {
		return seal.MessageKey{}, errors.New("this recovery key does not open it")
	}
	return key, nil
}

// writeHeld decrypts a held message to standard output.
func (a *app) writeHeld(ctx context.Context, k keeper, m store.HeldMessage, recovery string) error {
	key, man, err := a.openHeld(m, recovery)
	if err != nil {
		return err
	}
	payload, err := k.HeldPayload(ctx, m.ID)
	if err != nil {
		return err
	}
	defer payload.Close()
	digest := sha256.New()
	plain, err := key.ReadPayload(io.TeeReader(payload, digest))
	if err != nil {
		return err
	}
	if _, err := io.Copy(a.Out, plain); err != nil {
		return err
	}
	if !bytes.Equal(digest.Sum(nil), man.Payload[:]) {
		return errors.New("what was written is not the message that was sealed")
	}
	return nil
}
