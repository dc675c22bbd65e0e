package store

import (
	"context"
	"time"

	"cairn/store/meta"
)

// SpaceUse is what a space holds, and what of that its owner could give back. Bytes are of
// contents, as if nothing were shared or compressed: what the disk gets back is less.
type SpaceUse struct {
	Bytes, Files int64 // as they are now; this is what the quota counts
	Quota        int64 // bytes; 0: none
	Available    int64 // bytes that can still be written: the smaller of quota and disk
	// Versions are older contents, of what lies in the trash too. Trash is what lies there,
	// without those.
	Versions, Trash Past
	// CollectEvery is how often the store gives back what nothing refers to any more; 0: it
	// does not by itself.
	CollectEvery time.Duration
}

// Past is a part of a space's history.
type Past struct {
	Entries int64 // versions; what was removed, each with all below it
	Bytes   int64
	// Since is when the oldest of it became that; zero: there is none, or nobody knows.
	Since time.Time
	// Upto is the newest change that added to it; 0: there is none.
	Upto int64
}

// always is no bound to change numbers.
const always = 1<<63 - 1

// SpaceUse implements API.
func (s *Store) SpaceUse(ctx context.Context, sc Scope) (u SpaceUse, err error) {
	err = s.db.View(ctx, func(r *meta.Reader) error {
		if err := wholeSpace(r, sc, MayRead); err != nil {
			return err
		}
		sp, _, err := r.Space(sc.Space)
		if err != nil {
			return err
		}
		root, _, err := r.NodeByID(sp.Root)
		if err != nil {
			return err
		}
		u.Bytes, u.Files, u.Quota = root.Bytes, root.Files, sp.Quota
		if u.Versions, err = pastVersions(r, sp.ID); err != nil {
			return err
		}
		u.Trash, err = pastTrash(r, &sp)
		return err
	})
	if err != nil {
		return SpaceUse{}, fail("space use", "", err)
	}
	u.CollectEvery = max(0, s.o.CollectEvery)
	u.Available, err = s.diskFree()
	if u.Quota > 0 {
		u.Available = max(0, min(u.Available, u.Quota-u.Bytes))
	}
	return u, fail("space use", "", err)
}

func pastVersions(r *meta.Reader, space SpaceID) (p Past, err error) {
	if p.Entries, p.Bytes, p.Upto, err = r.VersionSum(space, always); err != nil {
		return p, err
	}
	oldest, err := r.OldVersions(space, 0, 1)
	if err != nil || len(oldest) == 0 {
		return p, err
	}
	if err := dated(r, space, oldest); err != nil {
		return p, err
	}
	p.Since = oldest[0].At
	return p, nil
}

func pastTrash(r *meta.Reader, sp *meta.Space) (p Past, err error) {
	n, upto, err := r.CountTrash(sp.ID)
	if err != nil || n == 0 {
		return p, err
	}
	trash, _, err := r.NodeByID(sp.Trash)
	if err != nil {
		return p, err
	}
	oldest, err := r.TrashAfter(sp.ID, 0, 1)
	if len(oldest) > 0 {
		p.Since = oldest[0].Deleted
	}
	p.Entries, p.Bytes, p.Upto = int64(n), trash.Bytes, upto
	return p, err
}
