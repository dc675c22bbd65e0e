package store

import (
	"cmp"
	"context"
	"fmt"

	"cairn/store/meta"
	"cairn/store/pack"
)

// mend makes packs whole that lost power with several writes in flight, so that whole
// records lie behind lost ones. It does so if what is lost cannot be missed: no row
// refers to it, and no commit is among it. Every number from the checkpoint up to the newest
// commit is in some pack, so a lost commit can only have been one that the checkpoint has,
// or newer, and then was not acknowledged. After replay and before Start.
func (s *Store) mend(ctx context.Context) error {
	lost := s.packs.Lost()
	if len(lost) == 0 {
		return nil
	}
	st, _, err := s.db.State(ctx)
	if err != nil {
		return err
	}
	base, err := s.db.Checkpoint()
	if err != nil {
		return err
	}
	whole, err := s.packs.HasCommits(ctx, base.LSN, st.Applied)
	if err == nil && !whole {
		err = fmt.Errorf("%w: commits are missing", ErrCorrupt)
	}
	var needed map[meta.PackID]bool
	if err == nil {
		needed, err = s.needed(ctx, lost)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil { // in doubt they stay as they are
		s.o.Log.Error("damaged packs stay as they are: what they have lost may be missed", "err", err)
		return nil
	}
	for i := range lost {
		id := lost[i].Pack
		if needed[id] || i > 0 && lost[i-1].Pack == id {
			continue
		}
		n := 0
		for _, l := range lost {
			if l.Pack == id {
				n += int(l.Count)
			}
		}
		if err := s.packs.Mend(ctx, id); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			s.o.Log.Warn("a pack with writes that a crash cut off could not be mended; the next start tries again", "pack", id, "err", err)
			continue
		}
		s.o.Log.Warn("writes that a crash cut off were replaced by pads: nothing refers to them", "pack", id, "records", n)
	}
	return nil
}

// needed are the packs of which rows refer to lost records. An error: it cannot be told.
func (s *Store) needed(ctx context.Context, lost []pack.Lost) (map[meta.PackID]bool, error) {
	needed := map[meta.PackID]bool{}
	miss := func(id meta.PackID, first, count uint32) {
		for i := range lost {
			if lost[i].Holds(id, first, count) {
				needed[id] = true
			}
		}
	}
	manifest := func(m meta.Manifest, bad error) error {
		if err := cmp.Or(ctx.Err(), bad); err != nil {
			return err
		}
		for _, x := range m.Extents {
			miss(x.Pack, x.First, x.Count)
		}
		for _, ref := range m.Pages {
			miss(ref.Pack, ref.Ordinal, 1)
			// A page that is lost names others that are not known: all is in doubt.
			text, err := s.packs.Read(ctx, ref.Pack, ref.Ordinal, nil)
			if err != nil {
				return err
			}
			page, err := meta.DecodeManifest(text)
			if err != nil {
				return err
			}
			for _, x := range page.Extents {
				miss(x.Pack, x.First, x.Count)
			}
		}
		return nil
	}
	base, err := s.db.Checkpoint()
	for _, ref := range base.Records {
		miss(ref.Pack, ref.Ordinal, 1)
	}
	if err == nil {
		err = s.db.EachNode(func(n meta.Node, bad error) error { return manifest(n.Manifest, bad) })
	}
	if err == nil {
		err = s.db.EachVersion(func(v meta.Version, bad error) error { return manifest(v.Manifest, bad) })
	}
	if err == nil {
		err = s.db.EachPart(func(_ meta.Upload, p meta.Part, bad error) error {
			for _, ref := range p.Tail {
				miss(ref.Pack, ref.Ordinal, 1)
			}
			return manifest(p.Manifest, bad)
		})
	}
	return needed, err
}
