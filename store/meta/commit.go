package meta

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"
)

// The bounds of one transaction, after any of which the next change begins another:
// the writer is never held long, and a commit record stays far below what a pack
// takes.
const (
	maxBatch      = 256
	maxBatchOps   = 4096
	maxBatchBytes = 1 << 20
	maxBatchTime  = 20 * time.Millisecond
)

// change is one caller waiting for its transaction.
type change struct {
	ctx   context.Context
	packs []PackID
	plan  func(*Tx) error
	err   error
	late  bool // the plan failed when it had applied something: it is not run again
	done  chan struct{}
}

// Start begins to take changes, after opening has replayed the packs.
func (d *DB) Start(ctx context.Context) error {
	st, _, err := d.State(ctx)
	if err != nil {
		return err
	}
	d.epoch, d.lsn = st.Epoch, st.Applied
	d.near.clear()
	if err := d.startCheckpoints(); err != nil {
		return err
	}
	if _, err := d.writer.row("SELECT coalesce(max(id), 0) FROM node", nil, &d.lastID); err != nil {
		return err
	}
	d.mu.Lock()
	d.started = true
	d.mu.Unlock()
	go d.run()
	return nil
}

func (d *DB) isStarted() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.started
}

// Commit runs plan in the next batch and returns when its changes are durable, or
// with plan's error and no change. plan may run twice, on the committer's
// goroutine: it must only read and apply through its Tx, and not block. packs are
// those that the new rows refer to: what was appended to them is durable before the
// rows are. ctx ends the wait only while the change is still queued.
func (d *DB) Commit(ctx context.Context, packs []PackID, plan func(*Tx) error) error {
	if err := d.Stopped(); err != nil {
		return err
	}
	c := &change{ctx: ctx, packs: packs, plan: plan, done: make(chan struct{})}
	select {
	case d.queue <- c:
	case <-d.quit:
		return ErrClosed
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	select {
	case <-c.done:
		return c.err
	case <-d.done:
		select {
		case <-c.done:
			return c.err
		default:
			return ErrClosed
		}
	}
}

func (d *DB) run() {
	defer close(d.done)
	d.linger = time.NewTimer(time.Hour)
	d.linger.Stop()
	for c := d.next(); c != nil; c = d.next() {
		batch := d.gather(append(make([]*change, 0, 16), c))
		for len(batch) > 0 {
			batch = d.commitBatch(batch)
			d.unbound++
		}
		d.boundLog()
	}
}

// boundLog looks at the log of the database now and then, when nothing is held.
func (d *DB) boundLog() {
	if d.unbound < boundEvery || len(d.held) > 0 {
		return
	}
	d.unbound = 0
	if err := d.bound(); err != nil && d.o.Slog != nil {
		d.o.Slog.Warn("the log of the database could not be looked at", "err", err)
	}
}

// next waits for a change; nil ends the committer. While something is held it waits a
// moment only, and not at all for somebody who reads.
func (d *DB) next() *change {
	if len(d.held) > 0 {
		d.linger.Reset(holdLinger)
		select {
		case c := <-d.queue:
			d.linger.Stop()
			return c
		case <-d.poke:
		case <-d.linger.C:
		case <-d.quit:
		}
		d.linger.Stop()
		d.settle()
		d.boundLog()
	}
	select {
	case <-d.quit:
		return nil
	case c := <-d.queue:
		return c
	}
}

// gather adds what else is queued. Who is about to queue a change and only waits for a
// processor gets one first: a batch costs the same for one change as for eight. On an
// idle machine nobody does, and nothing is waited for.
func (d *DB) gather(batch []*change) []*change {
	for range 4 {
		before := len(batch)
		runtime.Gosched()
		for len(batch) < maxBatch && len(d.queue) > 0 {
			batch = append(batch, <-d.queue)
		}
		if len(batch) == before {
			break
		}
	}
	return batch
}

// commitBatch commits what fits of a batch and returns the rest.
func (d *DB) commitBatch(batch []*change) (rest []*change) {
	finish := func(cs []*change, err error) {
		for _, c := range cs {
			if c.err == nil {
				c.err = err
			}
			close(c.done)
		}
	}
	if err := d.Stopped(); err != nil {
		finish(batch, err)
		return nil
	}
	lap := lap{begin: time.Now()}
	n, tx, err := d.planBatch(batch)
	if err != nil { // the database itself failed: nothing was made durable
		d.rollback()
		finish(batch, fmt.Errorf("database: %w", dbError(err)))
		return nil
	}
	batch, rest = batch[:n], batch[n:]
	if tx.ops == 0 {
		if len(d.held) > 0 {
			d.settle()
		} else if _, err := d.writer.exec("ROLLBACK"); err != nil {
			d.stop(err)
		}
		finish(batch, nil)
		return rest
	}
	lsn := d.lsn + 1
	if err := d.makeDurable(batch, tx, lsn, &lap); err != nil {
		d.rollback()
		if errors.Is(err, ErrNotLogged) {
			unrefuse(batch)
			finish(batch, err)
			return rest
		}
		d.stop(err)
		finish(batch, d.Stopped())
		return rest
	}
	d.committed(tx, d.lastID)
	d.lsn, d.lastID = lsn, tx.lastID
	finish(batch, nil)
	if d.o.Changed != nil {
		for space := range tx.seqs {
			d.o.Changed(space)
		}
	}
	return rest
}

// rollback undoes the batch, and does those before it once more that were held. That
// the statement fails is no news: the database may have undone all by itself.
func (d *DB) rollback() {
	d.late.clear()
	d.near.clear()
	d.writer.exec("ROLLBACK")
	d.redo()
}

// makeDurable appends and flushes the commit record, and commits once that is done, or
// has the COMMIT wait for those of the next batches (hold). While the flush runs, what is
// late of the batch goes into the open transaction; if that fails, which it does only if
// the database itself does, the record may be durable all the same, as with a COMMIT that
// fails.
func (d *DB) makeDurable(batch []*change, tx *Tx, lsn uint64, lap *lap) error {
	var after []PackID
	for _, c := range batch {
		if c.err == nil {
			after = append(after, c.packs...)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	record := tx.rec.Take(lsn, tx.now)
	lap.planned = time.Now()
	hold := d.mayHold(len(record))
	rows := make(chan error, 1)
	if hold && tx.late.len() < lateRows {
		rows <- nil
	} else {
		go func() { // the flush waits for the disk, and lets this run
			err := tx.drain()
			if err == nil && !hold {
				err = d.apply(lsn)
			}
			rows <- err
		}()
	}
	logged := d.o.Log.Append(ctx, lsn, record, after)
	err := <-rows
	if logged != nil { // first: nothing is committed that is not durable
		return logged
	}
	if err != nil {
		return dbError(err)
	}
	lap.durable = time.Now()
	d.follow = len(d.queue) > 0
	if hold {
		d.hold(record, lsn)
		if d.wanted() {
			d.settle()
			err = d.Stopped()
		}
	} else {
		err = d.commitOpen()
	}
	if err != nil {
		return err
	}
	lap.end = time.Now()
	d.ended = lap.end
	d.stats.note(*lap, len(batch), len(record), len(d.held) > 0)
	return nil
}

// planBatch runs the plans of a batch in a new transaction and returns how many it
// took. A plan that fails before it applied anything only leaves its error; one that
// fails later, or that the database fails (which may end the transaction by itself),
// makes the others run again without it, in a transaction of their own.
func (d *DB) planBatch(batch []*change) (int, *Tx, error) {
again:
	if len(d.held) == 0 { // else it is open
		if _, err := d.writer.exec("BEGIN IMMEDIATE"); err != nil {
			return 0, nil, err
		}
	}
	begin, now := time.Now(), d.o.Now()
	if d.left == nil {
		d.left = newLeft(now)
	}
	tx := &Tx{Reader: Reader{s: d.writer, epoch: d.epoch}, now: now, near: &d.near, late: d.late, left: d.left,
		firstID: d.lastID, lastID: d.lastID, seqs: map[SpaceID]int64{}, sums: map[NodeID]*sum{}, grown: map[SpaceID]int64{}}
	tx.tx = tx
	n := 0
	for _, c := range batch {
		if n > 0 && (tx.ops > maxBatchOps || tx.Size() > maxBatchBytes || time.Since(begin) > maxBatchTime) {
			break
		}
		n++
		if c.err != nil {
			continue
		}
		if c.ctx.Err() != nil {
			c.err = context.Cause(c.ctx)
			continue
		}
		ops, pending, size := tx.ops, tx.pending, tx.Size()
		c.err = c.plan(tx)
		if c.err == nil && tx.late.unproven {
			tx.drain()
		}
		if tx.err != nil {
			c.err = dbError(tx.err)
		} else if c.err == nil && tx.Size()-size > maxPlanBytes {
			c.err = ErrTooLarge
		}
		if c.err == nil {
			continue
		}
		if tx.err != nil || tx.ops != ops || tx.pending != pending {
			c.late = true
			d.rollback()
			if err := d.Stopped(); err != nil {
				return 0, nil, err
			}
			unrefuse(batch[:n])
			goto again
		}
	}
	if err := tx.fold(); err != nil {
		return 0, nil, err
	}
	return n, tx, tx.err
}

// unrefuse takes back what was refused: it may have been because of what is undone.
func unrefuse(batch []*change) {
	for _, c := range batch {
		if !c.late {
			c.err = nil
		}
	}
}
