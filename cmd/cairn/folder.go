package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cairn/store"
)

// folderState is what stands where the data folder should be.
type folderState int

const (
	folderEmpty folderState = iota // or missing
	folderStore
	folderForeign // holds other things
)

// lookAt says what stands at dir, without changing it.
func lookAt(dir string) (folderState, error) {
	list, err := os.ReadDir(dir)
	switch info, serr := os.Stat(dir); {
	case serr == nil && !info.IsDir():
		return 0, fmt.Errorf("%s is a file, not a folder\n  hint: name the data folder with --data", dir)
	case errors.Is(err, fs.ErrNotExist):
		return folderEmpty, nil
	case err != nil:
		return 0, err
	}
	state := folderEmpty
	for _, e := range list {
		switch name := e.Name(); {
		case name == "cairn.json" || name == "packs" && e.IsDir():
			return folderStore, nil
		case slices.Contains([]string{"lost+found", "lock", "admin.sock", ".restoring"}, name) || strings.HasPrefix(name, "cairn.json"):
			// of the file system, or of a start that did not come far
		default:
			state = folderForeign
		}
	}
	return state, nil
}

// openStore opens the store in o.Dir. If there is none it makes one, if mayMake, in a
// folder that is missing or empty; made says that it did.
func openStore(ctx context.Context, o store.Options, mayMake bool) (st *store.Store, made bool, err error) {
	state, err := lookAt(o.Dir)
	if err != nil {
		return nil, false, err
	}
	switch {
	case state == folderStore:
	case !mayMake:
		return nil, false, noStore(o.Dir)
	case state == folderForeign:
		abs, err := filepath.Abs(o.Dir)
		if err != nil {
			return nil, false, err
		}
		return nil, false, fmt.Errorf("%s holds other files and no store\n  hint: name an empty folder with --data", abs)
	}
	if err := tighten(o.Dir); err != nil {
		return nil, false, err
	}
	st, err = store.Open(ctx, o)
	return st, err == nil && state == folderEmpty, err
}

func noStore(dir string) error {
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	return fmt.Errorf("there is no store in %s\n  hint: name the data folder with --data; 'cairn serve' and 'cairn user add' make a new one", dir)
}
