package meta

import (
	"context"
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

func TestCacheIsBounded(t *testing.T) {
	var c cache
	for i := range 3 * maxCached {
		c.put(1, cacheKey{kind: cachedNode, text: fmt.Sprint(i)}, i)
	}
	if n := len(c.m); n > maxCached {
		t.Errorf("%d entries", n)
	}
	c.put(2, cacheKey{kind: cachedNode}, 1)
	c.put(1, cacheKey{kind: cachedNode, id: 1}, 1)
	if len(c.m) != 1 || c.get(1, cacheKey{kind: cachedNode}) != nil {
		t.Error("an older generation shows")
	}
}
