package store

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"time"

	"cairn/store/meta"
)

// content is what a file is to hold: whole, laid down, not yet referred to.
type content struct {
	manifest meta.Manifest
	size     int64
	modTime  time.Time // zero: now
}

// Put implements API.
func (s *Store) Put(ctx context.Context, sc Scope, p Path, r io.Reader, o PutOptions) (Written, error) {
	w, err := s.put(ctx, sc, p, r, o)
	return w, fail("put", p, err)
}

func (s *Store) put(ctx context.Context, sc Scope, p Path, r io.Reader, o PutOptions) (w Written, err error) {
	if err := s.db.Stopped(); err != nil {
		return w, err
	}
	room, err := s.mayPut(ctx, sc, p, o)
	if err != nil {
		return w, err
	}
	in := s.newIngest()
	defer in.close()
	if err := s.take(ctx, in, r, o.Size, room); err != nil {
		return w, err
	}
	if err := in.finish(ctx); err != nil {
		return w, err
	}
	ctx = context.WithoutCancel(ctx) // the bytes are here: what follows is short
	if err := in.flush(ctx); err != nil {
		return w, err
	}
	c := content{in.m, in.size, o.ModTime}
	err = s.db.Commit(ctx, in.held.packs(), func(tx *meta.Tx) error {
		w, err = planPut(tx, sc, p, c, o)
		return err
	})
	return w, err
}

// mayPut asks before the first byte what the commit will ask again, and returns how
// many bytes there is room for.
func (s *Store) mayPut(ctx context.Context, sc Scope, p Path, o PutOptions) (room int64, err error) {
	room, err = s.roughFree()
	if err != nil {
		return 0, err
	}
	if s.maySmallPut(sc, p, o, room) {
		return room, nil
	}
	if room, err = s.diskFree(); err != nil {
		return 0, err
	}
	reason := ErrNoSpace
	err = s.db.Look(ctx, func(r *meta.Reader) error {
		pl, err := allowPut(r, sc, p, s.o.Clock(), o)
		if err != nil {
			return err
		}
		left, err := quotaLeft(r, sc.Space)
		if err != nil {
			return err
		}
		if left += pl.node.Size; left < room {
			room, reason = left, ErrQuota
		}
		return nil
	})
	if err == nil && o.Size > room {
		err = reason
	}
	return room, err
}

// smallPut is a content that is taken in without asking all questions first.
const smallPut = 16 << 10

// maySmallPut reports whether a small file without conditions is likely to be taken, by
// what the committer remembers: a query would cost more than now and then a small
// record in vain. What could fill the disk in vain is asked: room, and locks, at
// which clients knock again and again.
func (s *Store) maySmallPut(sc Scope, p Path, o PutOptions, room int64) bool {
	if o.Size < 0 || o.Size > min(smallPut, room) || o.conditional() || p.IsRoot() || sc.need(MayWrite) != nil {
		return false
	}
	err := s.db.Glance(func(r *meta.Reader) error {
		up, err := find(r, sc, p.Dir())
		if err != nil {
			return err
		}
		if !up.node.IsFolder() {
			return ErrNotFolder
		}
		if locks, err := r.Locks(sc.Space); err != nil || len(locks) > 0 {
			return cmp.Or(err, ErrLocked)
		}
		left, err := quotaLeft(r, sc.Space)
		if err == nil && o.Size > left {
			err = ErrQuota
		}
		return err
	})
	return err == nil
}

// noQuota is what a space without a quota may still grow by.
const noQuota = int64(1) << 62

// quotaLeft is the bytes that a space may still grow by.
func quotaLeft(r *meta.Reader, space SpaceID) (int64, error) {
	sp, ok, err := r.Space(space)
	if err != nil {
		return 0, err
	}
	if !ok || sp.Removed {
		return 0, ErrNotExist
	}
	if sp.Quota == 0 {
		return noQuota, nil
	}
	root, _, err := r.NodeByID(sp.Root)
	return max(0, sp.Quota-root.Bytes), err
}

// take reads a body of size bytes (negative: until it ends) that may not have more
// than room.
func (s *Store) take(ctx context.Context, in *ingest, r io.Reader, size, room int64) error {
	limit := size
	if size < 0 {
		limit = room
	}
	n, err := in.readFrom(ctx, r, limit, nil)
	if err != nil {
		return err
	}
	if n < size {
		return fmt.Errorf("%w: %d of %d bytes", ErrIncomplete, n, size)
	}
	if n < limit {
		return nil
	}
	switch more, err := in.oneMore(r); {
	case err != nil:
		return err
	case more && size >= 0:
		return ErrTooLong
	case more:
		if free, err := s.diskFree(); err == nil && free == 0 {
			return ErrNoSpace
		}
		return ErrQuota
	}
	return nil
}

