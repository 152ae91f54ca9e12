package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/postseal/postseal/cmd/postseal/config"
	"github.com/postseal/postseal/examples"
	"github.com/postseal/postseal/store/keys"
)

// initOptions are init's flags.
type initOptions struct {
	dir        string
	domains    []string
	url        string
	store      string
	offline    bool
	milterUser string
	portalUser string
}

func newInitCommand(a *app) *cobra.Command {
	var o initOptions
	c := &cobra.Command{
		Use:   "init",
		Short: "Write a configuration, sample rules and keys to start from",
		Long: "Write postseal.toml, rules.d/ with a sample and keys/ into a folder. Nothing that is there is\n" +
			"overwritten. On a terminal it asks for what the flags leave out; otherwise placeholders at\n" +
			"example.com are written, to be edited.\n\n" +
			"With --milter-user and --portal-user each process's keys are given to its user.",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return a.init(o) },
	}
	f := c.Flags()
	f.StringVar(&o.dir, "dir", filepath.Dir(config.DefaultPath), "`folder` to write to")
	f.StringSliceVar(&o.domains, "domain", nil, "internal `domain`; can be repeated")
	f.StringVar(&o.url, "url", "", "`URL` of the portal, such as https://pickup.example.com")
	f.StringVar(&o.store, "store", "", "`folder` of the store (default "+config.Default().Store.Dir+")")
	f.BoolVar(&o.offline, "offline-recovery", false, "print the recovery key instead of writing it: it is kept elsewhere")
	f.StringVar(&o.milterUser, "milter-user", "", "system `user` that runs the milter")
	f.StringVar(&o.portalUser, "portal-user", "", "system `user` that runs the portal")
	return c
}

func (a *app) init(o initOptions) error {
	if terminal(a.In) {
		if err := a.ask(&o); err != nil {
			return err
		}
	}
	if o.store != "" { // as typed here, not relative to the file
		dir, err := filepath.Abs(o.store)
		if err != nil {
			return fmt.Errorf("init: %w", err)
		}
		o.store = dir
	}
	owners, err := o.owners()
	if err != nil {
		return err
	}
	path := filepath.Join(o.dir, filepath.Base(config.DefaultPath))
	text := config.Sample(o.settings())
	if _, err := config.Parse(path, text); err != nil {
		return fmt.Errorf("the answers make no valid configuration:\n%w", err)
	}
	rulesDir, keysDir := filepath.Join(o.dir, "rules.d"), filepath.Join(o.dir, "keys")
	sample := filepath.Join(rulesDir, "50-"+examples.Sample)
	for _, name := range []string{path, sample, keysDir} {
		if _, err := os.Lstat(name); err == nil {
			return fmt.Errorf("%s is there already: nothing was written", name)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("init: %w", err)
		}
	}
	rulesText, err := examples.Files.ReadFile(examples.Sample)
	if err != nil {
		return fmt.Errorf("init: %w", err)
	}
	if err := makeFolders(o.dir, rulesDir); err != nil {
		return fmt.Errorf("init: %w", err)
	}
	recovery, err := keys.Create(keysDir, o.offline)
	if err != nil {
		return err
	}
	if err := owners.give(keysDir); err != nil {
		return err
	}
	if err := writeNew(sample, rulesText); err != nil {
		return err
	}
	// Last: with it there, everything is.
	if err := writeNew(path, []byte(text)); err != nil {
		return err
	}
	a.sayInit(o, path, sample, keysDir, recovery)
	return nil
}

func (a *app) sayInit(o initOptions, path, sample, keysDir, recovery string) {
	fmt.Fprintf(a.Out, "written: %s\n         %s\n         %s\n", path, sample, keysDir+string(filepath.Separator))
	if recovery != "" {
		fmt.Fprintf(a.Out, "\nThe recovery key. It is written nowhere: print it or put it into a vault now.\n\n%s\n", recovery)
	}
	fmt.Fprintf(a.Out, "\nNext: edit %s, then run: postseal check --config %s\n", path, path)
}

