package store

import (
	"context"
	"slices"
	"time"

	"cairn/store/meta"
)

// PruneOptions say what is pruned. The zero value applies the store's retention to all
// spaces.
type PruneOptions struct {
	// Retention is what to keep to; nil: that of the store.
	Retention *Retention
	// Space is the only one to look at; 0: all.
	Space SpaceID
	// Free is how many bytes of history are to go on top, the oldest of all spaces first,
	// until only the minimum is left.
	Free int64
	// DryRun only counts what would go: versions, trash and their bytes.
	DryRun bool
	// TrustClock takes the clock for right even if it has jumped.
	TrustClock bool
}

// Pruned is what Prune has dropped.
type Pruned struct {
	Versions int
	Trashed  int   // entries of the trash, each with all below it
	Spaces   int   // of accounts that were removed
	Bytes    int64 // of contents, as if nothing were shared
	Rows     int   // superseded rows
	Changes  int64 // entries of change logs
	// Jumped: the clock did, so that nothing counts as older than this moment.
	Jumped bool
}

func (p *Pruned) add(o Pruned) {
	p.Versions += o.Versions
	p.Trashed += o.Trashed
	p.Spaces += o.Spaces
	p.Bytes += o.Bytes
	p.Rows += o.Rows
	p.Changes += o.Changes
}

// Prune drops what of the past is to be kept no longer: versions, what lies in the trash,
// superseded rows, entries of change logs, and the spaces of accounts that are gone. It
// works beside everything else, in short transactions, each whole in itself: after a
// crash, or an error, with which it tells what it has done, it goes on at the next call.
// Calls take turns. What holds the bytes is not given back by it.
func (s *Store) Prune(ctx context.Context, o PruneOptions) (Pruned, error) {
	s.pruning.Lock()
	defer s.pruning.Unlock()
	p := &pruner{s: s, o: o, keep: s.keep(), gone: map[SpaceID]bool{}}
	if o.Retention != nil {
		p.keep = *o.Retention
	}
	if o.DryRun {
		p.dry = newDryRun()
	}
	err := p.run(ctx)
	return p.did, fail("prune", "", err)
}

func (s *Store) keep() Retention {
	if s.o.Retention != nil {
		return *s.o.Retention
	}
	return keepAll()
}

// prunePage is how many rows are looked at at once.
const prunePage = 512

// pruner is one Prune.
type pruner struct {
	s    *Store
	o    PruneOptions
	keep Retention
	ages ages
	did  Pruned
	dry  *dryRun          // nil: it is none
	gone map[SpaceID]bool // spaces that are dropped whole
}

func (p *pruner) run(ctx context.Context) (err error) {
	if p.dry == nil { // what was counted when it was detached
		if err := p.s.dropGone(ctx, new(Pruned)); err != nil {
			return err
		}
	}
	p.ages, p.did.Jumped, err = p.s.readWatch(ctx, p.o.TrustClock, p.dry == nil)
	if err != nil {
		return err
	}
	var spaces []meta.Space
	err = p.s.db.View(ctx, func(r *meta.Reader) error {
		all, err := allSpaces(r)
		for _, sp := range all {
			if p.o.Space == 0 || p.o.Space == sp.ID {
				spaces = append(spaces, sp)
			}
		}
		return err
	})
	each := func(step func(context.Context, meta.Space) error) {
		for _, sp := range spaces {
			if err == nil {
				err = step(ctx, sp)
			}
		}
	}
	each(p.removed)
	spaces = slices.DeleteFunc(spaces, func(sp meta.Space) bool { return p.gone[sp.ID] })
	each(p.trash)
	each(p.versions)
	if err == nil {
		err = p.count(ctx)
	}
	each(p.bytes)
	if err == nil && p.o.Free > 0 {
		err = p.release(ctx, spaces, p.o.Free)
	}
	if p.dry == nil {
		each(p.log)
	}
	return err
}

// age is a limit that is not below the minimum; ok is false if there is none.
func (p *pruner) age(limit time.Duration) (age time.Duration, ok bool) {
	return max(limit, p.keep.Minimum), limit >= 0
}

// trash drops what has been in the trash for long enough.
func (p *pruner) trash(ctx context.Context, sp meta.Space) error {
	age, ok := p.age(p.keep.TrashAge)
	line := p.ages.line()
	after := int64(0)
	for over := !ok; !over; {
		var ts []Trashed
		err := p.s.db.View(ctx, func(r *meta.Reader) (err error) {
			ts, err = r.TrashAfter(sp.ID, after, prunePage)
			return err
		})
		if err != nil || len(ts) == 0 {
			return err
		}
		after = ts[len(ts)-1].Seq
		var k int
		k, over = line.due(len(ts), func(i int) time.Time { return ts[i].Deleted }, age)
		if err := p.dropTrash(ctx, ts[:k]); err != nil {
			return err
		}
	}
	return nil
}

