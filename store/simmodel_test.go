package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"cairn/store"
)

// simNode is a file or a folder as a client knows it.
type simNode struct {
	folder  bool
	content []byte
	older   []int64 // sizes of the superseded versions, in no order
	props   map[string]string
	mtime   time.Time // zero: not known
	vague   bool      // some of the older versions may have gone
	wild    bool      // neither they nor the properties are known
}

// simUpload is an unfinished upload. told was said to be durable; a request whose
// answer was lost may have brought it as far as most.
type simUpload struct {
	path       store.Path
	content    []byte
	told, most int64
	perhaps    bool // it may not be there
}

// simState is one space. Maps and slices in nodes are never changed in place.
type simState struct {
	nodes   map[store.Path]simNode
	trash   map[store.NodeID]map[store.Path]simNode
	uploads map[store.UploadID]simUpload
	snaps   simSnaps
	strange map[store.NodeID]bool // of the trash, of which is not known what they hold; some may have gone
	mixed   bool                  // a revert has changed what is where
	exact   bool                  // and nodes tells names and contents
	loose   bool                  // a prune was cut short: any of the trash and of the older versions may have gone
}

func newSimState() *simState {
	return &simState{nodes: map[store.Path]simNode{}, trash: map[store.NodeID]map[store.Path]simNode{}, uploads: map[store.UploadID]simUpload{},
		snaps: simSnaps{}, strange: map[store.NodeID]bool{}}
}

func (s *simState) clone() *simState {
	c := *s
	c.nodes, c.trash, c.uploads = maps.Clone(s.nodes), maps.Clone(s.trash), maps.Clone(s.uploads)
	return &c
}

// put makes content the newest version at p.
func (s *simState) put(p store.Path, content []byte) {
	n, there := s.nodes[p]
	if there {
		n.older = append(slices.Clone(n.older), int64(len(n.content)))
	}
	n.content, n.mtime = content, time.Time{}
	s.nodes[p] = n
}

// cut takes out what is at p and below, by path relative to p.
func (s *simState) cut(p store.Path) map[store.Path]simNode {
	tree := s.below(p)
	for q := range tree {
		delete(s.nodes, join(p, q))
	}
	return tree
}

func (s *simState) below(p store.Path) map[store.Path]simNode {
	tree := map[store.Path]simNode{}
	for q, n := range s.nodes {
		if p.Contains(q) {
			tree[store.Path(strings.TrimPrefix(strings.TrimPrefix(string(q), string(p)), "/"))] = n
		}
	}
	return tree
}

func (s *simState) paste(p store.Path, tree map[store.Path]simNode) {
	for q, n := range tree {
		s.nodes[join(p, q)] = n
	}
}

func join(p, q store.Path) store.Path {
	if q == store.Root {
		return p
	}
	if p == store.Root {
		return q
	}
	return p + "/" + q
}

// differs says how what a store shows differs from s; "" if it does not.
func (s *simState) differs(seen *simState) string {
	if d := s.snaps.differs(seen.snaps); d != "" {
		return d
	}
	if s.mixed {
		return s.mixedDiffers(seen)
	}
	for _, p := range slices.Sorted(maps.Keys(s.nodes)) {
		n, there := seen.nodes[p]
		if !there {
			return fmt.Sprintf("%s is not there", p)
		}
		if d := s.nodes[p].differs(n, s.loose); d != "" {
			return fmt.Sprintf("%s: %s", p, d)
		}
	}
	for _, p := range slices.Sorted(maps.Keys(seen.nodes)) {
		if _, ok := s.nodes[p]; !ok {
			return fmt.Sprintf("%s should not be there", p)
		}
	}
	for id := range s.trash {
		if _, there := seen.trash[id]; !there && !s.loose {
			return fmt.Sprintf("node %v is not in the trash", id)
		}
	}
	for id := range seen.trash {
		if _, known := s.trash[id]; !known && !s.strange[id] {
			return fmt.Sprintf("node %v should not be in the trash", id)
		}
	}
	for id, u := range s.uploads {
		now, there := seen.uploads[id]
		if !there {
			if u.perhaps {
				continue
			}
			return fmt.Sprintf("upload %s is not there", id)
		}
		if now.told < u.told || now.told > u.most {
			return fmt.Sprintf("upload %s is at %d: %d were told to be durable, %d may be", id, now.told, u.told, u.most)
		}
	}
	for id := range seen.uploads {
		if _, ok := s.uploads[id]; !ok {
			return fmt.Sprintf("upload %s should not be there", id)
		}
	}
	return ""
}

func (n simNode) differs(seen simNode, loose bool) string {
	switch {
	case n.folder != seen.folder:
		return fmt.Sprintf("a folder: %v, not %v", seen.folder, n.folder)
	case !bytes.Equal(n.content, seen.content):
		return fmt.Sprintf("%d bytes that are not the %d written", len(seen.content), len(n.content))
	case n.wild:
		return ""
	case !maps.Equal(n.props, seen.props):
		return fmt.Sprintf("properties %v, not %v", seen.props, n.props)
	case !n.mtime.IsZero() && !n.mtime.Equal(seen.mtime):
		return fmt.Sprintf("modified %v, not %v", seen.mtime, n.mtime)
	}
	want, got := slices.Sorted(slices.Values(n.older)), slices.Sorted(slices.Values(seen.older))
	if loose || n.vague { // what is left is among what was there
		for _, size := range got {
			at := slices.Index(want, size)
			if at < 0 {
				return fmt.Sprintf("older versions of %v bytes, not some of %v", got, n.older)
			}
			want = slices.Delete(want, at, at+1)
		}
		want = got
	}
	if !slices.Equal(want, got) {
		return fmt.Sprintf("older versions of %v bytes, not %v", got, want)
	}
	return ""
}

