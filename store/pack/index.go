package pack

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"cairn/store/meta"
)

// Entries returns the index entries of count records from ordinal first on, in order.
// ErrNotFound if the pack or one of them is not there; ErrCorrupt if the pack is
// damaged where they were. Of a sealed pack it reads the pages of the footer that hold
// them, and keeps these for the next caller.
func (s *Set) Entries(ctx context.Context, id meta.PackID, first, count uint32) (out []Entry, err error) {
	err = s.current(id, func(p *pack) error {
		out, err = s.entries(ctx, p, first, count, nil)
		return err
	})
	return out, err
}

// Span is Entries from the record in which plain byte off of them lies, at most max of
// them, appended to out; before is the plain bytes of those it leaves out in front. It
// appends nothing if off lies behind them all. The offsets are those of one file: of.
func (s *Set) Span(ctx context.Context, id meta.PackID, first, count uint32, off int64, max int, out []Entry) (got []Entry, before int64, of Source, err error) {
	err = s.current(id, func(p *pack) (err error) {
		of = Source{p}
		got, before, err = s.span(ctx, p, span{first: first, count: count, off: off, max: max, out: out})
		return err
	})
	return got, before, of, err
}

// entries appends to out what Entries returns.
func (s *Set) entries(ctx context.Context, p *pack, first, count uint32, out []Entry) ([]Entry, error) {
	out, _, err := s.span(ctx, p, span{first: first, count: count, off: -1, max: int(count), out: out})
	return out, err
}

// span gathers entries of records that follow one another.
type span struct {
	first, count uint32
	off          int64 // of the first byte that is wanted; -1: all records, empty ones too
	max          int   // entries
	out          []Entry
	before       int64 // plain bytes of the records left out in front
}

// see takes what it needs of entries that go on at first; false if they do not.
func (w *span) see(page []Entry) bool {
	for i := range page {
		if w.count == 0 || w.max == 0 {
			break
		}
		e := &page[i]
		if e.Ordinal != w.first {
			return false
		}
		w.first++
		w.count--
		if n := int64(e.Plain); w.before+n <= w.off {
			w.before += n
			continue
		}
		w.off = -1 // from here on all
		w.out = append(w.out, *e)
		w.max--
	}
	return true
}

// end reports whether nothing more is needed.
func (w *span) end() bool { return w.count == 0 || w.max == 0 }

func (s *Set) span(ctx context.Context, p *pack, w span) ([]Entry, int64, error) {
	for {
		p.mu.Lock()
		if x := p.index; x != nil {
			defer p.mu.Unlock()
			first, count := w.first, w.count
			if i := x.find(first); int64(i)+int64(count) > int64(len(x.entries)) || !w.see(x.entries[i:]) {
				return nil, 0, p.missing(first, count)
			}
			return w.out, w.before, nil
		}
		p.mu.Unlock()
		got := w
		err := s.paged(p, &got)
		if !errors.Is(err, ErrCorrupt) {
			return got.out, got.before, err
		}
		if err := s.rescan(ctx, p, err); err != nil {
			return nil, 0, fmt.Errorf("pack %s: %w", name(p.id), err)
		}
	}
}

// missing is the error for records that p does not have. Under mu.
func (p *pack) missing(first, count uint32) error {
	err := ErrNotFound
	if p.damaged {
		err = ErrCorrupt
	}
	return fmt.Errorf("pack %s: records %d+%d: %w", name(p.id), first, count, err)
}

// paged is span by the footer of p. ErrCorrupt if that cannot be relied upon.
func (s *Set) paged(p *pack, w *span) (err error) {
	r := footerReader{set: s, pack: p}
	defer func() { r.done(err) }()
	t, err := r.trailer()
	if err != nil {
		return err
	}
	first, count := w.first, w.count
	missing := func() error {
		return fmt.Errorf("pack %s: records %d+%d: %w", name(p.id), first, count, ErrNotFound)
	}
	if uint64(first)+uint64(count) > uint64(t.next) {
		return missing()
	}
	at, err := r.find(t, first)
	if err != nil {
		return err
	}
	if int64(at)+int64(count) > int64(t.records) {
		return missing()
	}
	w.out = slices.Grow(w.out, min(int(count), w.max))
	for !w.end() {
		page, err := r.page(t, at/pageEntries)
		if err != nil {
			return err
		}
		page = page[at%pageEntries:]
		if !w.see(page) {
			return missing()
		}
		at += len(page)
	}
	return nil
}

