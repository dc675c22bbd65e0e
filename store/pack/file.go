package pack

import (
	"context"
	"fmt"
	"math"
	"sync"

	"cairn/store/chunk"
	"cairn/store/meta"
	"cairn/store/object"
)

// pack is what a Set knows of one pack file.
type pack struct {
	id   meta.PackID
	path string  // of the file
	in   *member // where in it; nil: it is all of it

	write sync.Mutex // held while the file is appended to or cut; before mu

	mu      sync.Mutex
	header  header
	file    object.File // open while records may be appended or flushed, else nil
	index   *index      // of a pack that is not sealed, or whose footer is lost
	size    int64       // where the next record goes; of a sealed pack, the file's size
	flushed int64       // everything before it is on stable storage
	running chan struct{}
	failed  error // of a flush: ErrLaneFailed

	sent    int64 // everything before it has been given to WriteBack
	sending bool  // WriteBack is under way

	ahead *ahead // nil: no space is allocated ahead. Under write
	fresh *fresh // finds its chunks until the hint index does; nil: not any more
	holds

	frozen   bool // takes no more records
	sealed   bool
	damaged  bool
	lost     []Lost          // what a damaged one lacks, if it can be mended
	heads    map[uint32]bool // records that Inspect found without a header
	records  int
	firstLSN uint64
	lastLSN  uint64
}

// draft is an encoded group of records that has no place yet.
type draft struct {
	entries  []Entry
	crcs     []uint32   // of all entries, in order
	payloads [][][]byte // parts of each
	buffers  int        // that all parts are, with headers and padding
	bytes    int64      // with headers and padding
}

func newDraft(recs []Record) (*draft, error) {
	d := &draft{entries: make([]Entry, len(recs)), payloads: make([][][]byte, len(recs))}
	if len(recs) == 0 || len(recs) > MaxRecords {
		return nil, fmt.Errorf("%w: %d records", ErrTooLarge, len(recs))
	}
	for i := range recs {
		r, e := &recs[i], &d.entries[i]
		parts, stored, err := r.parts()
		if err != nil {
			return nil, err
		}
		if stored > MaxStored {
			return nil, fmt.Errorf("%w: %s of %d bytes", ErrTooLarge, r.Type, stored)
		}
		*e = Entry{Type: r.Type, Codec: r.Codec, ID: r.ID, PlainCRC: r.PlainCRC,
			Stored: uint32(stored), Plain: uint32(r.Plain)}
		if r.Codec == Raw {
			e.Plain = e.Stored
		} else if r.Plain < 0 || r.Plain > math.MaxUint32 {
			return nil, fmt.Errorf("%w: %s of %d plain bytes", ErrTooLarge, r.Type, r.Plain)
		}
		if r.Type == Chunk && e.Plain > chunk.MaxBytes {
			return nil, fmt.Errorf("%w: chunk of %d bytes", ErrTooLarge, e.Plain)
		}
		if r.Type == Commit || r.Type == Checkpoint {
			clear(e.ID[:])
			le.PutUint64(e.ID[:], r.LSN)
		}
		if r.Type == Checkpoint {
			le.PutUint32(e.ID[8:], r.Of.Number)
			le.PutUint32(e.ID[12:], r.Of.Count)
			copy(e.ID[16:], r.Of.Whole[:])
		}
		d.crcs, e.StoredCRC = blockCRCs(d.crcs, parts...)
		d.payloads[i] = parts
		d.buffers += len(parts) + 2
		d.bytes += RecordBytes + pad8(int64(e.Stored))
	}
	return d, nil
}

// fits reports whether n more records of together size bytes may go into p.
func (p *pack) fits(n int, size, limit int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	count := len(p.index.entries)
	return count == 0 || p.size+size <= limit && count+n <= MaxRecords
}

// usable reports whether p may take records.
func (p *pack) usable() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.failed == nil && !p.frozen && !p.sealed && p.file != nil
}

