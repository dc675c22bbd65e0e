package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"cairn/store"
)

// importer takes a tree of files into a store, or looks how that would go.
type importer struct {
	st   *store.Store
	sc   store.Scope
	dir  string      // as it was named
	data os.FileInfo // of the data folder, which is not imported

	look  bool // change nothing
	dry   bool // and ask the store about each file
	count *tally
	left  *leftOuts
	crew  *crew
	links *hardLinks
	large chan struct{} // holds who reads a large file
}

// inFolder is a folder that is being read, through an os.Root of its own. Whoever uses it
// enters and leaves; the last one closes it.
type inFolder struct {
	root  *os.Root
	shown string
	users atomic.Int32
}

func newInFolder(root *os.Root, shown string) *inFolder {
	d := &inFolder{root: root, shown: shown}
	d.users.Store(1)
	return d
}

func (d *inFolder) enter() { d.users.Add(1) }

func (d *inFolder) leave() {
	if d.users.Add(-1) == 0 {
		d.root.Close()
	}
}

// run takes in what is in root.
func (m *importer) run(ctx context.Context, root *os.Root, to store.Path) error {
	m.crew = newCrew(ctx, importHands)
	m.links = newHardLinks()
	return m.crew.end(m.top(root, to))
}

func (m *importer) top(root *os.Root, to store.Path) error {
	top, err := root.OpenRoot(".")
	if err != nil {
		return err
	}
	dir := newInFolder(top, m.dir)
	info, err := top.Stat(".")
	if err != nil {
		dir.leave()
		return err
	}
	there := true
	if !to.IsRoot() {
		known, err := m.known(to)
		if err == nil && known != nil && !known.IsFolder() {
			err = errors.New("is a file of the account")
		}
		if err != nil {
			dir.leave()
			return &said{"--to " + printable(string(to)) + ": " + err.Error(), err}
		}
		there = known != nil
		if err := m.giveFolder(to, m.dir, info, known); err != nil {
			dir.leave()
			return err
		}
	}
	return m.folder(dir, to, there)
}

// known finds what the store has at p; nil if nothing.
func (m *importer) known(p store.Path) (*store.Node, error) {
	n, err := m.st.Stat(m.crew.ctx, m.sc, p)
	if errors.Is(err, store.ErrNotExist) {
		return nil, nil
	}
	return &n, err
}

// folder takes in what is in dir, and leaves it. there says that the store has the folder.
func (m *importer) folder(dir *inFolder, p store.Path, there bool) error {
	defer dir.leave()
	list, err := listNames(dir.root)
	if err != nil {
		m.left.addFolder(dir.shown, "it cannot be read: %v", cause(err))
		return nil
	}
	defer list.close()
	twins, err := list.twins()
	if err != nil {
		m.left.add(dir.shown, "the rest of this folder cannot be read: %v", cause(err))
	}
	err = list.each(func(name string) error { return m.entry(dir, name, twins, p.Join(name), there) })
	if errors.As(err, new(*listError)) {
		m.left.add(dir.shown, "the rest of this folder cannot be read: %v", cause(err))
		return nil
	}
	return err
}

// badName says why a name cannot be held.
func badName(name string) string {
	switch {
	case len(name) > store.MaxNameBytes:
		return "Cairn holds names of up to 255 bytes"
	case strings.ToValidUTF8(name, "") != name:
		return "Cairn holds names in UTF-8 only"
	default:
		return "Cairn holds no names with control characters"
	}
}

// entry takes in one thing that a folder holds.
func (m *importer) entry(dir *inFolder, name string, twins twins, p store.Path, there bool) error {
	if err := context.Cause(m.crew.ctx); err != nil {
		return err
	}
	shown := filepath.Join(dir.shown, name)
	info, err := dir.root.Lstat(name)
	if err != nil {
		m.left.add(shown, "it cannot be looked at: %v", cause(err))
		return nil
	}
	leave := m.left.add
	if info.IsDir() {
		leave = m.left.addFolder
	}
	first, twin := twins.first(name)
	switch {
	case !store.ValidName(name):
		leave(shown, "%s", badName(name))
	case twin && first != name:
		leave(shown, "to Cairn it has the same name as %+q", first) // two that look alike
	case info.Mode()&fs.ModeSymlink != 0:
		to, _ := dir.root.Readlink(name)
		leave(shown, "it is a symbolic link, to %s", printable(to))
	case !info.IsDir() && !info.Mode().IsRegular():
		leave(shown, "it is %s", kindOf(info.Mode()))
	case strings.Count(string(p), "/") >= store.MaxPathDepth:
		leave(shown, "Cairn holds paths of up to %d names", store.MaxPathDepth)
	case info.IsDir() && os.SameFile(info, m.data):
		leave(shown, "it is Cairn's own data folder")
	case info.IsDir():
		return m.sub(dir, name, info, p, shown, there)
	default:
		return m.giveFile(dir, name, info, p, shown, there)
	}
	return nil
}

// sub takes in a folder.
func (m *importer) sub(dir *inFolder, name string, info os.FileInfo, p store.Path, shown string, there bool) error {
	var known *store.Node
	if there {
		var err error
		if known, err = m.known(p); err != nil {
			return err
		}
		if known != nil && !known.IsFolder() {
			m.left.addFolder(shown, "a file of the account has the name")
			return nil
		}
	}
	root, err := openSub(dir.root, name)
	if err != nil {
		m.left.addFolder(shown, "it cannot be read: %v", cause(err))
		return nil
	}
	if err := m.giveFolder(p, shown, info, known); err != nil {
		root.Close()
		return err
	}
	return m.folder(newInFolder(root, shown), p, known != nil)
}

// refused notes why something was left out, or passes on what everything must end for.
func (m *importer) refused(shown string, err error) error {
	switch {
	case err == nil:
		return nil
	case m.crew.ctx.Err() != nil:
		return context.Cause(m.crew.ctx)
	case errors.Is(err, errChanged), errors.Is(err, store.ErrIncomplete), errors.Is(err, store.ErrTooLong):
		m.left.add(shown, "it was changed while it was read; the same command takes it along later")
	case errors.Is(err, store.ErrRead):
		m.left.add(shown, "it cannot be read: %v", cause(err))
	case errors.Is(err, store.ErrIsFolder):
		m.left.add(shown, "a folder of the account has the name")
	case errors.Is(err, store.ErrNotFolder), errors.Is(err, store.ErrNoParent):
		m.left.add(shown, "a file of the account has the name of its folder")
	case errors.Is(err, store.ErrLocked):
		m.left.add(shown, "a WebDAV client has locked it; the lock ends within an hour")
	default:
		return err
	}
	return nil
}
