package pack

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"

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

	entries, blocks, records aligned  // windows on parts of the file
	bounce                   *aligned // of a pack in a merged object, what these read through

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
	const k = scrubFooter
	f, err := c.set.openDirect(c.pack, c.o.Buf[2*k:3*k])
	if m, ok := f.(*memberFile); ok && err == nil {
		c.bounce, _ = m.read.(*aligned)
	}
	if isDefect(err) {
		c.out.Partial = true
		c.defect(err)
		return nil
	}
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
	c.entries = aligned{f: f, buf: c.o.Buf[:k], pace: pace}
	c.blocks = aligned{f: f, buf: c.o.Buf[k : 2*k], pace: pace}
	c.records = aligned{f: f, buf: c.o.Buf[3*k:], pace: pace}
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

// forget has the next record read from the medium.
func (c *scrubber) forget() {
	c.records.forget()
	if c.bounce != nil {
		c.bounce.forget()
	}
}

func (c *scrubber) defect(err error) { c.defects = append(c.defects, Defect{Err: err}) }

// memory looks at the records of a pack whose index is in memory; false if it is not, or
// not any more, since it was sealed.
func (c *scrubber) memory(ctx context.Context) (all bool, err error) {
	for {
		if c.records.off+int64(c.records.n) > c.flushed { // what was read there may have come since
			c.forget()
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