// allowPut finds the place of a write and checks everything but quota.
func allowPut(r *meta.Reader, sc Scope, p Path, now time.Time, o PutOptions) (place, error) {
	if err := sc.need(MayWrite); err != nil {
		return place{}, err
	}
	if p.IsRoot() {
		return place{}, ErrIsFolder
	}
	pl, err := resolve(r, sc, p)
	if err != nil {
		return pl, err
	}
	if pl.missing == nil && pl.exists && pl.node.IsFolder() {
		return pl, ErrIsFolder
	}
	if pl.missing != nil && !(o.Parents && pl.missing == ErrNoParent) {
		return pl, pl.missing
	}
	if err := o.check(r, sc, now, pl.nodeOrNil()); err != nil {
		return pl, err
	}
	ls, err := liveLocks(r, sc.Space, now)
	if err != nil {
		return pl, err
	}
	if !pl.exists {
		return pl, ls.allowName(sc, o.Tokens, &pl)
	}
	if pl.node.Size == 0 && pl.node.Author == sc.User && len(ls) > 0 {
		locks := ls.covering(pl.line(), true)
		pl.draft = len(locks) > 0 && allow(locks, sc, o.Tokens, p) == nil
	}
	return pl, ls.allowContent(sc, o.Tokens, pl.line(), p)
}

// planPut makes content the current version of the file at p.
func planPut(tx *meta.Tx, sc Scope, p Path, c content, o PutOptions) (Written, error) {
	pl, err := allowPut(&tx.Reader, sc, p, tx.Now(), o)
	if err != nil {
		return Written{}, err
	}
	if err := allowGrowth(tx, sc.Space, c.size-pl.node.Size); err != nil {
		return Written{}, err
	}
	if pl.missing != nil {
		if err := makeParents(tx, sc, &pl); err != nil {
			return Written{}, err
		}
	}
	created := !pl.exists
	if err := takeBack(tx, sc, &pl, 0); err != nil {
		return Written{}, err
	}
	w, err := writeFile(tx, sc, &pl, c)
	w.Created = created
	return w, err
}

// allowGrowth checks the quota of a space.
func allowGrowth(tx *meta.Tx, space SpaceID, bytes int64) error {
	sp, ok, err := tx.Space(space)
	if err != nil {
		return err
	}
	if !ok || sp.Removed {
		return ErrNotExist
	}
	if bytes <= 0 {
		tx.Grow(space, bytes)
		return nil
	}
	// What the batch has let grow so far counts. Only if it may also have shrunk are
	// the sums folded to know: a refusal should leave nothing to undo.
	left, err := quotaLeft(&tx.Reader, space)
	if err != nil {
		return err
	}
	grown, shrunk := tx.Grown(space)
	if bytes > left-grown && shrunk {
		if err := tx.Fold(); err != nil {
			return err
		}
		grown = 0
		if left, err = quotaLeft(&tx.Reader, space); err != nil {
			return err
		}
	}
	if bytes > left-grown {
		return ErrQuota
	}
	tx.Grow(space, bytes)
	return nil
}

// writeFile makes a file, or a new version of one, at a place that has been checked.
func writeFile(tx *meta.Tx, sc Scope, pl *place, c content) (Written, error) {
	seq, err := tx.NextSeq(sc.Space)
	if err != nil {
		return Written{}, err
	}
	now := tx.Now().UTC()
	if c.modTime.IsZero() {
		c.modTime = now
	}
	n := Node{Space: sc.Space, Parent: pl.parent().ID, Name: pl.path.Base(), Kind: File, Created: now}
	grown, kind, fresh := c.size, meta.Created, !pl.exists
	if pl.exists {
		n = pl.node
		grown, kind = c.size-n.Size, meta.Written
		keep, err := keepsContent(tx, pl, seq)
		if err == nil {
			err = supersede(tx, n, seq, keep)
		}
		if err != nil {
			return Written{}, err
		}
	} else {
		n.ID = tx.NewNodeID()
	}
	n.Since, n.Version, n.Author = seq, meta.NewVersionID(now), sc.User
	n.Size, n.ModTime, n.Manifest = c.size, c.modTime, c.manifest
	files := int64(0)
	if fresh {
		files = 1
	}
	err = tx.Apply(&meta.PutNode{Node: n, Key: keyOf(n.Name), Fresh: fresh}, change(tx, sc, n, seq, kind))
	tx.AddSum(n.Parent, grown, files, seq)
	return Written{n, fresh}, err
}

// supersede keeps a node's row as it was, and its content if that is to change.
func supersede(tx *meta.Tx, n Node, until int64, content bool) error {
	key := keyOf(n.Name)
	if err := tx.Apply(&meta.PutPast{Node: n, Key: key, Until: until}); err != nil {
		return err
	}
	if !content || n.IsFolder() {
		return nil
	}
	return tx.Apply(&meta.PutVersion{Version: Version{ID: n.Version, Node: n.ID, Space: n.Space, Size: n.Size, ModTime: n.ModTime,
		Author: n.Author, Manifest: n.Manifest, Since: n.Since, Until: until}})
}

func change(tx *meta.Tx, sc Scope, n Node, seq int64, kind meta.ChangeKind) *meta.PutChange {
	return &meta.PutChange{Change: Change{Space: n.Space, Seq: seq, Node: n.ID, Parent: n.Parent, Kind: kind, Author: sc.User, At: tx.Now()}}
}
