package main

import (
	"os"
	"time"

	"cairn/store"
)

// maxHardLinks bounds how many files with several names are remembered; of more, each
// name is read.
const maxHardLinks = 1 << 15

// hardLinks remember files with several names. Not for concurrent use.
type hardLinks struct{ byFile map[fileID]*hardLink }

// hardLink is such a file, as it was when its first name was found.
type hardLink struct {
	path store.Path // that the first name gets
	size int64
	mod  time.Time
	more uint64 // names that have not been found yet

	done chan struct{} // closed when the first name is in, or was left out
	ok   bool          // it is in
}

func newHardLinks() *hardLinks { return &hardLinks{map[fileID]*hardLink{}} }

// at is the file that one of its names was found for; nil if it has no other name.
func (h *hardLinks) at(p store.Path, info os.FileInfo) *hardLink {
	id, names := identify(info)
	if names < 2 {
		return nil
	}
	l := h.byFile[id]
	if l == nil {
		if len(h.byFile) >= maxHardLinks {
			return nil
		}
		l = &hardLink{path: p, size: info.Size(), mod: info.ModTime(), more: names, done: make(chan struct{})}
		h.byFile[id] = l
	}
	if l.more--; l.more == 0 {
		delete(h.byFile, id)
	}
	return l
}

// first reports whether p is the name that brings the content. A nil link is no name's.
func (l *hardLink) first(p store.Path) bool { return l != nil && l.path == p }

// end says what became of the first name.
func (l *hardLink) end(ok bool) {
	l.ok = ok
	close(l.done)
}
