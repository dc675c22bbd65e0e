package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"cairn/store"
)

// simOp is one call of the API.
type simOp struct {
	name string
	run  func(s *store.Store) error
	did  func(st *simState) // what it does if it is acknowledged
	half func(st *simState) // what it may have done in part; nil: nothing
	want func() error       // the refusal that is due; nil: none
}

// errSimEnd ends a worker's run: it got an error that leaves the operation in doubt.
var errSimEnd = errors.New("in doubt")

// do makes a call and keeps account of it. sick says that errors of any kind may come.
func (w *simWorker) do(s *store.Store, sick func() bool, op simOp) error {
	err := op.run(s)
	var want error
	if op.want != nil {
		want = op.want()
	}
	switch {
	case err == nil && want != nil:
		return fmt.Errorf("%s: %s: acknowledged, want %w", w.name, op.name, want)
	case err == nil:
		w.state = w.state.clone()
		op.did(w.state)
		if w.maybe != nil {
			op.did(w.maybe)
		}
		w.acked++
		return nil
	case want != nil && errors.Is(err, want):
		w.acked++
		return nil
	case !sick():
		return fmt.Errorf("%s: %s: %w", w.name, op.name, err)
	}
	if w.maybe == nil { // else the first one is in doubt; this one came too late
		w.maybe = w.state.clone()
		if want == nil {
			op.did(w.maybe)
		}
	}
	if op.half != nil {
		w.state = w.state.clone()
		op.half(w.state)
	}
	return fmt.Errorf("%w: %s: %w", errSimEnd, op.name, err)
}

// simPool is what contents are made of, so that they share much: noise and text.
var simPool = func() []byte {
	p := noise(77, 4<<20)
	for i := 1 << 20; i < 7<<18; i++ {
		p[i] = "the quick brown fox jumps over the lazy dog. "[int(p[i])%3*11+i%11]
	}
	return p
}()

func simContent(r *rand.Rand, large bool) []byte {
	if r.IntN(3) == 0 { // what others have too
		at := []int{0, 1<<20 + 1000, 3 << 20}[r.IntN(3)]
		size := []int{900, 40_000, 700_000}
		if !large {
			size = size[:2]
		}
		return simPool[at : at+size[r.IntN(len(size))]]
	}
	switch n := r.IntN(20); {
	case n == 0:
		return nil
	case n < 12 || !large && n < 17:
		at := r.IntN(16) * 200_000
		return simPool[at : at+1+r.IntN(3000)]
	case n < 17 || !large:
		at := r.IntN(8) * 400_000
		return simPool[at : at+10_000+r.IntN(190_000)]
	case n < 18: // much the same as another, with an edit in it
		at := r.IntN(4) << 18
		c := bytes.Clone(simPool[at : at+1_200_000+r.IntN(300_000)])
		copy(c[r.IntN(len(c)):], "an edit")
		return c
	}
	at := []int{0, 1 << 18, 5 << 18}[r.IntN(3)]
	return simPool[at : at+500_000+r.IntN(1_100_000)]
}

// pick chooses one of the paths that fit; "" if none does.
func (w *simWorker) pick(r *rand.Rand, fits func(p store.Path, n simNode) bool) store.Path {
	var all []store.Path
	for p, n := range w.state.nodes {
		if fits(p, n) {
			all = append(all, p)
		}
	}
	if len(all) == 0 {
		return ""
	}
	slices.Sort(all)
	return all[r.IntN(len(all))]
}

func isFile(_ store.Path, n simNode) bool { return !n.folder }

// free is a path without a node, in a folder that is there.
func (w *simWorker) free(r *rand.Rand, not store.Path) store.Path {
	for {
		dir := store.Root
		if r.IntN(2) == 0 {
			dir = w.pick(r, func(p store.Path, n simNode) bool {
				return n.folder && len(p.Names()) < 3 && (not == "" || !not.Contains(p))
			})
		}
		p := dir.Join(fmt.Sprintf("%c%d", 'a'+rune(r.IntN(6)), r.IntN(10)))
		if _, taken := w.state.nodes[p]; !taken {
			return p
		}
	}
}

