package object

import (
	"errors"
	"io/fs"
	"path/filepath"
)

// linker is a file system with hard links.
type linker interface {
	Link(from, to string) error
}

// Link gives a file a second name. SyncDir makes it durable. errors.ErrUnsupported where
// the file system, or this FS, has no hard links, or not between these two places.
func Link(fsys FS, from, to string) error {
	l, ok := fsys.(linker)
	if !ok {
		return errors.ErrUnsupported
	}
	return l.Link(from, to)
}

// Resolve is a path of the operating system without symbolic links.
func Resolve(path string) (string, error) { return filepath.EvalSymlinks(path) }

// RemoveAll deletes a folder with all that is in it; nil if it is not there. Links are
// deleted, not followed.
func RemoveAll(fsys FS, path string) error {
	list, err := fsys.ReadDir(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range list {
		if err == nil && e.Dir {
			err = RemoveAll(fsys, filepath.Join(path, e.Name))
		} else if err == nil {
			err = fsys.Remove(filepath.Join(path, e.Name))
		}
	}
	if err != nil {
		return err
	}
	return fsys.Remove(path)
}
