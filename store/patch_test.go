package store_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"cairn/store"
)

func xProp(local, value string) store.PropPatch {
	return store.PropPatch{Prop: store.Prop{Name: store.PropName{Space: "urn:x", Local: local}, Value: []byte(value)}}
}

// patch is Patch that must succeed.
func (r *rig) patch(p store.Path, x store.Patch) store.Node {
	r.t.Helper()
	n, err := r.s.Patch(r.t.Context(), r.sc, p, x, store.Conditions{})
	if err != nil {
		r.t.Fatal(err)
	}
	return n
}

func (r *rig) props(p store.Path) []store.Prop {
	r.t.Helper()
	props, err := r.s.Props(r.t.Context(), r.sc, p)
	if err != nil {
		r.t.Fatal(err)
	}
	return props
}

// A patch changes properties and times together, under one number of the change log, or
// nothing at all.
func TestPatch(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	r.mkdir("d")
	r.put("d/f", []byte("x"))
	mod, made := time.Unix(1e9, 123_456_789), time.Unix(8e8, 1)
	for _, p := range []store.Path{"d/f", "d"} {
		before := r.stat(p)
		up := r.stat(store.Root)
		got := r.patch(p, store.Patch{Props: []store.PropPatch{xProp("a", "1"), xProp("b", "2"), {Prop: xProp("a", "").Prop, Remove: true}}, ModTime: mod, Created: made})
		now := r.stat(p)
		if !now.ModTime.Equal(mod) || !now.Created.Equal(made) || !got.ModTime.Equal(mod) || !got.Created.Equal(made) {
			t.Errorf("%s: %v and %v, returned %v and %v", p, now.ModTime, now.Created, got.ModTime, got.Created)
		}
		if now.Version != before.Version || now.ID != before.ID || now.IsFolder() == (now.ETag() == before.ETag()) {
			t.Errorf("%s: %s was %s", p, now.ETag(), before.ETag())
		}
		if seq := r.stat(store.Root).Seq; seq != up.Seq+1 {
			t.Errorf("%s: %d changes", p, seq-up.Seq)
		}
		if props := r.props(p); len(props) != 1 || string(props[0].Value) != "2" {
			t.Errorf("%s: %v", p, props)
		}
		r.patch(p, store.Patch{Created: made.Add(time.Hour)}) // one time alone
		if now := r.stat(p); !now.ModTime.Equal(mod) || !now.Created.Equal(made.Add(time.Hour)) {
			t.Errorf("%s: %v and %v", p, now.ModTime, now.Created)
		}
		r.patch(p, store.Patch{Created: made})

		lk, _, err := r.s.Lock(ctx, r.sc, p, store.LockSpec{Timeout: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		change := store.Patch{Props: []store.PropPatch{xProp("b", "3")}, ModTime: time.Unix(1, 0)}
		for _, c := range []struct {
			name string
			sc   store.Scope
			x    store.Patch
			c    store.Conditions
			want error
		}{
			{"locked", r.sc, change, store.Conditions{}, store.ErrLocked},
			{"condition", r.sc, change, store.Conditions{IfMatch: []string{"x"}, Tokens: []string{lk.Token}}, store.ErrPrecondition},
			{"guard", r.sc, change, store.Conditions{Tokens: []string{lk.Token}, Guard: func(store.View) error { return store.ErrPrecondition }}, store.ErrPrecondition},
			{"reader", store.Scope{Space: r.sc.Space, Root: r.sc.Root, Rights: store.MayRead, User: r.sc.User}, change, store.Conditions{Tokens: []string{lk.Token}}, store.ErrPermission},
			{"too large", r.sc, store.Patch{Props: []store.PropPatch{xProp("b", "3"), xProp("c", string(make([]byte, store.MaxPropsBytes)))}, ModTime: time.Unix(1, 0)}, store.Conditions{Tokens: []string{lk.Token}}, store.ErrPropsTooLarge},
		} {
			if _, err := r.s.Patch(ctx, c.sc, p, c.x, c.c); !errors.Is(err, c.want) {
				t.Errorf("%s, %s: %v", p, c.name, err)
			}
		}
		if now := r.stat(p); !now.ModTime.Equal(mod) || string(r.props(p)[0].Value) != "2" {
			t.Errorf("%s: a refused patch left %v, %v", p, now.ModTime, r.props(p))
		}
		if err := r.s.Unlock(ctx, r.sc, p, lk.Token); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.s.Patch(ctx, r.sc, store.Root, store.Patch{Props: []store.PropPatch{xProp("a", "1")}, ModTime: mod}, store.Conditions{}); !errors.Is(err, store.ErrRoot) || len(r.props(store.Root)) > 0 {
		t.Errorf("the root: %v, %v", err, r.props(store.Root))
	}
	if _, err := r.s.Patch(ctx, r.sc, "none", store.Patch{}, store.Conditions{}); !errors.Is(err, store.ErrNotExist) {
		t.Errorf("nothing there: %v", err)
	}
}

// Patches at once are each whole: the time is that of the one whose property is there.
func TestPatchTogether(t *testing.T) {
	r := newRig(t)
	r.put("f", []byte("x"))
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			for j := range 10 {
				n := int64(i*10 + j)
				if _, err := r.s.Patch(t.Context(), r.sc, "f", store.Patch{Props: []store.PropPatch{xProp("n", fmt.Sprint(n))}, ModTime: time.Unix(n, n), Created: time.Unix(n, 0)}, store.Conditions{}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	n := r.stat("f")
	if got := fmt.Sprint(n.ModTime.Unix()); string(r.props("f")[0].Value) != got || n.Created.Unix() != n.ModTime.Unix() {
		t.Errorf("times %v and %v with property %s", n.ModTime, n.Created, r.props("f")[0].Value)
	}
}

// What was patched is there after a restart: on the folder as a killed process leaves it, with a
// database from before the patch, with none.
func TestPatchReplay(t *testing.T) {
	for _, how := range []string{"killed", "behind", "rebuilt"} {
		t.Run(how, func(t *testing.T) {
			r := newRig(t)
			r.mkdir("d")
			r.put("d/f", []byte("x"))
			if err := r.s.Close(); err != nil {
				t.Fatal(err)
			}
			old, err := os.ReadFile(filepath.Join(r.dir, "meta.db"))
			if err != nil {
				t.Fatal(err)
			}
			r.open()
			want := map[store.Path]store.Node{}
			for i, p := range []store.Path{"d/f", "d"} {
				want[p] = r.patch(p, store.Patch{Props: []store.PropPatch{xProp("a", "1")}, ModTime: time.Unix(1e9, 123_456_789), Created: time.Unix(int64(i)+8e8, 1)})
			}
			rows, err := r.s.DumpForTest(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if how == "killed" {
				dir := filepath.Join(t.TempDir(), "copy")
				if err := os.CopyFS(dir, os.DirFS(r.dir)); err != nil {
					t.Fatal(err)
				}
				r.s.Close()
				r.dir = dir
			} else {
				r.s.Close()
				r.loseDatabase()
			}
			switch how {
			case "behind":
				err = os.WriteFile(filepath.Join(r.dir, "meta.db"), old, 0o600)
			case "rebuilt":
				_, err = r.rebuild()
			}
			if err != nil {
				t.Fatal(err)
			}
			r.open()
			for p, w := range want {
				if n := r.stat(p); !n.ModTime.Equal(w.ModTime) || !n.Created.Equal(w.Created) || n.Version != w.Version || len(r.props(p)) != 1 {
					t.Errorf("%s: %v, %v, %v", p, n.ModTime, n.Created, r.props(p))
				}
			}
			if got, err := r.s.DumpForTest(t.Context()); how != "rebuilt" && (err != nil || !slices.Equal(got, rows)) {
				t.Errorf("%v\n%v\nwant\n%v", err, got, rows)
			}
			r.clean()
		})
	}
}

// An undo takes both times back; properties stay.
func TestPatchUndo(t *testing.T) {
	r := newRig(t)
	r.mkdir("d")
	r.put("d/f", []byte("x"))
	was := map[store.Path]store.Node{"d/f": r.stat("d/f"), "d": r.stat("d")}
	from := r.stat(store.Root).Seq
	for p := range was {
		r.patch(p, store.Patch{Created: time.Unix(1, 0)})
	}
	r.put("d/f", []byte("another"))
	if _, err := r.s.Undo(t.Context(), r.sc, from, 0, store.Conditions{}); err != nil {
		t.Fatal(err)
	}
	for p, w := range was {
		if n := r.stat(p); !n.Created.Equal(w.Created) {
			t.Errorf("%s: made %v, not %v", p, n.Created, w.Created)
		}
	}
	if got := string(r.read("d/f")); got != "x" {
		t.Errorf("d/f is %q", got)
	}
}
