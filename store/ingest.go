package store

import (
	"context"
	"errors"
	"hash"
	"io"
	"sync"

	"cairn/store/chunk"
	"cairn/store/meta"
	"cairn/store/pack"
	"cairn/store/slab"
)

const (
	// slabBytes is the size of a buffer. A chunk takes up to sixteen.
	slabBytes = 256 << 10
	// doorBytes is what is read from a client that may have to be waited for. It is more
	// than net/http's own buffer, which then does not stand in between (see awaiter).
	doorBytes = 4096 + 512
)

// ingest takes one content apart into chunks as it arrives, and lays them in packs.
// It holds the slabs of one chunk at most. While it waits, for its client or for
// another slab, they can be taken away (Spill): their bytes go to a tail record and
// are read back when the chunk is complete, so that pressure never moves a border.
type ingest struct {
	s   *Store
	mu  sync.Mutex // held except while waiting
	cut chunk.Cutter

	// The chunk so far is fill bytes. slabs hold those from base on, a multiple of
	// slabBytes; tail records hold the first kept of them. base <= kept <= fill, and
	// without slabs kept = fill.
	slabs  []*slab.Slab
	base   int
	fill   int
	kept   int
	tail   []meta.Ref
	pinned bool // the last slab is being read into, without the lock
	// ending: the chunk is complete, but has to be read back before it is laid down. The
	// cutter stands at the next one already, so this is no moment to go on from.
	ending bool

	laying *laying       // the chunk before it, perhaps
	m      meta.Manifest // the chunks before those
	pages  []meta.Ref    // the first of m that are laid for good: see paged
	size   int64         // plain bytes taken, chunk so far included
	turn   int64         // size when slabs were last given back: see keepBytes
	lane   *pack.Lane
	held   holds
	err    error // a spill or a checkpoint that failed
	door   []byte
	hash   hash.Hash // fed with what is taken, if set

	idling sync.Mutex // keeps waits and what the budget was told together; after mu
	waits  bool       // for the client or for slabs, without mu
}

func (s *Store) newIngest() *ingest {
	door, ok := s.doors.Get().(*[doorBytes]byte)
	if !ok {
		door = new([doorBytes]byte)
	}
	return &ingest{s: s, door: door[:], held: holds{set: s.packs}}
}

// close gives back what is held. What was appended stays, unreferenced.
func (in *ingest) close() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.s.mem.Busy(in)
	in.settle()
	in.drop()
	if in.lane != nil {
		in.s.packs.Return(in.lane)
		in.lane = nil
	}
	in.held.release()
	if in.door != nil {
		in.s.doors.Put((*[doorBytes]byte)(in.door))
		in.door = nil
	}
}

// keepLaid gives back what is held of a content that is whole, and laid down, but for the
// pins: others need it.
func (in *ingest) keepLaid() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.drop()
	if in.lane != nil {
		in.s.packs.Return(in.lane)
		in.lane = nil
	}
	in.s.doors.Put((*[doorBytes]byte)(in.door))
	in.door = nil
}

// drop gives all slabs back, whatever is in them.
func (in *ingest) drop() {
	in.s.mem.Release(in.slabs...)
	in.slabs = nil
}

// readError marks an error as the client's, not the store's.
type readError struct{ err error }

func (e *readError) Error() string   { return ErrRead.Error() + ": " + e.err.Error() }
func (e *readError) Unwrap() []error { return []error{ErrRead, e.err} }

// isRead tells a failing client from a failing store.
func isRead(err error) bool {
	var r *readError
	return errors.As(err, &r)
}

