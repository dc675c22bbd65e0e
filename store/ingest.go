package store

import (
	"context"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"sync"

	"cairn/store/chunk"
	"cairn/store/meta"
	"cairn/store/pack"
	"cairn/store/slab"
)

const (
	// slabBytes is the size of a buffer: one chunk as it is cut for now.
	slabBytes = chunk.FixedBytes
	// doorBytes is what is read from a client that may have to be waited for.
	doorBytes = 4096
	// maxSpills bounds the pieces that a chunk is spilled in.
	maxSpills = 64
	// leaseBytes is the content from which on an upload has a lane of its own.
	leaseBytes = slabBytes
)

// ingest takes one content apart into chunks as it arrives, and lays them in packs.
// It holds at most one slab. While it waits for its client the slab can be taken
// away (Spill): the bytes of the chunk so far go to a tail record and are read back
// when the chunk is complete, so that pressure never moves a border.
type ingest struct {
	s    *Store
	mu   sync.Mutex // held except while waiting for the client
	slab *slab.Slab
	fill int        // bytes of the chunk so far
	kept int        // of these, how many lie in tail records
	tail []meta.Ref // those records
	m    meta.Manifest
	size int64 // plain bytes taken, chunk so far included
	lane *pack.Lane
	// packs are those that must be flushed before a row may refer to m or tail.
	packs []meta.PackID
	err   error // a spill or a checkpoint that failed
	door  []byte
	hash  hash.Hash // fed with what is taken, if set
}

func (s *Store) newIngest() *ingest { return &ingest{s: s, door: make([]byte, doorBytes)} }

// close gives back what is held. What was appended stays, unreferenced.
func (in *ingest) close() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.s.mem.Busy(in)
	if in.slab != nil {
		in.s.mem.Release(in.slab)
		in.slab = nil
	}
	if in.lane != nil {
		in.s.packs.Return(in.lane)
		in.lane = nil
	}
}

// readError marks an error as the client's, not the store's.
type readError struct{ err error }

func (e *readError) Error() string   { return ErrRead.Error() + ": " + e.err.Error() }
func (e *readError) Unwrap() []error { return []error{ErrRead, e.err} }

// readFrom takes at most limit bytes from r and returns how many it took. A failure
// of r is a *readError; what arrived before it has been taken. after, if set, is
// called between reads.
//
// A client that is faster than the store is read straight into the slab, as long as
// its reads come back full. One that may have to be waited for is read through a
// small buffer, so that its slab can be spilled meanwhile.
func (in *ingest) readFrom(ctx context.Context, r io.Reader, limit int64, after func() error) (n int64, err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for n < limit {
		door := in.door[:min(int64(len(in.door)), limit-n)]
		k, rerr := in.wait(r, door)
		if in.err != nil {
			return n, in.err
		}
		if err := in.write(ctx, door[:k]); err != nil {
			return n, err
		}
		n += int64(k)
		if rerr == nil && k == len(in.door) && in.s.mem.Fast() {
			var m int64
			m, rerr, err = in.readFast(ctx, r, limit-n)
			in.s.mem.Slow()
			n += m
			if err != nil {
				return n, err
			}
		}
		if after != nil && rerr == nil {
			if err := after(); err != nil {
				return n, err
			}
		}
		if rerr == io.EOF {
			return n, nil
		}
		if rerr != nil {
			return n, &readError{rerr}
		}
		if k == 0 {
			if err := ctx.Err(); err != nil {
				return n, &readError{context.Cause(ctx)}
			}
		}
	}
	return n, nil
}

// oneMore reports whether r goes on. A failure of r is a *readError.
func (in *ingest) oneMore(r io.Reader) (bool, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for range 100 {
		n, err := in.wait(r, in.door[:1])
		switch {
		case in.err != nil:
			return false, in.err
		case n > 0:
			return true, nil
		case err == io.EOF:
			return false, nil
		case err != nil:
			return false, &readError{err}
		}
	}
	return false, &readError{io.ErrNoProgress}
}

// wait reads without the lock; a slab in hand may be spilled meanwhile.
func (in *ingest) wait(r io.Reader, p []byte) (int, error) {
	holds := in.slab != nil
	in.mu.Unlock()
	if holds {
		in.s.mem.Idle(in)
	}
	n, err := r.Read(p)
	in.mu.Lock()
	in.s.mem.Busy(in)
	return n, err
}

// readFast fills the chunk in hand straight from r, until r has no more at once or
// the chunk is complete.
func (in *ingest) readFast(ctx context.Context, r io.Reader, limit int64) (n int64, rerr, err error) {
	if err := in.need(ctx); err != nil {
		return 0, nil, err
	}
	for n < limit {
		p := in.slab.Bytes[in.fill:min(int64(slabBytes), int64(in.fill)+limit-n)]
		k, rerr := r.Read(p)
		in.take(p[:k])
		n += int64(k)
		full := in.fill == slabBytes
		if full {
			if err := in.cut(ctx); err != nil {
				return n, rerr, err
			}
		}
		if full || rerr != nil || k < len(p) {
			return n, rerr, nil
		}
	}
	return n, nil, nil
}

