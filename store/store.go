// Package store keeps trees of files: bytes in packs, names in a database, both
// written so that what was acknowledged survives. DESIGN.md beside this file tells
// how; API in api.go lists what the doors may call.
package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"cairn/store/chunk"
	"cairn/store/meta"
	"cairn/store/object"
	"cairn/store/pack"
	"cairn/store/slab"
)

// DefaultMemoryBudget is the bytes that buffers and caches share unless Options say
// other.
const DefaultMemoryBudget = 96 << 20

// otherBytes is the part of the budget that is not slabs: the caches of the database
// (16 MiB) and of pack footers (8 MiB), and what is coded and decoded (24 MiB).
const otherBytes = 48 << 20

// leastSlabs are enough for the longest chunk and a quarter in the hands of clients.
const leastSlabs = 64

// aheadBytes is how much space a flush of small files finds allocated: see pack.Options.
const aheadBytes = 1 << 20

// skippedPacks is how many pack ids each run leaves out: see pack.Options.
const skippedPacks = 64

// Options say how a store is opened.
type Options struct {
	// Dir is the data folder; it is made if it is missing.
	Dir string
	// FS is the seam to the file system; nil is the operating system's.
	FS object.FS
	// MemoryBudget is the bytes that buffers and caches share; 0 is
	// DefaultMemoryBudget. Of less than 64 MiB, 64 MiB are taken.
	MemoryBudget int64
	Log          *slog.Logger
	// Clock is the time; nil is time.Now.
	Clock func() time.Time
	// Trace is told "COMMIT" after each commit of the database; nil for none.
	Trace func(event string)
	// Retention is how long the past is kept: it is applied once an hour. nil: for ever.
	Retention *Retention
	// VerifyReads has every chunk checked before any of it is sent, at the cost of
	// reading it whole. Without it raw chunks are sent as they lie.
	VerifyReads bool
	// Connect opens the database by another driver; nil is the usual one. For tests.
	Connect meta.Connect
	// PackBytes is what a pack may hold before it is sealed; 0 is 64 MiB. For tests.
	PackBytes int64
	// NoHints has no index of what sealed packs hold: only chunks of open packs are found
	// again. For tests.
	NoHints bool
	// Ballast is the bytes set aside on the disk, once there is plenty, so that deletions and
	// collections work when it is full; 0: none.
	Ballast int64
	// CollectEvery is how often GC runs by itself, slowly; 0: never.
	CollectEvery time.Duration
	// ScrubEvery is the time in which all that is stored is read once and checked, pack after
	// pack, at most ScrubRate bytes a second (0: as fast as the disk). 0: never.
	ScrubEvery time.Duration
	ScrubRate  int64
	// HoldCommits is meta.Options.Hold: -1 has COMMITs wait even while somebody reads. For
	// tests.
	HoldCommits int
	// Progress is told how many bytes of packs were read of those that opening has to read,
	// of how many; nil: nobody is.
	Progress func(done, total int64)
	// rebuild has the database made again, and told of it.
	rebuild *Rebuilt
	// restored says that the packs are those of a backup: Rebuild ends all sessions.
	restored bool
	// UnsafeFS accepts a data folder on a file system that loses or shares files.
	UnsafeFS bool
}

// Store is an open store: it has the data folder to itself. Safe for concurrent use.
type Store struct {
	o     Options
	fs    object.FS
	lock  interface{ Close() error }
	db    *meta.DB
	packs *pack.Set
	mem   *slab.Budget
	codec *chunk.Codec
	id    [16]byte  // of the store
	key   [32]byte  // of chunk ids
	doors sync.Pool // of *[doorBytes]byte

	plains *plains
	hits   atomic.Int64 // chunks that were stored already
	free   atomic.Pointer[freeAt]

	collecting chan struct{} // held by the one GC that runs
	soon       chan struct{} // one is wanted
	surveyed   atomic.Pointer[Survey]
	ballast    sync.Mutex // held while its file is made or removed

	scrubbing chan struct{} // held by the one who scrubs
	scrubs    *ledger

	mu      sync.Mutex
	busy    map[UploadID]bool // uploads that a request writes to
	closing chan struct{}
	changes changes
	closed  sync.Once
	reaper  chan struct{} // something is detached
	tasks   sync.WaitGroup

	pruning sync.Mutex // one at a time
	looking sync.Mutex
	looked  time.Time // at the clock
	full    pressure
	undoing chan struct{} // held by who plans an undo
	unheld  atomic.Bool   // what snapshots held is to be looked at again
}