// settle is what is known again once it was seen. Of what lies in the trash it is not known
// how many older versions it has.
func (s *simState) settle(seen *simState) {
	s.settleMixed(seen)
	for p, n := range s.nodes {
		if n.wild {
			n.props, n.wild, n.vague = seen.nodes[p].props, false, true
		}
		if s.loose || n.vague {
			n.older, n.vague = seen.nodes[p].older, false
			s.nodes[p] = n
		}
	}
	if !s.loose {
		return
	}
	s.loose = false
	for id, tree := range s.trash {
		if _, there := seen.trash[id]; !there {
			delete(s.trash, id)
			continue
		}
		tree = maps.Clone(tree)
		for p, n := range tree {
			n.vague = true
			tree[p] = n
		}
		s.trash[id] = tree
	}
}

// simTags remembers which content each ETag named.
type simTags struct {
	mu   sync.Mutex
	sums map[string]uint64
}

var simSeed = maphash.MakeSeed()

func (t *simTags) add(n store.Node, content []byte) error {
	sum := maphash.Bytes(simSeed, content)
	t.mu.Lock()
	defer t.mu.Unlock()
	if old, ok := t.sums[n.ETag()]; ok && old != sum {
		return fmt.Errorf("the ETag %s of %s named another content before", n.ETag(), n.Name)
	}
	t.sums[n.ETag()] = sum
	return nil
}

// simLook reads all that a user can see.
func simLook(s *store.Store, sc store.Scope, tags *simTags) (*simState, error) {
	ctx := context.Background()
	seen := newSimState()
	var walk func(p store.Path) error
	walk = func(p store.Path) error {
		kids, err := s.List(ctx, sc, p, "", 1000)
		if err != nil {
			return err
		}
		for _, k := range kids {
			q := p.Join(k.Name)
			n := simNode{folder: k.IsFolder(), mtime: k.ModTime}
			props, err := s.Props(ctx, sc, q)
			if err != nil {
				return err
			}
			for _, x := range props {
				if n.props == nil {
					n.props = map[string]string{}
				}
				n.props[x.Name.Local] = string(x.Value)
			}
			if n.folder {
				seen.nodes[q] = n
				if err := walk(q); err != nil {
					return err
				}
				continue
			}
			if n.content, err = readAll(s, sc, q); err != nil {
				return fmt.Errorf("reading %s: %w", q, err)
			}
			if err := tags.add(k, n.content); err != nil {
				return err
			}
			_, vs, err := s.Versions(ctx, sc, q, 0, 1<<20)
			if err != nil {
				return err
			}
			for _, v := range vs {
				n.older = append(n.older, v.Size)
			}
			seen.nodes[q] = n
		}
		return nil
	}
	if err := walk(store.Root); err != nil {
		return nil, err
	}
	trashed, err := s.Trash(ctx, sc, 0, 1000)
	if err != nil {
		return nil, err
	}
	for _, t := range trashed {
		seen.trash[t.Node] = nil
	}
	if seen.snaps, err = simLookBack(s, sc); err != nil {
		return nil, err
	}
	us, err := s.Uploads(ctx, sc, 1000)
	for _, u := range us {
		if u.Partial() { // of a join that a crash ended
			continue
		}
		seen.uploads[u.ID] = simUpload{told: u.Offset()}
	}
	return seen, err
}

// simWorker is one client with a space of its own. It knows what was acknowledged, and
// of the one operation whose answer was an error what it may have done.
type simWorker struct {
	name  string
	sc    store.Scope
	state *simState
	maybe *simState // nil: nothing is in doubt
	token string    // of a lock that was acknowledged
	at    store.Path
	acked int

	made   int // snapshots
	pruned int // versions and entries of the trash
}

// errSimLost is a broken promise.
var errSimLost = errors.New("what was acknowledged is not there")

// verify compares the store with what w knows, which then knows which it is.
func (w *simWorker) verify(s *store.Store, tags *simTags) error {
	seen, err := simLook(s, w.sc, tags)
	if err != nil {
		return fmt.Errorf("%s: %w: %w", w.name, errSimLost, err)
	}
	d := w.state.differs(seen)
	if d != "" && w.maybe != nil {
		if d2 := w.maybe.differs(seen); d2 == "" {
			w.state, d = w.maybe, ""
		} else {
			d += "; or, if the last operation counts, " + d2
		}
	}
	if d != "" {
		return fmt.Errorf("%s: %w: %s", w.name, errSimLost, d)
	}
	w.maybe = nil
	w.state = w.state.clone()
	w.state.settle(seen)
	for id, u := range w.state.uploads {
		now, there := seen.uploads[id]
		if !there { // perhaps it was not
			delete(w.state.uploads, id)
			continue
		}
		u.told, u.most, u.perhaps = now.told, now.told, false
		w.state.uploads[id] = u
	}
	if w.token == "" {
		return nil
	}
	locks, _, err := s.Locks(context.Background(), w.sc, w.at)
	if err != nil || len(locks) != 1 || locks[0].Token != w.token {
		return fmt.Errorf("%s: %w: the lock of %s (%v)", w.name, errSimLost, w.at, err)
	}
	return nil
}
