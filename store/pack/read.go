package pack

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"slices"

	"cairn/store/meta"
	"cairn/store/object"
)

// Entries returns the index entries of count records from ordinal first on, in order.
// ErrNotFound if the pack or one of them is not there; ErrCorrupt if the pack is
// damaged where they were.
func (s *Set) Entries(ctx context.Context, id meta.PackID, first, count uint32) ([]Entry, error) {
	var out []Entry
	err := s.withIndex(ctx, id, func(x *index, damaged bool) error {
		i := x.find(first)
		n := int(count)
		if i+n > len(x.entries) || n > 0 && uint64(x.entries[i+n-1].Ordinal) != uint64(first)+uint64(n)-1 {
			err := ErrNotFound
			if damaged {
				err = ErrCorrupt
			}
			return fmt.Errorf("pack %s: records %d+%d: %w", name(id), first, count, err)
		}
		out = slices.Clone(x.entries[i : i+n])
		return nil
	})
	return out, err
}

// Read returns the payload of one record, whose checksum it has checked, in dst's
// memory if that has the capacity. ErrNotFound, ErrCorrupt.
func (s *Set) Read(ctx context.Context, id meta.PackID, ordinal uint32, dst []byte) ([]byte, error) {
	es, err := s.Entries(ctx, id, ordinal, 1)
	if err != nil {
		return nil, err
	}
	f, err := s.OpenPack(id)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readPayload(f, id, &es[0], dst)
}

func readPayload(f object.File, id meta.PackID, e *Entry, dst []byte) ([]byte, error) {
	dst = slices.Grow(dst[:0], int(e.Stored))[:e.Stored]
	err := readFull(f, dst, e.Offset)
	if err == nil && crc32.Checksum(dst, castagnoli) != e.StoredCRC {
		err = fmt.Errorf("%w: payload checksum", ErrCorrupt)
	}
	if err != nil {
		return nil, fmt.Errorf("pack %s: record %d: %w", name(id), e.Ordinal, err)
	}
	return dst, nil
}

// OpenPack opens a pack to read bytes at the offsets that Entries gives, unchecked. The
// handle is the caller's, and stays good when the pack is sealed.
func (s *Set) OpenPack(id meta.PackID) (object.File, error) {
	p, err := s.lookup(id)
	if err != nil {
		return nil, err
	}
	f, err := s.opt.FS.Open(p.path, os.O_RDONLY)
	if err != nil {
		return nil, fmt.Errorf("pack %s: %w", name(id), err)
	}
	return f, nil
}

// withIndex calls use with the index of a pack; use must keep nothing of it.
func (s *Set) withIndex(ctx context.Context, id meta.PackID, use func(x *index, damaged bool) error) error {
	p, err := s.lookup(id)
	if err != nil {
		return err
	}
	p.mu.Lock()
	if p.index != nil {
		defer p.mu.Unlock()
		return use(p.index, p.damaged)
	}
	p.mu.Unlock()
	if x := s.cache.get(id); x != nil {
		return use(x, false)
	}
	select {
	case s.cache.loads <- struct{}{}:
		defer func() { <-s.cache.loads }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if x := s.cache.get(id); x != nil { // somebody read it meanwhile
		return use(x, false)
	}
	x, damaged, err := s.load(ctx, p)
	if err != nil {
		return fmt.Errorf("pack %s: %w", name(id), err)
	}
	return use(x, damaged)
}

// load reads the index of a sealed pack: its footer, or, where that is damaged, what a
// scan of the records finds, which then stays in memory.
func (s *Set) load(ctx context.Context, p *pack) (*index, bool, error) {
	f, err := s.opt.FS.Open(p.path, os.O_RDONLY)
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return nil, false, err
	}
	h, err := s.header(f, p.id)
	if err == nil {
		var x *index
		if x, err = readFooter(f, size, &h); err == nil {
			s.cache.put(p.id, x)
			return x, false, nil
		}
	}
	if !errors.Is(err, ErrCorrupt) {
		return nil, false, err
	}
	s.opt.Log.Error("pack without a whole footer: reading its records", "pack", name(p.id), "err", err)
	found, err := scan(ctx, f, size, &h)
	if err != nil {
		return nil, false, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.index, p.damaged, p.records = &found.index, true, len(found.index.entries)
	p.firstLSN, p.lastLSN = found.index.lsns()
	return p.index, true, nil
}

// header reads and checks the header of pack id. If it is damaged the result still
// has the marker, from the first record, as long as that is whole.
func (s *Set) header(f object.File, id meta.PackID) (header, error) {
	h, err := readHeader(f)
	switch {
	case errors.Is(err, ErrCorrupt):
		h.store, h.key, h.id = s.opt.Store, s.opt.Key, id
		var b [RecordBytes]byte
		if readFull(f, b[:], HeaderBytes) == nil {
			if _, ok := parseRecord(b[:], marker(b[:8])); ok {
				h.marker = marker(b[:8])
			}
		}
		return h, err
	case err != nil:
		return h, err
	case h.store != s.opt.Store:
		return h, ErrForeign
	case h.id != id:
		return h, fmt.Errorf("%w: it is pack %s", ErrCorrupt, name(h.id))
	}
	return h, nil
}
