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
		for next := (&planned{batch: batch}); next != nil; d.unbound++ {
			next = d.commitBatch(next)
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

// planned is a batch; tx is its plans, if they have been made and nothing has failed.
type planned struct {
	batch []*change
	tx    *Tx
	begin time.Time
}

func finish(cs []*change, err error) {
	for _, c := range cs {
		if c.err == nil {
			c.err = err
		}
		close(c.done)
	}
}

// commitBatch commits what fits of a batch, and returns the next: what is left of it, or
// what was planned meanwhile.
func (d *DB) commitBatch(p *planned) (next *planned) {
	if err := d.Stopped(); err != nil {
		finish(p.batch, err)
		return nil
	}
	lap := lap{begin: p.begin, ahead: p.tx != nil}
	batch, tx := p.batch, p.tx
	var rest []*change
	var err error
	if tx != nil {
		err = errors.Join(tx.fold(), tx.err)
	} else {
		lap.begin = time.Now()
		var n int
		n, tx, err = d.planBatch(batch)
		batch, rest = batch[:n], batch[n:]
	}
	if err != nil { // the database itself failed: nothing was made durable
		d.rollback()
		finish(p.batch, fmt.Errorf("database: %w", dbError(err)))
		return nil
	}
	if len(rest) > 0 {
		next = &planned{batch: rest}
	}
	if tx.ops == 0 {
		if len(d.held) > 0 {
			d.settle()
		} else if _, err := d.writer.exec("ROLLBACK"); err != nil {
			d.stop(err)
		}
		finish(batch, nil)
		return next
	}
	ahead, err := d.makeDurable(batch, tx, d.lsn+1, next == nil, &lap)
	if next == nil {
		next = ahead
	}
	if err != nil {
		d.rollback()
		if errors.Is(err, ErrNotLogged) {
			unrefuse(batch)
			finish(batch, err)
			return next
		}
		d.stop(err)
		finish(batch, d.Stopped())
		return next
	}
	d.committed(tx, d.lastID)
	d.lsn, d.lastID = d.lsn+1, tx.lastID
	finish(batch, nil)
	if ahead != nil && ahead.tx == nil { // a plan of it has failed late
		d.rollback()
	}
	return next
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
// fails. Or, if the batch is held, the next one is planned on top of it.
func (d *DB) makeDurable(batch []*change, tx *Tx, lsn uint64, last bool, lap *lap) (next *planned, err error) {
	var after []PackID
	for _, c := range batch {
		if c.err == nil {
			after = append(after, c.packs...)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	record := encodeRecord(lsn, tx.now, tx.ops, tx.rec.buf)
	lap.planned = time.Now()
	hold := d.mayHold(len(record))
	var logged error
	if hold && tx.late.len() < lateRows {
		flushed := make(chan error, 1)
		go func() { flushed <- d.o.Log.Append(ctx, lsn, record, after) }()
		if last {
			next, logged = d.planAhead(tx, flushed)
		} else {
			logged = <-flushed
		}
	} else {
		rows := make(chan error, 1)
		go func() { // the flush waits for the disk, and lets this run
			err := tx.drain()
			if err == nil && !hold {
				err = d.apply(lsn)
			}
			rows <- err
		}()
		logged = d.o.Log.Append(ctx, lsn, record, after)
		err = <-rows
	}
	if logged != nil { // first: nothing is committed that is not durable
		if next != nil { // it was planned on what is not to be
			next.forget()
		}
		return next, logged
	}
	if err != nil {
		return nil, dbError(err)
	}
	lap.durable = time.Now()
	d.follow = next != nil || len(d.queue) > 0
	if hold {
		d.hold(record, lsn)
		if next == nil && d.wanted() {
			d.settle()
			err = d.Stopped()
		}
	} else {
		err = d.commitOpen()
	}
	if err != nil {
		return next, err
	}
	lap.end = time.Now()
	d.ended = lap.end
	d.stats.note(*lap, len(batch), len(record), len(d.held) > 0)
	return next, nil
}

// planAhead plans what comes while a record is being flushed, in the transaction that
// its rows are in. If a plan fails late, nothing more is taken, and what there is has to be
// planned again: tx is nil then. Nothing more is taken either when the record is durable,
// when somebody reads, and after the time of a batch: the clock of a batch stands still.
func (d *DB) planAhead(before *Tx, flushed <-chan error) (next *planned, logged error) {
	failed := false
	take := func(c *change) {
		if next == nil {
			next = &planned{begin: time.Now(), tx: d.newTx(before.lastID)}
		}
		next.batch = append(next.batch, c)
		failed = !d.plan(next.tx, c)
	}
	more := func() bool {
		return !failed && !d.wanted() && (next == nil || len(next.batch) < maxBatch && next.tx.ops <= maxBatchOps &&
			next.tx.Size() <= maxBatchBytes && time.Since(next.begin) < maxBatchTime)
	}
	for {
		queue := d.queue
		if len(flushed) > 0 || !more() {
			queue = nil
		}
		select {
		case c := <-queue:
			take(c)
		case logged = <-flushed:
			if failed {
				next.again()
			}
			return next, logged
		}
	}
}

// forget has a batch planned again as if it never had been.
func (p *planned) forget() {
	p.tx = nil
	for _, c := range p.batch {
		c.err, c.late = nil, false
	}
}

// again has it planned again without the plans that failed late.
func (p *planned) again() {
	p.tx = nil
	unrefuse(p.batch)
}

// unrefuse takes back what was refused: it may have been because of what is undone.
func unrefuse(batch []*change) {
	for _, c := range batch {
		if !c.late {
			c.err = nil
		}
	}
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
	begin := time.Now()
	tx := d.newTx(d.lastID)
	n := 0
	for _, c := range batch {
		if n > 0 && (tx.ops > maxBatchOps || tx.Size() > maxBatchBytes || time.Since(begin) > maxBatchTime) {
			break
		}
		n++
		if c.err == nil && !d.plan(tx, c) {
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

func (d *DB) newTx(lastID NodeID) *Tx {
	tx := &Tx{Reader: Reader{s: d.writer, epoch: d.epoch}, now: d.o.Now(), near: &d.near, late: d.late,
		firstID: lastID, lastID: lastID, seqs: map[SpaceID]int64{}, sums: map[NodeID]*sum{}, grown: map[SpaceID]int64{}}
	tx.tx = tx
	return tx
}

// plan runs a plan. False: it failed after it had applied something, or the database
// failed; the transaction is of no use any more.
func (d *DB) plan(tx *Tx, c *change) bool {
	if c.ctx.Err() != nil {
		c.err = context.Cause(c.ctx)
		return true
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
	c.late = c.err != nil && (tx.err != nil || tx.ops != ops || tx.pending != pending)
	return !c.late
}