// readFrom takes at most limit bytes from r and returns how many it took. A failure
// of r is a *readError; what arrived before it has been taken. after, if set, is
// called between reads.
//
// Who can be waited for without a buffer (awaiter) is, and is then read straight into a
// slab. Of the others, a client that is faster than the store is read straight into a
// slab as long as its reads come back full. One that may have to be waited for is read
// through a small buffer, so that all of its slabs can be spilled meanwhile. Whoever may
// have to be waited for with a slab in hand needs one of the few permissions for that.
func (in *ingest) readFrom(ctx context.Context, r io.Reader, limit int64, after func() error) (n int64, err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	aw, _ := r.(awaiter)
	for n < limit {
		var k int64
		var rerr, err error
		switch ready, prompt := in.await(aw); {
		case ready && prompt:
			k, rerr, err = in.readReady(ctx, r, limit-n)
		case ready && in.s.mem.Fast():
			k, rerr, err = in.readFast(ctx, r, limit-n)
			in.s.mem.Slow()
		default:
			k, rerr, err = in.readSlow(ctx, r, limit-n)
		}
		n += k
		if err == nil && after != nil && rerr == nil {
			err = after()
		}
		switch {
		case err != nil:
			return n, err
		case rerr == io.EOF:
			return n, nil
		case rerr != nil:
			return n, &readError{rerr}
		case k == 0 && ctx.Err() != nil:
			return n, &readError{context.Cause(ctx)}
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

// wait reads without the lock; slabs in hand may be spilled meanwhile, but for the
// last if p lies in it (pinned).
func (in *ingest) wait(r io.Reader, p []byte) (int, error) {
	in.away()
	n, err := r.Read(p)
	in.back()
	return n, err
}

// away gives the lock back to wait for something.
func (in *ingest) away() {
	in.idling.Lock()
	in.waits = true
	in.idling.Unlock()
	in.unlock()
}

// back ends that.
func (in *ingest) back() {
	in.mu.Lock()
	in.idling.Lock()
	defer in.idling.Unlock()
	in.waits = false
	in.s.mem.Busy(in)
}

// unlock gives the lock back and says that slabs in hand may be spilled, if somebody
// waits with them. Whoever has had the lock meanwhile must say so once more: a Spill
// that found it taken got nothing, and asks no second time.
func (in *ingest) unlock() {
	holds := len(in.slabs) > 0
	in.mu.Unlock()
	in.idling.Lock()
	defer in.idling.Unlock()
	if in.waits && holds {
		in.s.mem.Idle(in)
	}
}

// awaiter is a reader whose next bytes can be waited for without a buffer. Not ready: it
// cannot tell, and a read may wait. Prompt: a read returns with what is there; another
// may wait for more, with something in hand.
type awaiter interface {
	Await() (ready, prompt bool)
}

// await waits without the lock; slabs in hand may be spilled meanwhile.
func (in *ingest) await(aw awaiter) (ready, prompt bool) {
	if aw == nil {
		return false, false
	}
	in.away()
	ready, prompt = aw.Await()
	in.back()
	return ready, prompt
}

// readSlow reads through the door, and goes on with readFast if r was faster.
func (in *ingest) readSlow(ctx context.Context, r io.Reader, limit int64) (n int64, rerr, err error) {
	door := in.door[:min(int64(len(in.door)), limit)]
	k, rerr := in.wait(r, door)
	if in.err != nil {
		return 0, nil, in.err
	}
	if err := in.write(ctx, door[:k]); err != nil {
		return 0, nil, err
	}
	n = int64(k)
	if rerr == nil && k == len(in.door) && in.s.mem.Fast() {
		var m int64
		m, rerr, err = in.readFast(ctx, r, limit-n)
		in.s.mem.Slow()
		n += m
	}
	return n, rerr, err
}

// readReady reads straight into a slab what is there.
func (in *ingest) readReady(ctx context.Context, r io.Reader, limit int64) (n int64, rerr, err error) {
	if in.err != nil {
		return 0, nil, in.err
	}
	p, err := in.room(ctx)
	if err != nil {
		return 0, nil, err
	}
	if len(p) < len(in.door) { // a short one would go through net/http's buffer
		p = in.door
	}
	p = p[:min(int64(len(p)), limit)]
	k, rerr := r.Read(p)
	if &p[0] == &in.door[0] {
		err = in.write(ctx, p[:k])
	} else {
		_, err = in.took(ctx, p[:k])
	}
	return int64(k), rerr, err
}

// readFast reads straight into slabs until r has no more at once. It ends at the
// border of a chunk at the latest, so that others get the permission.
func (in *ingest) readFast(ctx context.Context, r io.Reader, limit int64) (n int64, rerr, err error) {
	for n < limit {
		if in.err != nil {
			return n, nil, in.err
		}
		p, err := in.room(ctx)
		if err != nil {
			return n, nil, err
		}
		p = p[:min(int64(len(p)), limit-n)]
		in.pinned = true
		k, rerr := in.wait(r, p)
		in.pinned = false
		if in.err != nil {
			return n, nil, in.err
		}
		cut, err := in.took(ctx, p[:k])
		n += int64(k)
		if cut || rerr != nil || err != nil || k < len(p) {
			return n, rerr, err
		}
	}
	return n, nil, nil
}

// write copies p behind the chunk so far.
func (in *ingest) write(ctx context.Context, p []byte) error {
	for len(p) > 0 {
		space, err := in.room(ctx)
		if err != nil {
			return err
		}
		k := copy(space, p)
		if _, err := in.took(ctx, space[:k]); err != nil {
			return err
		}
		p = p[k:]
	}
	return nil
}

// room is the free end of the last slab, which is never empty.
func (in *ingest) room(ctx context.Context) ([]byte, error) {
	if len(in.slabs) == 0 {
		if err := in.gather(ctx); err != nil {
			return nil, err
		}
	}
	at := in.fill - in.base
	if at == len(in.slabs)*slabBytes {
		got, err := in.more(ctx, 1)
		if err != nil {
			return nil, err
		}
		if len(in.slabs) == 0 { // spilled while waiting
			in.base = in.fill / slabBytes * slabBytes
			at = in.fill - in.base
		}
		in.slabs = append(in.slabs, got...)
	}
	return in.slabs[at/slabBytes].Bytes[at%slabBytes:], nil
}

// took counts p, which lies at the end of the last slab now: size and hash always
// agree. It reports whether p held the border of a chunk, which is laid down.
func (in *ingest) took(ctx context.Context, p []byte) (cut bool, err error) {
	in.fill += len(p)
	in.size += int64(len(p))
	if in.hash != nil {
		in.hash.Write(p)
	}
	n, cut := in.cut.Next(p)
	if !cut {
		return false, nil
	}
	return true, in.lay(ctx, in.fill-len(p)+n, false)
}
