package store_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"cairn/store"
)

// Reverts beside people who write, move and delete: each change is whole, nothing is lost to
// the trash's eyes, and when they have stopped a revert makes it what it was.
func TestRevertBesideOthers(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	for i := range 40 {
		if i%8 == 0 {
			r.mkdir(store.Path(fmt.Sprint("d", i/8)))
		}
		r.put(store.Path(fmt.Sprintf("d%d/f%d", i/8, i)), []byte(fmt.Sprint("content ", i)))
	}
	want, sn := r.now(), r.snapshot("before")
	stop := make(chan struct{})
	var group sync.WaitGroup
	for w := range 3 {
		rnd := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), uint64(w)))
		group.Go(func() {
			path := func() store.Path { return store.Path(fmt.Sprintf("d%d/f%d", rnd.IntN(6), rnd.IntN(45))) }
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				var err error
				switch p := path(); rnd.IntN(5) {
				case 0:
					err = r.s.Remove(ctx, r.sc, p, store.Conditions{})
				case 1:
					_, err = r.s.Move(ctx, r.sc, p, path(), store.MoveOptions{Overwrite: true})
				case 2:
					_, err = r.s.Move(ctx, r.sc, p.Dir(), store.Path(fmt.Sprint("d", rnd.IntN(7))), store.MoveOptions{Overwrite: rnd.IntN(2) == 0})
				default:
					_, err = r.s.Put(ctx, r.sc, p, strings.NewReader("by another"), store.PutOptions{Size: 10, Parents: true})
				}
				for _, fine := range []error{nil, store.ErrNotExist, store.ErrNoParent, store.ErrExist, store.ErrSame, store.ErrIntoItself, store.ErrNotFolder, store.ErrIsFolder} {
					if errors.Is(err, fine) || err == nil {
						err = nil
						break
					}
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	reverts := 0
	for end := time.Now().Add(3 * time.Second); time.Now().Before(end); reverts++ {
		if _, err := r.s.Revert(ctx, r.sc, sn.ID, "", store.Conditions{}); err != nil {
			t.Fatal(err)
		}
		r.wantTree("meanwhile", r.then(sn.ID), want)
	}
	close(stop)
	group.Wait()
	did := r.revert(sn, "")
	if did.LeftOut > 0 {
		t.Errorf("%+v", did)
	}
	for _, d := range differ(r.now(), want, false) {
		t.Errorf("after %d reverts: %s", reverts, d)
	}
	r.clean()
}
