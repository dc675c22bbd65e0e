package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"cairn/store/chunk"
	"cairn/store/meta"
	"cairn/store/pack"

	"lukechampine.com/blake3"
)

// DigestForTest is a digest for tests.
func DigestForTest(p []byte) [32]byte { return blake3.Sum256(p) }

// SpillsForTest is how often a slab was taken from an idle upload.
func (s *Store) SpillsForTest() int64 {
	_, _, n := s.mem.Stats()
	return n
}

// HitsForTest is how many chunks were found in the packs.
func (s *Store) HitsForTest() int64 { return s.hits.Load() }

// CodedForTest is how many compressed chunks this run has appended, or found open.
func (s *Store) CodedForTest(ctx context.Context) (n int) {
	for _, p := range s.packs.Packs() {
		s.packs.EachEntry(ctx, p.ID, func(e *pack.Entry) {
			if e.Codec == pack.Zstd {
				n++
			}
		})
	}
	return n
}

// HogForTest takes all slabs but some, until release.
func (s *Store) HogForTest(leave int) (release func()) {
	total, _, _ := s.mem.Stats()
	slabs := s.mem.Try(total - leave)
	return func() { s.mem.Release(slabs...) }
}

// CheckpointForTest writes a checkpoint, as gc will.
func (s *Store) CheckpointForTest(ctx context.Context) (lsn uint64, err error) {
	return s.checkpoint(ctx)
}

// CheckpointAtForTest is where the last record of a checkpoint lies; 0: nowhere.
func (s *Store) CheckpointAtForTest(ctx context.Context, lsn uint64) (id meta.PackID, offset int64) {
	for _, p := range s.packs.Packs() {
		for n := uint32(0); ; n++ {
			es, err := s.packs.Entries(ctx, p.ID, n, 1)
			if err != nil {
				break
			}
			if es[0].Type == pack.Checkpoint && es[0].LSN() == lsn {
				id, offset = p.ID, es[0].Offset
			}
		}
	}
	return id, offset
}

// DropForTest drops a pack that nothing needs, as gc will: it is drained, and what is
// referred to is looked up when nobody has a pin any more. 0: none was dropped.
func (s *Store) DropForTest(ctx context.Context, pick func(n int) int) (meta.PackID, error) {
	all := slices.DeleteFunc(s.packs.Packs(), func(p pack.Info) bool { return !p.Sealed || p.Damaged })
	if len(all) == 0 {
		return 0, nil
	}
	id := all[pick(len(all))].ID
	for n := uint32(0); ; n++ {
		es, err := s.packs.Entries(ctx, id, n, 1)
		if errors.Is(err, pack.ErrNotFound) {
			break
		}
		if err != nil || es[0].Type == pack.Commit {
			return 0, err
		}
	}
	if !s.packs.Drain(id) {
		return 0, nil
	}
	needed := s.packs.Pinned(id)
	if !needed {
		var err error
		if needed, err = s.refersForTest(ctx, id); err != nil {
			s.packs.Undrain(id)
			return 0, err
		}
	}
	if needed {
		s.packs.Undrain(id)
		return 0, nil
	}
	return id, s.packs.Drop(ctx, id)
}

// refersForTest reports whether a row refers to a pack.
func (s *Store) refersForTest(ctx context.Context, id meta.PackID) (refers bool, err error) {
	manifest := func(m meta.Manifest) {
		for _, x := range m.Extents {
			refers = refers || x.Pack == id
		}
		refers = refers || len(m.Pages) > 0 // not looked into
	}
	err = s.db.View(ctx, func(r *meta.Reader) error {
		var walk func(folder NodeID) error
		walk = func(folder NodeID) error {
			kids, err := r.Children(folder, "", 1<<20)
			for _, k := range kids {
				if err == nil && k.IsFolder() {
					err = walk(k.ID)
				} else if err == nil {
					manifest(k.Manifest)
					var vs []Version
					vs, err = r.Versions(k.ID)
					for _, v := range vs {
						manifest(v.Manifest)
					}
				}
			}
			return err
		}
		roots, err := r.Children(0, "", 1<<20) // those of spaces, of copies, of what is dropped
		for _, n := range roots {
			if err == nil && n.IsFolder() {
				err = walk(n.ID)
			}
			manifest(n.Manifest)
			vs, err2 := r.Versions(n.ID)
			err = errors.Join(err, err2)
			for _, v := range vs {
				manifest(v.Manifest)
			}
		}
		if err != nil {
			return err
		}
		_, last, _, err := r.MaxIDs()
		users, err2 := r.Accounts()
		err = errors.Join(err, err2)
		for sp := SpaceID(1); sp <= last && err == nil; sp++ {
			for _, u := range users {
				ups, err := r.UnfinishedUploads(u.ID, sp, 1<<20)
				if err != nil {
					return err
				}
				for _, up := range ups {
					for _, p := range up.Parts {
						manifest(p.Manifest)
						for _, t := range p.Tail {
							refers = refers || t.Pack == id
						}
					}
				}
			}
		}
		return err
	})
	return refers, err
}

