package store_test

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"

	"cairn/store"
)

// older lists what a file held before, newest first.
func (r *rig) older(p store.Path) []store.Version {
	r.t.Helper()
	_, vs, err := r.s.Versions(r.t.Context(), r.sc, p, 0, 1000)
	if err != nil {
		r.t.Fatal(err)
	}
	return vs
}

// held checks what a file held at a version.
func (r *rig) held(p store.Path, id store.VersionID, want []byte) {
	r.t.Helper()
	c, err := r.s.OpenVersion(r.t.Context(), r.sc, p, id)
	if err != nil {
		r.t.Fatalf("%s at %v: %v", p, id, err)
	}
	defer c.Close()
	got, err := io.ReadAll(c)
	if n := c.Node(); err != nil || !bytes.Equal(got, want) || n.Version != id || n.Size != int64(len(want)) || n.ID != r.stat(p).ID {
		r.t.Errorf("%s at %v: %.40q, %v, node %v of %d bytes, want %.40q", p, id, got, err, n.Version, n.Size, want)
	}
}

func (r *rig) restoreVersion(p store.Path, id store.VersionID) store.Node {
	r.t.Helper()
	n, err := r.s.RestoreVersion(r.t.Context(), r.sc, p, id, store.Conditions{})
	if err != nil {
		r.t.Fatal(err)
	}
	return n
}

func TestVersions(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	contents := [][]byte{[]byte("first"), noise(1, 3<<20), nil, []byte("last")}
	var ids []store.VersionID
	for _, c := range contents {
		ids = append(ids, r.put("f", c).Version)
	}
	made, err := r.s.Touch(ctx, r.sc, "f", time.Unix(1e9, 5), store.Conditions{})
	if err != nil {
		t.Fatal(err)
	}
	for i, id := range ids[:3] {
		r.held("f", id, contents[i])
	}
	r.held("f", made.Version, contents[3])

	var paged []store.VersionID
	for before := int64(0); ; {
		n, vs, err := r.s.Versions(ctx, r.sc, "f", before, 2)
		if err != nil || n.Version != made.Version {
			t.Fatalf("%v, %v", n.Version, err)
		}
		for _, v := range vs {
			paged, before = append(paged, v.ID), v.Until
		}
		if len(vs) < 2 {
			break
		}
	}
	all := r.older("f")
	if len(paged) != len(all) || len(all) < 3 {
		t.Fatalf("%d by pages, %d at once", len(paged), len(all))
	}
	for i, v := range all {
		if paged[i] != v.ID || v.Author != r.sc.User || v.Node != made.ID || v.Created.IsZero() {
			t.Errorf("%d: %+v, by pages %v", i, v, paged[i])
		}
	}
	r.mkdir("d")
	for p, want := range map[store.Path]error{"no": store.ErrNotExist, "no/f": store.ErrNotExist, "f/f": store.ErrNotExist, "d": store.ErrIsFolder, "": store.ErrIsFolder} {
		if c, err := r.s.OpenVersion(ctx, r.sc, p, ids[0]); !errors.Is(err, want) {
			t.Errorf("OpenVersion %q: %v, %v, want %v", p, c, err, want)
		}
	}
	r.reopen()
	for i, id := range ids[:3] {
		r.held("f", id, contents[i])
	}
	r.clean()
}