var _ API = (*Store)(nil)

// Open opens the store in o.Dir, or makes one. It replays the commits that the
// database has not seen, all of them if the database is gone. ErrInUse, ErrUnsafeFS,
// ErrReadOnlyFS, ErrTooNew, ErrCorrupt.
func Open(ctx context.Context, o Options) (s *Store, err error) {
	if o.FS == nil {
		o.FS = object.OS()
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.MemoryBudget == 0 {
		o.MemoryBudget = DefaultMemoryBudget
	}
	if o.Dir, err = filepath.Abs(o.Dir); err != nil {
		return nil, err
	}
	s = &Store{o: o, fs: o.FS, busy: map[UploadID]bool{}, closing: make(chan struct{}), collecting: make(chan struct{}, 1), soon: make(chan struct{}, 1),
		reaper: make(chan struct{}, 1), undoing: make(chan struct{}, 2), scrubbing: make(chan struct{}, 1)}
	s.unheld.Store(true) // a crash may have left some
	var old *aside
	defer func() {
		if err != nil {
			if old != nil {
				err = errors.Join(err, old.back())
			}
			s.release()
			s, err = nil, &OpError{"open", o.Dir, err}
		}
	}()
	sb, err := s.takeFolder(ctx)
	if err != nil {
		return s, err
	}
	if s.mem, err = slab.New(max(o.MemoryBudget-otherBytes, leastSlabs*slabBytes), slabBytes); err != nil {
		return s, fmt.Errorf("memory budget of %d bytes: %w", o.MemoryBudget, err)
	}
	s.id, s.key = sb.Store, sb.Key
	s.codec = chunk.NewCodec(slab.Map)
	s.plains = newPlains(s)
	s.mem.SetCache(s.plains)
	hints := filepath.Join(o.Dir, "hints")
	if o.NoHints {
		hints = ""
	}
	s.packs, err = pack.Open(ctx, pack.Options{FS: s.fs, Dir: filepath.Join(o.Dir, "packs"), Store: sb.Store, Key: sb.Key,
		Skip: skippedPacks, Now: o.Clock, Decode: s.codec.Decode, Hints: hints, Ahead: aheadBytes,
		MaxBytes: o.PackBytes, OnSealed: s.sealed, Progress: o.Progress, Log: o.Log})
	if err != nil {
		return s, outward(err)
	}
	suspect, err := s.hasMark(markSuspect)
	if err != nil {
		return s, err
	}
	if suspect && o.rebuild == nil {
		o.Log.Warn("the database could not be flushed when the server ran last; it is made again from the packs")
		o.rebuild, s.o.rebuild = new(Rebuilt), new(Rebuilt)
	}
	if o.rebuild != nil {
		if old, err = s.setAside(ctx); err != nil {
			return s, outward(err)
		}
	}
	s.db, err = meta.Open(ctx, meta.Options{Path: filepath.Join(o.Dir, "meta.db"), Log: (*commitLog)(s), Now: o.Clock, Trace: o.Trace, Slog: o.Log, Connect: o.Connect,
		Hold: o.HoldCommits, Room: s.plentyFree, Suspect: s.suspect, Changed: s.changes.note})
	if err != nil {
		return s, outward(err)
	}
	if err = s.recover(ctx, sb, old); err != nil {
		return s, outward(err)
	}
	s.loadScrubs()
	if o.Retention != nil { // before anything gets a stamp of a wrong clock
		if _, _, err := s.readWatch(ctx, false, true); err != nil {
			o.Log.Warn("the clock is not looked at", "err", err)
		}
	}
	s.tasks.Go(s.sweep)
	if o.CollectEvery > 0 {
		s.tasks.Go(s.collectSometimes)
	}
	if o.ScrubEvery > 0 {
		s.tasks.Go(s.scrubSometimes)
	}
	return s, nil
}

// Close waits for the commits under way and shuts the store. Uploads keep what is
// durable of them. Calls that come later get ErrClosed.
func (s *Store) Close() error {
	var err error
	s.closed.Do(func() {
		s.mu.Lock()
		close(s.closing)
		s.mu.Unlock()
		s.tasks.Wait()
		s.saveScrubs(true)
		err = s.release()
	})
	return err
}

// release shuts what is open, in the order in which it depends on one another.
func (s *Store) release() error {
	var errs []error
	if s.db != nil {
		errs = append(errs, s.db.Close()) // after it no commit record is appended
	}
	if s.packs != nil {
		errs = append(errs, s.packs.Close())
	}
	if s.plains != nil {
		s.plains.close()
	}
	if s.mem != nil {
		errs = append(errs, s.mem.Close())
	}
	if s.codec != nil {
		errs = append(errs, s.codec.Free(slab.Unmap))
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	return errors.Join(errs...)
}

// Ready is nil while the store takes writes.
func (s *Store) Ready() error {
	select {
	case <-s.closing:
		return ErrClosed
	default:
	}
	return outward(s.db.Stopped())
}

// sealed registers a sealed pack in the database.
func (s *Store) sealed(in pack.Info) {
	err := s.db.Commit(context.Background(), nil, func(tx *meta.Tx) error {
		// A collection may have come first, which knew the pack by a row that a checkpoint had:
		// what is on its way out, or another by now, is not to be brought back.
		if now, ok := s.packs.Info(in.ID); !ok || now.Bytes != in.Bytes || now.Object != in.Object || s.packs.Draining(in.ID) {
			return nil
		}
		return tx.Apply(packRow(tx, in))
	})
	if err != nil && !errors.Is(err, meta.ErrClosed) {
		s.o.Log.Warn("a sealed pack is not registered yet; the next start will", "pack", in.ID, "err", err)
	}
}

// registerPack has the database know a pack as it is now.
func (s *Store) registerPack(ctx context.Context, in pack.Info) error {
	return s.freeing(ctx, func(tx *meta.Tx) error { return tx.Apply(packRow(tx, in)) })
}

// registerPacks is registerPack of many, in transactions of some.
func (s *Store) registerPacks(ctx context.Context, ins []pack.Info) error {
	for part := range slices.Chunk(ins, gcGroup) {
		err := s.freeing(ctx, func(tx *meta.Tx) error {
			for _, in := range part {
				if err := tx.Apply(packRow(tx, in)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func packRow(tx *meta.Tx, in pack.Info) *meta.PutPack {
	return &meta.PutPack{Pack: meta.Pack{ID: in.ID, Object: int64(in.Object), At: in.At, Bytes: in.Bytes,
		Records: int64(in.Records), Sealed: tx.Now(), Name: in.Name()}}
}

// liesAt reports whether a pack is where its row says.
func liesAt(row meta.Pack, in pack.Info) bool {
	return row.Bytes == in.Bytes && row.Object == int64(in.Object) && row.At == in.At
}

// reregister does so for packs that were compacted or merged without the database being told,
// as a crash between the two leaves them. A pack of another size for other reasons is damage,
// which verify tells of.
func (s *Store) reregister(ctx context.Context, rows ...meta.Pack) error {
	var ins []pack.Info
	dirs := map[string]bool{}
	for _, row := range rows {
		in, err := s.packs.Summary(ctx, row.ID)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err == nil && in.Generation > 0 && !liesAt(row, in) {
			ins = append(ins, in)
			dirs[filepath.Dir(filepath.Join(s.o.Dir, "packs", in.Name()))] = true
		}
	}
	// The process that gave a file its name may have died before it flushed the folder.
	for dir := range dirs {
		if err := s.fs.SyncDir(dir); err != nil {
			return err
		}
	}
	return s.registerPacks(ctx, ins)
}

// outward turns the errors of the packages below into the store's own.
func outward(err error) error {
	for _, m := range []struct{ from, to error }{
		{meta.ErrTooNew, ErrTooNew}, {pack.ErrVersion, ErrTooNew},
		{meta.ErrStopped, ErrStopped}, {meta.ErrClosed, ErrClosed},
		{meta.ErrGap, ErrCorrupt}, {meta.ErrFull, ErrNoSpace}, {meta.ErrTooLarge, ErrPropsTooLarge},
		{slab.ErrClosed, ErrClosed}, {chunk.ErrFrame, ErrCorrupt}, {pack.ErrClosed, ErrClosed}, {pack.ErrCorrupt, ErrCorrupt}, {pack.ErrForeign, ErrCorrupt}, {pack.ErrNotFound, ErrCorrupt},
		{object.ErrNoSpace, ErrNoSpace}, {object.ErrLocked, ErrInUse}, {object.ErrReadOnly, ErrReadOnlyFS},
	} {
		if errors.Is(err, m.from) && !errors.Is(err, m.to) {
			return fmt.Errorf("%w: %w", m.to, err)
		}
	}
	return err
}

// fail wraps what goes wrong at the edge of the store.
func fail(op string, p Path, err error) error {
	if err == nil {
		return nil
	}
	return &OpError{op, string(p), outward(err)}
}
