package pack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"

	"cairn/store/chunk"
)

// scrubber is one run of Scrub over one file of a pack.
type scrubber struct {
	set *Set
	o   ScrubOptions

	pack    *pack
	size    int64
	header  header
	after   int64 // ordinal of the last record that was looked at
	out     Scrubbed
	defects []Defect

	entries, blocks, records aligned // windows on parts of the file

	sum     chunk.Summer
	batch   []Entry
	crcs    []uint32
	got     []uint32
	flushed int64 // of an open pack: how far it was when batch was taken
	blockAt int64 // the block page that was checked last

	decoding bool  // others wait for the decoder
	owed     int64 // bytes that were read meanwhile
}

// scrubBatch is how many entries of an open pack are looked at without its lock.
const scrubBatch = pageEntries

func (c *scrubber) run(ctx context.Context) error {
	f, err := c.set.openDirect(c.pack)
	if err != nil {
		return err
	}
	defer f.Close()
	pace := func(n int64) error {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		if c.decoding {
			c.owed += n
			return nil
		}
		return c.o.Pace(n)
	}
	const k = scrubFooter
	c.entries = aligned{f: f, buf: c.o.Buf[:k], pace: pace}
	c.blocks = aligned{f: f, buf: c.o.Buf[k : 2*k], pace: pace}
	c.records = aligned{f: f, buf: c.o.Buf[2*k:], pace: pace}
	c.after, c.blockAt = -1, -1
	if c.header, err = c.set.header(&c.records, c.pack.id); err != nil {
		if !isDefect(err) {
			return err
		}
		c.defect(fmt.Errorf("header: %w", err))
	}
	for again := true; again; {
		var inMemory bool
		if inMemory, err = c.memory(ctx); err != nil || inMemory {
			return err
		}
		if c.size, err = f.Size(); err != nil {
			return err
		}
		if again, err = c.footer(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (c *scrubber) defect(err error) { c.defects = append(c.defects, Defect{Err: err}) }

// memory looks at the records of a pack whose index is in memory; false if it is not, or
// not any more, since it was sealed.
func (c *scrubber) memory(ctx context.Context) (all bool, err error) {
	for {
		if c.records.off+int64(c.records.n) > c.flushed { // what was read there may have come since
			c.records.forget()
		}
		there, damaged := c.next()
		if !there {
			return false, nil
		}
		if damaged && !c.out.Partial {
			c.out.Partial = true
			c.defect(fmt.Errorf("%w: the footer or some records are lost", ErrCorrupt))
		}
		if len(c.batch) == 0 {
			return true, nil
		}
		crcs := c.crcs
		for i := range c.batch {
			n := c.batch[i].blocks()
			if err := c.look(ctx, &c.batch[i], crcs[:n]); err != nil {
				return false, err
			}
			crcs = crcs[n:]
		}
	}
}

// next copies some entries of the index in memory, of records that are flushed.
func (c *scrubber) next() (there, damaged bool) {
	p := c.pack
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.index == nil {
		return false, false
	}
	c.batch, c.crcs, c.flushed = c.batch[:0], c.crcs[:0], p.flushed
	entries := p.index.entries[p.index.find(uint32(c.after+1)):]
	for i := range entries[:min(scrubBatch, len(entries))] {
		e := &entries[i]
		if e.end() > p.flushed {
			break
		}
		c.batch = append(c.batch, *e)
		c.crcs = append(c.crcs, p.index.crcs(e)...)
	}
	return true, p.damaged
}

// footer looks at the records of a sealed pack, by the pages of its footer, and at these.
// again: the footer is damaged, and the records were found without it.
func (c *scrubber) footer(ctx context.Context) (again bool, err error) {
	t, err := readTrailer(&c.entries, c.size, c.pack.id)
	h := &c.header
	if err == nil && h.created != 0 && (t.generation != h.generation || t.marker != h.marker) {
		err = fmt.Errorf("%w: trailer of another pack", ErrCorrupt)
	}
	if err != nil {
		return c.lostIndex(ctx, err)
	}
	h.marker = t.marker // should the header be damaged
	whole, partial := uint32(0), false
	pages := pagesOf(t.records, pageEntries)
	for n := range int(t.length / pageBytes) {
		page, err := c.page(&c.entries, &t, n)
		if err == nil {
			whole = crc32.Update(whole, castagnoli, page)
			err = checkPage(page, t.marker, n)
		}
		if int64(n) >= pages { // of checksums, which were needed before, each once and out of order
			if err != nil && !isDefect(err) {
				return false, err
			}
			if err != nil {
				partial = true
				c.defect(fmt.Errorf("footer: %w", err))
			}
			continue
		}
		if err == nil {
			c.batch, err = parseEntries(page, &t, n)
		}
		if errors.Is(err, ErrCorrupt) {
			return c.lostIndex(ctx, err)
		}
		if err != nil && !isDefect(err) {
			return false, err
		}
		if err != nil { // who needs an entry of this page cannot have it either
			partial, c.out.Partial = true, true
			c.defect(fmt.Errorf("footer: %w", err))
			continue
		}
		for i := range c.batch {
			e := &c.batch[i]
			if int64(e.Ordinal) <= c.after {
				continue
			}
			if err := c.blockCRCs(&t, e); err != nil {
				return false, err
			}
			if err := c.look(ctx, e, c.crcs); err != nil {
				return false, err
			}
		}
	}
	if !partial && whole != t.footerCRC {
		c.defect(fmt.Errorf("%w: footer checksum", ErrCorrupt))
	}
	return false, nil
}

func (c *scrubber) page(w *aligned, t *trailer, n int) ([]byte, error) {
	b, err := w.at(t.offset+int64(n)*pageBytes, pageBytes)
	if err == nil && len(b) < pageBytes {
		err = fmt.Errorf("%w: the file ends early", ErrCorrupt)
	}
	return b, err
}

// lostIndex has the records found without a footer, as the next reader would. One that
// cannot be read is only told of: the reader has no better luck.
func (c *scrubber) lostIndex(ctx context.Context, cause error) (again bool, err error) {
	if !isDefect(cause) {
		return false, cause
	}
	c.out.Partial = true
	c.defect(fmt.Errorf("footer: %w", cause))
	if !errors.Is(cause, ErrCorrupt) {
		return false, nil
	}
	if c.pack.isReplaced() {
		return false, ErrReplaced
	}
	return true, c.set.rescan(ctx, c.pack, cause)
}

// blockCRCs are the checksums of the blocks of a record, in crcs; none if their page is
// damaged, which footer tells of.
func (c *scrubber) blockCRCs(t *trailer, e *Entry) error {
	c.crcs = c.crcs[:0]
	for i := range uint32(e.blocks()) {
		at := e.block + i
		n := int(pagesOf(t.records, pageEntries)) + int(at/pageBlocks)
		page, err := c.page(&c.blocks, t, n)
		if err == nil && c.blockAt != int64(n) {
			err = checkPage(page, t.marker, n)
		}
		if err != nil {
			c.crcs, c.blockAt = c.crcs[:0], -1
			if isDefect(err) {
				return nil
			}
			return err
		}
		c.blockAt = int64(n)
		c.crcs = append(c.crcs, le.Uint32(page[at%pageBlocks*4:]))
	}
	return nil
}

// look checks one record, once more if it is not as it should be.
func (c *scrubber) look(ctx context.Context, e *Entry, crcs []uint32) error {
	c.out.Records++
	c.after = int64(e.Ordinal)
	lost, err := c.record(ctx, e, crcs)
	if err == nil {
		return nil
	}
	if isDefect(err) {
		first := err
		c.records.forget()
		if lost, err = c.record(ctx, e, crcs); err == nil {
			c.set.opt.Log.Warn("a record was not what it should be when it was read first, and is; look at the cables and the memory of this machine", "pack", name(c.pack.id), "record", e.Ordinal, "err", first)
			return nil
		}
	}
	if !isDefect(err) {
		return err
	}
	c.defects = append(c.defects, Defect{Type: e.Type, Ordinal: e.Ordinal, Lost: lost, Err: err})
	return nil
}

// record reads a record. lost: its payload is not what it was.
func (c *scrubber) record(ctx context.Context, e *Entry, crcs []uint32) (lost bool, err error) {
	b, err := c.records.at(e.Offset-RecordBytes, RecordBytes)
	bad := err
	if err == nil {
		got, ok := parseRecord(b, c.header.marker)
		got.Offset, got.block = e.Offset, e.block
		if !ok || got != *e {
			bad = fmt.Errorf("%w: header of the record", ErrCorrupt)
		}
	}
	if bad != nil && !isDefect(bad) {
		return false, bad
	}
	if err := c.payload(ctx, e, crcs); err != nil {
		return !errors.Is(err, errBlocks), err
	}
	if bad != nil {
		return false, bad
	}
	if n := int(e.end() - e.Offset - int64(e.Stored)); n > 0 {
		b, err := c.records.at(e.Offset+int64(e.Stored), n)
		if err == nil && !bytes.Equal(b, zeroBlock[:n]) {
			err = fmt.Errorf("%w: padding is not zero", ErrCorrupt)
		}
		return false, err
	}
	return false, nil
}

// errBlocks: the checksum of the payload is right, those of its blocks are not.
var errBlocks = fmt.Errorf("%w: block checksums", ErrCorrupt)

func (c *scrubber) payload(ctx context.Context, e *Entry, crcs []uint32) error {
	v := verifier{set: c.set}
	if e.Codec == Zstd && e.Readable() && e.Stored <= chunk.MaxBytes {
		c.decoding = true
		err := c.o.Decode(ctx, int(e.Stored), func(stored []byte) error {
			return c.stored(e, crcs, func(b []byte) { stored = stored[copy(stored, b):] })
		}, int(e.Plain), func(b []byte) error { return v.plain(e, b) })
		owed := c.owed
		c.decoding, c.owed = false, 0
		if owed > 0 {
			if err := c.o.Pace(owed); err != nil {
				return err
			}
		}
		if errors.Is(err, chunk.ErrFrame) {
			err = fmt.Errorf("%w: %w", ErrCorrupt, err) // checksummed, so it was written so
		}
		return err
	}
	isChunk := e.Type == Chunk && e.Codec == Raw && e.Readable()
	c.sum.Reset(&c.set.opt.Key)
	plain := uint32(0)
	err := c.stored(e, crcs, func(b []byte) {
		if isChunk {
			c.sum.Add(b)
			plain = crc32.Update(plain, crc32.IEEETable, b)
		}
	})
	switch {
	case err != nil || !isChunk:
		return err
	case plain != e.PlainCRC:
		return fmt.Errorf("%w: plain checksum", ErrCorrupt)
	case c.sum.Sum() != e.ID:
		return fmt.Errorf("%w: chunk id", ErrCorrupt)
	}
	return nil
}

// stored reads the payload as it is stored and checks it.
func (c *scrubber) stored(e *Entry, crcs []uint32, see func([]byte)) error {
	whole, got := uint32(0), c.got[:0]
	for at := int64(0); at < int64(e.Stored); at += BlockBytes {
		n := int(min(BlockBytes, int64(e.Stored)-at))
		b, err := c.records.at(e.Offset+at, n)
		if err == nil && len(b) < n {
			err = fmt.Errorf("%w: the file ends early", ErrCorrupt)
		}
		if err != nil {
			return err
		}
		sum := crc32.Checksum(b, castagnoli)
		got = append(got, sum)
		whole = combine(whole, sum, n)
		see(b)
	}
	c.got = got
	switch {
	case whole != e.StoredCRC:
		return fmt.Errorf("%w: payload checksum", ErrCorrupt)
	case len(crcs) > 0 && !slices.Equal(got, crcs):
		return errBlocks
	}
	return nil
}
