package pack

import "cairn/store/object"

const (
	maxAhead = 4 << 20
	// aheadFloor is the free space, in bytes, below which none is allocated ahead.
	aheadFloor = 256 << 20
)

// ahead allocates space in front of the records of a pack, a step at a time, so that a
// flush of a few of them does not have to change the size of the file. Only the small
// lane, of which there is one, has it. A nil one does nothing.
type ahead struct {
	fs    object.FS
	dir   string
	step  int64
	limit int64 // of the records of a pack
	end   int64 // the file has been made this long, or it was tried
	off   bool  // it failed
}

// cover is called before records are written from at to end. No error matters: the
// write grows the file as it would have without.
func (a *ahead) cover(f object.File, at, end int64) {
	if a == nil || a.off || end <= a.end || end >= a.limit {
		return
	}
	if free, _, err := a.fs.Space(a.dir); err != nil || free < aheadFloor {
		return
	}
	from := max(at, a.end)
	a.end = min(end+a.step, a.limit)
	if f.Allocate(from, a.end-from) != nil {
		a.off = true
		f.Truncate(from) // gives back what it got; if that fails, the seal cuts it
	}
}

// beyond reports whether the file may be longer than size.
func (a *ahead) beyond(size int64) bool { return a != nil && a.end > size }

// cut is told that the file was cut to its records.
func (a *ahead) cut() {
	if a != nil {
		a.end = 0
	}
}
