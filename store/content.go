package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sort"
	"sync"

	"cairn/store/chunk"
	"cairn/store/meta"
	"cairn/store/pack"
)

// Open implements API.
func (s *Store) Open(ctx context.Context, sc Scope, p Path) (Content, error) {
	n, err := s.Stat(ctx, sc, p)
	if err != nil {
		return nil, err
	}
	if n.IsFolder() {
		return nil, fail("open", p, ErrIsFolder)
	}
	c := &openFile{s: s, node: n}
	if err := c.load(); err != nil {
		return nil, fail("open", p, err)
	}
	return c, nil
}

// openFile is a file opened for reading: one handle on the pack that is being read, and
// of its manifest the row, one page and a few index entries.
type openFile struct {
	s    *Store
	node Node
	pos  int64

	extents []meta.Extent // of one page, or all
	ends    []int64       // plain offset in the file at which each extent ends
	begin   int64         // and that of the first byte
	end1    [1]int64

	file   *pack.Handle
	fileOf pack.Source

	entries    []pack.Entry // the records of [from, upto) of the file, all of one extent
	from, upto int64
	in         meta.PackID   // and of this pack,
	of         pack.Source   // by the offsets in this file of it
	few        [4]pack.Entry // what most requests need
}

// load takes the extents of a manifest without pages; of others find reads them.
func (c *openFile) load() error {
	m, size := &c.node.Manifest, int64(0)
	for _, p := range m.Pages {
		size += p.Bytes
	}
	if len(m.Pages) == 0 {
		c.run(0, m.Extents)
		size = c.end()
	}
	if size != c.node.Size {
		return fmt.Errorf("%w: the manifest has %d bytes, the file %d", ErrCorrupt, size, c.node.Size)
	}
	return nil
}

// run makes the extents those of the file from byte begin on.
func (c *openFile) run(begin int64, extents []meta.Extent) {
	if c.begin, c.extents = begin, extents; len(extents) == 1 {
		c.ends = c.end1[:]
	} else {
		c.ends = make([]int64, len(extents))
	}
	end := begin
	for i, e := range extents {
		end += e.Bytes
		c.ends[i] = end
	}
}

// end is the byte behind the last extent.
func (c *openFile) end() int64 {
	if len(c.ends) == 0 {
		return c.begin
	}
	return c.ends[len(c.ends)-1]
}

// extent is the index of the extent in which byte off lies, whose page is read if need be.
func (c *openFile) extent(ctx context.Context, off int64) (int, error) {
	if off < c.begin || off >= c.end() {
		var begin int64
		pages := c.node.Manifest.Pages
		for len(pages) > 0 && begin+pages[0].Bytes <= off {
			begin += pages[0].Bytes
			pages = pages[1:]
		}
		if len(pages) == 0 {
			return 0, io.ErrUnexpectedEOF
		}
		extents, err := c.s.page(ctx, pages[0])
		if err != nil {
			return 0, err
		}
		if c.run(begin, extents); c.end() != begin+pages[0].Bytes {
			c.run(0, nil)
			return 0, fmt.Errorf("%w: manifest page in pack %d: not %d bytes", ErrCorrupt, pages[0].Pack, pages[0].Bytes)
		}
	}
	return sort.Search(len(c.ends), func(i int) bool { return c.ends[i] > off }), nil
}

// extents is all of a manifest, its pages read. The result must not be changed.
func (s *Store) extents(ctx context.Context, m meta.Manifest) ([]meta.Extent, error) {
	all := m.Extents
	err := s.pages(ctx, m, func(_ meta.Ref, page []meta.Extent) { all = append(all, page...) })
	return all, err
}

// pages reads the pages of a manifest, one after the other.
func (s *Store) pages(ctx context.Context, m meta.Manifest, see func(meta.Ref, []meta.Extent)) error {
	for _, ref := range m.Pages {
		page, err := s.page(ctx, ref)
		if err != nil {
			return err
		}
		see(ref, page)
	}
	return nil
}

