package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"cairn/store"
)

// snapshot makes one of the rig's space.
func (r *rig) snapshot(name string) store.Snapshot {
	r.t.Helper()
	sn, err := r.s.MakeSnapshot(r.t.Context(), r.sc, name)
	if err != nil {
		r.t.Fatal(err)
	}
	return sn
}

// seen is what a tree shows of a node.
type seen struct {
	id      store.NodeID
	folder  bool
	content string
	modTime time.Time
}

func (s seen) String() string {
	return fmt.Sprintf("%v folder %v %.20q of %v", s.id, s.folder, s.content, s.modTime)
}

// now is all that a space shows.
func (r *rig) now() map[store.Path]seen {
	r.t.Helper()
	return r.look(func(p store.Path, after string) ([]store.Node, error) {
		return r.s.List(r.t.Context(), r.sc, p, after, 3)
	}, func(p store.Path) (store.Content, error) {
		return r.s.Open(r.t.Context(), r.sc, p)
	})
}

// then is all that a snapshot shows.
func (r *rig) then(id store.SnapshotID) map[store.Path]seen {
	r.t.Helper()
	return r.look(func(p store.Path, after string) ([]store.Node, error) {
		return r.s.ListAt(r.t.Context(), r.sc, id, p, after, 3)
	}, func(p store.Path) (store.Content, error) {
		return r.s.OpenAt(r.t.Context(), r.sc, id, p)
	})
}

func (r *rig) look(list func(p store.Path, after string) ([]store.Node, error), open func(p store.Path) (store.Content, error)) map[store.Path]seen {
	r.t.Helper()
	out := map[store.Path]seen{}
	for left := []store.Path{""}; len(left) > 0; {
		p := left[len(left)-1]
		left = left[:len(left)-1]
		for after := ""; ; {
			nodes, err := list(p, after)
			if err != nil {
				r.t.Fatalf("list %q: %v", p, err)
			}
			if len(nodes) == 0 {
				break
			}
			for _, n := range nodes {
				after = n.Name
				q := p.Join(n.Name)
				is := seen{id: n.ID, folder: n.IsFolder(), modTime: n.ModTime}
				if n.IsFolder() {
					left = append(left, q)
				} else {
					is.content = r.text(q, open)
				}
				if _, twice := out[q]; twice {
					r.t.Fatalf("%q is shown twice", q)
				}
				out[q] = is
			}
		}
	}
	return out
}

func (r *rig) text(p store.Path, open func(p store.Path) (store.Content, error)) string {
	r.t.Helper()
	c, err := open(p)
	if err != nil {
		r.t.Fatalf("open %q: %v", p, err)
	}
	defer c.Close()
	b := make([]byte, c.Node().Size)
	if _, err := c.ReadAt(b, 0); err != nil && len(b) > 0 && err.Error() != "EOF" {
		r.t.Fatalf("read %q: %v", p, err)
	}
	return string(b)
}

// differ tells how two trees differ, ids apart if they may.
func differ(got, want map[store.Path]seen, ids bool) (out []string) {
	for p, w := range want {
		g, ok := got[p]
		same := ok && g.folder == w.folder && g.content == w.content && g.modTime.Equal(w.modTime) && (!ids || g.id == w.id)
		if !same {
			out = append(out, fmt.Sprintf("%q is %v, want %v", p, g, w))
		}
	}
	for p, g := range got {
		if _, ok := want[p]; !ok {
			out = append(out, fmt.Sprintf("%q is there: %v", p, g))
		}
	}
	return out
}

func (r *rig) wantTree(what string, got, want map[store.Path]seen) {
	r.t.Helper()
	for _, d := range differ(got, want, true) {
		r.t.Errorf("%s: %s", what, d)
	}
}

func (r *rig) move(from, to store.Path) {
	r.t.Helper()
	if _, err := r.s.Move(r.t.Context(), r.sc, from, to, store.MoveOptions{Overwrite: true}); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) revert(sn store.Snapshot, p store.Path) store.Undone {
	r.t.Helper()
	did, err := r.s.Revert(r.t.Context(), r.sc, sn.ID, p, store.Conditions{})
	if err != nil {
		r.t.Fatal(err)
	}
	return did
}

