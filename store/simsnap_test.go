package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"cairn/store"
)

// simSnaps is what snapshots show, by their names.
type simSnaps map[string]map[store.Path]simNode

// differs says how what a store shows differs from what was there; "" if it does not.
func (s simSnaps) differs(seen simSnaps) string {
	for name, tree := range s {
		shown, ok := seen[name]
		if !ok {
			return fmt.Sprintf("snapshot %s is not there", name)
		}
		if d := shows(tree, shown); d != "" {
			return fmt.Sprintf("snapshot %s: %s", name, d)
		}
	}
	for name := range seen {
		if _, ok := s[name]; !ok {
			return fmt.Sprintf("snapshot %s should not be there", name)
		}
	}
	return ""
}

// shows compares names, kinds and contents.
func shows(want, got map[store.Path]simNode) string {
	for p, n := range want {
		is, ok := got[p]
		if !ok || is.folder != n.folder || !bytes.Equal(is.content, n.content) {
			return fmt.Sprintf("%s is a folder: %v, of %d bytes; it was one: %v, of %d (there: %v)", p, is.folder, len(is.content), n.folder, len(n.content), ok)
		}
	}
	for p := range got {
		if _, ok := want[p]; !ok {
			return fmt.Sprintf("%s was not there", p)
		}
	}
	return ""
}

// simLookBack reads all that snapshots show.
func simLookBack(s *store.Store, sc store.Scope) (simSnaps, error) {
	ctx := context.Background()
	all, err := s.Snapshots(ctx, sc)
	out := simSnaps{}
	for _, sn := range all {
		tree := map[store.Path]simNode{}
		var walk func(p store.Path) error
		walk = func(p store.Path) error {
			kids, err := s.ListAt(ctx, sc, sn.ID, p, "", 1000)
			if err != nil {
				return err
			}
			for _, k := range kids {
				q, n := p.Join(k.Name), simNode{folder: k.IsFolder()}
				if n.folder {
					err = walk(q)
				} else {
					n.content, err = readAt(ctx, s, sc, sn.ID, q)
				}
				if err != nil {
					return fmt.Errorf("snapshot %s: %s: %w", sn.Name, q, err)
				}
				tree[q] = n
			}
			return nil
		}
		if err := walk(store.Root); err != nil {
			return nil, err
		}
		out[sn.Name] = tree
	}
	return out, err
}

func readAt(ctx context.Context, s *store.Store, sc store.Scope, id store.SnapshotID, p store.Path) ([]byte, error) {
	c, err := s.OpenAt(ctx, sc, id, p)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	var b bytes.Buffer
	_, err = c.WriteRange(ctx, &b, 0, c.Node().Size)
	return b.Bytes(), err
}

// snap makes a snapshot, drops one, or makes the tree what one shows.
func (w *simWorker) snap(ctx context.Context, r *rand.Rand, s *store.Store) simOp {
	names := slices.Sorted(maps.Keys(w.state.snaps))
	if len(names) == 0 || len(names) < 3 && r.IntN(2) == 0 {
		w.made++
		name := fmt.Sprint("s", w.made)
		return simOp{name: "make snapshot " + name, run: func(s *store.Store) error {
			_, err := s.MakeSnapshot(ctx, w.sc, name)
			return err
		}, did: func(st *simState) {
			st.snaps = maps.Clone(st.snaps)
			st.snaps[name] = maps.Clone(st.nodes)
		}}
	}
	name := names[r.IntN(len(names))]
	id, err := snapNamed(ctx, s, w.sc, name)
	if r.IntN(3) == 0 {
		return simOp{name: "drop snapshot " + name, run: func(s *store.Store) error {
			if err == nil {
				err = s.DropSnapshot(ctx, w.sc, id)
			}
			return err
		}, did: func(st *simState) {
			st.snaps = maps.Clone(st.snaps)
			delete(st.snaps, name)
		}}
	}
	whole := false
	return simOp{name: "revert to " + name, run: func(s *store.Store) error {
		if err != nil {
			return err
		}
		did, err := s.Revert(ctx, w.sc, id, "", store.Conditions{Tokens: []string{w.token}})
		if whole = err == nil && did.LeftOut == 0; errors.Is(err, store.ErrQuota) {
			err = nil
		}
		if err == nil && !whole && did.LeftOut > 0 {
			return fmt.Errorf("left as they are: %+v", did.Left)
		}
		return err
	}, did: func(st *simState) {
		if st.mixed = true; !whole { // the quota
			return
		}
		clear(st.nodes)
		for p, n := range st.snaps[name] {
			st.nodes[p] = simNode{folder: n.folder, content: n.content}
		}
		st.exact = true
	}, half: func(st *simState) { st.mixed, st.exact = true, false }}
}

func snapNamed(ctx context.Context, s *store.Store, sc store.Scope, name string) (store.SnapshotID, error) {
	all, err := s.Snapshots(ctx, sc)
	for _, sn := range all {
		if sn.Name == name {
			return sn.ID, nil
		}
	}
	if err == nil {
		err = fmt.Errorf("snapshot %s: %w", name, store.ErrNotExist)
	}
	return 0, err
}

// mixedDiffers compares a state after a revert, of which not all is known: what lies where
// if it was whole, nothing of the tree else.
func (s *simState) mixedDiffers(seen *simState) string {
	if !s.exact {
		return ""
	}
	return shows(s.nodes, seen.nodes)
}

// settleMixed takes what is known no more from what was seen.
func (s *simState) settleMixed(seen *simState) {
	if !s.mixed {
		return
	}
	s.mixed, s.exact = false, false
	s.nodes = maps.Clone(seen.nodes)
	s.trash, s.strange = map[store.NodeID]map[store.Path]simNode{}, map[store.NodeID]bool{}
	for id := range seen.trash {
		s.strange[id] = true
	}
}
