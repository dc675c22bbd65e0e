package meta

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
)

// Whoever was told of a commit sees it: the cache may not answer from before.
func TestCacheIsNeverBehindAnAnswer(t *testing.T) {
	d := started(t, &memLog{})
	var root, id NodeID
	err := d.Commit(t.Context(), nil, func(tx *Tx) (err error) {
		if root, err = putSpace(tx); err != nil {
			return err
		}
		id = tx.NewNodeID()
		return tx.Apply(&PutNode{Node: Node{ID: id, Space: 1, Parent: root, Name: "f", Kind: File}, Key: "f"})
	})
	if err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 { // keep the cache full of whatever is current
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				d.View(context.Background(), func(r *Reader) error { _, _, err := r.Node(root, "f"); return err })
			}
		})
	}
	for size := range int64(300) {
		err := d.Commit(t.Context(), nil, func(tx *Tx) error {
			return tx.Apply(&PutNode{Node: Node{ID: id, Space: 1, Parent: root, Name: "f", Kind: File, Size: size}, Key: "f"})
		})
		if err != nil {
			t.Fatal(err)
		}
		d.View(t.Context(), func(r *Reader) error {
			byKey, _, _ := r.Node(root, "f")
			byID, _, err := r.NodeByID(id)
			if err != nil || byKey.Size != size || byID.Size != size {
				t.Errorf("after the commit of %d: %d and %d, %v", size, byKey.Size, byID.Size, err)
			}
			return nil
		})
	}
	close(stop)
	wg.Wait()
}