// PageForTest lays a manifest in the packs as an upload does, and reads it back.
func (s *Store) PageForTest(ctx context.Context, m meta.Manifest) (row meta.Manifest, back []meta.Extent, err error) {
	in := s.newIngest()
	defer in.close()
	in.m = m
	if row, err = in.paged(ctx); err != nil {
		return row, nil, err
	}
	back, err = s.extents(ctx, row)
	return row, back, err
}

// PutExtentsForTest makes a file of chunks that are stored already.
func (s *Store) PutExtentsForTest(ctx context.Context, sc Scope, p Path, extents []meta.Extent) (Written, error) {
	in := s.newIngest()
	defer in.close()
	var size int64
	for _, x := range extents {
		size += x.Bytes
	}
	in.m = meta.Manifest{Extents: extents}
	m, err := in.paged(ctx)
	if err != nil {
		return Written{}, err
	}
	var w Written
	err = s.db.Commit(ctx, in.held.packs(), func(tx *meta.Tx) (err error) {
		w, err = planPut(tx, sc, p, content{m, size, tx.Now()}, PutOptions{})
		return err
	})
	return w, err
}

// CheckpointsForTest adds extents as an upload does, has the manifest laid after every so
// many, goes on from what was laid if again is set, and calls see with what comes back.
func (s *Store) CheckpointsForTest(ctx context.Context, all []meta.Extent, every int, again bool, see func(have, back []meta.Extent)) error {
	in := s.newIngest()
	defer func() { in.close() }()
	for i, e := range all {
		in.m.Add(e)
		if i%every > 0 && i < len(all)-1 {
			continue
		}
		row, err := in.paged(ctx)
		if err != nil {
			return err
		}
		back, err := s.extents(ctx, row)
		if err != nil {
			return err
		}
		see(in.m.Extents, back)
		if again {
			in.close()
			if in, err = s.resume(ctx, meta.Part{Manifest: row}); err != nil {
				return err
			}
		}
	}
	return nil
}

// ChunksForTest lists the ids and lengths of a file's chunks.
func (s *Store) ChunksForTest(ctx context.Context, n Node) (out []string, err error) {
	extents, err := s.extents(ctx, n.Manifest)
	for _, x := range extents {
		es, err := s.packs.Entries(ctx, x.Pack, x.First, x.Count)
		if err != nil {
			return nil, err
		}
		for _, e := range es {
			out = append(out, fmt.Sprintf("%s %d", e.ID, e.Plain))
		}
	}
	return out, err
}

// CutForTest is what a content is cut into, as one piece.
func (s *Store) CutForTest(p []byte) (out []string) {
	var c chunk.Cutter
	for len(p) > 0 {
		n, cut := c.Next(p)
		if !cut {
			n = len(p)
		}
		out = append(out, fmt.Sprintf("%s %d", chunk.Sum(&s.key, p[:n]), n))
		p = p[n:]
	}
	return out
}

// PackBytesForTest is the bytes of all packs.
func (s *Store) PackBytesForTest() (n int64) {
	for _, p := range s.packs.Packs() {
		n += p.Bytes
	}
	return n
}

// CommitsForTest is what the committer has done so far.
func (s *Store) CommitsForTest() meta.Stats { return s.db.Stats() }

// VerifierForTest verifies folders that nobody uses meanwhile, locked or not. It saves
// the time for what is the same in many of them.
type VerifierForTest struct{ lent lent }

// SameForTest says what has not changed since the first folder.
type SameForTest struct{ Database, Commits bool }

