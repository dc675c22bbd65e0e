package store

import (
	"context"
	"fmt"

	"cairn/store/meta"
	"cairn/store/pack"
	"cairn/store/slab"
)

// maxSpills bounds the pieces that a chunk is spilled in.
const maxSpills = 64

// more waits for n slabs. Those in hand may be spilled meanwhile.
func (in *ingest) more(ctx context.Context, n int) ([]*slab.Slab, error) {
	if got := in.s.mem.Try(n); got != nil {
		return got, nil
	}
	in.away()
	got, err := in.s.mem.Acquire(ctx, n)
	in.back()
	if err == nil && in.err != nil {
		in.s.mem.Release(got...)
		err = in.err
	}
	return got, err
}

// gather takes a first slab. A chunk that was spilled in very many pieces is read back,
// so that a dripping client cannot make their list grow.
func (in *ingest) gather(ctx context.Context) error {
	if len(in.tail) >= maxSpills {
		return in.readBack(ctx)
	}
	got, err := in.more(ctx, 1)
	if err != nil {
		return err
	}
	in.base = in.fill / slabBytes * slabBytes
	in.slabs = got
	return nil
}

// Spill implements slab.Holder. An upload that has just come back from its client
// keeps its slabs: it may be about to wait for the client again.
func (in *ingest) Spill() []*slab.Slab {
	if !in.mu.TryLock() {
		return nil
	}
	defer in.mu.Unlock()
	if len(in.slabs) == 0 {
		return nil
	}
	if in.err == nil { // else nobody will ask for the bytes any more
		if err := in.save(context.Background()); err != nil {
			in.err = fmt.Errorf("spilling: %w", err)
		}
	}
	give := len(in.slabs)
	if in.pinned {
		give--
	}
	got := in.slabs[:give:give]
	in.slabs = in.slabs[give:]
	in.base = in.fill / slabBytes * slabBytes // of the next byte, which is that of the pinned one
	return got
}

// save appends the bytes of the chunk so far that no tail record holds yet, and with
// them those of many small records that the slabs still have: their list must not grow
// with every few bytes that are made durable.
func (in *ingest) save(ctx context.Context) error {
	if in.fill == in.kept {
		return nil
	}
	first, from := len(in.tail), in.kept
	for first > 0 && from-int(in.tail[first-1].Bytes) >= in.base {
		first--
		from -= int(in.tail[first].Bytes)
	}
	if len(in.tail)-first < maxSpills {
		first, from = len(in.tail), in.kept
	}
	place, err := in.s.packs.Small().Append(ctx, pack.Record{Type: pack.Tail, Parts: in.parts(from, in.fill), Plain: in.fill - from})
	if err != nil {
		return err
	}
	in.held.took(place.Pack)
	in.tail = append(in.tail[:first:first], meta.Ref{Pack: place.Pack, Ordinal: place.First, Bytes: int64(in.fill - from)})
	in.kept = in.fill
	return nil
}

// parts are the bytes of the chunk so far between two offsets that the slabs hold.
func (in *ingest) parts(from, to int) [][]byte {
	out := make([][]byte, 0, len(in.slabs))
	for i, sl := range in.slabs {
		at := in.base + i*slabBytes
		lo, hi := max(0, from-at), min(slabBytes, to-at)
		if lo < hi {
			out = append(out, sl.Bytes[lo:hi])
		}
	}
	return out
}

// readBack fetches what was spilled, so that the slabs hold the whole chunk so far. The
// records stay as they are, but are not needed any more.
func (in *ingest) readBack(ctx context.Context) error {
	all := max(1, (in.fill+slabBytes-1)/slabBytes)
	if missing := in.base / slabBytes; len(in.slabs) > 0 && missing > 0 {
		if got := in.s.mem.Try(missing); got != nil {
			in.slabs, in.base = append(got, in.slabs...), 0
		}
	}
	if len(in.slabs) < all {
		// Not while holding any: two such would wait for one another.
		if err := in.save(ctx); err != nil {
			return err
		}
		in.drop()
		got, err := in.more(ctx, all)
		if err != nil {
			return err
		}
		in.slabs, in.base = got, 0
	}
	at := 0
	for _, ref := range in.tail {
		if ref.Bytes < 0 || int64(at)+ref.Bytes > int64(in.kept) {
			return fmt.Errorf("%w: a spilled piece of %d bytes", ErrCorrupt, ref.Bytes)
		}
		to := at + int(ref.Bytes)
		if err := in.s.packs.ReadInto(ctx, ref.Pack, ref.Ordinal, in.parts(at, to)...); err != nil {
			return fmt.Errorf("reading back a spilled chunk: %w", err)
		}
		at = to
	}
	if at != in.kept {
		return fmt.Errorf("%w: spilled pieces have %d bytes, not %d", ErrCorrupt, at, in.kept)
	}
	in.kept, in.tail = 0, nil
	return nil
}
