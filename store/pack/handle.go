package pack

import (
	"container/list"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"cairn/store/meta"
	"cairn/store/object"
)

// maxHandles bounds the read-only files that are kept open. More may be lent out, when
// so many transfers run at once: a transfer never waits for another's file.
const maxHandles = 256

// forget drops what is kept in memory of packs which the set has no more: call it after they
// were taken out of the set, or replaced.
func (s *Set) forget(olds ...*pack) error {
	s.cache.forget(olds...)
	var errs []error
	for _, p := range olds {
		errs = append(errs, s.handles.forget(p))
	}
	return errors.Join(errs...)
}

// Handle is a pack opened for reading, lent by Borrow to one caller at a time. It stays
// good when the pack is sealed, compacted or dropped. Its methods must not be called after Return.
type Handle struct {
	set  *Set
	file *handle
}

// Source says of which file of a pack offsets are: compacting makes another.
type Source struct{ pack *pack }

// Borrow lends a handle to read bytes of the file that offsets are of, as Span gives them,
// unchecked. Every handle must be given back by Return. ErrReplaced, ErrClosed.
func (s *Set) Borrow(of Source) (*Handle, error) {
	f, err := s.handles.take(of.pack)
	if err != nil {
		return nil, err
	}
	return &Handle{set: s, file: f}, nil
}

// BorrowPack is Borrow of a pack as it is now, for who compacts none meanwhile.
// ErrNotFound, ErrClosed.
func (s *Set) BorrowPack(id meta.PackID) (h *Handle, err error) {
	err = s.current(id, func(p *pack) (err error) {
		h, err = s.Borrow(Source{p})
		return err
	})
	return h, err
}

// Return gives the handle back; a second Return does nothing.
func (h *Handle) Return() {
	if h.file != nil {
		h.set.handles.put(h.file, nil)
		h.file = nil
	}
}

// ReadAt implements io.ReaderAt.
func (h *Handle) ReadAt(p []byte, off int64) (int, error) { return h.file.ReadAt(p, off) }

// Section is that of object.File: n bytes from off on, good until the next call.
func (h *Handle) Section(off, n int64) (io.Reader, error) {
	r, err := h.file.File.Section(off, n)
	h.file.note(err)
	return r, err
}

// handle is a file of the pool.
type handle struct {
	object.File
	pack *pack
	bad  bool // a call failed: not to be used again
	idle *list.Element
}

func (f *handle) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.File.ReadAt(p, off)
	if !errors.Is(err, io.EOF) {
		f.note(err)
	}
	return n, err
}

func (f *handle) note(err error) { f.bad = f.bad || err != nil }

// handles is a pool of read-only files of packs.
type handles struct {
	file func(*pack) (object.File, error) // opens one
	max  int
	live func(*pack) bool // whether the set still has that pack

	mu     sync.Mutex
	open   int       // idle or lent
	order  list.List // of idle *handle, newest first
	idle   map[*pack][]*handle
	closed bool
}

func newHandles(file func(*pack) (object.File, error), max int, live func(*pack) bool) *handles {
	return &handles{file: file, max: max, live: live, idle: map[*pack][]*handle{}}
}

// take returns a file of p that belongs to the caller until put.
func (c *handles) take(p *pack) (*handle, error) {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil, fmt.Errorf("pack %s: %w", name(p.id), ErrClosed)
	}
	if free := c.idle[p]; len(free) > 0 {
		f := free[len(free)-1]
		c.remove(f)
		c.mu.Unlock()
		return f, nil
	}
	var old *handle
	if e := c.order.Back(); c.open >= c.max && e != nil {
		old = e.Value.(*handle)
		c.remove(old)
		c.open--
	}
	c.open++
	c.mu.Unlock()
	if old != nil {
		old.Close()
	}
	f, err := c.file(p)
	if err != nil {
		c.mu.Lock()
		c.open--
		c.mu.Unlock()
		return nil, fmt.Errorf("pack %s: %w", name(p.id), err)
	}
	return &handle{File: f, pack: p}, nil
}

func (p *pack) isReplaced() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.replaced
}

// current calls f with the pack of that id, again if it was replaced meanwhile.
func (s *Set) current(id meta.PackID, f func(p *pack) error) error {
	for {
		p, err := s.lookup(id)
		if err != nil {
			return err
		}
		if err = f(p); !errors.Is(err, ErrReplaced) {
			return err
		}
		p.write.Lock() // until the other is in its place
		p.write.Unlock()
	}
}

// put gives a file back; after an error it is closed.
func (c *handles) put(f *handle, err error) {
	c.mu.Lock()
	if err == nil && !f.bad && !c.closed && c.open <= c.max && c.live(f.pack) {
		f.idle = c.order.PushFront(f)
		c.idle[f.pack] = append(c.idle[f.pack], f)
		c.mu.Unlock()
		return
	}
	c.open--
	c.mu.Unlock()
	f.Close()
}

// remove takes an idle file out. Under mu.
func (c *handles) remove(f *handle) {
	c.order.Remove(f.idle)
	f.idle = nil
	rest := slices.DeleteFunc(c.idle[f.pack], func(g *handle) bool { return g == f })
	if c.idle[f.pack] = rest; len(rest) == 0 {
		delete(c.idle, f.pack)
	}
}

// forget closes the idle files of p, which the set has no more; those that are lent are
// closed when they come back.
func (c *handles) forget(p *pack) error {
	c.mu.Lock()
	files := slices.Clone(c.idle[p])
	for _, f := range files {
		c.remove(f)
		c.open--
	}
	c.mu.Unlock()
	return closeAll(files)
}

// close closes all idle files, and from then on every file that comes back.
func (c *handles) close() error {
	c.mu.Lock()
	c.closed = true
	var files []*handle
	for e := c.order.Front(); e != nil; e = e.Next() {
		files = append(files, e.Value.(*handle))
	}
	c.open -= len(files)
	c.order.Init()
	clear(c.idle)
	c.mu.Unlock()
	return closeAll(files)
}

func closeAll(files []*handle) error {
	var errs []error
	for _, f := range files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}
