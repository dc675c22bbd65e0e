package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sort"
	"sync"

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
	if err := c.load(ctx); err != nil {
		return nil, fail("open", p, err)
	}
	return c, nil
}

// openFile is a file opened for reading: one handle on the pack that is being read.
type openFile struct {
	s       *Store
	node    Node
	extents []meta.Extent
	ends    []int64 // plain offset at which each extent ends
	pos     int64

	pack meta.PackID // that file is of
	file *pack.Handle
}

// load finds all extents, from the pages if there are any.
func (c *openFile) load(ctx context.Context) error {
	var err error
	if c.extents, err = c.s.extents(ctx, c.node.Manifest); err != nil {
		return err
	}
	var end int64
	c.ends = make([]int64, len(c.extents))
	for i, e := range c.extents {
		end += e.Bytes
		c.ends[i] = end
	}
	if end != c.node.Size {
		return fmt.Errorf("%w: the manifest has %d bytes, the file %d", ErrCorrupt, end, c.node.Size)
	}
	return nil
}

// extents is all of a manifest, its pages read. The result must not be changed.
func (s *Store) extents(ctx context.Context, m meta.Manifest) ([]meta.Extent, error) {
	all := m.Extents
	for _, ref := range m.Pages {
		text, err := s.packs.Read(ctx, ref.Pack, ref.Ordinal, nil)
		if err != nil {
			return nil, fmt.Errorf("manifest page: %w", err)
		}
		page, err := meta.DecodeManifest(text)
		if err != nil || len(page.Pages) > 0 {
			return nil, fmt.Errorf("%w: manifest page in pack %d", ErrCorrupt, ref.Pack)
		}
		all = append(all, page.Extents...)
	}
	return all, nil
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

// use opens the pack that holds the next bytes, one at a time.
func (c *openFile) use(id meta.PackID) error {
	if c.file != nil && c.pack == id {
		return nil
	}
	if err := c.Close(); err != nil {
		return err
	}
	f, err := c.s.packs.Borrow(id)
	if err != nil {
		return err
	}
	c.file, c.pack = f, id
	return nil
}

// each calls f for the pieces of [off, off+n) in order: a record, and the bytes of
// its plain content that are wanted.
func (c *openFile) each(ctx context.Context, off, n int64, f func(e pack.Entry, skip, take int64) error) error {
	for i := sort.Search(len(c.ends), func(i int) bool { return c.ends[i] > off }); n > 0; i++ {
		if i == len(c.extents) {
			return io.ErrUnexpectedEOF
		}
		x := c.extents[i]
		entries, err := c.s.packs.Entries(ctx, x.Pack, x.First, x.Count)
		if err != nil {
			return err
		}
		if err := c.use(x.Pack); err != nil {
			return err
		}
		at := c.ends[i] - x.Bytes // of the next record
		for _, e := range entries {
			end := at + int64(e.Plain)
			if end > off && n > 0 {
				if e.Type != pack.Chunk || e.Codec != 0 || e.Stored != e.Plain {
					return fmt.Errorf("%w: pack %d record %d is not a raw chunk", ErrCorrupt, x.Pack, e.Ordinal)
				}
				take := min(end-off, n)
				if err := f(e, off-at, take); err != nil {
					return err
				}
				off += take
				n -= take
			}
			at = end
		}
		if n > 0 && off != c.ends[i] {
			return fmt.Errorf("%w: pack %d: records %d+%d do not hold %d bytes", ErrCorrupt, x.Pack, x.First, x.Count, x.Bytes)
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
	err = c.each(ctx, off, n, func(e pack.Entry, skip, take int64) error {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		part, err := c.file.Section(e.Offset+skip, take)
		if err != nil {
			return err
		}
		var m int64
		if direct {
			m, err = io.Copy(w, part)
		} else {
			buf := copyBuffers.Get().(*[]byte)
			m, err = io.CopyBuffer(w, part, *buf)
			copyBuffers.Put(buf)
		}
		written += m
		if err == nil && m < take {
			err = fmt.Errorf("%w: pack %d ends early", ErrCorrupt, c.pack)
		}
		return err
	})
	return written, fail("read", "", err)
}

// ReadAt implements io.ReaderAt.
func (c *openFile) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("negative offset")
	}
	want := min(int64(len(p)), max(0, c.node.Size-off))
	got := 0
	err := c.each(context.Background(), off, want, func(e pack.Entry, skip, take int64) error {
		m, err := c.file.ReadAt(p[got:got+int(take)], e.Offset+skip)
		got += m
		if err == io.EOF && m == int(take) {
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
