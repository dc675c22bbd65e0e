package store

import (
	"context"
	"fmt"
	"iter"
	"math/bits"

	"cairn/store/meta"
	"cairn/store/pack"
)

// marks says which records of one pack rows refer to: a bit an ordinal.
type marks []uint64

// set marks count records from first on.
func (m *marks) set(first, count uint32) {
	end := min(uint64(first)+uint64(count), pack.MaxRecords)
	if words := int(end+63) / 64; words > len(*m) {
		*m = append(*m, make([]uint64, words-len(*m))...)
	}
	for n := uint64(first); n < end; {
		if n%64 == 0 && end-n >= 64 {
			(*m)[n/64] = ^uint64(0)
			n += 64
			continue
		}
		(*m)[n/64] |= 1 << (n % 64)
		n++
	}
}

func (m marks) has(ordinal uint32) bool {
	return int(ordinal/64) < len(m) && m[ordinal/64]&(1<<(ordinal%64)) != 0
}

// count is how many are marked.
func (m marks) count() (n int64) {
	for _, w := range m {
		n += int64(bits.OnesCount64(w))
	}
	return n
}

// marked is all that rows refer to, as one snapshot had them: about 60 bytes a pack and a
// bit a record.
type marked struct {
	lsn        uint64 // of the snapshot
	checkpoint meta.Checkpoint
	packs      map[meta.PackID]meta.Pack // that are registered
	records    map[meta.PackID]*marks
}

func (m *marked) set(id meta.PackID, first, count uint32) {
	of := m.records[id]
	if of == nil {
		of = &marks{}
		m.records[id] = of
	}
	of.set(first, count)
}

// of is what is marked of a pack.
func (m *marked) of(id meta.PackID) marks {
	if of := m.records[id]; of != nil {
		return *of
	}
	return nil
}

// mark finds what rows refer to. A manifest that cannot be read is an error: nobody can
// tell what it needs.
func (s *Store) mark(ctx context.Context) (*marked, error) {
	m := &marked{packs: map[meta.PackID]meta.Pack{}, records: map[meta.PackID]*marks{}}
	var pages []heldPage
	err := s.db.Roots(ctx, meta.Roots{
		Begin: func(lsn uint64, c meta.Checkpoint) error {
			m.lsn, m.checkpoint = lsn, c
			for _, r := range c.Records {
				m.set(r.Pack, r.Ordinal, 1)
			}
			return nil
		},
		Pack: func(p meta.Pack) error {
			m.packs[p.ID] = p
			return nil
		},
		Row: func(h meta.Held) error {
			for _, x := range h.Manifest.Extents {
				m.set(x.Pack, x.First, x.Count)
			}
			for _, r := range h.Tail {
				m.set(r.Pack, r.Ordinal, 1)
			}
			for _, r := range h.Manifest.Pages {
				if !m.of(r.Pack).has(r.Ordinal) { // else another row has it too
					m.set(r.Pack, r.Ordinal, 1)
					pages = append(pages, heldPage{r, h.Node, h.Upload})
				}
			}
			return nil
		},
	})
	// Pages are read when the snapshot has ended. The rows that name them may be gone by
	// then, but not the pages: only a collector removes any, and there is one at a time.
	for _, p := range pages {
		if err != nil {
			break
		}
		if err = ctx.Err(); err != nil {
			break
		}
		var extents []meta.Extent
		extents, err = s.page(ctx, p.ref)
		for _, x := range extents {
			m.set(x.Pack, x.First, x.Count)
		}
		if err != nil {
			err = fmt.Errorf("what %s needs cannot be told: %w", p, err)
		}
	}
	if err != nil {
		return nil, err
	}
	return m, nil
}

// heldPage is a page of a manifest, and the row that names it.
type heldPage struct {
	ref    meta.Ref
	node   NodeID
	upload UploadID
}

func (p heldPage) String() string {
	if p.node != 0 {
		return "node " + p.node.String()
	}
	return "upload " + p.upload.String()
}

// needs says which records of a pack must stay: those that rows refer to, commits that the
// checkpoint does not have, and whatever this program does not know.
func needs(of marks, checkpoint uint64) func(e *pack.Entry) bool {
	return func(e *pack.Entry) bool {
		switch e.Type {
		case pack.Chunk, pack.Page, pack.Tail, pack.Checkpoint:
			return of.has(e.Ordinal)
		case pack.Commit:
			return e.LSN() > checkpoint
		case pack.Pad:
			return false
		}
		return true
	}
}

// each goes through the ordinals that are marked, in order.
func (m marks) each() iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for i, w := range m {
			for ; w != 0; w &= w - 1 {
				if !yield(uint32(i*64 + bits.TrailingZeros64(w))) {
					return
				}
			}
		}
	}
}