// settings are the values that differ from the sample.
func (o initOptions) settings() map[string]string {
	set := make(map[string]string)
	if len(o.domains) > 0 {
		set["internal_domains"] = config.QuoteList(o.domains)
	}
	if o.url != "" {
		set["portal.url"] = config.Quote(strings.TrimSuffix(o.url, "/"))
	}
	if o.store != "" {
		set["store.dir"] = config.Quote(o.store)
	}
	if o.offline {
		set["keys.recovery"] = config.Quote("offline")
	}
	if o.portalUser != "" {
		set["store.portal_user"] = config.Quote(o.portalUser)
		set["store.socket_group"] = config.Quote(o.portalUser)
	}
	return set
}

// ask asks for what the flags left out.
func (a *app) ask(o *initOptions) error {
	in := bufio.NewReader(a.In)
	question := func(text string) (string, error) {
		fmt.Fprint(a.Out, text)
		line, err := in.ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("read the answer: %w", err)
		}
		return strings.TrimSpace(line), nil
	}
	if len(o.domains) == 0 {
		answer, err := question("Your mail domains, separated by spaces [example.com]: ")
		if err != nil {
			return err
		}
		o.domains = strings.Fields(answer)
	}
	if o.url == "" {
		answer, err := question("URL of the portal [https://pickup.example.com]: ")
		if err != nil {
			return err
		}
		o.url = answer
	}
	return nil
}

// terminal tells whether somebody can answer at r.
func terminal(r io.Reader) bool {
	f, ok := r.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	// A device that is no terminal (/dev/null) answers nothing and is not asked.
	return err == nil && info.Mode()&fs.ModeCharDevice != 0 && isTerminal(f)
}

// keyOwners are the users of the two processes; nil leaves the files alone.
type keyOwners struct{ milter, portal *user.User }

func (o initOptions) owners() (k keyOwners, err error) {
	for _, u := range []struct {
		name string
		to   **user.User
	}{{o.milterUser, &k.milter}, {o.portalUser, &k.portal}} {
		if u.name == "" {
			continue
		}
		if *u.to, err = user.Lookup(u.name); err != nil {
			return k, fmt.Errorf("init: %w", err)
		}
	}
	return k, nil
}

// give hands each process its key files. The folder can then be passed through
// by both (0711); the files stay 0600.
func (k keyOwners) give(dir string) error {
	for _, g := range []struct {
		to    *user.User
		files []string
	}{
		{k.milter, []string{keys.StoreFile, keys.SigningFile}},
		{k.portal, []string{keys.PepperFile, keys.RecoveryFile}},
	} {
		if g.to == nil {
			continue
		}
		uid, err := strconv.Atoi(g.to.Uid)
		if err != nil {
			return fmt.Errorf("user %s: %w", g.to.Username, err)
		}
		for _, name := range g.files {
			err := os.Chown(filepath.Join(dir, name), uid, -1)
			if err != nil && !errors.Is(err, fs.ErrNotExist) { // no recovery.key when it is offline
				return fmt.Errorf("init: %w", err)
			}
		}
		if err := os.Chmod(dir, 0o711); err != nil {
			return fmt.Errorf("init: %w", err)
		}
	}
	return nil
}

// makeFolders makes those that are missing. Both processes read them, whatever
// the umask says.
func makeFolders(dirs ...string) error {
	for _, dir := range dirs {
		if _, err := os.Stat(dir); err == nil {
			continue
		}
		if err := errors.Join(os.MkdirAll(dir, 0o755), os.Chmod(dir, 0o755)); err != nil {
			return err
		}
	}
	return nil
}

// writeNew writes a file that must not exist.
func writeNew(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return fmt.Errorf("init: %w", err)
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		return fmt.Errorf("init: %w", err)
	}
	return nil
}