// step makes one random operation, or a few that belong together.
func (w *simWorker) step(ctx context.Context, s *store.Store, r *rand.Rand, sick func() bool, large bool) error {
	do := func(op simOp) error { return w.do(s, sick, op) }
	file := w.pick(r, isFile)
	switch n := r.IntN(112); {
	case n >= 108:
		err := do(w.snap(ctx, r, s))
		if err == nil && w.state.mixed {
			if err = w.verify(s, &simTags{sums: map[string]uint64{}}); err != nil && sick() {
				err = fmt.Errorf("%w: %w", errSimEnd, err)
			}
		}
		return err
	case n >= 100:
		return do(w.forget(ctx, r, s))
	case n < 22 || file == "":
		return do(w.write(ctx, r, w.free(r, ""), simContent(r, large)))
	case n < 34:
		return do(w.write(ctx, r, file, simContent(r, large)))
	case n < 40:
		p := w.free(r, "")
		return do(simOp{name: "mkdir " + string(p), run: func(s *store.Store) error {
			_, err := s.Mkdir(ctx, w.sc, p, store.Conditions{})
			return err
		}, did: func(st *simState) { st.nodes[p] = simNode{folder: true} }})
	case n < 48:
		return do(w.move(ctx, r))
	case n < 55:
		return do(w.copy(ctx, r))
	case n < 61:
		return do(w.remove(ctx, r, s))
	case n < 63:
		return do(w.restore(ctx, r))
	case n < 65:
		return do(w.restoreVersion(ctx, r, s))
	case n < 71:
		return do(w.mark(ctx, r, file))
	case n < 77:
		return w.race(ctx, s, r, sick, file)
	case n < 82:
		if r.IntN(2) == 0 {
			return do(w.beginWith(ctx, r))
		}
		return do(w.begin(ctx, r, large))
	case n < 97:
		return do(w.bring(ctx, r))
	}
	return do(w.drop(ctx, r))
}

func (w *simWorker) put(ctx context.Context, p store.Path, c []byte, o store.PutOptions) simOp {
	return w.putFrom(ctx, p, c, bytes.NewReader(c), o)
}

func (w *simWorker) putFrom(ctx context.Context, p store.Path, c []byte, from io.Reader, o store.PutOptions) simOp {
	o.Size = int64(len(c))
	var back simAside
	return simOp{name: fmt.Sprintf("put %s (%d bytes)", p, len(c)), run: func(s *store.Store) (err error) {
		if back, err = w.aside(ctx, s, p); err == nil {
			_, err = s.Put(ctx, w.sc, p, from, o)
		}
		return err
	}, did: func(st *simState) { st.takeBack(back, p); st.put(p, c) }}
}

// move moves a node to a free name, or a file over a file.
func (w *simWorker) move(ctx context.Context, r *rand.Rand) simOp {
	from := w.pick(r, func(store.Path, simNode) bool { return true })
	to := w.free(r, from)
	if over := w.pick(r, isFile); r.IntN(2) == 0 && over != from && !w.state.nodes[from].folder && over != "" {
		to = over
	}
	var back simAside
	return simOp{name: fmt.Sprintf("move %s to %s", from, to), run: func(s *store.Store) (err error) {
		if !w.state.nodes[from].folder {
			back, err = w.aside(ctx, s, to)
		}
		if back.at == from { // back to where it was
			back = simAside{}
		}
		if err == nil {
			_, err = s.Move(ctx, w.sc, from, to, store.MoveOptions{Overwrite: true})
		}
		return err
	}, did: func(st *simState) {
		st.takeBack(back, to)
		old, over := st.nodes[to]
		tree := st.cut(from)
		if over {
			n := tree[store.Root]
			n.older = append(append(slices.Clone(n.older), old.older...), int64(len(old.content)))
			n.vague, n.wild = n.vague || old.vague, n.wild || old.wild
			tree[store.Root] = n
		}
		st.paste(to, tree)
	}}
}