// What a snapshot shows stays: names, places, contents, ids, times; whatever happens later.
func TestSnapshot(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	r.mkdir("a")
	r.mkdir("a/b")
	r.put("a/b/f", []byte("one"))
	r.put("a/g", []byte("two"))
	r.put("h", []byte("three"))
	r.put("over", []byte("moved over"))
	r.put("target", []byte("target"))
	want := r.now()
	sn := r.snapshot("before")
	r.wantTree("at once", r.then(sn.ID), want)

	r.put("a/b/f", []byte("one more"))
	r.move("a", "c")
	r.put("a", []byte("a file"))
	r.move("over", "target")
	r.put("target", []byte("again"))
	r.trashIt("h")
	r.put("h", []byte("another"))
	if _, err := r.s.Touch(ctx, r.sc, "c/g", time.Unix(7, 0), store.Conditions{}); err != nil {
		t.Fatal(err)
	}
	r.wantTree("after changes", r.then(sn.ID), want)

	r.trashIt("c")
	r.trashIt("target")
	if _, err := r.s.EmptyTrash(ctx, r.sc, 0); err != nil {
		t.Fatal(err)
	}
	r.reaped()
	r.prune(store.PruneOptions{Retention: keepNothing()})
	r.wantTree("after all was deleted for good", r.then(sn.ID), want)
	r.clean()
	r.gc(store.GCOptions{Full: true})
	r.reopen()
	r.wantTree("after a collection", r.then(sn.ID), want)
	r.must(r.s.Close())
	_, err := r.rebuild()
	r.must(err)
	r.open()
	r.wantTree("after a rebuild", r.then(sn.ID), want)

	did := r.revert(sn, "")
	if did.LeftOut > 0 {
		t.Errorf("%+v", did)
	}
	for _, d := range differ(r.now(), want, false) {
		t.Error("reverted: ", d)
	}
	r.wantTree("after the revert", r.then(sn.ID), want)
	if did := r.revert(sn, ""); did.Placed+did.Trashed+did.Written+did.LeftOut > 0 {
		t.Errorf("again: %+v", did)
	}
	if err := r.s.DropSnapshot(ctx, r.sc, sn.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := r.s.StatAt(ctx, r.sc, sn.ID, ""); !errors.Is(err, store.ErrNotExist) {
		t.Errorf("a dropped one: %v", err)
	}
	for _, d := range differ(r.now(), want, false) {
		t.Error("after it was dropped: ", d)
	}
	r.clean()
}

// When the last snapshot goes that held what is deleted for good, that goes.
func TestSnapshotDropped(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	empty := r.rows()
	r.mkdir("a")
	for i := range 700 {
		r.put(store.Path(fmt.Sprint("a/", i)), []byte("x"))
	}
	one := r.snapshot("one")
	two := r.snapshot("two")
	r.trashIt("a")
	later := r.snapshot("three") // does not show them
	if _, err := r.s.EmptyTrash(ctx, r.sc, 0); err != nil {
		t.Fatal(err)
	}
	r.reaped()
	for _, sn := range []store.Snapshot{one, two} {
		if got := r.then(sn.ID); len(got) != 701 {
			t.Errorf("%s shows %d", sn.Name, len(got))
		}
		if err := r.s.DropSnapshot(ctx, r.sc, sn.ID); err != nil {
			t.Fatal(err)
		}
	}
	for deadline := time.Now().Add(time.Minute); r.rows().Nodes > empty.Nodes || r.rows().Versions > 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%+v", r.rows())
		}
	}
	if got := r.then(later.ID); len(got) != 0 {
		t.Errorf("%v", got)
	}
	r.clean()
}

