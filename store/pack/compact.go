package pack

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"os"
	"path/filepath"

	"cairn/store/meta"
	"cairn/store/object"
)

// newTail ends the name of a pack that is being compacted. What a crash leaves of one is
// removed by Recover.
const newTail = ".new"

// Compact writes a pack anew, in place of itself, without the records that keep does not
// want: with the next generation, another marker, and the ordinals that they had. One in a
// merged object can only be merged anew (ErrPinned). Payloads
// are copied as they are stored, and checked; ErrCorrupt if one is not what its checksum
// says, or the pack is not whole. The pack must be sealed, draining and without pins, else
// ErrPinned; at least one record must be kept. It goes on draining: Undrain it.
//
// keep is asked once for each record, in the order of ordinals. pace is told how many
// bytes were written since it was last told, and may wait; nil: nobody is.
//
// When it returns the new pack is durable under the name of the old one; a crash at any
// point leaves one of the two, whole. After an error the old one is there, or the new one:
// in doubt about a flush of the folder. Who reads the old one goes on with its file.
func (s *Set) Compact(ctx context.Context, id meta.PackID, keep func(*Entry) bool, pace func(bytes int64)) (Info, error) {
	p, err := s.lookup(id)
	if err != nil {
		return Info{}, err
	}
	p.write.Lock() // no Drop meanwhile, and who is told that p was replaced waits here
	defer p.write.Unlock()
	if !p.leaving() || p.in != nil {
		return Info{}, fmt.Errorf("compact pack %s: %w", name(id), ErrPinned)
	}
	q, err := s.writeAnew(ctx, p, keep, pace)
	if err == nil {
		err = s.replace(p, q)
	}
	if err != nil {
		return Info{}, fmt.Errorf("compact pack %s: %w", name(id), err)
	}
	if err := s.opt.FS.SyncDir(filepath.Dir(p.path)); err != nil {
		return Info{}, fmt.Errorf("compact pack %s: %w", name(id), err)
	}
	return q.info(), nil
}

// leaving reports whether nobody can refer to more of p than rows do.
func (p *pack) leaving() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.draining && p.pins == 0 && (p.in == nil || !p.in.object.unlisted) && p.sealed && !p.damaged && !p.gone && !p.replaced && p.file == nil
}

// writeAnew makes the file of the next generation of p, durable but for its name.
func (s *Set) writeAnew(ctx context.Context, p *pack, keep func(*Entry) bool, pace func(int64)) (q *pack, err error) {
	from, err := s.open(p)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	c, err := s.anew(p, from, keep)
	if err != nil {
		return nil, err
	}
	if n := len(c.x.entries); c.room.Records() == n {
		return nil, fmt.Errorf("%d of %d records are kept", n, n)
	}
	to := p.path + newTail
	file, err := s.opt.FS.Open(to, os.O_RDWR|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return nil, err
	}
	out := &appender{f: file, pace: pace}
	c.out = out
	err = c.run(ctx)
	if err == nil {
		err = out.flush()
	}
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		s.opt.FS.Remove(to) // or the next Recover does
		return nil, err
	}
	return c.pack(p, p.path), nil
}

// anew prepares the next generation of p, which is read from a file, without the records
// that keep does not want: at least one must be left.
func (s *Set) anew(p *pack, from object.File, keep func(*Entry) bool) (*compaction, error) {
	size, err := from.Size()
	if err != nil {
		return nil, err
	}
	h, err := s.header(from, p.id)
	if err == nil && h.roCompat != 0 {
		err = fmt.Errorf("%w: features %#x", ErrVersion, h.roCompat)
	}
	if err != nil {
		return nil, err
	}
	x, err := readFooter(from, size, &h)
	if err != nil {
		return nil, err
	}
	h.generation++
	h.marker, h.created = s.opt.marker(), s.opt.Now().UnixMilli()
	c := &compaction{from: from, x: x, header: h, buf: make([]byte, BlockBytes)}
	for i := range x.entries {
		if e := &x.entries[i]; keep(e) {
			c.kept = append(c.kept, i)
			c.room.Add(e)
		}
	}
	if len(c.kept) == 0 {
		return nil, fmt.Errorf("none of %d records is kept", len(x.entries))
	}
	return c, nil
}