// copy copies a node to a free name, or a file over a file.
func (w *simWorker) copy(ctx context.Context, r *rand.Rand) simOp {
	from := w.pick(r, func(store.Path, simNode) bool { return true })
	to := w.free(r, from)
	if over := w.pick(r, isFile); r.IntN(3) == 0 && over != from && !w.state.nodes[from].folder && over != "" {
		to = over
	}
	var back simAside
	return simOp{name: fmt.Sprintf("copy %s to %s", from, to), run: func(s *store.Store) (err error) {
		if !w.state.nodes[from].folder {
			back, err = w.aside(ctx, s, to)
		}
		if back.at == from {
			back = simAside{}
		}
		if err == nil {
			_, err = s.Copy(ctx, w.sc, from, to, store.MoveOptions{Overwrite: true})
		}
		return err
	}, did: func(st *simState) {
		st.takeBack(back, to)
		old, over := st.nodes[to]
		tree := st.below(from)
		for q, n := range tree {
			n.older, n.vague, n.wild = nil, old.vague, n.wild || old.wild
			if n.folder {
				n.mtime = time.Time{}
			}
			if over {
				n.older = append(slices.Clone(old.older), int64(len(old.content)))
			}
			tree[q] = n
		}
		st.paste(to, tree)
	}}
}

func (w *simWorker) remove(ctx context.Context, r *rand.Rand, s *store.Store) simOp {
	p := w.pick(r, func(p store.Path, n simNode) bool { return !n.folder || len(w.state.below(p)) < 5 })
	if p == "" {
		return w.put(ctx, w.free(r, ""), nil, store.PutOptions{})
	}
	n, err := s.Stat(ctx, w.sc, p)
	return simOp{name: "remove " + string(p), run: func(s *store.Store) error {
		if err != nil {
			return err
		}
		return s.Remove(ctx, w.sc, p, store.Conditions{})
	}, did: func(st *simState) { st.trash[n.ID] = st.cut(p) }}
}

func (w *simWorker) restore(ctx context.Context, r *rand.Rand) simOp {
	ids := slices.Sorted(maps.Keys(w.state.trash))
	if len(ids) == 0 {
		return w.put(ctx, w.free(r, ""), nil, store.PutOptions{})
	}
	id, to := ids[r.IntN(len(ids))], w.free(r, "")
	return simOp{name: fmt.Sprintf("restore %v to %s", id, to), run: func(s *store.Store) error {
		_, err := s.Restore(ctx, w.sc, id, to, store.Conditions{})
		return err
	}, did: func(st *simState) {
		st.paste(to, st.trash[id])
		delete(st.trash, id)
	}}
}

// restoreVersion makes an older version of a file the current one.
func (w *simWorker) restoreVersion(ctx context.Context, r *rand.Rand, s *store.Store) simOp {
	p := w.pick(r, func(_ store.Path, n simNode) bool { return len(n.older) > 0 })
	if p == "" {
		return w.put(ctx, w.free(r, ""), nil, store.PutOptions{})
	}
	var v store.Version
	var c []byte
	_, vs, err := s.Versions(ctx, w.sc, p, 0, 1000)
	if n := w.state.nodes[p]; err == nil && len(vs) != len(n.older) && !n.vague {
		err = fmt.Errorf("%d older versions, not %d", len(vs), len(w.state.nodes[p].older))
	}
	if err == nil && len(vs) == 0 {
		return w.put(ctx, w.free(r, ""), nil, store.PutOptions{})
	}
	if err == nil {
		v = vs[r.IntN(len(vs))]
		c, err = readVersion(ctx, s, w.sc, p, v.ID)
	}
	return simOp{name: fmt.Sprintf("restore version %v of %s (%d bytes)", v.ID, p, len(c)), run: func(s *store.Store) error {
		if err == nil {
			_, err = s.RestoreVersion(ctx, w.sc, p, v.ID, store.Conditions{})
		}
		return err
	}, did: func(st *simState) {
		st.put(p, c)
		n := st.nodes[p]
		n.mtime = v.ModTime
		st.nodes[p] = n
	}}
}

