package pack

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"cairn/store/meta"
)

// Lane is a place to append to: one open pack, and the next when it is full. Its
// methods may be called concurrently; appends to one lane wait for one another.
type Lane struct {
	set   *Set
	lock  chan struct{} // holds a token while somebody appends
	cur   *pack         // nil: the next append makes one. Under lock
	next  chan made     // the pack behind cur, as soon as it is made; nil: not begun. Under lock
	users int           // who leased it. Under set.mu
}

func newLane(s *Set) *Lane { return &Lane{set: s, lock: make(chan struct{}, 1)} }

// Small is the lane that small files, tails and commit records share.
func (s *Set) Small() *Lane { return s.small }

// Lease gives a data lane to one large upload, until Return: a free one, or a new one,
// or, when MaxLanes are in use, the least shared.
func (s *Set) Lease() *Lane {
	s.mu.Lock()
	defer s.mu.Unlock()
	var l *Lane
	if len(s.lanes) > 0 {
		l = slices.MinFunc(s.lanes, func(a, b *Lane) int { return cmp.Compare(a.users, b.users) })
	}
	if l == nil || l.users > 0 && len(s.lanes) < s.opt.MaxLanes-1 {
		l = newLane(s)
		s.lanes = append(s.lanes, l)
	}
	l.users++
	return l
}

// Return ends a lease.
func (s *Set) Return(l *Lane) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l.users--
}

// Append writes the records with one write, all into one pack with consecutive
// ordinals, and returns their place. They can be read at once, but are not durable
// before a Flush of that pack. The pack is pinned from the first moment on, since it may be
// sealed in the next: the caller must Unpin it. Payloads are not kept.
//
// After an error nothing was appended or pinned, and the file is cut back to its last record. If
// that fails the pack is left alone from then on, the error is an ErrLaneFailed, and a
// later Recover may find the records or not. ErrTooLarge, ErrClosed, object.ErrNoSpace.
// ctx ends the waiting for other appends and for full packs to be sealed.
func (l *Lane) Append(ctx context.Context, recs ...Record) (Place, error) {
	return l.append(ctx, nil, recs)
}

// Pack is the pack that the next append will most likely go to; 0: a new one.
func (l *Lane) Pack() meta.PackID {
	l.lock <- struct{}{}
	defer func() { <-l.lock }()
	if l.cur == nil {
		return 0
	}
	return l.cur.id
}

// AppendIn is Append, without the pin, into one pack only: ErrRotated, with nothing
// appended, if the lane has gone on to another, which Pack names then. So a record can be laid behind
// the records of that pack that it relies on.
func (l *Lane) AppendIn(ctx context.Context, id meta.PackID, recs ...Record) (Place, error) {
	return l.append(ctx, &id, recs)
}

func (l *Lane) append(ctx context.Context, only *meta.PackID, recs []Record) (Place, error) {
	d, err := newDraft(recs)
	if err != nil {
		return Place{}, err
	}
	if err := ctx.Err(); err != nil {
		return Place{}, err
	}
	select {
	case l.lock <- struct{}{}:
	case <-ctx.Done():
		return Place{}, ctx.Err()
	}
	defer func() { <-l.lock }()
	if err := l.ready(ctx, d); err != nil {
		return Place{}, err
	}
	if only != nil && l.cur.id != *only {
		return Place{}, ErrRotated
	}
	place, err := l.cur.append(d, only == nil)
	if err == nil {
		l.cur.sendBack()
		l.prepare()
	}
	if err == nil && !l.cur.fits(1, RecordBytes, l.set.opt.MaxBytes) {
		// Full: seal it now if that needs no waiting, else when the next append comes.
		select {
		case l.set.sealing <- struct{}{}:
			l.set.startSeal(l.cur)
			l.cur = nil
		default:
		}
	}
	return place, err
}

// ready sees to it that d fits into the lane's pack. Under lock.
func (l *Lane) ready(ctx context.Context, d *draft) error {
	s := l.set
	s.mu.Lock()
	closed := s.closed
	s.mu.Unlock()
	if closed {
		return ErrClosed
	}
	if l.cur != nil && !l.cur.usable() {
		s.forgetFresh(l.cur)
		l.cur = nil
	}
	if l.cur != nil && !l.cur.fits(len(d.entries), d.bytes, s.opt.MaxBytes) {
		select {
		case s.sealing <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		s.startSeal(l.cur)
		l.cur = nil
	}
	if l.cur != nil {
		return nil
	}
	p, err := l.fresh(ctx)
	if err != nil {
		return fmt.Errorf("new pack: %w", err)
	}
	if l == s.small && s.opt.Ahead > 0 {
		p.ahead = &ahead{fs: s.opt.FS, dir: s.opt.Dir, step: s.opt.Ahead, limit: s.opt.MaxBytes}
	}
	l.cur = p
	return nil
}

// prepare begins to make the lane's next pack when the current one is half full. To make a pack
// takes two flushes, and on a journalling file system each of them may wait for everything that the
// last 64 MiB have left in the page cache: the lane would stand still meanwhile. Under lock.
func (l *Lane) prepare() {
	if l.next != nil || l.cur.fits(1, l.set.opt.MaxBytes/2, l.set.opt.MaxBytes) {
		return
	}
	next := make(chan made, 1)
	l.next = next
	l.set.work.Go(func() { next <- l.set.create() })
}

// fresh is an empty pack: the one prepared, or a new one. Under lock.
func (l *Lane) fresh(ctx context.Context) (*pack, error) {
	var m made
	if l.next != nil {
		select {
		case m = <-l.next:
			l.next = nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if m.pack == nil { // also when it could not be made a while ago
		m = l.set.create()
	}
	if m.err != nil {
		return nil, m.err
	}
	l.set.enter(m.pack)
	return m.pack, nil
}
