package mount

import (
	"context"
	"sync"
)

// pageEntries is how much of a folder is in memory while it is listed.
const pageEntries = 500

// listing is a folder that somebody reads. Its places count from 0; a program may come
// back to any it was told of.
type listing struct {
	mu    sync.Mutex
	in    *inode
	first int      // the place of page[0]
	page  []entry  // at most pageEntries
	last  bool     // nothing follows the page
	begin []cursor // of each page known so far
}

func newListing(in *inode) *listing { return &listing{in: in, begin: make([]cursor, 1), first: -1} }

// at is the entry at a place, nil behind the last one. l.mu is held.
func (l *listing) at(ctx context.Context, t *tree, place int) (*entry, error) {
	for {
		if i := place - l.first; l.first >= 0 && i >= 0 {
			if i < len(l.page) {
				return &l.page[i], nil
			}
			if l.last {
				return nil, nil
			}
		}
		k := min(place/pageEntries, len(l.begin)-1) // the page itself, or the last one known before it
		page, next, err := t.page(ctx, l.in.ident, l.begin[k], pageEntries)
		if err != nil {
			return nil, err
		}
		l.first, l.page, l.last = k*pageEntries, page, len(page) < pageEntries
		if !l.last && k == len(l.begin)-1 {
			l.begin = append(l.begin, next)
		}
	}
}

// rewind begins again, with what is there now. l.mu is held.
func (l *listing) rewind() { l.first, l.page, l.begin = -1, nil, l.begin[:1] }

// listings are those under way, by the number that the kernel has for each.
type listings struct {
	mu   sync.Mutex
	open map[uint64]*listing
	next uint64
}

func (ls *listings) add(l *listing) uint64 {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if ls.open == nil {
		ls.open = map[uint64]*listing{}
	}
	ls.next++
	ls.open[ls.next] = l
	return ls.next
}

func (ls *listings) get(number uint64) *listing {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	return ls.open[number]
}

func (ls *listings) end(number uint64) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	delete(ls.open, number)
}