// versions drops those that were superseded long enough ago.
func (p *pruner) versions(ctx context.Context, sp meta.Space) error {
	age, ok := p.age(p.keep.Age)
	line := p.ages.line()
	after := int64(0)
	for over := !ok; !over; {
		var vs []meta.OldVersion
		err := p.s.db.View(ctx, func(r *meta.Reader) (err error) {
			if vs, err = r.OldVersions(sp.ID, after, prunePage); err == nil {
				err = dated(r, sp.ID, vs)
			}
			return err
		})
		if err != nil || len(vs) == 0 {
			return err
		}
		after = vs[len(vs)-1].Until
		var k int
		k, over = line.due(len(vs), func(i int) time.Time { return vs[i].At }, age)
		if err := p.dropVersions(ctx, vs[:k]); err != nil {
			return err
		}
	}
	return nil
}

// dated gives versions that the change log does not go back to the time of its oldest
// entry, since they are older.
func dated(r *meta.Reader, space SpaceID, vs []meta.OldVersion) error {
	var oldest time.Time
	for i := range vs {
		if !vs[i].At.IsZero() {
			continue
		}
		if oldest.IsZero() {
			cs, err := r.Changes(space, 0, 1)
			if err != nil || len(cs) == 0 {
				return err
			}
			oldest = cs[0].At
		}
		vs[i].At = oldest
	}
	return nil
}

// count drops the oldest versions of files that have too many.
func (p *pruner) count(ctx context.Context) error {
	for after, more := NodeID(0), p.keep.Count >= 0; more; {
		var nodes []NodeID
		err := p.s.db.View(ctx, func(r *meta.Reader) (err error) {
			nodes, after, more, err = r.Crowded(after, p.keep.Count)
			return err
		})
		for _, id := range nodes {
			if err == nil {
				err = p.countOf(ctx, id)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *pruner) countOf(ctx context.Context, id NodeID) error {
	line := p.ages.line()
	left := -1
	for after, over := int64(0), false; !over && left != 0; {
		var vs []meta.OldVersion
		err := p.s.db.View(ctx, func(r *meta.Reader) error {
			if left < 0 {
				n, err := r.CountVersions(id)
				if left = max(n-p.keep.Count, 0); err != nil {
					return err
				}
			}
			var err error
			vs, err = r.OldVersionsOf(id, after, min(left, prunePage))
			if err == nil && len(vs) > 0 {
				err = dated(r, vs[0].Space, vs)
			}
			return err
		})
		if err != nil || len(vs) == 0 || p.gone[vs[0].Space] || p.o.Space != 0 && vs[0].Space != p.o.Space {
			return err
		}
		after = vs[len(vs)-1].Until
		left -= len(vs)
		var k int
		k, over = line.due(len(vs), func(i int) time.Time { return vs[i].At }, p.keep.Minimum)
		if err := p.dropVersions(ctx, vs[:k]); err != nil {
			return err
		}
	}
	return nil
}

// bytes drops the oldest of a space's history that is too much. What snapshots pin does not
// count: nothing can be dropped of that, and it would push out all else.
func (p *pruner) bytes(ctx context.Context, sp meta.Space) error {
	if p.keep.Bytes < 0 {
		return nil
	}
	var have int64
	err := p.s.db.View(ctx, func(r *meta.Reader) (err error) {
		have, err = history(r, sp)
		return err
	})
	have -= p.dry.released(sp.ID)
	if err != nil || have <= p.keep.Bytes {
		return err
	}
	err = p.s.db.View(ctx, func(r *meta.Reader) error {
		pinned, err := r.PinnedBytes(sp.ID)
		have -= pinned
		return err
	})
	if err != nil || have <= p.keep.Bytes {
		return err
	}
	return p.release(ctx, []meta.Space{sp}, have-p.keep.Bytes)
}

// history is the bytes of a space's past.
func history(r *meta.Reader, sp meta.Space) (int64, error) {
	bytes, err := r.VersionBytes(sp.ID)
	if err != nil {
		return 0, err
	}
	trash, _, err := r.NodeByID(sp.Trash)
	return bytes + trash.Bytes, err
}