// write copies p into the chunk so far.
func (in *ingest) write(ctx context.Context, p []byte) error {
	for len(p) > 0 {
		if err := in.need(ctx); err != nil {
			return err
		}
		k := copy(in.slab.Bytes[in.fill:slabBytes], p)
		in.take(p[:k])
		p = p[k:]
		if in.fill == slabBytes {
			if err := in.cut(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// take counts bytes that lie in the slab now: size and hash always agree.
func (in *ingest) take(p []byte) {
	in.fill += len(p)
	in.size += int64(len(p))
	if in.hash != nil {
		in.hash.Write(p)
	}
}

// need makes sure of a slab. A chunk that was spilled in very many pieces is read
// back, so that a dripping client cannot make their list grow.
func (in *ingest) need(ctx context.Context) error {
	if in.slab != nil {
		return nil
	}
	var err error
	if in.slab, err = in.s.mem.Acquire(ctx); err != nil {
		return err
	}
	if len(in.tail) >= maxSpills {
		return in.readBack(ctx)
	}
	return nil
}

// readBack fetches what was spilled into the slab. The records stay as they are, but
// are not needed any more.
func (in *ingest) readBack(ctx context.Context) error {
	at := 0
	for _, ref := range in.tail {
		p, err := in.s.packs.Read(ctx, ref.Pack, ref.Ordinal, in.slab.Bytes[at:in.kept])
		if err != nil {
			return fmt.Errorf("reading back a spilled chunk: %w", err)
		}
		if int64(len(p)) != ref.Bytes {
			return fmt.Errorf("%w: a spilled piece has %d bytes, not %d", ErrCorrupt, len(p), ref.Bytes)
		}
		at += len(p)
	}
	if at != in.kept {
		return fmt.Errorf("%w: spilled pieces have %d bytes, not %d", ErrCorrupt, at, in.kept)
	}
	in.kept, in.tail = 0, nil
	return nil
}

// cut ends the chunk so far and lays it in a pack.
func (in *ingest) cut(ctx context.Context) error {
	if in.kept > 0 {
		if err := in.readBack(ctx); err != nil {
			return err
		}
	}
	p := in.slab.Bytes[:in.fill]
	lane := in.lane
	if lane == nil && in.size >= leaseBytes {
		in.lane = in.s.packs.Lease()
		lane = in.lane
	}
	if lane == nil {
		lane = in.s.packs.Small()
	}
	place, err := lane.Append(ctx, in.s.packs.Chunk(p))
	if err != nil {
		return err
	}
	in.note(place.Pack)
	in.m.Add(meta.Extent{Pack: place.Pack, First: place.First, Count: 1, Bytes: int64(len(p))})
	in.fill = 0
	return nil
}

func (in *ingest) note(id meta.PackID) {
	if !slices.Contains(in.packs, id) {
		in.packs = append(in.packs, id)
	}
}

// Spill implements slab.Holder. An upload that has just come back from its client
// keeps its slab: it may be about to wait for the client again.
func (in *ingest) Spill() *slab.Slab {
	if !in.mu.TryLock() {
		return nil
	}
	defer in.mu.Unlock()
	sl := in.slab
	if sl != nil {
		if err := in.save(context.Background()); err != nil {
			in.err = fmt.Errorf("spilling: %w", err)
		}
		in.slab = nil
	}
	return sl
}

// save appends the bytes of the chunk so far that no tail record holds yet.
func (in *ingest) save(ctx context.Context) error {
	if in.slab == nil || in.fill == in.kept {
		return nil
	}
	if len(in.tail) >= maxSpills {
		if err := in.readBack(ctx); err != nil {
			return err
		}
	}
	p := in.slab.Bytes[in.kept:in.fill]
	place, err := in.s.packs.Small().Append(ctx, pack.Record{Type: pack.Tail, Payload: p, Plain: len(p)})
	if err != nil {
		return err
	}
	in.note(place.Pack)
	in.tail = append(in.tail, meta.Ref{Pack: place.Pack, Ordinal: place.First, Bytes: int64(len(p))})
	in.kept = in.fill
	return nil
}

// finish ends the last chunk; m is then the whole content.
func (in *ingest) finish(ctx context.Context) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.err != nil {
		return in.err
	}
	if in.fill > 0 {
		if err := in.need(ctx); err != nil {
			return err
		}
		if err := in.cut(ctx); err != nil {
			return err
		}
	}
	m, err := in.paged(ctx)
	in.m = m
	return err
}

// paged is the manifest as a row may hold it: a long one is laid in the packs.
func (in *ingest) paged(ctx context.Context) (meta.Manifest, error) {
	if len(in.m.Extents) < meta.MaxInlineManifest/24 || len(in.m.Encode()) <= meta.MaxInlineManifest {
		return in.m.Clone(), nil
	}
	lane := in.lane
	if lane == nil {
		lane = in.s.packs.Small()
	}
	var pages []meta.Ref
	for run := range slices.Chunk(in.m.Extents, extentsPerPage) {
		one := meta.Manifest{Extents: run}
		var bytes int64
		for _, e := range run {
			bytes += e.Bytes
		}
		text := one.Encode()
		place, err := lane.Append(ctx, pack.Record{Type: pack.Page, Payload: text, Plain: len(text)})
		if err != nil {
			return in.m, err
		}
		in.note(place.Pack)
		pages = append(pages, meta.Ref{Pack: place.Pack, Ordinal: place.First, Bytes: bytes})
	}
	return meta.Manifest{Pages: pages}, nil
}

// extentsPerPage keeps a manifest page below 64 KiB.
const extentsPerPage = 2048

// flush makes the chunks in lanes of their own durable; the commit does the rest.
func (in *ingest) flush(ctx context.Context) error {
	small := in.s.packs.Small().Pack()
	return in.s.packs.Flush(ctx, slices.DeleteFunc(slices.Clone(in.packs), func(id meta.PackID) bool { return id == small })...)
}

// isRead tells a failing client from a failing store.
func isRead(err error) bool {
	var r *readError
	return errors.As(err, &r)
}
