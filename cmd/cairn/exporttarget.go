package main

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// partPrefix begins the names of files that are not whole yet.
const partPrefix = ".cairn-export-"

// target is the folder that an export writes to.
type target struct {
	root   *os.Root
	resume bool
	traits
	run   string // begins the names that this run makes for a while: nobody else's do
	parts atomic.Int64
}

// traits are what a file system does to names and times.
type traits struct {
	folds bool          // takes names for the same that differ in case or in normal form
	trims bool          // drops dots and spaces at the end of names
	step  time.Duration // in which times are kept
}

// openTarget opens the folder to write to: one that is empty or missing, or any to resume.
func openTarget(dir string, resume bool) (t *target, err error) {
	switch info, err := os.Stat(dir); {
	case errors.Is(err, fs.ErrNotExist):
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, &failure{1, err}
		}
	case err != nil:
		return nil, &failure{1, err}
	case !info.IsDir():
		return nil, fmt.Errorf("%s is a file, not a folder\n  hint: name an empty or missing folder", printable(dir))
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, &failure{1, err}
	}
	defer func() {
		if err != nil {
			root.Close()
		}
	}()
	if empty, err := isEmpty(root); err != nil {
		return nil, &failure{1, err}
	} else if !empty && !resume {
		return nil, fmt.Errorf("%s is not empty\n  hint: name an empty or missing folder; --resume goes on with an export that was stopped", printable(dir))
	}
	b := make([]byte, 8)
	rand.Read(b)
	t = &target{root: root, resume: resume, run: partPrefix + hex.EncodeToString(b) + "-"}
	if t.traits, err = probe(root, t.run+"probe"); err != nil {
		return nil, &failure{1, fmt.Errorf("%s cannot be written: %w", printable(dir), cause(err))}
	}
	return t, nil
}

// newPart is a name for a file that is not whole yet.
func (t *target) newPart() string { return t.run + strconv.FormatInt(t.parts.Add(1), 10) }

// isEmpty reports whether nobody's files are in a folder: a new disk has lost+found.
func isEmpty(root *os.Root) (bool, error) {
	f, err := root.Open(".")
	if err != nil {
		return false, err
	}
	defer f.Close()
	names, err := f.Readdirnames(2)
	if err == io.EOF {
		err = nil
	}
	return len(slices.DeleteFunc(names, func(name string) bool { return name == "lost+found" })) == 0, err
}

// top opens the folder of one part; nil if that was refused, which is noted.
func (t *target) top(e *exporter, p part) (*outFolder, error) {
	root, err := t.root.OpenRoot(".")
	if err != nil {
		return nil, onDir("open", err)
	}
	mod := p.node.ModTime
	if p.folder != "" || !p.node.IsFolder() {
		mod = time.Time{}
	}
	dir, err := t.open(root, mod, p.shown(p.path), e.left)
	if err != nil {
		return nil, onDir("read", err)
	}
	if p.folder == "" {
		return dir, nil
	}
	defer dir.leave()
	sub, err := dir.sub(p.folder, p.node.ModTime, p.shown(p.path))
	if err != nil {
		return nil, e.refused(e.left.addFolder, p.shown(p.path), err, p.node.Bytes, p.node.Files)
	}
	e.count.folders.Add(1)
	return sub, nil
}

// probe finds out what the file system does, by a folder that it makes and removes.
func probe(root *os.Root, name string) (t traits, err error) {
	if err := root.Mkdir(name, 0o700); err != nil {
		return t, err
	}
	defer func() { err = errors.Join(err, root.RemoveAll(name)) }()
	dir, err := root.OpenRoot(name)
	if err != nil {
		return t, err
	}
	defer dir.Close()
	make := func(name string) error {
		f, err := dir.OpenFile(name, os.O_WRONLY|os.O_CREATE, 0o600)
		if err != nil {
			return err
		}
		return f.Close()
	}
	if err := make("aB"); err != nil {
		return t, err
	}
	there := func(name string) bool { _, err := dir.Lstat(name); return err == nil }
	t.folds = there("Ab")
	if make("\u00e9") == nil { // some take no such name
		t.folds = t.folds || there("e\u0301")
	}
	const odd = 1_000_000_001
	want := time.Unix(odd, 123_456_789)
	if err := dir.Chtimes("aB", want, want); err != nil {
		return t, err
	}
	info, err := dir.Lstat("aB")
	if err != nil {
		return t, err
	}
	t.step = 2 * time.Second // FAT
	for _, step := range []time.Duration{1, 100, time.Microsecond, time.Millisecond, 10 * time.Millisecond, time.Second} {
		if info.ModTime().Equal(want.Truncate(step)) {
			t.step = step
			break
		}
	}
	if make("c.") == nil {
		f, err := dir.Open(".")
		if err != nil {
			return t, err
		}
		defer f.Close()
		names, err := f.Readdirnames(-1)
		if err != nil {
			return t, err
		}
		t.trims = !slices.Contains(names, "c.")
	}
	return t, nil
}

// fits refuses names that would become others, without a word from the file system.
func (t traits) fits(name string) error {
	switch {
	case t.trims && strings.TrimRight(name, ". ") != name:
		return refuse("this file system drops the dot or space at the end of the name")
	case runtime.GOOS == "windows" && strings.ContainsAny(name, `<>:"\|?*`):
		return refuse("Windows has no names with any of < > : \" \\ | ? *")
	}
	return nil
}

// same reports whether two times are one to the file system.
func (t traits) same(a, b time.Time) bool {
	d := a.Sub(b)
	return -t.step < d && d < t.step
}
