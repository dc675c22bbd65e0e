package pack

import (
	"slices"
	"sync/atomic"

	"cairn/store/chunk"
)

// fresh finds the chunks of one pack that the hint index does not have yet: it is open,
// or being sealed. It takes 8–16 bytes a chunk, and goes when the pack is sealed. All of
// it is under the pack's mu.
type fresh struct {
	index *index
	slots []uint32 // open addressing: position in index.entries + 1, or 0. At most half full
	used  int
}

// add is told of the last entry of the index.
func (t *fresh) add() {
	if t.used++; 2*t.used > len(t.slots) {
		t.slots = make([]uint32, max(32, 2*len(t.slots)))
		for i := range t.index.entries[:len(t.index.entries)-1] {
			t.insert(i)
		}
	}
	t.insert(len(t.index.entries) - 1)
}

func (t *fresh) insert(i int) {
	e := &t.index.entries[i]
	if e.Type != Chunk {
		return
	}
	at := t.slot(&e.ID)
	for t.slots[at] != 0 {
		at = (at + 1) % len(t.slots)
	}
	t.slots[at] = uint32(i + 1)
}

func (t *fresh) slot(id *chunk.ID) int { return int(le.Uint32(id[:4]) % uint32(len(t.slots))) }

// find returns the newest chunk with that id that is not bad. Records that a failed
// flush cut off are no longer in the index, wherever the slots lead.
func (t *fresh) find(id *chunk.ID, bad map[uint32]bool) *Entry {
	if len(t.slots) == 0 {
		return nil
	}
	var newest *Entry
	for at := t.slot(id); t.slots[at] != 0; at = (at + 1) % len(t.slots) {
		if i := int(t.slots[at]) - 1; i < len(t.index.entries) {
			if e := &t.index.entries[i]; e.ID == *id && !bad[e.Ordinal] {
				newest = e
			}
		}
	}
	return newest
}

// packList is a list that is read without a lock. Changes are under the set's mu.
type packList struct{ p atomic.Pointer[[]*pack] }

func (l *packList) all() []*pack {
	if p := l.p.Load(); p != nil {
		return *p
	}
	return nil
}

func (l *packList) add(p *pack) {
	now := append(slices.Clone(l.all()), p)
	l.p.Store(&now)
}

func (l *packList) remove(p *pack) {
	now := slices.DeleteFunc(slices.Clone(l.all()), func(q *pack) bool { return q == p })
	l.p.Store(&now)
}

// forgetFresh ends the finding in p by memory: the index has it, or it is abandoned.
func (s *Set) forgetFresh(p *pack) {
	s.mu.Lock()
	s.fresh.remove(p)
	s.mu.Unlock()
	p.mu.Lock()
	p.fresh = nil
	p.mu.Unlock()
}