// page reads one page of a manifest. The result must not be changed.
func (s *Store) page(ctx context.Context, ref meta.Ref) ([]meta.Extent, error) {
	text, err := s.packs.Read(ctx, ref.Pack, ref.Ordinal, nil)
	if err != nil {
		return nil, fmt.Errorf("manifest page: %w", err)
	}
	page, err := meta.DecodeManifest(text)
	if err != nil || len(page.Pages) > 0 {
		return nil, fmt.Errorf("%w: manifest page in pack %d", ErrCorrupt, ref.Pack)
	}
	return page.Extents, nil
}

func (c *openFile) Node() Node { return c.node }

// Close implements io.Closer.
func (c *openFile) Close() error {
	if c.file == nil {
		return nil
	}
	c.file.Return()
	c.file = nil
	return nil
}

// use takes a handle on the file that the entries are of, one at a time.
func (c *openFile) use() error {
	if c.file != nil && c.fileOf == c.of {
		return nil
	}
	c.Close()
	f, err := c.s.packs.Borrow(c.of)
	if err != nil {
		return err
	}
	c.file, c.fileOf = f, c.of
	return nil
}

// piece is the part of one chunk that is wanted.
type piece struct {
	pack meta.PackID
	pack.Entry
	skip, take int64       // plain bytes
	next       *pack.Entry // the chunk behind it in the pack, if it is wanted too
}

// lies reports whether the bytes can be sent as they lie in the pack. Those that are known to
// be damaged are read and checked first, so that nobody gets them, and those that the scrub
// should have read and has not.
func (p *piece) lies(s *Store) bool {
	return p.Codec == pack.Raw && !s.o.VerifyReads && !s.packs.IsDamaged(p.pack, p.Ordinal) && !s.scrubs.isStale(p.pack)
}

// maxEntries is how many records a reader keeps the entries of.
const maxEntries = 64

// find makes entries those of the record in which byte off lies, and of as many behind
// it as n bytes are likely to take.
func (c *openFile) find(ctx context.Context, off, n int64) error {
	if c.from <= off && off < c.upto {
		return nil
	}
	i, err := c.extent(ctx, off)
	if err != nil {
		return err
	}
	out := c.entries[:0]
	if out == nil {
		out = c.few[:0]
	}
	x, max := c.extents[i], int(min(n/chunk.MinBytes+2, maxEntries))
	begin := c.ends[i] - x.Bytes
	c.upto = c.from
	out, before, of, err := c.s.packs.Span(ctx, x.Pack, x.First, x.Count, off-begin, max, out)
	if err != nil {
		return err
	}
	c.in, c.of, c.from = x.Pack, of, begin+before
	c.upto = c.from
	for j := range out {
		e := &out[j]
		if e.Type != pack.Chunk || e.KeyID != 0 || e.Codec != pack.Raw && e.Codec != pack.Zstd {
			if out = out[:j]; c.upto > off {
				break // what lies before it can be read
			}
			c.upto = c.from
			return fmt.Errorf("%w: pack %d record %d is not a chunk that can be read", ErrCorrupt, x.Pack, e.Ordinal)
		}
		c.upto += int64(e.Plain)
	}
	if c.entries = out; c.upto <= off || c.upto > c.ends[i] {
		c.upto = c.from
		return fmt.Errorf("%w: pack %d: records %d+%d do not hold %d bytes", ErrCorrupt, x.Pack, x.First, x.Count, x.Bytes)
	}
	return nil
}

// each calls f for the pieces of [off, off+n) in order.
func (c *openFile) each(ctx context.Context, off, n int64, f func(p *piece) error) error {
	for n > 0 {
		if err := c.find(ctx, off, n); err != nil {
			return err
		}
		end := c.from
		for j := 0; j < len(c.entries) && n > 0; j++ {
			e := &c.entries[j]
			at := end
			if end += int64(e.Plain); end <= off {
				continue
			}
			p := piece{pack: c.in, Entry: *e, skip: off - at, take: min(end-off, n)}
			if n > p.take && j+1 < len(c.entries) {
				p.next = &c.entries[j+1]
			}
			err := f(&p)
			if errors.Is(err, pack.ErrReplaced) { // nothing was read: where it lies now is asked again
				c.upto = c.from
				break
			}
			if err != nil {
				return err
			}
			off += p.take
			n -= p.take
		}
	}
	return nil
}

