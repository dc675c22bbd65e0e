package store_test

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"cairn/store/object"
)

// memFS serves an image at memRoot, for reading.
type memFS struct {
	object.FS
	files image
}

var memRoot = filepath.FromSlash("/image")

func (m *memFS) MkdirAll(string) error { return nil }

func (m *memFS) find(path string) ([]byte, error) {
	rel, err := filepath.Rel(memRoot, path)
	if err == nil {
		if text, ok := m.files[rel]; ok {
			return text, nil
		}
	}
	return nil, fmt.Errorf("%s: %w", path, fs.ErrNotExist)
}

func (m *memFS) ReadFile(path string) ([]byte, error) { return m.find(path) }

func (m *memFS) ReadDir(path string) ([]object.Entry, error) {
	seen := map[string]object.Entry{}
	for name, text := range m.files {
		if rest, ok := strings.CutPrefix(filepath.Join(memRoot, name), path+string(filepath.Separator)); ok {
			first, _, deeper := strings.Cut(rest, string(filepath.Separator))
			seen[first] = object.Entry{Name: first, Dir: deeper, Size: int64(len(text))}
		}
	}
	var out []object.Entry
	for _, name := range slices.Sorted(maps.Keys(seen)) {
		out = append(out, seen[name])
	}
	return out, nil
}

func (m *memFS) Open(path string, flag int) (object.File, error) {
	text, err := m.find(path)
	if err != nil {
		return nil, err
	}
	return memFile{bytes.NewReader(text)}, nil
}

type memFile struct{ *bytes.Reader }

func (f memFile) Size() (int64, error)                  { return f.Reader.Size(), nil }
func (memFile) Close() error                            { return nil }
func (memFile) Sync() error                             { return nil }
func (memFile) Truncate(int64) error                    { return object.ErrReadOnly }
func (memFile) WriteAt([]byte, int64) (int, error)      { return 0, object.ErrReadOnly }
func (memFile) WritevAt([][]byte, int64) (int, error)   { return 0, object.ErrReadOnly }
func (memFile) Section(int64, int64) (io.Reader, error) { return nil, object.ErrReadOnly }
func (memFile) Allocate(int64, int64) error             { return object.ErrReadOnly }
func (memFile) WriteBack(int64, int64) error            { return object.ErrReadOnly }