func readVersion(ctx context.Context, s *store.Store, sc store.Scope, p store.Path, id store.VersionID) ([]byte, error) {
	c, err := s.OpenVersion(ctx, sc, p, id)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return io.ReadAll(c)
}

// mark touches a file or sets a property, or both.
func (w *simWorker) mark(ctx context.Context, r *rand.Rand, p store.Path) simOp {
	what := r.IntN(4)
	if what < 2 {
		at := time.Unix(1_600_000_000+r.Int64N(1e6), 0)
		return simOp{name: "touch " + string(p), run: func(s *store.Store) error {
			_, err := s.Touch(ctx, w.sc, p, at, store.Conditions{})
			return err
		}, did: func(st *simState) {
			n := st.nodes[p]
			n.mtime = at
			st.nodes[p] = n
		}}
	}
	x := store.Prop{Name: store.PropName{Space: "urn:x", Local: string('p' + rune(r.IntN(3)))}, Value: fmt.Append(nil, r.IntN(1000))}
	remove := r.IntN(4) == 0
	var at time.Time
	if what == 3 {
		at = time.Unix(1_600_000_000+r.Int64N(1e6), 0)
	}
	return simOp{name: "property of " + string(p), run: func(s *store.Store) error {
		_, err := s.Patch(ctx, w.sc, p, store.Patch{Props: []store.PropPatch{{Prop: x, Remove: remove}}, ModTime: at}, store.Conditions{})
		return err
	}, did: func(st *simState) {
		n := st.nodes[p]
		if !at.IsZero() {
			n.mtime = at
		}
		n.props = maps.Clone(n.props)
		if n.props == nil {
			n.props = map[string]string{}
		}
		if delete(n.props, x.Name.Local); !remove {
			n.props[x.Name.Local] = string(x.Value)
		}
		if len(n.props) == 0 {
			n.props = nil
		}
		st.nodes[p] = n
	}}
}

// begin begins an upload; its name is one that only uploads have.
func (w *simWorker) begin(ctx context.Context, r *rand.Rand, large bool) simOp {
	c := simContent(r, large)
	p := store.Path(fmt.Sprintf("up%d", r.IntN(5)))
	var u store.Upload
	var back simAside
	return simOp{name: fmt.Sprintf("begin upload of %d bytes to %s", len(c), p), run: func(s *store.Store) (err error) {
		if back, err = w.aside(ctx, s, p); err == nil {
			u, err = s.CreateUpload(ctx, w.sc, store.UploadSpec{Path: p, Size: int64(len(c))})
		}
		return err
	}, did: func(st *simState) {
		if len(c) == 0 {
			st.takeBack(back, p)
			st.put(p, c)
			return
		}
		st.uploads[u.ID] = simUpload{path: p, content: c}
	}}
}

