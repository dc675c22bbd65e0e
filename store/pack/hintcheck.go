package pack

import (
	"context"
	"errors"
	"os"

	"cairn/store/object"
)

// CheckHints reads the hint index of a store that nobody has open and counts its pages
// that are damaged. An error says why the next Open makes all of it anew: ErrCorrupt,
// ErrVersion, ErrForeign, that it is not there or cannot be read; or that ctx has ended.
func CheckHints(ctx context.Context, fsys object.FS, path string, store [16]byte) (damaged, pages int, err error) {
	file, err := fsys.Open(path, os.O_RDONLY)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	f := &hintFile{File: file}
	if _, err := f.readHeader(store); err != nil {
		return 0, 0, err
	}
	var p hintPage
	for n := range f.pages() {
		if err := ctx.Err(); err != nil {
			return damaged, pages, err
		}
		pages++
		if err := f.read(n, &p); errors.Is(err, ErrCorrupt) {
			damaged++
		} else if err != nil {
			return damaged, pages, err
		}
	}
	return damaged, pages, nil
}
