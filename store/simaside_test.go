package store_test

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"cairn/store"
)

// simAside is the file that a new one at a free name goes on with: in the trash, or at a
// place. The zero value is none.
type simAside struct {
	id store.NodeID
	at store.Path
}

// aside asks the store for it, as long as nobody but w changes anything.
func (w *simWorker) aside(ctx context.Context, s *store.Store, p store.Path) (simAside, error) {
	if _, taken := w.state.nodes[p]; taken {
		return simAside{}, nil
	}
	id, at, err := s.PutAsideForTest(ctx, w.sc, p)
	return simAside{id, at}, err
}

// takeBack puts a file back to its name. Where it was moved to another stays, of the same
// content, without a past.
func (s *simState) takeBack(f simAside, p store.Path) {
	if f.id == 0 {
		return
	}
	if tree, ok := s.trash[f.id]; ok {
		delete(s.trash, f.id)
		s.nodes[p] = tree[store.Root]
		return
	}
	if f.at == store.Root { // in the trash, by a revert
		s.strange = maps.Clone(s.strange)
		delete(s.strange, f.id)
		s.nodes[p] = simNode{wild: true}
		return
	}
	n, ok := s.nodes[f.at]
	if !ok {
		panic(fmt.Sprintf("%+v is put back to %s", f, p))
	}
	s.nodes[p] = n
	n.older, n.vague = slices.Clone(n.older[:0]), false
	s.nodes[f.at] = n
}