// copyBuffers serve writers that do not read by themselves.
var copyBuffers = sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}

// WriteRange implements Content.
func (c *openFile) WriteRange(ctx context.Context, w io.Writer, off, n int64) (written int64, err error) {
	if off < 0 || n < 0 || off > c.node.Size || n > c.node.Size-off {
		return 0, fail("read", "", fmt.Errorf("range %d+%d of %d bytes", off, n, c.node.Size))
	}
	_, direct := w.(io.ReaderFrom)
	err = c.each(ctx, off, n, func(p *piece) error {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		var m int64
		var err error
		switch {
		case !p.lies(c.s):
			m, err = c.writePlain(ctx, w, p)
		default:
			m, err = c.writeRaw(w, p, direct)
		}
		written += m
		return err
	})
	return written, fail("read", "", err)
}

// writeRaw sends a piece as it lies in the pack.
func (c *openFile) writeRaw(w io.Writer, p *piece, direct bool) (m int64, err error) {
	if err := c.use(); err != nil {
		return 0, err
	}
	part, err := c.file.Section(p.Offset+p.skip, p.take)
	if err != nil {
		return 0, err
	}
	if direct {
		m, err = io.Copy(w, part)
	} else {
		buf := copyBuffers.Get().(*[]byte)
		m, err = io.CopyBuffer(w, part, *buf)
		copyBuffers.Put(buf)
	}
	if err == nil && m < p.take {
		err = fmt.Errorf("%w: pack %d ends early", ErrCorrupt, p.pack)
	}
	return m, err
}

// writePlain sends a piece of a chunk that must be decoded or checked first.
func (c *openFile) writePlain(ctx context.Context, w io.Writer, p *piece) (m int64, err error) {
	if p.next != nil && !(&piece{pack: p.pack, Entry: *p.next}).lies(c.s) {
		c.s.plains.ahead(p.pack, *p.next)
	}
	buf := copyBuffers.Get().(*[]byte)
	defer copyBuffers.Put(buf)
	for m < p.take {
		part := (*buf)[:min(int64(len(*buf)), p.take-m)]
		if err := c.s.plains.read(ctx, p.pack, p.Entry, int(p.skip+m), part); err != nil {
			return m, err
		}
		k, err := w.Write(part)
		m += int64(k)
		if err != nil {
			return m, err
		}
	}
	return m, nil
}

// ReadAt implements io.ReaderAt.
func (c *openFile) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("negative offset")
	}
	ctx := context.Background()
	want := min(int64(len(p)), max(0, c.node.Size-off))
	got := 0
	err := c.each(ctx, off, want, func(x *piece) error {
		part := p[got : got+int(x.take)]
		if !x.lies(c.s) {
			if x.next != nil {
				c.s.plains.ahead(x.pack, *x.next)
			}
			err := c.s.plains.read(ctx, x.pack, x.Entry, int(x.skip), part)
			if err == nil {
				got += len(part)
			}
			return err
		}
		if err := c.use(); err != nil {
			return err
		}
		m, err := c.file.ReadAt(part, x.Offset+x.skip)
		got += m
		if err == io.EOF && m == len(part) {
			err = nil
		}
		return err
	})
	if err == nil && got < len(p) {
		err = io.EOF
	}
	return got, err
}

// Read implements io.Reader.
func (c *openFile) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	n, err := c.ReadAt(p, c.pos)
	c.pos += int64(n)
	if n > 0 && err == io.EOF {
		err = nil
	}
	return n, err
}

// Seek implements io.Seeker.
func (c *openFile) Seek(off int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		off += c.pos
	case io.SeekEnd:
		off += c.node.Size
	}
	if off < 0 {
		return 0, errors.New("negative position")
	}
	c.pos = off
	return off, nil
}