// pack is what the compaction of p has made, at a path. It is draining, as p is.
func (c *compaction) pack(p *pack, path string) *pack {
	q := &pack{id: p.id, path: path, size: c.at, flushed: c.at, sealed: true, records: len(c.y.entries)}
	q.firstLSN, q.lastLSN = c.y.lsns()
	q.draining = true
	return q
}

// replace gives q, whose file is there, the name and the place of p.
func (s *Set) replace(p, q *pack) error {
	p.mu.Lock()
	p.replaced = true // from now on nobody opens a file for p
	q.bad = maps.Clone(p.bad)
	p.mu.Unlock()
	s.forget(p) // some systems rename no file over one that is open
	err := s.opt.FS.Rename(p.path+newTail, p.path)
	if err != nil && !s.isThere(q) {
		p.mu.Lock()
		p.replaced = false
		p.mu.Unlock()
		s.opt.FS.Remove(p.path + newTail)
		return err
	}
	s.mu.Lock()
	s.packs[p.id] = q
	s.mu.Unlock()
	s.forget(p) // files that were only read: their Close tells nothing
	return nil
}

// isThere reports whether the file is that of q, after a rename that failed.
func (s *Set) isThere(q *pack) bool {
	f, err := s.opt.FS.Open(q.path, os.O_RDONLY)
	if err != nil {
		return false
	}
	defer f.Close()
	size, err := f.Size()
	return err == nil && size == q.size // less than before: at least one record is gone
}

// compaction copies the records of one pack that are kept.
type compaction struct {
	from   object.File
	x      *index
	kept   []int // of the entries of x
	room   Room  // for them
	header header
	out    interface{ write(b []byte) error }
	at     int64 // behind all that was written
	y      index // of what is kept
	buf    []byte
}

// run writes the whole pack.
func (c *compaction) run(ctx context.Context) error {
	if err := c.write(c.header.encode()); err != nil {
		return err
	}
	for _, i := range c.kept {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := c.copy(&c.x.entries[i]); err != nil {
			return err
		}
	}
	return c.write(encodeFooter(&c.header, &c.y, c.at))
}

func (c *compaction) write(b []byte) error {
	c.at += int64(len(b))
	return c.out.write(b)
}

// copy writes one record with the new marker. Its payload is read, and checked, a block at a time.
func (c *compaction) copy(e *Entry) error {
	crcs := c.x.crcs(e)
	at := *e
	at.Offset = c.at + RecordBytes
	var head [RecordBytes]byte
	putRecord(head[:], c.header.marker, &at)
	if err := c.write(head[:]); err != nil {
		return err
	}
	whole := uint32(0)
	for i, want := range crcs {
		b := c.buf[:min(BlockBytes, int(e.Stored)-i*BlockBytes)]
		if err := readFull(c.from, b, e.Offset+int64(i)*BlockBytes); err != nil {
			return fmt.Errorf("record %d: %w", e.Ordinal, err)
		}
		if crc32.Checksum(b, castagnoli) != want {
			return fmt.Errorf("record %d: %w: block checksum", e.Ordinal, ErrCorrupt)
		}
		whole = combine(whole, want, len(b))
		if err := c.write(b); err != nil {
			return err
		}
	}
	if whole != e.StoredCRC {
		return fmt.Errorf("record %d: %w: payload checksum", e.Ordinal, ErrCorrupt)
	}
	c.y.add(at, crcs)
	return c.write(zeroBlock[:at.end()-c.at])
}

// appender gathers what is written to the end of a file.
type appender struct {
	f    object.File
	at   int64 // behind all that was given to write
	buf  []byte
	pace func(int64)
}

const appendBytes = 256 << 10

func (a *appender) write(b []byte) error {
	a.buf = append(a.buf, b...)
	a.at += int64(len(b))
	if len(a.buf) < appendBytes {
		return nil
	}
	return a.flush()
}

func (a *appender) flush() error {
	n := int64(len(a.buf))
	if _, err := a.f.WriteAt(a.buf, a.at-n); err != nil {
		return err
	}
	a.buf = a.buf[:0]
	if a.pace != nil {
		a.pace(n)
	}
	return nil
}
