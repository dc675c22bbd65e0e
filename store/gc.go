package store

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// GCOptions say how GC works.
type GCOptions struct {
	// Full compacts every pack of which more than a twentieth is not needed, and packs
	// that are still open. Else it is those of which live records take less than 1/1.3.
	Full bool
	// DryRun only counts.
	DryRun bool
	// Pace is the most bytes a second that compaction writes; 0: as fast as the disk.
	Pace int64
	// Progress is told how many bytes of packs that are to go, or to be written anew, are
	// done, of how many; may be nil.
	Progress func(done, total int64)
}

// Space is what the packs of a store hold, in bytes.
type Space struct {
	Packs       int
	Stored      int64 // of all packs, headers and footers included
	Live        int64 // what they would be without records that nothing refers to
	Reclaimable int64 // of the rest, what GC with these options gives back
}

// Collected is what GC found and did.
type Collected struct {
	Before, After Space
	Checkpoint    uint64 // number of the checkpoint that it wrote; 0: none was due
	Dropped       int    // packs that were deleted
	Compacted     int    // packs that were written anew, each by itself
	Merged        int    // packs of few records that were written into one object with others
	Left          int    // packs that were to be, and stay for now: in use, damaged, or no room to write
}

const (
	gcGroup    = 128             // packs that take no hits at once
	gcPatience = 2 * time.Second // for requests that hold one of them
	gcLook     = 5 * time.Millisecond
	// commitsMayTake is what commits may take before a checkpoint is written in their
	// place, if the last one is smaller.
	commitsMayTake = 16 << 20
)

// GC gives back the space of records that nothing refers to: of pruned versions, of
// uploads that were given up, and of commits that a newer checkpoint has. It works beside
// reads and writes; a second call waits for the first. Packs without a live record are
// deleted, others are compacted, emptiest first; those of few records share an object.
//
// What it removes nobody can refer to again: it has packs take no more hits, waits until
// no request holds one, and then looks at all rows as one snapshot has them. Packs that
// stay in use are left for the next time, as are damaged ones. Nothing depends on clocks.
// A crash at any point leaves a store that lacks nothing, and the next call goes on.
//
// Memory: a bit a record, about 150 bytes a pack. ErrCorrupt, with nothing removed, if a
// manifest cannot be read, so that nobody can tell what it needs; ErrClosed.
func (s *Store) GC(ctx context.Context, o GCOptions) (Collected, error) {
	end, err := s.begin()
	if err != nil {
		return Collected{}, fail("gc", Path(s.o.Dir), err)
	}
	defer end()
	ctx, cancel := s.untilClosed(ctx)
	defer cancel()
	select {
	case s.collecting <- struct{}{}:
		defer func() { <-s.collecting }()
	case <-ctx.Done():
		return Collected{}, fail("gc", Path(s.o.Dir), context.Cause(ctx))
	}
	if o.Progress == nil {
		o.Progress = func(done, total int64) {}
	}
	c := &collector{s: s, o: o}
	err = c.run(ctx)
	if c.surveyed {
		s.surveyed.Store(&Survey{Space: c.out.After, At: s.o.Clock(), Full: o.Full})
	}
	if o.DryRun {
		return c.out, fail("gc", Path(s.o.Dir), err)
	}
	if err := s.keepBallast(); err != nil {
		s.o.Log.Warn("no space is set aside for deletions on a full disk", "err", err)
	}
	return c.out, fail("gc", Path(s.o.Dir), err)
}

// begin keeps Close waiting until end.
func (s *Store) begin() (end func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.closing:
		return nil, ErrClosed
	default:
	}
	s.tasks.Add(1)
	return s.tasks.Done, nil
}

// untilClosed is ctx, which also ends when the store is closed.
func (s *Store) untilClosed(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		select {
		case <-s.closing:
			cancel(ErrClosed)
		case <-done:
		}
	}()
	return ctx, func() { close(done); cancel(nil) }
}

// flushDatabase has all that was committed to the database survive a loss of power: a
// commit is durable by its record, and the database itself only now and then.
func (s *Store) flushDatabase() error {
	f, err := s.fs.Open(filepath.Join(s.o.Dir, "meta.db-wal"), os.O_RDWR)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // nothing since it was opened
	}
	if err != nil {
		return err
	}
	err = f.Sync()
	if err != nil { // what SQLite takes for written may be gone
		s.db.Distrust(err)
	}
	return errors.Join(err, f.Close(), s.fs.SyncDir(s.o.Dir))
}