func TestSnapshotRefused(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	bob := r.another("bob")
	r.mkdir("d")
	w := r.put("d/f", []byte("1"))
	sn := r.snapshot("e\u0301")
	r.put("d/f", []byte("2"))
	part, reader := r.sc, r.sc
	part.Root, reader.Rights = r.stat("d").ID, store.MayRead
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	make := func(sc store.Scope, name string) error {
		_, err := r.s.MakeSnapshot(ctx, sc, name)
		return err
	}
	revert := func(ctx context.Context, sc store.Scope, id store.SnapshotID, p store.Path) error {
		_, err := r.s.Revert(ctx, sc, id, p, store.Conditions{})
		return err
	}
	_, statErr := r.s.StatAt(ctx, bob, sn.ID, "")
	_, openErr := r.s.OpenAt(ctx, r.sc, sn.ID, "d")
	_, listErr := r.s.ListAt(ctx, r.sc, sn.ID, "d/f", "", 9)
	_, undoErr := r.s.Undo(ctx, reader, 0, 0, store.Conditions{})
	for name, c := range map[string]struct{ got, want error }{
		"the same name":           {make(r.sc, "\u00e9"), store.ErrExist},
		"no name":                 {make(r.sc, ""), store.ErrName},
		"a path":                  {make(r.sc, "a/b"), store.ErrName},
		"by a part":               {make(part, "x"), store.ErrNotExist},
		"without the right":       {make(reader, "x"), store.ErrPermission},
		"another's is looked at":  {statErr, store.ErrNotExist},
		"another's is reverted":   {revert(ctx, bob, sn.ID, ""), store.ErrNotExist},
		"another's is dropped":    {r.s.DropSnapshot(ctx, bob, sn.ID), store.ErrNotExist},
		"dropped by a reader":     {r.s.DropSnapshot(ctx, reader, sn.ID), store.ErrPermission},
		"a folder is opened":      {openErr, store.ErrIsFolder},
		"a file is listed":        {listErr, store.ErrNotFolder},
		"reverted by a reader":    {revert(ctx, reader, sn.ID, ""), store.ErrPermission},
		"what it does not have":   {revert(ctx, r.sc, sn.ID, "e"), store.ErrNotExist},
		"undone by a reader":      {undoErr, store.ErrPermission},
		"a version that it needs": {r.s.DropVersion(ctx, r.sc, "d/f", w.Version, store.Conditions{}), store.ErrSnapshot},
		"ended":                   {revert(cancelled, r.sc, sn.ID, ""), context.Canceled},
	} {
		if !errors.Is(c.got, c.want) {
			t.Errorf("%s: %v, want %v", name, c.got, c.want)
		}
	}
	lk, _, err := r.s.Lock(ctx, r.sc, "d/f", store.LockSpec{Timeout: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	if err := revert(ctx, r.sc, sn.ID, ""); !errors.Is(err, store.ErrLocked) || string(r.read("d/f")) != "2" {
		t.Errorf("locked: %v", err)
	}
	if _, err := r.s.Revert(ctx, r.sc, sn.ID, "", store.Conditions{Tokens: []string{lk.Token}}); err != nil || string(r.read("d/f")) != "1" {
		t.Errorf("with the token: %v", err)
	}
	for i := range store.MaxSnapshots - 1 {
		r.snapshot(fmt.Sprint(i))
	}
	if err := make(r.sc, "one more"); !errors.Is(err, store.ErrSnapshotLimit) {
		t.Errorf("one more: %v", err)
	}
	if err := make(bob, "his first"); err != nil {
		t.Errorf("another's: %v", err)
	}
	r.clean()
}

// Damage of what only snapshots show is named by the newest that does.
func TestSnapshotDamaged(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	r.mkdir("a")
	r.put("a/film", noise(3, 2<<20))
	r.snapshot("monday")
	r.trashIt("a")
	if _, err := r.s.EmptyTrash(ctx, r.sc, 0); err != nil {
		t.Fatal(err)
	}
	r.reaped()
	r.put("fine", []byte("fine"))
	r.reopen()
	r.spoilFile(r.largest(), 1<<20)
	found := r.verify(true)
	text := fmt.Sprint(found)
	if !strings.Contains(text, "ada (snapshot monday):/a/film, its version of ") || strings.Contains(text, "fine") {
		t.Errorf("verify: %s", text)
	}
	did, err := r.s.Scrub(ctx, store.ScrubOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if text := fmt.Sprintf("%+v", did); !strings.Contains(text, "ada (snapshot monday):/a/film") {
		t.Errorf("scrub: %s", text)
	}
}
