package pack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"slices"

	"cairn/store/meta"
	"cairn/store/object"
)

// Lost is a run of records of one pack that are lost, and of which the whole records
// around it tell how many they were and where they lay.
type Lost struct {
	Pack         meta.PackID
	First, Count uint32 // ordinals
	Offset       int64  // in the pack, of Bytes bytes with nothing but these records
	Bytes        int64
	tail         bool // no record follows
}

// Holds reports whether the record is one of these.
func (l *Lost) Holds(id meta.PackID, first, count uint32) bool {
	return l.Pack == id && uint64(first) < uint64(l.First)+uint64(l.Count) && uint64(l.First) < uint64(first)+uint64(count)
}

// losses are the runs that x lacks, of a pack with next records up to end. nil if what x
// lacks cannot have come of writes that were under way when the power went: records that
// took no space, or commits between others, each of which was flushed before the next.
func (x *index) losses(id meta.PackID, next uint32, end int64) []Lost {
	var out []Lost
	at, ordinal, lsn := int64(HeaderBytes), uint32(0), uint64(0)
	sane := true
	add := func(to int64, upto uint32, tail bool) {
		l := Lost{id, ordinal, upto - ordinal, at, to - at, tail}
		if l.Count == 0 && l.Bytes == 0 {
			return
		}
		n := int64(l.Count)
		sane = sane && n > 0 && l.Bytes%8 == 0 && l.Bytes >= n*RecordBytes && l.Bytes <= n*(RecordBytes+MaxStored)
		out = append(out, l)
	}
	for i := range x.entries {
		e := &x.entries[i]
		add(e.Offset-RecordBytes, e.Ordinal, false)
		at, ordinal = e.end(), e.Ordinal+1
		if n := e.commitLSN(); n > 0 {
			sane = sane && (lsn == 0 || n == lsn+1)
			lsn = n
		}
	}
	if add(end, max(next, ordinal), true); !sane {
		return nil
	}
	return out
}

// Lost lists what the damaged packs lack that Mend could make whole.
func (s *Set) Lost() []Lost {
	var out []Lost
	for _, p := range s.sorted() {
		p.mu.Lock()
		out = append(out, p.lost...)
		p.mu.Unlock()
	}
	return out
}

// HasCommits reports whether the packs hold every commit behind after up to upto, by their
// indexes and trailers. An error says that a pack could not be looked at.
func (s *Set) HasCommits(ctx context.Context, after, upto uint64) (bool, error) {
	type run struct{ first, last uint64 }
	var runs []run
	for _, p := range s.sorted() {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		p.mu.Lock()
		if p.index != nil {
			for i := range p.index.entries {
				if e := &p.index.entries[i]; e.Type == Commit {
					runs = append(runs, run{e.LSN(), e.LSN()})
				}
			}
			p.mu.Unlock()
			continue
		}
		first, last, read := p.firstLSN, p.lastLSN, p.records > 0
		p.mu.Unlock()
		if !read {
			r := footerReader{set: s, pack: p}
			t, err := r.trailer()
			r.done(err)
			if err != nil {
				return false, fmt.Errorf("pack %s: %w", name(p.id), err)
			}
			first, last = t.firstLSN, t.lastLSN
		}
		if first > 0 { // one behind the other: there is one lane for them
			runs = append(runs, run{first, last})
		}
	}
	slices.SortFunc(runs, func(a, b run) int { return cmp.Compare(a.first, b.first) })
	have := after
	for _, r := range runs {
		if r.first > have+1 {
			break
		}
		have = max(have, r.last)
	}
	return have >= upto, nil
}

// Mend makes a damaged pack whole that lost power with several writes in flight: pads
// take the places and ordinals of the records that Lost names, a torn tail is cut, and
// it is sealed and reported to OnSealed. Every whole record stays as it is, where it is.
//
// The caller knows that nothing refers to the lost records, and that no commit is among
// them which was acknowledged. Between Recover and anything else. A crash leaves a pack
// that can be mended again. After an error it stays damaged.
func (s *Set) Mend(ctx context.Context, id meta.PackID) error {
	p, err := s.lookup(id)
	if err != nil {
		return err
	}
	f, err := s.opt.FS.Open(p.path, os.O_RDWR)
	if err != nil {
		return err
	}
	if err := s.mend(ctx, p, f); err != nil {
		return errors.Join(fmt.Errorf("mend pack %s: %w", name(id), err), f.Close())
	}
	if err := s.seal(p); err != nil {
		return err
	}
	if s.opt.OnSealed != nil {
		s.work.Go(func() { s.opt.OnSealed(p.info()) })
	}
	return nil
}

func (s *Set) mend(ctx context.Context, p *pack, f object.File) error {
	p.mu.Lock()
	lost, end := p.lost, int64(HeaderBytes)
	if n := len(p.index.entries); n > 0 {
		end = p.index.entries[n-1].end()
	}
	p.mu.Unlock()
	if len(lost) == 0 {
		return ErrCorrupt
	}
	for i := range lost {
		if l := &lost[i]; !l.tail {
			if err := l.fill(f, p.header.marker); err != nil {
				return err
			}
		}
	}
	if err := cut(f, end); err != nil {
		return err
	}
	if err := f.Sync(); err != nil { // before a footer says that they are there
		return err
	}
	found, err := scan(ctx, f, end, &p.header)
	if err == nil {
		err = found.unread
	}
	if err != nil {
		return err
	}
	if found.damaged || found.end != end {
		return fmt.Errorf("%w: still", ErrCorrupt)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.index, p.lost, p.damaged, p.file = &found.index, nil, false, f
	p.size, p.flushed, p.records = end, end, len(found.index.entries)
	return nil
}

// fill lays a pad for each lost record: the first ones as long as can be, the others at
// least empty. What lies there becomes their payload.
func (l *Lost) fill(f object.File, m marker) error {
	at, left := l.Offset, l.Bytes
	buf := make([]byte, BlockBytes)
	for i := range l.Count {
		n := min(left-int64(l.Count-1-i)*RecordBytes, RecordBytes+MaxStored)
		e := Entry{Type: Pad, Ordinal: l.First + i, Stored: uint32(n - RecordBytes), Plain: uint32(n - RecordBytes)}
		for done := int64(RecordBytes); done < n; done += BlockBytes {
			b := buf[:min(BlockBytes, n-done)]
			if err := readFull(f, b, at+done); err != nil {
				return err
			}
			e.StoredCRC = crc32.Update(e.StoredCRC, castagnoli, b)
		}
		var head [RecordBytes]byte
		putRecord(head[:], m, &e)
		if _, err := f.WriteAt(head[:], at); err != nil {
			return err
		}
		at, left = at+n, left-n
	}
	return nil
}
