package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"cairn/store"

	"golang.org/x/text/unicode/norm"
)

// outFolder is a folder that is being written. It is reached through its own os.Root, and
// every name is one component below it, so that no link that somebody puts there leads
// out. Whoever uses it enters and leaves; the last one gives it its time.
type outFolder struct {
	t     *target
	left  *leftOuts
	root  *os.Root
	shown string
	mod   time.Time // zero: what it has is kept
	users atomic.Int32

	mu  sync.Mutex      // a name is looked at and taken under it
	had map[string]bool // in a file system that folds: the names that were there, as NFC
}

// open makes root one of the target's folders, with its caller as the first user.
func (t *target) open(root *os.Root, mod time.Time, shown string, left *leftOuts) (*outFolder, error) {
	d := &outFolder{t: t, left: left, root: root, mod: mod, shown: shown}
	d.users.Store(1)
	if !t.resume {
		return d, nil
	}
	err := d.look()
	if err != nil {
		root.Close()
	}
	return d, err
}

// look removes what an export that was killed has left half-way. Names that it begins
// like this may also be the account's: such a file is missing then, and written again.
func (d *outFolder) look() error {
	f, err := d.root.Open(".")
	if err != nil {
		return err
	}
	defer f.Close()
	if d.t.folds {
		d.had = map[string]bool{}
	}
	for {
		names, err := f.Readdirnames(1000)
		for _, name := range names {
			if err := d.found(name); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (d *outFolder) found(name string) error {
	if strings.HasPrefix(name, partPrefix) {
		if info, err := d.root.Lstat(name); err == nil && info.Mode().IsRegular() {
			return d.root.Remove(name)
		}
	}
	if d.had != nil {
		d.had[norm.NFC.String(name)] = true
	}
	return nil
}

func (d *outFolder) enter() { d.users.Add(1) }

func (d *outFolder) leave() {
	if d.users.Add(-1) > 0 {
		return
	}
	if !d.mod.IsZero() {
		d.setTime(".", d.mod, d.shown)
	}
	d.root.Close()
}

// setTime gives something its time, and notes if it did not take it.
func (d *outFolder) setTime(name string, mod time.Time, shown string) {
	err := d.root.Chtimes(name, mod, mod)
	if err != nil {
		d.left.time(shown, "%v", cause(err))
		return
	}
	if info, err := d.root.Lstat(name); err == nil && !d.t.same(info.ModTime(), mod) {
		d.left.time(shown, "this file system does not hold %s", mod.UTC().Format(time.RFC3339Nano))
	}
}

// has reports whether an earlier export has written the file already.
func (d *outFolder) has(n store.Node) bool {
	if !d.t.resume {
		return false
	}
	info, err := d.root.Lstat(n.Name)
	return err == nil && info.Mode().IsRegular() && info.Size() == n.Size && d.t.same(info.ModTime(), n.ModTime) && d.mine(n.Name)
}

// mine reports whether what stands at a name can be of an earlier export, and not of
// another name that this file system takes for the same.
func (d *outFolder) mine(name string) bool {
	return d.t.resume && (d.had == nil || d.had[norm.NFC.String(name)])
}

// free is nil if a file may be written at a name: nothing is there, or a file of an
// earlier export. It never is if something else would be overwritten.
func (d *outFolder) free(name string) error {
	if err := d.t.fits(name); err != nil {
		return err
	}
	info, err := d.root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return d.t.badName(err)
	case !d.mine(name):
		return refuse("this file system takes the name for another one that is there")
	case !info.Mode().IsRegular():
		return refuse("%s is in the way", kindOf(info.Mode()))
	}
	return nil
}

// write makes a file of what fill writes: whole and with its time, or not at all.
func (d *outFolder) write(n store.Node, shown string, fill func(io.Writer) error) (err error) {
	part := d.t.newPart()
	f, err := d.root.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return d.t.refusal(err)
	}
	defer func() {
		if err != nil {
			f.Close()
			d.root.Remove(part)
		}
	}()
	if err := fill(&partWriter{d.t, f}); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return d.t.refusal(err)
	}
	if !n.ModTime.IsZero() {
		d.setTime(part, n.ModTime, shown)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.free(n.Name); err != nil {
		return err
	}
	return d.t.badName(d.root.Rename(part, n.Name))
}

// sub makes a folder in d, or finds that of an earlier export.
func (d *outFolder) sub(name string, mod time.Time, shown string) (*outFolder, error) {
	if err := d.t.fits(name); err != nil {
		return nil, err
	}
	d.mu.Lock()
	err := d.root.Mkdir(name, 0o700)
	if errors.Is(err, fs.ErrExist) {
		info, lerr := d.root.Lstat(name)
		switch {
		case lerr != nil:
			err = d.t.refusal(lerr)
		case !d.mine(name):
			err = refuse("this file system takes the name for another one that is there")
		case !info.IsDir():
			err = refuse("%s is in the way", kindOf(info.Mode()))
		default:
			err = nil
		}
	}
	d.mu.Unlock()
	if err != nil {
		return nil, d.t.badName(err)
	}
	root, err := openSub(d.root, name)
	if err != nil {
		return nil, d.t.refusal(err)
	}
	sub, err := d.t.open(root, mod, shown, d.left)
	if err != nil {
		return nil, d.t.refusal(err)
	}
	return sub, nil
}

// openSub opens a folder in root that is no link.
func openSub(root *os.Root, name string) (*os.Root, error) {
	want, err := root.Lstat(name)
	if err != nil {
		return nil, err
	}
	sub, err := root.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	if got, err := sub.Stat("."); err != nil || !os.SameFile(got, want) {
		sub.Close()
		return nil, errors.Join(err, errors.New("it was changed meanwhile"))
	}
	return sub, nil
}

// partWriter writes to a file that is not whole yet.
type partWriter struct {
	t *target
	f *os.File
}

func (w *partWriter) Write(p []byte) (int, error) {
	n, err := w.f.Write(p)
	if err != nil {
		err = w.t.refusal(err)
	}
	return n, err
}