func TestRestoreVersion(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	r.mkdir("d")
	when := time.Date(2001, 2, 3, 4, 5, 6, 7, time.UTC)
	one := noise(1, 2<<20)
	w, err := r.s.Put(ctx, r.sc, "d/f", bytes.NewReader(one), store.PutOptions{Size: -1, ModTime: when})
	if err != nil {
		t.Fatal(err)
	}
	two := r.put("d/f", []byte("two"))
	sums := r.stat("d")
	n := r.restoreVersion("d/f", w.Version)
	if n.ID != w.ID || n.Version == w.Version || n.Version == two.Version || !n.ModTime.Equal(when) || n.Size != w.Size || n.Author != r.sc.User {
		t.Errorf("%+v", n)
	}
	if got := r.stat("d/f"); got.ETag() != n.ETag() || !bytes.Equal(r.read("d/f"), one) {
		t.Errorf("%+v is there, not %+v", got, n)
	}
	if now := r.stat("d"); now.Bytes != sums.Bytes-3+int64(len(one)) || now.Files != 1 || now.ETag() == sums.ETag() {
		t.Errorf("the folder: %+v, before %+v", now, sums)
	}
	vs := r.older("d/f")
	if len(vs) != 2 || vs[0].ID != two.Version || vs[1].ID != w.Version {
		t.Fatalf("%+v", vs)
	}
	r.held("d/f", two.Version, []byte("two"))
	r.held("d/f", w.Version, one)
	r.held("d/f", n.Version, one)

	// The current one changes nothing; back and forth goes on.
	if same := r.restoreVersion("d/f", n.Version); same.Version != n.Version || len(r.older("d/f")) != 2 {
		t.Errorf("%+v", same)
	}
	r.restoreVersion("d/f", two.Version)
	if got := r.read("d/f"); string(got) != "two" || len(r.older("d/f")) != 3 {
		t.Errorf("%q, %d versions", got, len(r.older("d/f")))
	}
	r.reopen()
	if got := r.read("d/f"); string(got) != "two" || len(r.older("d/f")) != 3 {
		t.Errorf("after a restart: %q, %d versions", got, len(r.older("d/f")))
	}
	r.held("d/f", n.Version, one)
	r.clean()
}

