package pack

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"

	"cairn/store/chunk"
	"cairn/store/meta"
)

// Verify checks one pack: that its header and footer are whole, and that every record
// stands where the index says, with no bytes between. deep also reads every payload,
// checks its checksums and the zeros behind it, and the id of each chunk that it can
// decode. Of a sealed pack it reads every byte then. It reports each defect; an error
// says that it could not look (which is no defect of the pack).
func (s *Set) Verify(ctx context.Context, id meta.PackID, deep bool, report func(error)) error {
	p, err := s.lookup(id)
	if err != nil {
		return err
	}
	f, err := s.handles.take(p)
	if err != nil {
		return err
	}
	defer func() { s.handles.put(f, err) }()
	p.mu.Lock()
	inspected := p.heads != nil
	p.mu.Unlock()
	v := &verifier{set: s, pack: p, inspected: inspected, file: f, report: func(err error) { report(fmt.Errorf("pack %s: %w", name(id), err)) }}
	if v.header, err = s.header(f, id); err != nil {
		if !errors.Is(err, ErrCorrupt) {
			return err
		}
		v.report(err)
		v.headless = true
	}
	x, end, err := v.index(ctx)
	if err != nil {
		return err
	}
	if end > 0 {
		v.tiled(x, end)
	}
	for i := range x.entries {
		if err = ctx.Err(); err != nil {
			return err
		}
		if !p.heads[x.entries[i].Ordinal] {
			err = v.record(&x.entries[i])
		}
		if err == nil && deep {
			err = v.payload(ctx, x, &x.entries[i])
		}
		if err != nil && !errors.Is(err, ErrCorrupt) {
			return err
		}
		if err != nil {
			v.report(&RecordError{x.entries[i].Ordinal, err})
		}
	}
	return nil
}

type verifier struct {
	set      *Set
	pack     *pack
	file     *handle
	header   header // as far as it is known
	headless bool   // it is damaged
	// inspected: by Inspect, which tells of what the next start puts right
	inspected bool
	report    func(error)
	buf       []byte
}

// index is a copy of the index of the pack, and where the records end by it; end is 0
// if it is not known to be all of them. The footer of a sealed pack is read anew.
func (v *verifier) index(ctx context.Context) (x *index, end int64, err error) {
	p := v.pack
	p.mu.Lock()
	if p.index == nil {
		p.mu.Unlock()
		size, err := v.file.Size()
		if err != nil {
			return nil, 0, err
		}
		h := v.header
		t, err := readTrailer(v.file, size, p.id)
		if v.headless {
			h.id, h.generation = p.id, t.generation
		}
		if err == nil {
			x, err = readFooter(v.file, size, &h)
		}
		if err == nil {
			return x, t.offset, nil
		}
		if !errors.Is(err, ErrCorrupt) {
			return nil, 0, err
		}
		if err := v.set.rescan(ctx, p, err); err != nil {
			return nil, 0, err
		}
		p.mu.Lock()
	}
	defer p.mu.Unlock()
	switch {
	case p.damaged && v.inspected && len(p.lost) > 0:
	case p.damaged:
		v.report(fmt.Errorf("%w: the footer or some records are lost", ErrCorrupt))
	default:
		end = p.size
	}
	return &index{slices.Clone(p.index.entries), slices.Clone(p.index.blocks)}, end, nil
}

// tiled reports what lies between the records, which end at end.
func (v *verifier) tiled(x *index, end int64) {
	order := slices.Clone(x.entries)
	slices.SortFunc(order, func(a, b Entry) int { return cmp.Compare(a.Offset, b.Offset) })
	at := int64(HeaderBytes)
	for i := range order {
		if begin := order[i].Offset - RecordBytes; begin != at {
			v.report(fmt.Errorf("%w: record %d begins at %d, the one before ends at %d", ErrCorrupt, order[i].Ordinal, begin, at))
		}
		at = order[i].end()
	}
	if at != end {
		v.report(fmt.Errorf("%w: the records end at %d, not at %d", ErrCorrupt, at, end))
	}
}

// record compares the header of a record with the index.
func (v *verifier) record(e *Entry) error {
	var b [RecordBytes]byte
	if err := readFull(v.file, b[:], e.Offset-RecordBytes); err != nil {
		return err
	}
	got, ok := parseRecord(b[:], v.header.marker)
	if !ok {
		return fmt.Errorf("%w: header", ErrCorrupt)
	}
	got.Offset, got.block = e.Offset, e.block
	if got != *e {
		return fmt.Errorf("%w: header and index differ", ErrCorrupt)
	}
	return nil
}

// payload reads the payload and the padding behind it.
func (v *verifier) payload(ctx context.Context, x *index, e *Entry) error {
	n := int(pad8(int64(e.Stored)))
	v.buf = slices.Grow(v.buf[:0], n)[:n]
	if err := readFull(v.file, v.buf, e.Offset); err != nil {
		return err
	}
	stored, padding := v.buf[:e.Stored], v.buf[e.Stored:]
	crcs, whole := blockCRCs(nil, stored)
	switch {
	case whole != e.StoredCRC:
		return fmt.Errorf("%w: payload checksum", ErrCorrupt)
	case !slices.Equal(crcs, x.crcs(e)):
		return fmt.Errorf("%w: block checksums", ErrCorrupt)
	case !bytes.Equal(padding, zeroBlock[:len(padding)]):
		return fmt.Errorf("%w: padding is not zero", ErrCorrupt)
	}
	if !e.Readable() {
		return nil
	}
	switch decode := v.set.opt.Decode; {
	case e.Codec == Raw:
		return v.plain(e, stored)
	case e.Codec == Zstd && decode != nil:
		err := decode(ctx, stored, int(e.Plain), func(b []byte) error { return v.plain(e, b) })
		if errors.Is(err, chunk.ErrFrame) {
			err = fmt.Errorf("%w: %w", ErrCorrupt, err) // checksummed, so it was written so
		}
		return err
	}
	return nil
}

// plain checks the decoded bytes of a record.
func (v *verifier) plain(e *Entry, b []byte) error {
	switch {
	case len(b) != int(e.Plain):
		return fmt.Errorf("%w: %d plain bytes, not %d", ErrCorrupt, len(b), e.Plain)
	case e.Type != Chunk:
		return nil
	case crc32.ChecksumIEEE(b) != e.PlainCRC:
		return fmt.Errorf("%w: plain checksum", ErrCorrupt)
	case chunk.Sum(&v.set.opt.Key, b) != e.ID:
		return fmt.Errorf("%w: chunk id", ErrCorrupt)
	}
	return nil
}
