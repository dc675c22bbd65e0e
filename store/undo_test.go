package store_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"cairn/store"
)

// A snapshot is one row. Thousands of files that are deleted and overwritten come back by a
// revert, and by an undo, in a moment and without a byte moved.
func TestUndoMany(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	const files = 5000
	name := func(i int) store.Path { return store.Path(fmt.Sprintf("d%02d/f%04d", i%50, i)) }
	for i := range 50 {
		r.mkdir(store.Path(fmt.Sprintf("d%02d", i)))
	}
	for i := range files {
		r.put(name(i), []byte(fmt.Sprint("content ", i)))
	}
	want, rows := r.now(), r.s.AllRowsForTest(ctx)
	sn := r.snapshot("before")
	if n := r.s.AllRowsForTest(ctx); n != rows+1 {
		t.Errorf("a snapshot of %d files is %d rows", files, n-rows)
	}
	for _, how := range []string{"revert", "undo"} {
		from := r.snapshot(how)
		for i := range files {
			switch {
			case i%50 < 2 && i/50 == 0:
				r.trashIt(store.Path(fmt.Sprintf("d%02d", i))) // whole folders
			case i%50 < 2:
			case i%2 == 0:
				r.trashIt(name(i))
			default:
				r.put(name(i), []byte(fmt.Sprint("another ", i)))
			}
		}
		r.put("d02/new", []byte("new"))
		changed := r.now()
		stored, begin := r.s.StoredForTest(ctx), time.Now()
		var did store.Undone
		var err error
		if how == "revert" {
			did, err = r.s.Revert(ctx, r.sc, sn.ID, "", store.Conditions{})
		} else {
			did, err = r.s.Undo(ctx, r.sc, from.Seq, 0, store.Conditions{})
		}
		took := time.Since(begin)
		if err != nil || did.LeftOut > 0 {
			t.Fatalf("%s: %+v, %v", how, did, err)
		}
		r.wantTree(how, r.now(), want)
		// What it did, in many transactions, is undone by what it tells of itself, and done again.
		if did.From < from.Seq || did.To <= did.From {
			t.Errorf("%s of changes after %d: %+v", how, from.Seq, did)
		}
		back, err := r.s.Undo(ctx, r.sc, did.From, did.To, store.Conditions{})
		if err != nil || back.LeftOut > 0 {
			t.Fatalf("back from %s: %+v, %v", how, back, err)
		}
		r.wantTree("back from "+how, r.now(), changed)
		if did, err = r.s.Undo(ctx, r.sc, back.From, back.To, store.Conditions{}); err != nil || did.LeftOut > 0 {
			t.Fatalf("%s again: %+v, %v", how, did, err)
		}
		r.wantTree(how+" again", r.now(), want)
		if took > 10*time.Second {
			t.Errorf("%s took %v", how, took)
		}
		if n := r.s.StoredForTest(ctx) - stored; n > 0 {
			t.Errorf("%s wrote %d chunks", how, n)
		}
		t.Logf("%s of %d files: %v; %d placed, %d written, %d trashed", how, files, took, did.Placed, did.Written, did.Trashed)
	}
	r.clean()
}

// Undo takes back what was done, and leaves what was done after that.
func TestUndo(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	r.mkdir("a")
	r.put("a/f", []byte("one"))
	r.put("g", []byte("g"))
	r.put("h", []byte("h"))
	from := r.snapshot("from").Seq
	r.put("a/f", []byte("two"))
	r.move("g", "a/g")
	r.trashIt("h")
	r.put("new", []byte("new"))
	to := r.snapshot("to").Seq
	r.clock.advance(time.Minute) // no safe save
	r.put("h", []byte("a newer h"))
	r.put("new", []byte("newer"))
	did, err := r.s.Undo(ctx, r.sc, from, to, store.Conditions{})
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, l := range did.Left {
		left = append(left, l.Name+": "+l.Why.Error())
	}
	if got := strings.Join(left, "; "); got != "new: it has changed since; h: its name is taken by something newer" || did.LeftOut != 2 {
		t.Errorf("left: %s", got)
	}
	for p, want := range map[store.Path]string{"a/f": "one", "g": "g", "h": "a newer h", "new": "newer"} {
		if got := string(r.read(p)); got != want {
			t.Errorf("%s is %q, want %q", p, got, want)
		}
	}
	if _, err := r.s.Stat(ctx, r.sc, "a/g"); !errors.Is(err, store.ErrNotExist) {
		t.Errorf("a/g: %v", err)
	}
	// What cannot be: a quota, a log that does not go back so far.
	r.put("large", make([]byte, 10_000))
	at := r.snapshot("large").Seq
	r.trashIt("large")
	if err := r.s.SetQuota(ctx, r.sc.User, 9000); err != nil {
		t.Fatal(err)
	}
	if did, err := r.s.Undo(ctx, r.sc, at, 0, store.Conditions{}); !errors.Is(err, store.ErrQuota) || did.Placed > 0 {
		t.Errorf("over quota: %+v, %v", did, err)
	}
	for range 1100 {
		if _, err := r.s.Touch(ctx, r.sc, "g", r.clock.now(), store.Conditions{}); err != nil {
			t.Fatal(err)
		}
	}
	r.clock.advance(400 * day)
	r.prune(store.PruneOptions{Retention: keepNothing(), TrustClock: true})
	if _, err := r.s.Undo(ctx, r.sc, from, to, store.Conditions{}); !errors.Is(err, store.ErrHistory) {
		t.Errorf("a log that is pruned: %v", err)
	}
	r.clean()
}