// beginWith begins an upload whose bytes come along, perhaps over a connection that breaks.
func (w *simWorker) beginWith(ctx context.Context, r *rand.Rand) simOp {
	c := simContent(r, false)
	if len(c) == 0 || len(c) >= store.MaxWith {
		return w.begin(ctx, r, false)
	}
	p, id := store.Path(fmt.Sprintf("up%d", r.IntN(5))), store.NewUploadID()
	n, breaks := len(c), r.IntN(4) == 0
	var from io.Reader = bytes.NewReader(c)
	if breaks {
		n = r.IntN(len(c) + 1)
		from = io.MultiReader(bytes.NewReader(c[:n]), broken{})
	}
	told := int64(min(n, len(c)-1))
	var back simAside
	return simOp{name: fmt.Sprintf("begin upload of %d bytes to %s with %d of them", len(c), p, n), run: func(s *store.Store) (err error) {
		if back, err = w.aside(ctx, s, p); err != nil {
			return err
		}
		at, err := s.CreateWith(ctx, w.sc, store.UploadSpec{ID: id, Path: p, Size: int64(len(c))}, from)
		if breaks && errors.Is(err, store.ErrRead) {
			if err = nil; at != told {
				err = fmt.Errorf("a broken connection left the upload at %d, not %d", at, told)
			}
		}
		return err
	}, did: func(st *simState) {
		switch {
		case !breaks:
			st.takeBack(back, p)
			st.put(p, c)
		case n > 0:
			st.uploads[id] = simUpload{path: p, content: c, told: told, most: told}
		}
	}, half: func(st *simState) { // what a commit that failed has left
		st.uploads[id] = simUpload{path: p, content: c, most: told, perhaps: true}
	}}
}

// bring brings a piece of an upload, perhaps over a connection that breaks.
func (w *simWorker) bring(ctx context.Context, r *rand.Rand) simOp {
	id, u := w.anUpload(r)
	if u.content == nil {
		return w.begin(ctx, r, false)
	}
	n := len(u.content) - int(u.told)
	if r.IntN(2) == 0 {
		n = 1 + r.IntN(n)
	}
	piece := u.content[u.told:][:n]
	var from io.Reader = bytes.NewReader(piece)
	breaks, checked := r.IntN(5) == 0, r.IntN(4) == 0
	if breaks {
		from = io.MultiReader(from, broken{})
	}
	if r.IntN(4) == 0 {
		from = slowly{from, 1 + r.IntN(100_000)}
	}
	var at, said int64
	var back simAside
	after := func(st *simState, at int64) {
		if at == int64(len(u.content)) {
			delete(st.uploads, id)
			st.takeBack(back, u.path)
			st.put(u.path, u.content)
			return
		}
		u := u
		u.told, u.most = at, at
		st.uploads[id] = u
	}
	end := u.told + int64(n)
	return simOp{name: fmt.Sprintf("bring %d bytes at %d of %d", n, u.told, len(u.content)), run: func(s *store.Store) (err error) {
		at = u.told
		if back, err = w.aside(ctx, s, u.path); err == nil {
			if checked {
				at, err = s.AppendChecked(ctx, w.sc, id, 0, u.told, from, sha(piece))
			} else {
				at, err = s.AppendUpload(ctx, w.sc, id, 0, u.told, from)
			}
		}
		if breaks && errors.Is(err, store.ErrRead) { // the offset counts all that arrived
			err = nil
			want := min(end, int64(len(u.content))-1)
			if checked { // or nothing
				want = u.told
			}
			if at != want {
				err = fmt.Errorf("a broken connection left the upload at %d, not %d", at, want)
			}
		}
		if said = at; err != nil { // it may have come further
			at = end
		}
		return err
	}, did: func(st *simState) { after(st, at) }, half: func(st *simState) {
		u := u
		u.told, u.most = max(u.told, said), min(end, int64(len(u.content))-1)
		st.uploads[id] = u
	}}
}

func (w *simWorker) anUpload(r *rand.Rand) (store.UploadID, simUpload) {
	ids := slices.SortedFunc(maps.Keys(w.state.uploads), func(a, b store.UploadID) int { return bytes.Compare(a[:], b[:]) })
	if len(ids) == 0 {
		return store.UploadID{}, simUpload{}
	}
	id := ids[r.IntN(len(ids))]
	return id, w.state.uploads[id]
}

func (w *simWorker) drop(ctx context.Context, r *rand.Rand) simOp {
	id, u := w.anUpload(r)
	if u.content == nil {
		return w.begin(ctx, r, false)
	}
	return simOp{name: "drop upload", run: func(s *store.Store) error { return s.DropUpload(ctx, w.sc, id) },
		did: func(st *simState) { delete(st.uploads, id) }}
}

// broken is a connection that breaks.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
