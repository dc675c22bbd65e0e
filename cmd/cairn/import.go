package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"cairn/store"
)

type importCmd struct {
	User   string `required:"" help:"The account that gets the files." placeholder:"NAME"`
	To     string `help:"The folder of the account that they come into; it is made if it is missing (/)." placeholder:"PATH"`
	DryRun bool   `help:"Change nothing: count, and list what would be left out."`
	Dir    string `arg:"" help:"The folder to read." type:"path"`
}

// Help implements kong.HelpProvider.
func (*importCmd) Help() string {
	return `The files and folders in DIR come into the account, with their names byte for byte and their times (that of DIR itself only with --to). A file that is there with the same size and time is left alone; where one differs, what the account had becomes an older version. Nothing is removed. So the same command goes on after it was stopped.

Symbolic links are not followed. They are listed at the end, as are pipes, sockets and devices, names that Cairn does not hold, and files that cannot be read or change meanwhile; the rest comes in, and the exit code is 1. Of names in one folder that differ only in the form of their accents the first is taken. Owners, permissions and extended attributes are not kept.`
}

// importHands is how many files are taken in at once, so that small ones share flushes;
// of more than largeImport bytes it is largeHands, so that a disk is read in long runs,
// and all of them fit into the memory budget.
const (
	importHands = 32
	largeImport = 1 << 20
)

// Run takes files into a store that is not being served. SIGINT stops it within a second;
// what is in is durable by then. A second one ends it at once.
func (k *importCmd) Run(c *cli, std streams) (err error) {
	to, err := store.ParsePath(k.To)
	if err != nil {
		return fmt.Errorf("--to %s: no account can have such a path\n  hint: write it as /Pictures/2024", printable(k.To))
	}
	ctx, end := untilStopped()
	defer end()
	go governMemory(ctx)
	st, err := openToMove(ctx, c, std, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	u, err := st.UserByName(ctx, k.User)
	if err != nil {
		return accountError(k.User, err)
	}
	sc, err := st.Home(ctx, u.ID)
	if err != nil {
		return err
	}
	if within(k.Dir, c.Data) {
		return fmt.Errorf("%s is in the data folder\n  hint: name a folder outside %s", k.Dir, c.Data)
	}
	root, err := openSource(k.Dir)
	if err != nil {
		return err
	}
	defer root.Close()
	m := &importer{st: st, sc: sc, dir: k.Dir, large: make(chan struct{}, largeHands)}
	if m.data, err = os.Stat(c.Data); err != nil {
		return err
	}
	return k.into(ctx, m, root, to, std)
}

// openSource opens the folder to read.
func openSource(dir string) (*os.Root, error) {
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		return nil, fmt.Errorf("%s is %s, not a folder\n  hint: name the folder that holds it", printable(dir), kindOf(info.Mode()))
	}
	if err == nil {
		var root *os.Root
		if root, err = os.OpenRoot(dir); err == nil {
			return root, nil
		}
	}
	return nil, &failure{1, fmt.Errorf("%s: %w", printable(dir), cause(err))}
}

// into looks at everything once, to know how much it is, and then takes it in.
func (k *importCmd) into(ctx context.Context, m *importer, root *os.Root, to store.Path, std streams) error {
	begin := time.Now()
	line := newProgress(std.err, "import")
	look := *m // a copy without anything in use
	look.look, look.dry, look.count = true, k.DryRun, &tally{}
	look.left = newLeftOuts(io.Discard, line)
	if k.DryRun {
		look.left.out = std.out
	}
	endLine := line.watch(func() amount { return look.count.seen() })
	err := look.run(ctx, root, to)
	endLine()
	if k.DryRun || err != nil {
		look.left.print()
		return k.tell(std.out, "would import", &look, err, time.Since(begin))
	}
	m.count, m.left = &tally{}, newLeftOuts(std.out, line)
	m.count.ofBytes.Store(look.count.bytes.Load())
	m.count.ofFiles.Store(look.count.files.Load())
	endLine = line.watch(m.count.amount)
	err = m.run(ctx, root, to)
	endLine()
	m.left.print()
	return k.tell(std.out, "imported", m, err, time.Since(begin))
}

// tell is the last line, and the exit code.
func (k *importCmd) tell(out io.Writer, verb string, m *importer, err error, took time.Duration) error {
	where := k.User
	if to := filepath.ToSlash(filepath.Join("/", k.To)); to != "/" {
		where += ":" + printable(to)
	}
	done := fmt.Sprintf("%s into %s%s%v", m.count.content(), where, m.count.how(took), m.left)
	if err == nil {
		fmt.Fprintf(out, "%s %s\n", verb, done)
		if m.left.some() {
			return errReported
		}
		return nil
	}
	if !m.look {
		fmt.Fprintf(out, "imported so far: %s\n", done)
	}
	switch {
	case errors.Is(err, errStopped):
		return &failure{130, errors.New("stopped\n  hint: the same command goes on")}
	case errors.Is(err, store.ErrQuota):
		return &failure{1, fmt.Errorf("%w\n  hint: 'cairn user quota %s SIZE' sets another one; then the same command goes on", err, k.User)}
	case errors.Is(err, store.ErrNoSpace):
		return &failure{1, fmt.Errorf("%w\n  hint: free some space on the disk of the data folder; then the same command goes on", err)}
	}
	return err
}
