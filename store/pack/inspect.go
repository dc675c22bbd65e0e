package pack

import (
	"context"
	"errors"
	"fmt"

	"cairn/store/meta"
)

// Inspection is what Inspect found.
type Inspection struct {
	Info
	// HeaderWhole says that Store and Key, of the pack's own header, can be believed.
	HeaderWhole bool
	Store       [16]byte
	Key         [32]byte
	// Unused: at most a torn header, as a crash leaves it; the next start removes it.
	Unused bool
	// Torn is the bytes behind the last whole record of a pack that is not sealed, from
	// there to the end, if they are not all zero: what a crash left.
	Torn int64
	// Lost: all that is wrong with a damaged pack is that these records are missing, as
	// a loss of power with several writes in flight leaves it. Verify does not report it
	// then. If nothing refers to them the next start can mend the pack.
	Lost []Lost
	// Heads counts the records of a pack that is sealed, and not known to be, whose
	// headers did not reach the disk before the footer: the next start writes them again.
	Heads   int
	Entries []Entry // the whole records; must not be changed
}

// Inspect reads the index of a pack that Recover has not seen: it is Recover that cuts,
// seals and removes nothing. known says that the pack was sealed, so that a footer that
// is not whole is damage, not a torn tail. Afterwards Verify, Entries and Read work for
// the pack. An error says that it cannot be read at all; ErrForeign, ErrVersion.
func (s *Set) Inspect(ctx context.Context, id meta.PackID, known bool) (in Inspection, err error) {
	p, err := s.lookup(id)
	if err != nil {
		return in, err
	}
	f, err := s.open(p)
	if err != nil {
		return in, err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return in, err
	}
	in.Info = Info{ID: id, Object: id, Bytes: size}
	p.place(&in.Info)
	h, herr := s.header(f, id)
	if herr != nil && !errors.Is(herr, ErrCorrupt) {
		return in, herr
	}
	in.HeaderWhole, in.Store, in.Key = herr == nil, h.store, h.key
	in.Generation = h.generation
	if in.Unused = herr != nil && size <= HeaderBytes && !known; in.Unused {
		return in, nil
	}
	var x *index
	end := size // of the records, if there is no footer
	if herr == nil {
		if x, err = readFooter(f, size, &h); err != nil && !errors.Is(err, ErrCorrupt) {
			return in, err
		}
	}
	var heads []Entry
	if in.Sealed = x != nil; x != nil && !known {
		next, last := x.extent()
		var bad int
		if bad, heads, err = dropBad(ctx, f, x, h.marker); err != nil {
			return in, err
		}
		if bad > 0 {
			in.Damaged, in.Sealed, end = true, false, last
			in.Lost = x.losses(id, next, last)
		}
		in.Heads = len(heads)
	}
	if x == nil {
		found, err := scan(ctx, f, size, &h)
		if err != nil {
			return in, err
		}
		x = &found.index
		in.Damaged = found.damaged || herr != nil || known
		if end = found.end; found.torn && !in.Damaged {
			in.Torn = size - end
		}
		if in.Damaged && !known && herr == nil {
			in.Lost = x.losses(id, 0, end)
		}
	}
	if h.generation > 0 || h.roCompat != 0 {
		in.Lost = nil
	}
	in.Entries, in.Records = x.entries, len(x.entries)
	in.FirstLSN, in.LastLSN = x.lsns()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.header, p.size, p.flushed = h, end, end
	p.sealed, p.damaged, p.frozen = in.Sealed, in.Damaged, true
	p.records, p.firstLSN, p.lastLSN = in.Records, in.FirstLSN, in.LastLSN
	p.lost, p.heads = in.Lost, map[uint32]bool{}
	for _, e := range heads {
		p.heads[e.Ordinal] = true
	}
	if !in.Sealed {
		p.index = x
	}
	return in, nil
}

// ReadFrom is Read of a record whose entry is known, from a pack that is borrowed.
func (s *Set) ReadFrom(f *Handle, id meta.PackID, e *Entry, dst []byte) ([]byte, error) {
	return readPayload(f, id, e, dst)
}

// RecordError is a defect of one record, as Verify reports it.
type RecordError struct {
	Ordinal uint32
	Err     error
}

func (e *RecordError) Error() string { return fmt.Sprintf("record %d: %v", e.Ordinal, e.Err) }

// Unwrap gives the cause.
func (e *RecordError) Unwrap() error { return e.Err }
