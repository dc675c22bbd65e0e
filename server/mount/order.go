package mount

import "sync"

const (
	// smallFile is the most bytes of a file that may be given before it is asked for.
	smallFile = 64 << 10
	// toldFiles is how many small files that listings told of are remembered in order: tar
	// lists a folder to its end before it reads the first. 1 MiB at most.
	toldFiles = 128 << 10
	// aheadFiles is how many of them are given ahead of who reads them in order.
	aheadFiles = 256
	// batchFiles is how many are read at once.
	batchFiles = 32
	// leadFiles is how many are left to who reads when giving begins, or was overtaken: both
	// at the same file help nobody.
	leadFiles = 6
	// markEvery is how far apart the files are that are not given: that they are asked for
	// tells how far who reads has come.
	markEvery = 64
)

// order notices who reads small files in the order in which a listing has told of them, as
// tar, cp -r and grep -r do, and says which come next. Each place is that of one file, from
// 1 on. Safe for concurrent use.
type order struct {
	mu    sync.Mutex
	ring  []uint64 // inodes by place: see at
	last  uint64   // the newest place
	read  uint64   // the place that was read last
	run   int      // how many reads in order came one after the other
	given uint64   // the last place that was given, or passed over
	busy  bool     // somebody gives files
}

// tell remembers a file, and returns its place.
func (o *order) tell(id uint64) (place uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.last++; o.last <= toldFiles {
		o.ring = append(o.ring, id)
	}
	*o.at(o.last) = id
	return o.last
}

// at is where the inode of a place is kept, with those toldFiles before and behind it.
func (o *order) at(place uint64) *uint64 { return &o.ring[(place-1)%toldFiles] }

// reads is told of a read of the inode that was told at a place. The caller must give files
// (next) until there are none, if it says so.
func (o *order) reads(id, place uint64) (give bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if place == 0 || place > o.last || *o.at(place) != id {
		return false
	}
	if place > o.read && place <= o.read+aheadFiles+markEvery && o.read > 0 {
		o.run++
	} else {
		o.run, o.given = 0, place
	}
	o.read = place
	if o.run == 0 || o.busy {
		return false
	}
	o.busy = true
	return true
}

// next is the inodes to give next, at most batchFiles; none: that is all for now.
func (o *order) next() (ids []uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.given <= o.read+1 {
		o.given = o.read + leadFiles
	}
	for upto := min(o.last, o.read+aheadFiles); o.given < upto && len(ids) < batchFiles; {
		if o.given++; o.given%markEvery != 0 {
			ids = append(ids, *o.at(o.given))
		}
	}
	if len(ids) == 0 {
		o.busy = false
	}
	return ids
}