// What a commit changes is not found as it was, and what it leaves alone still is.
func TestCacheForgetsWhatChanged(t *testing.T) {
	d := started(t, &memLog{})
	commit := func(plan func(tx *Tx) error) {
		t.Helper()
		if err := d.Commit(t.Context(), nil, plan); err != nil {
			t.Fatal(err)
		}
	}
	var root, folder, f, g NodeID
	put := func(tx *Tx, id, parent NodeID, name string, kind Kind) error {
		return tx.Apply(&PutNode{Node: Node{ID: id, Space: 1, Parent: parent, Name: name, Kind: kind}, Key: name})
	}
	commit(func(tx *Tx) (err error) {
		if root, err = putSpace(tx); err != nil {
			return err
		}
		folder, f, g = tx.NewNodeID(), tx.NewNodeID(), tx.NewNodeID()
		return errors.Join(put(tx, folder, root, "d", Folder), put(tx, f, folder, "f", File), put(tx, g, folder, "g", File))
	})
	type seen struct {
		f, g, d  bool
		bytes    int64
		props    int
		locks    int
		quota    int64
		password string
	}
	look := func(how func(context.Context, func(*Reader) error) error) (s seen) {
		t.Helper()
		err := how(t.Context(), func(r *Reader) error {
			var errs [9]error
			var n Node
			_, s.f, errs[0] = r.Node(folder, "f")
			_, s.g, errs[1] = r.Node(folder, "g")
			_, s.d, errs[2] = r.Step(root, "d")
			n, _, errs[3] = r.NodeByID(root)
			s.bytes = n.Bytes
			ps, err := r.Props(g)
			s.props, errs[4] = len(ps), err
			ls, err := r.Locks(1)
			s.locks, errs[5] = len(ls), err
			sp, _, err := r.Space(1)
			s.quota, errs[6] = sp.Quota, err
			u, _, err := r.AccountByName("u")
			s.password, errs[7] = u.Password, err
			_, _, errs[8] = r.AccountByAppPassword([32]byte{1})
			return errors.Join(errs[:]...)
		})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	want := look(d.View)
	for _, step := range []struct {
		name string
		plan func(tx *Tx) error
		then func()
	}{
		{"nothing", func(tx *Tx) error { return nil }, func() {}},
		{"a file goes elsewhere", func(tx *Tx) error { return put(tx, f, root, "f", File) }, func() { want.f = false }},
		{"another takes its place", func(tx *Tx) error { return put(tx, g, folder, "f", File) }, func() { want.f, want.g = true, false }},
		{"it goes back", func(tx *Tx) error { return put(tx, g, folder, "g", File) }, func() { want.f, want.g = false, true }},
		{"sums", func(tx *Tx) error { tx.AddSum(folder, 7, 1, 9); return nil }, func() { want.bytes = 7 }},
		{"a property", func(tx *Tx) error { return tx.Apply(&PutProp{Node: g, Prop: Prop{Name: PropName{Local: "a"}}}) }, func() { want.props = 1 }},
		{"two", func(tx *Tx) error { return tx.Apply(&PutProp{Node: g, Prop: Prop{Name: PropName{Local: "b"}}}) }, func() { want.props = 2 }},
		{"none", func(tx *Tx) error { return tx.Apply(&DropProp{Node: g}) }, func() { want.props = 0 }},
		{"a lock", func(tx *Tx) error { return tx.Apply(&PutLock{Lock{Token: "t", Space: 1, Node: g}}) }, func() { want.locks = 1 }},
		{"no lock", func(tx *Tx) error { return tx.Apply(&DropLock{"t"}) }, func() { want.locks = 0 }},
		{"an account", func(tx *Tx) error {
			return tx.Apply(&PutAccount{User: User{ID: 9, Name: "U", Password: "p", Space: 1}})
		}, func() { want.password = "p" }},
		{"a password", func(tx *Tx) error {
			return tx.Apply(&PutAccount{User: User{ID: 9, Name: "U", Password: "q", Space: 1}})
		}, func() { want.password = "q" }},
		{"a quota", func(tx *Tx) error {
			sp, _, err := tx.Space(1)
			sp.Quota = 5
			return errors.Join(err, tx.Apply(&PutSpace{sp}))
		}, func() { want.quota = 5 }},
		{"the folder goes", func(tx *Tx) error { return tx.Apply(&DropNode{folder}) }, func() { want.d = false }},
	} {
		commit(step.plan)
		step.then()
		for range 2 { // from the database, then from the cache
			if got := look(d.Look); got != want {
				t.Errorf("%s: %+v, want %+v", step.name, got, want)
			}
		}
	}
}

// A change of one file leaves what is known of the others, and of the way to them.
func TestCacheKeepsWhatDidNotChange(t *testing.T) {
	d := started(t, &memLog{})
	var root, f, g NodeID
	change := func(id NodeID, name string) error {
		return d.Commit(t.Context(), nil, func(tx *Tx) error {
			tx.AddSum(root, 1, 0, 1)
			return tx.Apply(&PutNode{Node: Node{ID: id, Space: 1, Parent: root, Name: name, Kind: File}, Key: name})
		})
	}
	err := d.Commit(t.Context(), nil, func(tx *Tx) (err error) {
		root, err = putSpace(tx)
		f, g = tx.NewNodeID(), tx.NewNodeID()
		for nodeMark(g) == nodeMark(f) {
			g = tx.NewNodeID()
		}
		return err
	})
	if err := errors.Join(err, change(f, "f"), change(g, "g")); err != nil {
		t.Fatal(err)
	}
	walk := func(r *Reader) error {
		_, _, err := r.StepByID(root)
		_, _, err2 := r.Node(root, "f")
		return errors.Join(err, err2)
	}
	if err := errors.Join(d.Look(t.Context(), walk), change(g, "g")); err != nil {
		t.Fatal(err)
	}
	err = d.Look(t.Context(), func(r *Reader) error {
		if err := walk(r); err != nil || r.s != nil {
			t.Errorf("the database was asked: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestCacheIsBounded(t *testing.T) {
	var c cache
	for i := range 3 * maxCached {
		c.put(cacheKey{kind: cachedNode, text: fmt.Sprint(i)}, cacheEntry{gen: 1, v: i})
		if v, _ := c.get(cacheKey{kind: cachedNode, text: "7"}, false); v == nil && i >= 7 {
			t.Fatal("what is used all the time went")
		}
	}
	if n := len(c.young) + len(c.old); n > 2*maxCached {
		t.Errorf("%d entries", n)
	}
	for i := range 3 * maxCached { // long manifests
		c.put(cacheKey{kind: cachedNode, id: int64(i)}, cacheEntry{gen: 1, v: i, more: 15})
		c.put(cacheKey{kind: cachedNode, id: int64(i)}, cacheEntry{gen: 1, v: i, more: 15})
	}
	if n := len(c.young) + len(c.old); n > 2*maxCached/16 || n < maxCached/16 {
		t.Errorf("%d entries that weigh 16", n)
	}
	c.put(cacheKey{kind: cachedNode}, cacheEntry{gen: 2, v: 1})
	c.put(cacheKey{kind: cachedNode}, cacheEntry{gen: 1, v: 0})
	if v, _ := c.get(cacheKey{kind: cachedNode}, false); v != 1 {
		t.Error("an older entry took the place of a newer one")
	}
}