// A large file's manifest lies in the packs: it is referred to, not copied.
func TestRestoreVersion_many(t *testing.T) {
	r := newRig(t)
	large := noise(3, 20<<20)
	w := r.put("f", large)
	empty := r.put("f", nil)
	if n := r.restoreVersion("f", w.Version); n.Size != w.Size {
		t.Errorf("%d bytes", n.Size)
	}
	r.restoreVersion("f", empty.Version)
	if n := r.stat("f"); n.Size != 0 || len(r.read("f")) != 0 {
		t.Errorf("%+v", n)
	}
	n := r.restoreVersion("f", w.Version)
	if !bytes.Equal(r.read("f"), large) {
		t.Error("other bytes")
	}
	// All of it goes to the trash and comes back.
	if err := r.s.Remove(t.Context(), r.sc, "f", store.Conditions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.s.RestoreVersion(t.Context(), r.sc, "f", empty.Version, store.Conditions{}); !errors.Is(err, store.ErrNotExist) {
		t.Errorf("in the trash: %v", err)
	}
	if _, err := r.s.Restore(t.Context(), r.sc, n.ID, "", store.Conditions{}); err != nil {
		t.Fatal(err)
	}
	r.held("f", empty.Version, nil)
	r.clean()
}

func TestRestoreVersion_refused(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	other := r.put("other", []byte("o1"))
	r.put("other", []byte("o2"))
	one := r.put("f", []byte("one"))
	two := r.put("f", []byte("2"))
	r.mkdir("d")
	lk, _, err := r.s.Lock(ctx, r.sc, "other", store.LockSpec{Timeout: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	bob, err := r.s.AddUser(ctx, "bob", "", 0, false)
	if err != nil {
		t.Fatal(err)
	}
	bobs, err := r.s.Home(ctx, bob.ID)
	if err != nil {
		t.Fatal(err)
	}
	mixed := bobs
	mixed.Root = r.sc.Root
	reading, writing := r.sc, r.sc
	reading.Rights, writing.Rights = store.MayRead, store.MayWrite
	if err := r.s.SetQuota(ctx, r.sc.User, 4); err != nil { // 3 are used
		t.Fatal(err)
	}
	if _, err := r.s.Put(ctx, bobs, "f", bytes.NewReader([]byte("bob's")), store.PutOptions{Size: -1}); err != nil {
		t.Fatal(err)
	}
	failed := errors.New("guard")
	for name, c := range map[string]struct {
		sc   store.Scope
		p    store.Path
		id   store.VersionID
		c    store.Conditions
		want error
	}{
		"unknown":          {r.sc, "f", store.VersionID{1}, store.Conditions{}, store.ErrNotExist},
		"no version":       {r.sc, "f", store.VersionID{}, store.Conditions{}, store.ErrNotExist},
		"of another node":  {r.sc, "f", other.Version, store.Conditions{}, store.ErrNotExist},
		"no file":          {r.sc, "no", one.Version, store.Conditions{}, store.ErrNotExist},
		"no folder":        {r.sc, "no/f", one.Version, store.Conditions{}, store.ErrNotExist},
		"below a file":     {r.sc, "f/f", one.Version, store.Conditions{}, store.ErrNotExist},
		"a folder":         {r.sc, "d", one.Version, store.Conditions{}, store.ErrIsFolder},
		"the root":         {r.sc, "", one.Version, store.Conditions{}, store.ErrIsFolder},
		"of another space": {bobs, "f", one.Version, store.Conditions{}, store.ErrNotExist},
		"another's root":   {mixed, "f", one.Version, store.Conditions{}, store.ErrNotExist},
		"may read":         {reading, "f", one.Version, store.Conditions{}, store.ErrPermission},
		"may write":        {writing, "f", one.Version, store.Conditions{}, store.ErrPermission},
		"If-Match":         {r.sc, "f", one.Version, store.Conditions{IfMatch: []string{one.ETag()}}, store.ErrPrecondition},
		"If-None-Match":    {r.sc, "f", one.Version, store.Conditions{IfNoneMatch: []string{"*"}}, store.ErrPrecondition},
		"guard":            {r.sc, "f", one.Version, store.Conditions{Guard: func(store.View) error { return failed }}, failed},
		"locked":           {r.sc, "other", other.Version, store.Conditions{}, store.ErrLocked},
		"quota":            {r.sc, "f", one.Version, store.Conditions{}, store.ErrQuota},
	} {
		if n, err := r.s.RestoreVersion(ctx, c.sc, c.p, c.id, c.c); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, %v, want %v", name, n.Version, err, c.want)
		}
		if errors.Is(c.want, store.ErrNotExist) {
			if v, err := r.s.OpenVersion(ctx, c.sc, c.p, c.id); !errors.Is(err, c.want) {
				t.Errorf("open %s: %v, %v, want %v", name, v, err, c.want)
			}
		}
	}
	if got := r.stat("f"); got.Version != two.Version || string(r.read("f")) != "2" || len(r.older("f")) != 1 || string(r.read("other")) != "o2" {
		t.Errorf("something was changed: %+v", got)
	}
	if _, err := r.s.RestoreVersion(ctx, r.sc, "other", other.Version, store.Conditions{Tokens: []string{lk.Token}}); err != nil {
		t.Errorf("with the lock's token: %v", err)
	}
	if err := r.s.SetQuota(ctx, r.sc.User, 5); err != nil {
		t.Fatal(err)
	}
	if _, err := r.s.RestoreVersion(ctx, r.sc, "f", one.Version, store.Conditions{IfMatch: []string{two.ETag()}}); err != nil {
		t.Errorf("within the quota: %v", err)
	}
	r.clean()
}

// What a file held that was moved over another is a version of the other.
func TestRestoreVersion_afterMove(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	f := r.put("f", []byte("f"))
	r.put("tmp", []byte("tmp1"))
	tmp1 := r.stat("tmp")
	r.put("tmp", []byte("tmp2"))
	w, err := r.s.Move(ctx, r.sc, "tmp", "f", store.MoveOptions{Overwrite: true})
	if err != nil {
		t.Fatal(err)
	}
	r.held("f", f.Version, []byte("f"))
	r.held("f", tmp1.Version, []byte("tmp1"))
	r.held("f", w.Version, []byte("tmp2"))
	r.restoreVersion("f", tmp1.Version)
	if got := r.stat("f"); string(r.read("f")) != "tmp1" || got.ID != f.ID || len(r.older("f")) != 3 {
		t.Errorf("%+v holds %q, %d versions", got, r.read("f"), len(r.older("f")))
	}
	// A rename takes them along; a copy begins anew.
	r.mkdir("d")
	if _, err := r.s.Move(ctx, r.sc, "f", "d/g", store.MoveOptions{}); err != nil {
		t.Fatal(err)
	}
	r.held("d/g", f.Version, []byte("f"))
	if _, err := r.s.Copy(ctx, r.sc, "d/g", "copy", store.MoveOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.s.OpenVersion(ctx, r.sc, "copy", f.Version); !errors.Is(err, store.ErrNotExist) || len(r.older("copy")) != 0 {
		t.Errorf("the copy has versions: %v", err)
	}
	r.clean()
}