// footerReader reads the footer of a sealed pack a page at a time, through the cache.
type footerReader struct {
	set  *Set
	pack *pack
	file *handle // nil until it is needed
}

func (r *footerReader) open() (err error) {
	if r.file == nil {
		r.file, err = r.set.handles.take(r.pack)
	}
	return err
}

func (r *footerReader) done(err error) {
	if r.file != nil {
		if errors.Is(err, ErrNotFound) {
			err = nil // the file is as it should be
		}
		r.set.handles.put(r.file, err)
	}
}

// trailer also looks at the header, which may be of another store or format. A damaged
// one is left for Verify to report: footer and records have the pack's marker too.
func (r *footerReader) trailer() (*trailer, error) {
	if t, ok := r.set.cache.trailer(r.pack); ok {
		return t, nil
	}
	if err := r.open(); err != nil {
		return nil, err
	}
	size, err := r.file.Size()
	if err != nil {
		return nil, err
	}
	t, err := readTrailer(r.file, size, r.pack.id)
	if err != nil {
		return nil, err
	}
	h, err := r.set.header(r.file, r.pack.id)
	if err == nil && (h.marker != t.marker || h.generation != t.generation) {
		return nil, fmt.Errorf("%w: trailer of another pack", ErrCorrupt)
	}
	if errors.Is(err, ErrCorrupt) {
		r.set.opt.Log.Error("pack without a whole header: reading it by its footer", "pack", name(r.pack.id), "err", err)
	} else if err != nil {
		return nil, err
	}
	r.set.cache.putTrailer(r.pack, &t)
	return &t, nil
}

// page returns entry page n; the result must not be changed.
func (r *footerReader) page(t *trailer, n int) ([]Entry, error) {
	k := pageKey{r.pack, n}
	if page, ok := r.set.cache.page(k); ok {
		return page, nil
	}
	if err := r.open(); err != nil {
		return nil, err
	}
	var b [pageBytes]byte
	if err := readFull(r.file, b[:], t.offset+int64(n)*pageBytes); err != nil {
		return nil, err
	}
	page, err := parseEntries(b[:], t, n)
	if err != nil {
		return nil, err
	}
	r.set.cache.putPage(k, page)
	return page, nil
}

// find is the position of the first entry with an ordinal of at least n. It is n less
// the gaps before it: n itself where there are none.
func (r *footerReader) find(t *trailer, n uint32) (int, error) {
	low, high := max(0, int(n)-int(t.gaps())), min(int(n), int(t.records))
	for low < high {
		mid := (low + high) / 2
		page, err := r.page(t, mid/pageEntries)
		if err != nil {
			return 0, err
		}
		if page[mid%pageEntries].Ordinal < n {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low, nil
}

// rescan reads a sealed pack whose footer is damaged by its records. What it finds
// stays in memory. cause says what is wrong with the footer.
func (s *Set) rescan(ctx context.Context, p *pack, cause error) error {
	select {
	case s.cache.scans <- struct{}{}:
		defer func() { <-s.cache.scans }()
	case <-ctx.Done():
		return ctx.Err()
	}
	p.mu.Lock()
	done := p.index != nil
	p.mu.Unlock()
	if done { // by another caller, who waited less
		return nil
	}
	s.opt.Log.Error("pack without a whole footer: reading its records", "pack", name(p.id), "err", cause)
	f, err := s.open(p)
	if errors.Is(err, ErrReplaced) { // its handles have another file
		return cause
	}
	if err != nil {
		return err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return err
	}
	h, err := s.header(f, p.id)
	if err != nil && !errors.Is(err, ErrCorrupt) {
		return err
	}
	found, err := scan(ctx, f, size, &h)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.index, p.damaged, p.records = &found.index, true, len(found.index.entries)
	p.firstLSN, p.lastLSN = found.index.lsns()
	return nil
}