// append writes d behind the last record, with one call. Only one lane calls it.
func (p *pack) append(d *draft, pin bool) (Place, error) {
	p.write.Lock()
	defer p.write.Unlock()
	if !p.usable() {
		return Place{}, fmt.Errorf("pack %s: %w", name(p.id), ErrLaneFailed)
	}
	at := p.size // only changes under write
	first := uint32(0)
	if n := len(p.index.entries); n > 0 {
		first = p.index.entries[n-1].Ordinal + 1
	}
	var zero [8]byte
	heads := make([]byte, RecordBytes*len(d.entries))
	bufs := make([][]byte, 0, d.buffers)
	for i, off := 0, at; i < len(d.entries); i++ {
		e := &d.entries[i]
		e.Ordinal = first + uint32(i)
		e.Offset = off + RecordBytes
		head := heads[i*RecordBytes : (i+1)*RecordBytes]
		putRecord(head, p.header.marker, e)
		off = e.end()
		bufs = append(append(bufs, head), d.payloads[i]...)
		bufs = append(bufs, zero[:off-e.Offset-int64(e.Stored)])
	}
	p.ahead.cover(p.file, at, at+d.bytes)
	if _, err := p.file.WritevAt(bufs, at); err != nil {
		p.ahead.cut()
		if cut := p.file.Truncate(at); cut != nil {
			p.mu.Lock()
			p.frozen = true
			p.mu.Unlock()
			err = fmt.Errorf("%w: %w, and it could not be cut back: %w", ErrLaneFailed, err, cut)
		}
		return Place{}, fmt.Errorf("pack %s: append: %w", name(p.id), err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failed != nil { // a flush failed meanwhile; it will cut these off
		return Place{}, p.failed
	}
	crcs := d.crcs
	for i := range d.entries {
		n := d.entries[i].blocks()
		p.index.add(d.entries[i], crcs[:n])
		if p.fresh != nil && d.entries[i].Type == Chunk {
			p.fresh.add()
		}
		crcs = crcs[n:]
		p.note(d.entries[i].commitLSN())
	}
	p.records += len(d.entries)
	p.size = at + d.bytes
	if pin {
		p.pins++
	}
	return Place{Pack: p.id, First: first, Count: uint32(len(d.entries))}, nil
}

// note keeps the range of the commits' LSNs. Under mu.
func (p *pack) note(lsn uint64) {
	if lsn == 0 {
		return
	}
	if p.firstLSN == 0 || lsn < p.firstLSN {
		p.firstLSN = lsn
	}
	p.lastLSN = max(p.lastLSN, lsn)
}

// begin waits until everything before upto is flushed, or until no flush of p is under
// way: then it makes the caller the one who flushes and must call finish.
func (p *pack) begin(ctx context.Context, upto int64) (lead bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		switch {
		case p.flushed >= upto:
			return false, nil
		case p.failed != nil:
			return false, p.failed
		case p.file == nil:
			return false, ErrClosed
		}
		if p.running == nil {
			p.running = make(chan struct{})
			return true, nil
		}
		wait := p.running
		p.mu.Unlock()
		select {
		case <-wait:
			p.mu.Lock()
		case <-ctx.Done():
			p.mu.Lock()
			return false, ctx.Err()
		}
	}
}

// finish tells all who wait how the flush of everything before upto ended.
func (p *pack) finish(upto int64, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.running)
	p.running = nil
	if err == nil {
		p.flushed = max(p.flushed, upto)
		return
	}
	p.failed = fmt.Errorf("pack %s: %w: %w", name(p.id), ErrLaneFailed, err)
}

// clean reports whether everything appended before the call is durable.
func (p *pack) clean() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.failed == nil && p.flushed >= p.size
}

// flush makes everything appended before the call durable.
func (p *pack) flush(ctx context.Context) error {
	p.mu.Lock()
	target, failed := p.size, p.failed
	p.mu.Unlock()
	if failed != nil { // size has been cut back: the caller's records may be among the lost
		return failed
	}
	for {
		lead, err := p.begin(ctx, target)
		if !lead {
			return err
		}
		p.mu.Lock()
		upto, file := p.size, p.file
		p.mu.Unlock()
		err = file.Sync()
		p.finish(upto, err)
		if err != nil {
			p.abandon()
		}
	}
}

// abandon forgets the records that a failed flush leaves in doubt. They are cut off,
// so that a later opening does not find in the page cache what the disk may not hold.
func (p *pack) abandon() {
	p.write.Lock()
	defer p.write.Unlock()
	p.mu.Lock()
	keep := len(p.index.entries)
	for keep > 0 && p.index.entries[keep-1].end() > p.flushed {
		keep--
	}
	p.index.entries = p.index.entries[:keep:keep]
	p.records, p.size = keep, p.flushed
	p.firstLSN, p.lastLSN = p.index.lsns()
	size, file := p.flushed, p.file
	p.mu.Unlock()
	if file != nil {
		file.Truncate(size) // as well as may be: nothing is promised of these bytes
	}
}

// close ends the use of the file, when no flush is under way.
func (p *pack) close() error {
	p.write.Lock()
	defer p.write.Unlock()
	p.mu.Lock()
	for p.running != nil {
		wait := p.running
		p.mu.Unlock()
		<-wait
		p.mu.Lock()
	}
	file := p.file
	p.file = nil
	p.mu.Unlock()
	if file == nil {
		return nil
	}
	if p.ahead.beyond(p.size) {
		file.Truncate(p.size) // or the next opening does
	}
	return file.Close()
}

func (p *pack) info() Info {
	p.mu.Lock()
	defer p.mu.Unlock()
	in := Info{ID: p.id, Object: p.id, Bytes: p.size, Records: p.records, Sealed: p.sealed, Damaged: p.damaged,
		FirstLSN: p.firstLSN, LastLSN: p.lastLSN}
	p.place(&in)
	return in
}

// place says where p lies.
func (p *pack) place(in *Info) {
	if p.in != nil {
		in.Object, in.At, in.Bytes, in.Fixed = p.in.object.id, p.in.at, p.in.stored, p.in.object.unlisted
	}
}

func name(id meta.PackID) string { return fmt.Sprintf("%016x", uint64(id)) }