// Verify is the package's.
func (k *VerifierForTest) Verify(ctx context.Context, o Options, v VerifyOptions, same SameForTest, report func(Finding)) (VerifyStats, error) {
	c, err := newVerifier(ctx, o, v, report)
	if err != nil {
		return VerifyStats{}, err
	}
	defer c.close()
	if same.Database {
		c.lent.live = k.lent.live
	}
	if same.Commits {
		c.lent.truth, c.lent.at = k.lent.truth, k.lent.at
	}
	err = c.run()
	if same.Database && same.Commits && k.lent.live == nil && err == nil {
		k.lent = lent{c.live, c.truth, c.applied}
		c.lent = k.lent
	}
	return c.stats, err
}

// Close ends that.
func (k *VerifierForTest) Close() {
	for _, db := range []*meta.DB{k.lent.live, k.lent.truth} {
		if db != nil {
			db.Close()
		}
	}
}

// SlabForTest takes a slab as somebody else would who needs one.
func (s *Store) SlabForTest(ctx context.Context) (release func(), err error) {
	got, err := s.mem.Acquire(ctx, 1)
	return func() { s.mem.Release(got...) }, err
}

// SlabsForTest is how many slabs there are, and how many of them are free.
func (s *Store) SlabsForTest() (total, free int) {
	total, free, _ = s.mem.Stats()
	return total, free
}

// CutterForTest is chunk's.
type CutterForTest = chunk.Cutter

// StageForTest copies a folder aside from a page that was read before meanwhile ran, in
// the same transaction if together is set, and lists what the copy holds.
func (s *Store) StageForTest(ctx context.Context, sc Scope, folder NodeID, together bool, meanwhile func(tx *meta.Tx) error) (names []string, err error) {
	var page kids
	err = s.db.View(ctx, func(r *meta.Reader) (err error) {
		page, err = readKids(r, branch{from: folder})
		return err
	})
	if err == nil && !together {
		err = s.db.Commit(ctx, nil, meanwhile)
	}
	if err != nil {
		return nil, err
	}
	var left []branch
	var root Node
	err = s.db.Commit(ctx, nil, func(tx *meta.Tx) (err error) {
		if together {
			if err := meanwhile(tx); err != nil {
				return err
			}
		}
		root = Node{ID: tx.NewNodeID(), Space: sc.Space, Kind: Folder, Created: tx.Now(), ModTime: tx.Now()}
		root.Name = stagePrefix + root.ID.String()
		if err := tx.Apply(&meta.PutNode{Node: root, Key: root.Name, Fresh: true}); err != nil {
			return err
		}
		left, _, err = stageSome(tx, sc, []branch{{from: folder, to: root.ID}}, []kids{page})
		return err
	})
	for err == nil && len(left) > 0 {
		pending := left
		err = s.db.Commit(ctx, nil, func(tx *meta.Tx) (err error) {
			left, _, err = stageSome(tx, sc, slices.Clone(pending), nil)
			return err
		})
	}
	if err != nil {
		return nil, err
	}
	err = s.db.View(ctx, func(r *meta.Reader) error {
		made, err := r.Children(root.ID, "", 1000)
		for _, n := range made {
			names = append(names, n.Name)
		}
		return err
	})
	return names, errors.Join(err, s.dropTree(ctx, root.ID))
}

// DropTreeForTest is dropTree.
func (s *Store) DropTreeForTest(ctx context.Context, id NodeID) error { return s.dropTree(ctx, id) }

// LeaveStagedForTest copies a folder aside and leaves it there, as a crash does.
func (s *Store) LeaveStagedForTest(ctx context.Context, sc Scope, p Path) error {
	n, err := s.Stat(ctx, sc, p)
	if err == nil {
		_, err = s.stage(ctx, sc, n)
	}
	return err
}

// StagedForTest is how many staged trees there are.
func (s *Store) StagedForTest(ctx context.Context) (n int, err error) {
	err = s.db.View(ctx, func(r *meta.Reader) error {
		roots, err := r.Children(0, stagePrefix, 1000)
		for _, root := range roots {
			if strings.HasPrefix(root.Name, stagePrefix) {
				n++
			}
		}
		return err
	})
	return n, err
}

// DumpForTest is all rows, one a line, but for the epoch.
func (s *Store) DumpForTest(ctx context.Context) (out []string, err error) {
	err = s.db.Dump(ctx, func(uint64) {}, func(op meta.Op) error {
		switch op.(type) {
		case *meta.PutEpoch, *meta.PutPack: // the newest pack is another after a restart
		default:
			out = append(out, fmt.Sprintf("%T %+v", op, op))
		}
		return nil
	})
	return out, err
}
