package store

import (
	"context"
	"hash/crc32"
	"slices"

	"cairn/store/chunk"
	"cairn/store/meta"
	"cairn/store/pack"
)

// leaseBytes is the content from which on an upload has a lane of its own.
const leaseBytes = 1 << 20

// keepBytes is the content after which an upload gives back the slabs that it keeps from
// chunk to chunk while others wait for some.
const keepBytes = 64 << 20

// laying is a chunk on its way to a pack, while the next one is read.
type laying struct {
	parts [][]byte
	n     int
	lane  *pack.Lane // nil: the small one
	lease bool       // take a lane if one is needed

	done  chan struct{}
	place pack.Place
	err   error // else the pack is pinned
}

// lay ends the chunk at its first n bytes and sees to it that it goes to a pack. What
// follows them, less than a slab, begins the next chunk. last says that nothing will.
// It may return before the chunk is there: see settle. A client that goes away does not
// end it: what has arrived is kept. An error is the store's, and ends the content.
func (in *ingest) lay(ctx context.Context, n int, last bool) error {
	ctx = context.WithoutCancel(ctx)
	if in.kept > 0 {
		in.ending = true
		err := in.readBack(ctx)
		in.ending = false
		if err != nil {
			in.err = err
			return err
		}
	}
	if err := in.settle(); err != nil {
		return err
	}
	l := &laying{parts: in.parts(0, n), n: n, lane: in.lane, lease: in.size >= leaseBytes || !last}
	rest := in.parts(n, in.fill)
	in.fill = 0
	if !last {
		if next := in.s.mem.Try(1); next != nil {
			slabs := in.slabs
			in.slabs = next
			in.begin(rest)
			l.done = make(chan struct{})
			in.laying = l
			go func() {
				in.s.lay(ctx, l)
				in.s.mem.Release(slabs...)
				close(l.done)
			}()
			return nil
		}
	}
	in.s.lay(ctx, l)
	if err := in.laid(l); err != nil {
		return err
	}
	in.begin(rest)
	if last || in.size-in.turn >= keepBytes {
		in.turn = in.size
		in.s.mem.Release(in.slabs[1:]...)
		in.slabs = in.slabs[:1]
	}
	return nil
}

// begin puts the first bytes of a chunk into the first slab.
func (in *ingest) begin(parts [][]byte) {
	for _, p := range parts {
		in.cut.Next(p) // shorter than any chunk: no border
		in.fill += copy(in.slabs[0].Bytes[in.fill:], p)
	}
}

// settle waits until the chunk on its way is in a pack, and in the manifest.
func (in *ingest) settle() error {
	l := in.laying
	if l == nil {
		return nil
	}
	<-l.done
	in.laying = nil
	return in.laid(l)
}

// laid takes the result. An error is that of the whole content: a chunk is missing.
func (in *ingest) laid(l *laying) error {
	if in.lane == nil {
		in.lane = l.lane
	}
	if l.err != nil {
		in.err = l.err
		return l.err
	}
	in.held.took(l.place.Pack)
	in.m.Add(meta.Extent{Pack: l.place.Pack, First: l.place.First, Count: 1, Bytes: int64(l.n)})
	return nil
}

// lay finds a chunk in the packs, or appends it.
func (s *Store) lay(ctx context.Context, l *laying) {
	id := chunk.Sum(&s.key, l.parts...)
	var known bool
	if l.place, known = s.packs.Find(id, l.n); known {
		s.hits.Add(1)
		return
	}
	rec := pack.Record{Type: pack.Chunk, ID: id, Plain: l.n, Parts: l.parts}
	for _, p := range l.parts {
		rec.PlainCRC = crc32.Update(rec.PlainCRC, crc32.IEEETable, p)
	}
	if l.lane == nil && l.lease {
		l.lane = s.packs.Lease()
	}
	lane := l.lane
	if lane == nil {
		lane = s.packs.Small()
	}
	l.place, l.err = s.appendChunk(ctx, lane, rec)
}

// appendChunk lays a chunk in a lane, compressed if that pays.
func (s *Store) appendChunk(ctx context.Context, lane *pack.Lane, rec pack.Record) (place pack.Place, err error) {
	if s.codec.Pays(rec.Parts...) {
		saved, err := s.codec.Encode(ctx, rec.Parts, func(stored []byte) (err error) {
			coded := rec
			coded.Parts, coded.Payload, coded.Codec = nil, stored, pack.Zstd
			place, err = lane.Append(ctx, coded)
			return err
		})
		if saved || err != nil {
			return place, err
		}
	}
	return lane.Append(ctx, rec)
}

// finish ends the last chunk; m is then the whole content.
func (in *ingest) finish(ctx context.Context) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.err != nil {
		return in.err
	}
	return in.end(ctx)
}

// endChunk lays the last chunk: all extents are in the manifest then.
func (in *ingest) endChunk(ctx context.Context) error {
	if in.fill > 0 {
		if err := in.lay(ctx, in.fill, true); err != nil {
			return err
		}
	}
	return in.settle()
}

// end is finish, under the lock.
func (in *ingest) end(ctx context.Context) error {
	if err := in.endChunk(ctx); err != nil {
		return err
	}
	m, err := in.paged(ctx)
	in.m = m
	return err
}

// extentsPerPage keeps a manifest page below 64 KiB.
const extentsPerPage = 2048

// paged is the manifest as a row may hold it: a long one is laid in the packs. Pages that
// are full, and whose last extent can grow no more, are laid once.
func (in *ingest) paged(ctx context.Context) (meta.Manifest, error) {
	if len(in.m.Extents) < meta.MaxInlineManifest/24 || len(in.m.Encode()) <= meta.MaxInlineManifest {
		return in.m.Clone(), nil
	}
	lane := in.lane
	if lane == nil {
		lane = in.s.packs.Small()
	}
	done := (len(in.m.Extents) - 1) / extentsPerPage // pages that stay as they are
	pages := slices.Clone(in.pages[:min(done, len(in.pages))])
	for run := range slices.Chunk(in.m.Extents[len(pages)*extentsPerPage:], extentsPerPage) {
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
		in.held.took(place.Pack)
		pages = append(pages, meta.Ref{Pack: place.Pack, Ordinal: place.First, Bytes: bytes})
		if len(pages) <= done {
			in.pages = append(in.pages[:len(pages)-1], pages[len(pages)-1])
		}
	}
	return meta.Manifest{Pages: pages}, nil
}

// flush makes the chunks in lanes of their own durable; the commit does the rest.
func (in *ingest) flush(ctx context.Context) error {
	small := in.s.packs.Small().Pack()
	return in.s.packs.Flush(ctx, slices.DeleteFunc(in.held.packs(), func(id meta.PackID) bool { return id == small })...)
}

// holds are the packs that a content refers to before a row does: pinned, so that none
// of them is dropped, and to be flushed before the row is there.
type holds struct {
	set *pack.Set
	ids []meta.PackID
}

// took holds a pack that Find or Append has pinned.
func (h *holds) took(id meta.PackID) {
	if slices.Contains(h.ids, id) {
		h.set.Unpin(id)
		return
	}
	h.ids = append(h.ids, id)
}

func (h *holds) packs() []meta.PackID { return slices.Clone(h.ids) }

func (h *holds) release() {
	for _, id := range h.ids {
		h.set.Unpin(id)
	}
	h.ids = nil
}
