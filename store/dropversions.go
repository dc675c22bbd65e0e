package store

import (
	"context"
	"sort"
	"time"

	"cairn/store/meta"
)

// VersionsSize implements API. What was superseded up to one change is as old as that
// change is. Nothing is older than the last jump of the clock, as for Prune.
func (s *Store) VersionsSize(ctx context.Context, sc Scope, age time.Duration) (p Past, err error) {
	err = s.db.View(ctx, func(r *meta.Reader) error { return wholeSpace(r, sc, MayRead) })
	if err != nil {
		return p, fail("versions size", "", err)
	}
	a, _, err := s.readWatch(ctx, false, false)
	if err != nil {
		return p, fail("versions size", "", err)
	}
	err = s.db.View(ctx, func(r *meta.Reader) error {
		upto := int64(always)
		if age > 0 {
			if upto, err = agedChange(r, sc.Space, a, age); err != nil {
				return err
			}
		}
		p.Entries, p.Bytes, p.Upto, err = r.VersionSum(sc.Space, upto)
		return err
	})
	return p, fail("versions size", "", err)
}

// agedChange is the number of the newest change of a space that is as old as age; 0: none
// is, or it is not known. It looks at a few entries of the change log, whose stamps follow
// one another since the clock has jumped last. Where they do not, before that, a stamp from
// the future makes it find less.
func agedChange(r *meta.Reader, space SpaceID, a ages, age time.Duration) (int64, error) {
	limit := a.now.Add(-age)
	if a.since.After(limit) {
		return 0, nil
	}
	newest, ok, err := r.NewestChange(space)
	if err != nil || !ok {
		return 0, err
	}
	first, err := r.Changes(space, 0, 1)
	if err != nil || len(first) == 0 {
		return 0, err
	}
	from := first[0].Seq
	n := sort.Search(int(newest.Seq-from+1), func(i int) bool {
		if err != nil {
			return true
		}
		var next []Change
		next, err = r.Changes(space, from+int64(i)-1, 1)
		return len(next) == 0 || next[0].At.After(limit)
	})
	if n == 0 {
		return 0, err
	}
	return from + int64(n) - 1, err
}

// DropVersions implements API. As Prune it does not ask for locks: they are about what
// files hold now.
func (s *Store) DropVersions(ctx context.Context, sc Scope, upto int64) (n int, err error) {
	after := int64(0)
	for more := true; more && err == nil; {
		one, next := 0, after
		err = s.freeing(ctx, func(tx *meta.Tx) error {
			one, next, more = 0, after, false
			if err := wholeSpace(&tx.Reader, sc, MayWrite); err != nil {
				return err
			}
			vs, err := tx.OldVersions(sc.Space, after, pruneBatch)
			if err != nil {
				return err
			}
			d := s.dropper(tx)
			for i, v := range vs {
				if v.Until > upto {
					return nil
				}
				if (one > 0 || i > 0 && v.Until-1 > after) && d.full() {
					next, more = v.Until-1, true // another one may have the same number
					return nil
				}
				pinned, err := d.pinnedRows(v.Space, v.Node)
				if err != nil {
					return err
				}
				next = v.Until
				if pinned.has(v.ID) {
					continue
				}
				if err := d.version(v); err != nil {
					return err
				}
				one++
			}
			if more = len(vs) == pruneBatch; more && one > 0 {
				next-- // here too
			}
			return nil
		})
		if err == nil {
			n, after = n+one, next
		}
	}
	return n, fail("drop versions", "", err)
}
