package pack

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"

	"cairn/store/meta"
	"cairn/store/object"
)

// hints is the index of the chunks of sealed packs. It promises nothing: a lookup may
// miss what is there and find what is not, so every find is checked in the pack. No
// error leaves it; the first is logged. All methods may be called concurrently.
type hints struct {
	fs    object.FS
	path  string
	store [16]byte
	log   *slog.Logger
	alive func(meta.PackID) bool // false: hints to the pack are dropped when the file doubles

	// edit is held by whoever changes pages or makes a new file; before mu.
	edit     sync.Mutex
	complete bool
	next     *hintFile // of a doubling under way: has all pages before copied
	copied   uint32
	nextErr  error
	stuck    bool // a doubling failed: no other is tried

	// mu is held to read pages, and held alone to write a page or to change the file.
	mu  sync.RWMutex
	cur *hintFile // nil: there is none, and nothing is found

	used    atomic.Int64 // hints in the file; after opening, an estimate
	growing atomic.Bool
	spoilt  atomic.Bool // a page was lost
	logged  atomic.Bool
}

// openHints opens the index at path, or makes an empty one that must be rebuilt. It
// never fails: without a file nothing is found.
func openHints(fsys object.FS, path string, store [16]byte, alive func(meta.PackID) bool, log *slog.Logger) *hints {
	x := &hints{fs: fsys, path: path, store: store, alive: alive, log: log}
	if err := fsys.Remove(x.newPath()); err != nil && !errors.Is(err, fs.ErrNotExist) { // of a doubling cut short
		x.report(err)
	}
	f, complete, err := openHintFile(fsys, path, store)
	if err == nil {
		x.cur, x.complete = f, complete
		x.used.Store(x.estimate())
		return x
	}
	if !errors.Is(err, fs.ErrNotExist) {
		log.Warn("the hint index is made anew", "err", err)
	}
	f, err = createHintFile(fsys, x.newPath(), hintsMinBits, (*hintFile).fillEmpty)
	if err == nil {
		x.next = f
		err = x.swap()
	}
	if err != nil {
		x.report(err)
	}
	return x
}

func (x *hints) newPath() string { return x.path + ".new" }

// report logs the first error.
func (x *hints) report(err error) {
	if x.logged.CompareAndSwap(false, true) {
		x.log.Warn("the hint index fails: more content may be stored twice", "path", x.path, "err", err)
	}
}

// estimate counts the hints in a sample of the pages: ids are spread evenly.
func (x *hints) estimate() int64 {
	const sample = 64
	pages := int64(x.cur.pages())
	var p hintPage
	n := int64(0)
	for i := range int64(sample) {
		if x.cur.read(uint32(i*pages/sample), &p) == nil {
			n += int64(p.len())
		}
	}
	return n * pages / sample
}

var hintPages = sync.Pool{New: func() any { return new(hintPage) }}

// find returns what the index has for a chunk id that begins with prefix.
func (x *hints) find(prefix uint64) (hint, bool) {
	p := hintPages.Get().(*hintPage)
	defer hintPages.Put(p)
	x.mu.RLock()
	if x.cur == nil {
		x.mu.RUnlock()
		return hint{}, false
	}
	err := x.cur.read(x.cur.number(prefix), p)
	x.mu.RUnlock()
	if err != nil {
		x.spoil(err)
		return hint{}, false
	}
	i := p.find(prefix)
	if i < 0 {
		return hint{}, false
	}
	return p.at(i), true
}

// add puts hints in, page by page. It sorts the batch.
func (x *hints) add(batch []hint) {
	slices.SortFunc(batch, func(a, b hint) int { return cmp.Compare(a.prefix, b.prefix) })
	x.edit.Lock()
	defer x.edit.Unlock()
	for len(batch) > 0 && x.cur != nil {
		n := x.cur.number(batch[0].prefix)
		same := 1
		for same < len(batch) && x.cur.number(batch[same].prefix) == n {
			same++
		}
		x.change(n, batch[:same], func(p *hintPage, h hint) (bool, int) { return p.put(h) })
		batch = batch[same:]
	}
}

