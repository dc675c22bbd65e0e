package meta

import (
	"fmt"
	"sync/atomic"
	"time"
)

// The write-ahead log of SQLite, in pages of 4 KiB. A checkpoint writes its pages into
// the database and flushes both, which takes as long as the disk does: that is done
// beside the committer. But only a log of which nothing is left to write begins anew,
// and under load something always is. So from time to time the committer does the
// rest itself, between two batches, and waits a moment for readers to let go of it.
const (
	walWake    = 1000  // pages left to write, from which on somebody writes them
	walLittle  = 300   // pages left to write, that the committer may write itself
	walRestart = 6000  // pages, from which on the committer begins the log anew
	walRetry   = 500   // more pages, after an attempt that a reader was in the way of
	walPatient = 12000 // pages, from which on it waits longer for readers

	// walLong is what the log may have while a snapshot is held that is known to be long:
	// until then nobody tries to begin the log anew, which could only be waited for.
	walLong = 128 << 10

	boundEvery = 8 // batches, between two looks at the log
)

// How long the committer waits for readers, in milliseconds.
const (
	waitReaders  = 15
	waitPatient  = 1000
	waitForLocks = 10000 // as in the DSN
)

// checkpointer writes the log into the database, on a connection of its own.
type checkpointer struct {
	s     *session
	wake  chan struct{}
	busy  atomic.Bool
	done  chan struct{}
	tryAt int // pages; the committer's own
}

func (d *DB) startCheckpoints() error {
	if _, err := d.writer.row("PRAGMA wal_autocheckpoint = 0", nil, new(int)); err != nil {
		return err
	}
	s, err := newSession(d.o.Connect, d.dsn)
	if err != nil {
		return err
	}
	c := &checkpointer{s: s, wake: make(chan struct{}, 1), done: make(chan struct{}), tryAt: walRestart}
	d.check = c
	go func() {
		defer close(c.done)
		for range c.wake {
			if d.suspect.Load() {
				continue
			}
			_, _, _, err := checkpoint(c.s, "PASSIVE")
			if d.written(err); err != nil && d.o.Slog != nil {
				d.o.Slog.Warn("the log of the database could not be written back", "err", err)
			}
			c.busy.Store(false)
		}
	}()
	return nil
}

// end waits for a checkpoint under way and closes the connection.
func (c *checkpointer) end() error {
	close(c.wake)
	<-c.done
	return c.s.close()
}

// checkpoint reports the pages in the log, and how many of them the database has.
func checkpoint(s *session, mode string) (busy bool, log, done int, err error) {
	_, err = s.row("PRAGMA wal_checkpoint("+mode+")", nil, &busy, &log, &done)
	return busy, log, done, err
}

// bound keeps the log short. The committer calls it between two batches.
func (d *DB) bound() error {
	c := d.check
	_, log, done, err := checkpoint(d.writer, "NOOP")
	if err != nil {
		return err
	}
	if log < walRestart {
		c.tryAt = walRestart
	}
	left := log - done
	inVain := d.longs.Load() > 0 && log < walLong
	if !inVain && log >= c.tryAt && (left < walLittle || log >= walPatient) && !c.busy.Load() {
		wait := waitReaders
		if log >= walPatient {
			wait = waitPatient
		}
		begin := time.Now()
		if err := d.setWait(wait); err != nil {
			return err
		}
		busy, _, _, err := checkpoint(d.writer, "RESTART")
		d.written(err)
		if err != nil || busy {
			c.tryAt = log + walRetry
		}
		d.stats.restarted(begin, err == nil && !busy)
		return d.setWait(waitForLocks)
	}
	if !inVain && (left >= walWake || log >= c.tryAt && left >= walLittle) && !c.busy.Swap(true) {
		c.wake <- struct{}{}
	}
	return nil
}

// long says that a snapshot is held for long from now on, until end.
func (d *DB) long() (end func()) {
	d.longs.Add(1)
	return func() { d.longs.Add(-1) }
}

func (d *DB) setWait(ms int) error {
	_, err := d.writer.row(fmt.Sprintf("PRAGMA busy_timeout = %d", ms), nil, new(int))
	return err
}
