package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"cairn/store"
)

type exportCmd struct {
	User   string `help:"The account whose files are written; without it those of all accounts, in a folder each." placeholder:"NAME"`
	From   string `help:"The folder or file of the account to write (/)." placeholder:"PATH"`
	Resume bool   `help:"Go on in a DIR that an export has begun."`
	Dir    string `arg:"" help:"The folder to write to: empty, or missing." type:"path"`
}

// Help implements kong.HelpProvider.
func (*exportCmd) Help() string {
	return `Everything that an account shows now is written: names byte for byte, contents, the times of files and folders. Older versions, the trash and WebDAV properties are not.

Every byte is checked before it is written. What is damaged, and names that the file system of DIR refuses or takes for one another, are listed at the end and the rest goes on; the exit code is 1 then. A file has its name only when it is whole. All is flushed to the disk once, at the end.

--resume leaves files whose size and time are equal, and writes the others again, also those of another origin that have the name of one of the account's. Nothing is removed. What is written is readable by the user who runs this only.`
}

// exportHands is how many files are read at once, largeHands how many of more than
// largeExport: more of those would drive one another out of the cache of checked chunks.
const (
	exportHands = 8
	largeHands  = 2
	largeExport = 1 << 20
)

// Run writes files of a store that is not being served. SIGINT stops it within a second
// and leaves what is whole; a second one ends it at once.
//
// Durability: DIR's file system is flushed once at the end (Linux: syncfs), since a flush
// a file is too slow for small ones. After a loss of power before that, files may be
// empty or short under their name; --resume sees it by their size and writes them again.
func (k *exportCmd) Run(c *cli, std streams) (err error) {
	if k.From != "" && k.User == "" {
		return errors.New("--from is a path of one account\n  hint: name it with --user")
	}
	from, err := store.ParsePath(k.From)
	if err != nil {
		return fmt.Errorf("--from %s: no account can have such a path\n  hint: write it as /Pictures/2024", printable(k.From))
	}
	ctx, end := untilStopped()
	defer end()
	go governMemory(ctx)
	st, err := openToMove(ctx, c, std, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	if within(k.Dir, c.Data) {
		return fmt.Errorf("%s is in the data folder\n  hint: name a folder outside %s", k.Dir, c.Data)
	}
	parts, err := k.parts(ctx, st, from)
	if err != nil {
		return err
	}
	to, err := openTarget(k.Dir, k.Resume)
	if err != nil {
		return err
	}
	return k.export(ctx, st, parts, to, std)
}

// openToMove opens the store for export or import.
func openToMove(ctx context.Context, c *cli, std streams, verify bool) (*store.Store, error) {
	log := slog.New(slog.NewTextHandler(std.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	st, _, err := openStore(ctx, store.Options{Dir: c.Data, UnsafeFS: c.UnsafeFS, VerifyReads: verify, Log: log}, false)
	if err != nil && ctx.Err() != nil {
		err = &failure{130, errStopped}
	}
	return st, err
}

// part is a tree that is exported.
type part struct {
	user   string
	scope  store.Scope
	path   store.Path
	node   store.Node
	folder string // that it gets in DIR; empty: DIR itself
}

// parts finds what is to be exported.
func (k *exportCmd) parts(ctx context.Context, st *store.Store, from store.Path) ([]part, error) {
	var users []store.User
	if k.User == "" {
		all, err := st.Users(ctx)
		if err != nil {
			return nil, err
		}
		users = all
	} else {
		u, err := st.UserByName(ctx, k.User)
		if err != nil {
			return nil, accountError(k.User, err)
		}
		users = []store.User{u}
	}
	var parts []part
	for _, u := range users {
		sc, err := st.Home(ctx, u.ID)
		if err != nil {
			return nil, err
		}
		n, err := st.Stat(ctx, sc, from)
		if errors.Is(err, store.ErrNotExist) {
			return nil, &said{fmt.Sprintf("%s has no %s", u.Name, printable(k.From)), err}
		}
		if err != nil {
			return nil, err
		}
		p := part{user: u.Name, scope: sc, path: from, node: n}
		if k.User == "" {
			p.folder = folderFor(u)
		}
		parts = append(parts, p)
	}
	return parts, nil
}

// folderFor is the name of the folder that an account's files get.
func folderFor(u store.User) string {
	if store.ValidName(u.Name) && filepath.IsLocal(u.Name) {
		return u.Name
	}
	return fmt.Sprintf("account %d", u.ID)
}

func (k *exportCmd) export(ctx context.Context, st *store.Store, parts []part, to *target, std streams) error {
	begin := time.Now()
	line := newProgress(std.err, "export")
	e := &exporter{st: st, to: to, left: newLeftOuts(std.out, line), large: make(chan struct{}, largeHands)}
	for _, p := range parts {
		if p.node.IsFolder() {
			e.count.ofBytes.Add(p.node.Bytes)
			e.count.ofFiles.Add(p.node.Files)
		} else {
			e.count.ofBytes.Add(p.node.Size)
			e.count.ofFiles.Add(1)
		}
	}
	endLine := line.watch(e.count.amount)
	e.crew = newCrew(ctx, exportHands)
	err := e.crew.end(e.parts(parts))
	endLine()
	if err == nil {
		line.say("writing to the disk what is still in memory")
		err = onDir("flush", flushFS(to.root))
	}
	err = errors.Join(err, to.root.Close())
	e.left.print()
	return k.tell(std.out, e, err, time.Since(begin))
}

// tell is the last line, and the exit code.
func (k *exportCmd) tell(out io.Writer, e *exporter, err error, took time.Duration) error {
	done := fmt.Sprintf("%s to %s%s%v", e.count.content(), printable(k.Dir), e.count.how(took), e.left)
	var bad *dirError
	switch {
	case errors.Is(err, errStopped):
		fmt.Fprintf(out, "exported so far: %s\n", done)
		return &failure{130, errors.New("stopped\n  hint: the same command with --resume goes on")}
	case errors.As(err, &bad):
		fmt.Fprintf(out, "exported so far: %s\n", done)
		hint := "when that is mended, the same command with --resume goes on"
		if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
			hint = "free some space there; then the same command with --resume goes on"
		}
		return &failure{1, fmt.Errorf("%s %s: %v\n  hint: %s", bad.op, printable(k.Dir), cause(bad.err), hint)}
	case err != nil:
		fmt.Fprintf(out, "exported so far: %s\n", done)
		return err
	}
	fmt.Fprintf(out, "exported %s\n", done)
	if e.to.step > time.Microsecond {
		fmt.Fprintf(out, "note: the file system of %s keeps times in steps of %v\n", printable(k.Dir), e.to.step)
	}
	if e.left.some() {
		return errReported
	}
	return nil
}

// within reports whether dir is the data folder or lies in it.
func within(dir, data string) bool {
	info, err := os.Stat(data)
	if err != nil {
		return false
	}
	for {
		if real, err := filepath.EvalSymlinks(dir); err == nil {
			dir = real
		}
		if at, err := os.Stat(dir); err == nil && os.SameFile(at, info) {
			return true
		}
		up := filepath.Dir(dir)
		if up == dir {
			return false
		}
		dir = up
	}
}