// drop takes out a hint that led nowhere, unless the index is busy.
func (x *hints) drop(h hint) {
	if !x.edit.TryLock() {
		return
	}
	defer x.edit.Unlock()
	if x.cur != nil {
		x.change(x.cur.number(h.prefix), []hint{h}, func(p *hintPage, h hint) (bool, int) {
			if p.remove(h) {
				return true, -1
			}
			return false, 0
		})
	}
}

// change does something to page n for each hint of the batch, and in the file to come
// too, if that has the page already. Under edit.
func (x *hints) change(n uint32, batch []hint, do func(*hintPage, hint) (bool, int)) {
	p := hintPages.Get().(*hintPage)
	defer hintPages.Put(p)
	grown, err := x.changePage(x.cur, &x.mu, n, p, batch, do)
	x.used.Add(int64(grown))
	if err != nil {
		x.spoil(err)
	}
	if x.next == nil || n >= x.copied || x.nextErr != nil {
		return
	}
	half := 0
	for half < len(batch) && x.next.number(batch[half].prefix) == 2*n {
		half++
	}
	for i, part := range [][]hint{batch[:half], batch[half:]} {
		if len(part) > 0 && x.nextErr == nil {
			_, x.nextErr = x.changePage(x.next, nil, 2*n+uint32(i), p, part, do)
		}
	}
}

// changePage is change for one file. A page that cannot be read begins anew.
func (x *hints) changePage(f *hintFile, mu *sync.RWMutex, n uint32, p *hintPage, batch []hint, do func(*hintPage, hint) (bool, int)) (grown int, err error) {
	lost := f.read(n, p)
	if lost != nil {
		p.reset(n)
	}
	changed := false
	for _, h := range batch {
		c, g := do(p, h)
		changed = changed || c
		grown += g
	}
	if !changed {
		return 0, lost
	}
	if mu != nil {
		mu.Lock()
		defer mu.Unlock()
	}
	if err := f.write(n, p); err != nil {
		return 0, err
	}
	return grown, lost
}

// spoil notes that hints were lost: the next opening rebuilds the index, if the one who
// asks lost() does not before.
func (x *hints) spoil(err error) {
	x.report(err)
	x.spoilt.Store(true)
}

// sweep makes damaged pages empty ones, so that what is put in from now on stays: the
// begin of a rebuild. False if ctx ends before.
func (x *hints) sweep(ctx context.Context) bool {
	p := new(hintPage)
	for n := uint32(0); ; n++ {
		if ctx.Err() != nil {
			return false
		}
		x.edit.Lock()
		if x.cur == nil || n >= x.cur.pages() {
			x.spoilt.Store(false)
			x.edit.Unlock()
			return true
		}
		if x.cur.read(n, p) != nil {
			p.reset(n)
			x.mu.Lock()
			if err := x.cur.write(n, p); err != nil {
				x.report(err)
			}
			x.mu.Unlock()
		}
		x.edit.Unlock()
	}
}

// finish writes down whether the index holds all sealed packs.
func (x *hints) finish(complete bool) {
	x.edit.Lock()
	defer x.edit.Unlock()
	if x.cur == nil || x.complete == complete {
		return
	}
	if err := x.cur.writeHeader(x.store, complete); err != nil {
		x.report(err)
		return
	}
	x.complete = complete
}

// whole reports whether nothing need be rebuilt.
func (x *hints) whole() bool {
	x.edit.Lock()
	defer x.edit.Unlock()
	return x.cur == nil || x.complete && !x.spoilt.Load()
}

// close ends the use of the file. Nobody grows or rebuilds the index any more.
func (x *hints) close() error {
	if x.spoilt.Load() {
		x.finish(false)
	}
	x.edit.Lock()
	defer x.edit.Unlock()
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.cur == nil {
		return nil
	}
	err := x.cur.Close()
	x.cur = nil
	return err
}
