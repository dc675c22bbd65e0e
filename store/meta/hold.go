package meta

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"
)

// A COMMIT of the database costs the same for one batch as for ten, and makes nothing
// durable: the commit record does. Under load the transaction stays open while the next
// batches come, and their rows with it; those who wait for a batch are answered once its
// record is durable, as always. Held are the batches that have been answered and are not
// committed.
//
// Nobody sees that. Whoever asks the database (Reader.session) after a batch was
// answered waits until it is committed; the committer remembers for itself; a crash
// leaves the database behind the packs, and opening replays them, as it does after any
// loss of power. If the transaction must be undone, by a plan that fails or by the
// database, the held batches are done again from their records (redo), as in a replay.
//
// What is held waits for the next change a moment only (holdLinger), and nothing is held
// while somebody reads: a reader would wait for a flush, which it otherwise never does.

// The bounds of what is held.
const (
	holdBatches = 16
	holdBytes   = 1 << 20 // of records
	holdTime    = 20 * time.Millisecond
	holdLinger  = 500 * time.Microsecond
	holdQuiet   = 8 // batches without a reader, from which on one may be held

	lateRows = 64 // from which on held rows go in beside a flush, not at the COMMIT
)

// lag is what readers wait for.
type lag struct {
	wanted atomic.Bool
	done   chan struct{} // closed when nothing is held any more, or err is set
	err    error         // the batches that are held can not be committed
}

// mayHold decides, before the flush, whether the batch may be held.
func (d *DB) mayHold(record int) bool {
	if n := d.reads.Load(); n != d.readsSeen {
		d.readsSeen, d.quiet = n, 0
	} else {
		d.quiet++
	}
	busy := d.follow || time.Since(d.ended) < holdLinger || d.o.Hold < 0
	if !busy || d.quiet < d.o.Hold || !d.o.Room() {
		return false
	}
	if len(d.held) == 0 {
		d.heldSince, d.heldBytes = time.Now(), 0
	}
	d.heldBytes += record
	return len(d.held) < holdBatches-1 && d.heldBytes <= holdBytes && time.Since(d.heldSince) < holdTime
}

// hold keeps a batch whose record is durable. Before anybody is told of it.
func (d *DB) hold(record []byte, lsn uint64) {
	d.held = append(d.held, record)
	d.heldLSN = lsn
	if d.lag.Load() == nil {
		d.lag.Store(&lag{done: make(chan struct{})})
	}
}

// wanted reports whether a reader waits for what is held.
func (d *DB) wanted() bool {
	l := d.lag.Load()
	return l != nil && l.wanted.Load()
}

// apply tells the database the newest record that it has.
func (d *DB) apply(lsn uint64) error {
	_, err := d.writer.exec("UPDATE store SET applied = ? WHERE id = 1", int64(lsn))
	return err
}

// commitOpen commits what is in the open transaction; nothing is held then.
func (d *DB) commitOpen() error {
	if _, err := d.writer.exec("COMMIT"); err != nil {
		return err
	}
	d.o.Trace("COMMIT")
	d.released(nil)
	return nil
}

// commitHeld commits what is held, with nothing of another batch in the transaction.
func (d *DB) commitHeld() error {
	err := d.writer.putLate(d.late)
	if err == nil {
		d.late.clear()
		err = d.apply(d.heldLSN)
	}
	if err == nil {
		err = d.commitOpen()
	}
	return err
}

// settle commits what is held, between two batches.
func (d *DB) settle() {
	if len(d.held) == 0 {
		return
	}
	if err := d.Stopped(); err != nil { // by somebody else: see Distrust
		d.released(err)
		return
	}
	if err := d.commitHeld(); err != nil {
		d.rollback()
	}
}

// redo does the held batches again, whose transaction was undone. If that fails nothing
// more is written, and readers are told so: they would miss what was answered.
func (d *DB) redo() {
	if len(d.held) == 0 {
		return
	}
	err := d.redoHeld()
	if err == nil {
		err = d.commitOpen()
	}
	if err != nil {
		d.writer.exec("ROLLBACK")
		d.stop(err)
		d.released(d.Stopped())
	}
}

func (d *DB) redoHeld() error {
	if _, err := d.writer.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	for _, record := range d.held {
		_, _, ops, err := decodeRecord(record)
		if err != nil {
			return err
		}
		for _, op := range ops {
			if err := d.writer.apply(op); err != nil {
				return fmt.Errorf("again: op %d: %w", op.kind(), err)
			}
		}
	}
	return d.apply(d.heldLSN)
}

// released ends the holding; with an error, for good.
func (d *DB) released(err error) {
	clear(d.held)
	d.held = d.held[:0]
	l := d.lag.Load()
	if l == nil || l.err != nil {
		return
	}
	if l.err = err; err == nil {
		d.lag.Store(nil)
	}
	close(l.done)
}

// caughtUp waits until the database has what was answered before.
func (r *Reader) caughtUp() error {
	r.db.reads.Add(1)
	l := r.db.lag.Load()
	if l == nil {
		return nil
	}
	l.wanted.Store(true)
	select {
	case r.db.poke <- struct{}{}:
	default: // there is one
	}
	select {
	case <-l.done:
		return l.err
	case <-r.ctx.Done():
		return context.Cause(r.ctx)
	}
}
