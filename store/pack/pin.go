package pack

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"cairn/store/chunk"
	"cairn/store/meta"
)

// holds is who needs a pack, and who wants it gone. Under the pack's mu.
type holds struct {
	pins     int
	draining bool
	gone     bool            // dropped, or about to be
	replaced bool            // compacted: its name is, or is about to be, that of another file
	bad      map[uint32]bool // ordinals of records that are no hits
}

// maxBad bounds holds.bad: a pack with more bad records gives no hits at all.
const maxBad = 1 << 10

// hit reports whether records of p may be referred to by new content. Under mu.
func (p *pack) hit() bool {
	return !p.draining && !p.gone && p.failed == nil && !p.damaged && len(p.bad) < maxBad
}

// Find looks for a chunk of plain bytes with that id that is stored already. If it
// reports true the place is that of a whole record, by the pack's own index, and the
// pack is pinned: the caller must Unpin it when his commit has ended.
//
// A record counts as soon as it is appended. So the caller must Flush place.Pack, and
// that must succeed, before his commit: if the flush of the pack that he shares fails,
// earlier or later, the record is gone, nobody finds it any more, and his Flush fails.
//
// A miss says little: packs that are draining, abandoned or damaged, and records that
// were reported by MarkDamaged, are no hits, and the index may lack some. It costs a
// read of one page, mostly from the page cache. May be called concurrently.
func (s *Set) Find(id chunk.ID, plain int) (Place, bool) {
	for _, p := range s.fresh.all() {
		if place, ok := p.findFresh(&id, plain); ok {
			return place, true
		}
	}
	if s.hints == nil {
		return Place{}, false
	}
	h, ok := s.hints.find(be.Uint64(id[:8]))
	if !ok {
		return Place{}, false
	}
	p, err := s.lookup(h.pack())
	if err != nil {
		s.hints.drop(h)
		return Place{}, false
	}
	p.mu.Lock()
	if !p.hit() || p.bad[h.ordinal()] {
		p.mu.Unlock()
		return Place{}, false
	}
	p.pins++
	p.mu.Unlock()
	var one [1]Entry
	es, err := s.entries(context.Background(), p, h.ordinal(), 1, one[:0])
	right := err == nil && es[0].ID == id && es[0].Type == Chunk && es[0].Readable()
	if right && int64(es[0].Plain) == int64(plain) {
		return Place{Pack: p.id, First: h.ordinal(), Count: 1}, true
	}
	p.unpin()
	if err == nil && !right || errors.Is(err, ErrNotFound) {
		s.hints.drop(h)
	}
	return Place{}, false
}

// findFresh is Find in the memory of one pack.
func (p *pack) findFresh(id *chunk.ID, plain int) (Place, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fresh == nil || !p.hit() {
		return Place{}, false
	}
	e := p.fresh.find(id, p.bad)
	if e == nil || int64(e.Plain) != int64(plain) {
		return Place{}, false
	}
	p.pins++
	return Place{Pack: p.id, First: e.Ordinal, Count: 1}, true
}

// Unpin ends the pin of one Find or Append. It panics if there is none.
func (s *Set) Unpin(id meta.PackID) {
	p, err := s.lookup(id)
	if err != nil {
		panic("pack: Unpin of a pack that is not pinned")
	}
	p.unpin()
}

func (p *pack) unpin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pins--; p.pins < 0 {
		panic("pack: Unpin of a pack that is not pinned")
	}
}

// Drain has a sealed pack take no more pins, so that it can be dropped when those that
// it has are gone. False if it is not there, not sealed, or draining already. Nothing
// is written: after a restart no pack is draining.
func (s *Set) Drain(id meta.PackID) bool {
	p, err := s.lookup(id)
	if err != nil {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.sealed || p.draining || p.gone {
		return false
	}
	p.draining = true
	return true
}

// Undrain takes a Drain back.
func (s *Set) Undrain(id meta.PackID) {
	if p, err := s.lookup(id); err == nil {
		p.mu.Lock()
		p.draining = p.gone
		p.mu.Unlock()
	}
}

// Draining reports whether a pack is on its way out, or not there.
func (s *Set) Draining(id meta.PackID) bool {
	p, err := s.lookup(id)
	if err != nil {
		return true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.draining
}

// Pinned reports whether a pack has pins. When one that is draining has none, whoever had
// one has committed or given up: what rows say then is all that counts.
func (s *Set) Pinned(id meta.PackID) bool {
	p, err := s.lookup(id)
	if err != nil {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pins > 0
}

// Drop deletes a pack that is draining and has no pins, and returns when that is
// durable; the number is never used again. ErrPinned, with nothing done, if it is
// pinned, open or not draining; ErrNotFound. A merged object is deleted with the last of
// its packs; until then what it has of the others stays there, and the next Open finds them
// again. After another error the file may be there
// or not, and the pack goes on draining, or is gone from the set: then a loss of power may
// bring it back. Handles that are open on the file stay good.
func (s *Set) Drop(ctx context.Context, id meta.PackID) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	p, err := s.lookup(id)
	if err != nil {
		return err
	}
	p.write.Lock() // one Drop at a time
	defer p.write.Unlock()
	p.mu.Lock()
	if !p.draining || p.pins > 0 || !p.sealed || p.file != nil {
		p.mu.Unlock()
		return fmt.Errorf("drop pack %s: %w", name(id), ErrPinned)
	}
	p.gone = true
	p.mu.Unlock()
	s.forget(p) // files that were only read: their Close tells nothing
	if p.in == nil {
		err = s.opt.FS.Remove(p.path)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("drop pack %s: %w", name(id), err)
	}
	s.mu.Lock()
	delete(s.packs, id)
	s.mu.Unlock()
	s.forget(p) // once more: those that were lent meanwhile
	if p.in != nil {
		err = s.leave(p)
	} else {
		err = s.opt.FS.SyncDir(filepath.Dir(p.path))
	}
	if err != nil {
		return fmt.Errorf("drop pack %s: %w", name(id), err)
	}
	return nil
}

// MarkDamaged says that a record cannot be read as it was written. From now on, until
// the set is closed, it is no hit, so that the next upload of the content stores it
// again; the hint to it is dropped for good.
func (s *Set) MarkDamaged(id meta.PackID, ordinal uint32) {
	p, err := s.lookup(id)
	if err != nil {
		return
	}
	s.marked.Store(true)
	p.mark(ordinal)
	if q, err := s.lookup(id); err == nil && q != p { // it was replaced meanwhile
		q.mark(ordinal)
	}
	if s.hints == nil {
		return
	}
	if es, err := s.Entries(context.Background(), id, ordinal, 1); err == nil {
		s.hints.drop(newHint(&es[0].ID, id, ordinal))
	}
}

func (p *pack) mark(ordinal uint32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bad == nil {
		p.bad = map[uint32]bool{}
	}
	if len(p.bad) < maxBad {
		p.bad[ordinal] = true
	}
}

// IsDamaged reports whether a record was marked by MarkDamaged, or so many of its pack that
// not all are remembered. It costs next to nothing while none is marked.
func (s *Set) IsDamaged(id meta.PackID, ordinal uint32) bool {
	if !s.marked.Load() {
		return false
	}
	p, err := s.lookup(id)
	if err != nil {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.bad[ordinal] || len(p.bad) >= maxBad
}
