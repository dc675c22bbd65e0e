package main

import (
	"io"
	"os"
	"slices"

	"cairn/store"

	"golang.org/x/text/unicode/norm"
)

// namesBatch is how many names of a folder are in memory at once. Those of a folder that
// has fewer come in the order of their bytes, others batch by batch.
const namesBatch = 2000

// names are those of one folder.
type names struct {
	f     *os.File
	batch []string
	whole bool // batch is all
}

// listError is a folder that cannot be read on.
type listError struct{ err error }

func (e *listError) Error() string { return e.err.Error() }
func (e *listError) Unwrap() error { return e.err }

func listNames(root *os.Root) (*names, error) {
	f, err := root.Open(".")
	if err != nil {
		return nil, err
	}
	l := &names{f: f}
	for !l.whole && len(l.batch) < namesBatch {
		more, err := f.Readdirnames(namesBatch - len(l.batch))
		l.batch = append(l.batch, more...)
		if err == io.EOF {
			l.whole = true
		} else if err != nil {
			f.Close()
			return nil, err
		}
	}
	slices.Sort(l.batch)
	if l.whole {
		f.Close()
	}
	return l, nil
}

func (l *names) close() {
	if !l.whole {
		l.f.Close()
	}
}

// each calls see with every name.
func (l *names) each(see func(string) error) error {
	if l.whole {
		for _, name := range l.batch {
			if err := see(name); err != nil {
				return err
			}
		}
		return nil
	}
	l.batch = nil
	if _, err := l.f.Seek(0, io.SeekStart); err != nil {
		return &listError{err}
	}
	for {
		batch, err := l.f.Readdirnames(namesBatch)
		slices.Sort(batch)
		for _, name := range batch {
			if err := see(name); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return &listError{err}
		}
	}
}

// twins are the names of a folder that have the NFC form of another one, or may: by that
// form the first of them by bytes.
type twins map[string]string

func (t twins) first(name string) (string, bool) {
	if len(t) == 0 || !store.ValidName(name) {
		return "", false
	}
	first, ok := t[norm.NFC.String(name)]
	return first, ok
}

// twins finds them. It holds in memory only names that are not in NFC.
func (l *names) twins() (twins, error) {
	t := twins{}
	err := l.each(func(name string) error {
		if norm.NFC.IsNormalString(name) || !store.ValidName(name) {
			return nil
		}
		key := norm.NFC.String(name)
		if first, ok := t[key]; !ok || name < first {
			t[key] = name
		}
		return nil
	})
	if err != nil || len(t) == 0 {
		return t, err
	}
	return t, l.each(func(name string) error {
		if first, ok := t[name]; ok && name < first {
			t[name] = name
		}
		return nil
	})
}
