package pack

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"cairn/store/meta"
	"cairn/store/object"
)

// ScrubBytes is the least that Scrub needs to read into.
const ScrubBytes = 4*scrubFooter + 2*BlockBytes

// ScrubOptions say how Scrub reads.
type ScrubOptions struct {
	// Buf is what it reads into: at least ScrubBytes, a multiple of object.DirectBytes, and
	// aligned like that if the cache of the operating system is to be left alone.
	Buf []byte
	// Decode is that of chunk.Codec.DecodeFrom: it calls read for n stored bytes and use with
	// the plain bytes that they hold.
	Decode func(ctx context.Context, n int, read func(stored []byte) error, plain int, use func(plain []byte) error) error
	// Pace is told how many bytes are to be read next, or were read, and may wait. No decoder
	// is in use then. Its error ends the scrub.
	Pace func(bytes int64) error
	// Report is told of each defect, when all of the pack was read.
	Report func(Defect)
}

// Defect is something that Scrub found.
type Defect struct {
	Type    Type // of the record; 0: it is header, footer or the file itself
	Ordinal uint32
	Lost    bool // what the record holds cannot be had
	Err     error
}

// Scrubbed is what Scrub has looked at.
type Scrubbed struct {
	Records int
	// Partial: it is not known which records there should be, since the index is damaged.
	// Entries tells of one whether it is there.
	Partial bool
}

// Scrub reads a pack beside everything else, from the medium where that can be done, and
// checks header and footer, every record against the index, every checksum and the id of
// every chunk. Of a pack that is open it reads what is flushed. What fails is read a second
// time before it is reported. A pack that is compacted meanwhile is read anew; nothing is
// reported of one that is dropped meanwhile.
//
// ErrNotFound: it is not one of the packs (any more). fs.ErrNotExist: it should be, and its
// file is missing. Another error says that it could not look, which is no defect: the file
// cannot be opened, or the error is that of ctx, Pace or Decode.
//
// Memory: Buf, 50 KiB, and 60 bytes a defect.
func (s *Set) Scrub(ctx context.Context, id meta.PackID, o ScrubOptions) (out Scrubbed, err error) {
	err = s.current(id, func(p *pack) error {
		c := scrubber{set: s, pack: p, o: o}
		err := c.run(ctx)
		if p.isReplaced() {
			return ErrReplaced
		}
		if !s.has(p) || p.isGone() {
			if p.isReplaced() { // between the two
				return ErrReplaced
			}
			return fmt.Errorf("pack %s: %w", name(id), ErrNotFound)
		}
		if err != nil {
			return fmt.Errorf("pack %s: %w", name(id), err)
		}
		for _, d := range c.defects {
			o.Report(d)
		}
		out = c.out
		return nil
	})
	return out, err
}

// Written is when a pack was made, or compacted, by its header; the zero time if that is
// damaged. ErrNotFound, or why the file cannot be read.
func (s *Set) Written(id meta.PackID) (at time.Time, err error) {
	err = s.current(id, func(p *pack) error {
		p.mu.Lock()
		ms := p.header.created
		p.mu.Unlock()
		if ms == 0 {
			f, err := s.handles.take(p)
			if err != nil {
				return err
			}
			h, err := s.header(f, id)
			s.handles.put(f, err)
			if errors.Is(err, ErrCorrupt) {
				return nil
			}
			if err != nil {
				return err
			}
			ms = h.created
		}
		at = time.UnixMilli(ms)
		return nil
	})
	return at, err
}

func (p *pack) isGone() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.gone
}

// openDirect opens the file of p for a scrub.
func (s *Set) openDirect(p *pack, bounce []byte) (object.File, error) {
	f, err := p.open(func(path string) (object.File, error) { return object.OpenDirect(s.opt.FS, path) }, bounce)
	if errors.Is(err, fs.ErrNotExist) && p.isGone() {
		return nil, ErrNotFound
	}
	return f, err
}
