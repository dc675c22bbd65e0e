package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"cairn/store"
)

func TestNames(t *testing.T) {
	r := newRig(t)
	r.put("Cafe\u0301", []byte("1"))
	if got := r.read("Caf\u00e9"); string(got) != "1" {
		t.Errorf("by the composed name: %q", got)
	}
	if _, err := r.s.Mkdir(t.Context(), r.sc, "Caf\u00e9", store.Conditions{}); !errors.Is(err, store.ErrExist) {
		t.Errorf("a name that is equal under NFC: %v", err)
	}
	r.put("Caf\u00e9", []byte("2"))
	if got := r.stat("Caf\u00e9").Name; got != "Cafe\u0301" {
		t.Errorf("the name is not kept byte for byte: %q", got)
	}
	w, err := r.s.Move(t.Context(), r.sc, "Caf\u00e9", "Caf\u00e9", store.MoveOptions{})
	if !errors.Is(err, store.ErrSame) {
		t.Errorf("move onto itself: %+v, %v", w, err)
	}
	for _, bad := range []string{".", "..", "a/../b", "a//b", "a\x00b", "a\nb", "a\x7f", "\xff", string(make([]byte, 3)), "x/" + string(bytes.Repeat([]byte{'n'}, 256))} {
		if p, err := store.ParsePath(bad); !errors.Is(err, store.ErrName) {
			t.Errorf("ParsePath(%q) = %q, %v", bad, p, err)
		}
	}
	if _, err := store.ParsePath(string(bytes.Repeat([]byte("a/"), 257))); !errors.Is(err, store.ErrPathTooLong) {
		t.Errorf("257 levels: %v", err)
	}
}

func TestMoveAndIdentity(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	r.mkdir("d")
	r.mkdir("d/e")
	r.put("d/e/f", []byte("f1"))
	f1 := r.stat("d/e/f")
	r.put("d/e/f", []byte("f2!"))
	f2 := r.stat("d/e/f")
	if f1.ID != f2.ID || f1.Version == f2.Version {
		t.Fatal("overwriting must keep the node and change the version")
	}
	if _, err := r.s.Move(ctx, r.sc, "d", "d/e/x", store.MoveOptions{Overwrite: true}); !errors.Is(err, store.ErrIntoItself) {
		t.Errorf("into itself: %v", err)
	}
	if _, err := r.s.Move(ctx, r.sc, "d/e", "d", store.MoveOptions{Overwrite: true}); !errors.Is(err, store.ErrIntoItself) {
		t.Errorf("onto its parent: %v", err)
	}
	if _, err := r.s.Move(ctx, r.sc, "nothing", "d/e/f", store.MoveOptions{Overwrite: true}); !errors.Is(err, store.ErrNotExist) || string(r.read("d/e/f")) != "f2!" {
		t.Errorf("a missing source: %v", err)
	}
	if _, err := r.s.Move(ctx, r.sc, "", "x", store.MoveOptions{}); !errors.Is(err, store.ErrRoot) {
		t.Errorf("the root: %v", err)
	}
	if _, err := r.s.Move(ctx, r.sc, "d/e", "moved", store.MoveOptions{}); err != nil {
		t.Fatal(err)
	}
	if n := r.stat("moved/f"); n.ID != f1.ID || n.ETag() != f2.ETag() {
		t.Error("a moved folder's files changed their identity")
	}
	r.put("tmp", []byte("safe save"))
	tmp := r.stat("tmp")
	w, err := r.s.Move(ctx, r.sc, "tmp", "moved/f", store.MoveOptions{Overwrite: true})
	if err != nil || w.Created || w.ID != f1.ID || w.Version != tmp.Version {
		t.Fatalf("file over file: %+v, %v", w, err)
	}
	_, vs, err := r.s.Versions(ctx, r.sc, "moved/f", 0, 10)
	if err != nil || len(vs) != 2 || vs[0].ID != f2.Version || vs[1].ID != f1.Version {
		t.Errorf("versions after a safe save: %+v, %v", vs, err)
	}
	if _, err := r.s.Move(ctx, r.sc, "moved/f", "d", store.MoveOptions{}); !errors.Is(err, store.ErrExist) {
		t.Errorf("without overwrite: %v", err)
	}
	if _, err := r.s.Move(ctx, r.sc, "moved/f", "d", store.MoveOptions{Overwrite: true}); err != nil {
		t.Errorf("file over folder: %v", err)
	}
	if got := r.read("d"); string(got) != "safe save" {
		t.Errorf("%q", got)
	}
	r.clean()
}

func TestRemoveAndRestore(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	r.mkdir("d")
	r.put("d/f", []byte("content"))
	was := r.stat("d/f")
	if err := r.s.Remove(ctx, r.sc, "d", store.Conditions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.s.Stat(ctx, r.sc, "d/f"); !errors.Is(err, store.ErrNotExist) {
		t.Errorf("below a removed folder: %v", err)
	}
	if err := r.s.Remove(ctx, r.sc, "", store.Conditions{}); !errors.Is(err, store.ErrRoot) {
		t.Errorf("the root: %v", err)
	}
	ts, err := r.s.Trash(ctx, r.sc, 0, 10)
	if err != nil || len(ts) != 1 || ts[0].Name != "d" {
		t.Fatalf("trash: %+v, %v", ts, err)
	}
	r.put("d", []byte("in the way"))
	if _, err := r.s.Restore(ctx, r.sc, ts[0].Node, "", store.Conditions{}); !errors.Is(err, store.ErrExist) {
		t.Errorf("restore onto a taken name: %v", err)
	}
	if _, err := r.s.Restore(ctx, r.sc, ts[0].Node, "d2", store.Conditions{}); err != nil {
		t.Fatal(err)
	}
	if n := r.stat("d2/f"); n.ID != was.ID || n.ETag() != was.ETag() || string(r.read("d2/f")) != "content" {
		t.Error("restore lost identity or content")
	}
	r.clean()
}

func TestCopy(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	r.mkdir("d")
	r.mkdir("d/empty")
	for i := range 1000 {
		r.put(store.Path(fmt.Sprintf("d/f%04d", i)), []byte{byte(i)})
	}
	prop := store.Prop{Name: store.PropName{Space: "urn:x", Local: "colour"}, Value: []byte("blue")}
	for _, p := range []store.Path{"d", "d/f0007"} {
		if err := r.s.SetProps(ctx, r.sc, p, []store.PropPatch{{Prop: prop}}, store.Conditions{}); err != nil {
			t.Fatal(err)
		}
	}
	r.mkdir("old")
	r.put("old/x", []byte("x"))
	w, err := r.s.Copy(ctx, r.sc, "d", "old", store.MoveOptions{Overwrite: true})
	if err != nil || w.Created || w.Files != 1000 {
		t.Fatalf("%+v, %v", w, err)
	}
	if got := r.read("old/f0999"); !bytes.Equal(got, []byte{999 & 255}) {
		t.Errorf("%v", got)
	}
	if r.stat("old/f0007").ETag() == r.stat("d/f0007").ETag() {
		t.Error("a copy has the ETag of its source")
	}
	for _, p := range []store.Path{"old", "old/f0007"} {
		if ps, err := r.s.Props(ctx, r.sc, p); err != nil || len(ps) != 1 || string(ps[0].Value) != "blue" {
			t.Errorf("properties of %s: %+v, %v", p, ps, err)
		}
	}
	if ps, err := r.s.ListProps(ctx, r.sc, "d", "", "f0500"); err != nil || len(ps) != 1 || len(ps[r.stat("d/f0007").ID]) != 1 {
		t.Errorf("properties of the children: %+v, %v", ps, err)
	}
	if ps, err := r.s.ListProps(ctx, r.sc, "d", "f0007", "f0500"); err != nil || len(ps) != 0 {
		t.Errorf("properties behind: %+v, %v", ps, err)
	}
	if _, err := r.s.Copy(ctx, r.sc, "d", "d/empty/d", store.MoveOptions{}); !errors.Is(err, store.ErrIntoItself) {
		t.Errorf("into itself: %v", err)
	}
	w, err = r.s.Copy(ctx, r.sc, "d", "shallow", store.MoveOptions{Shallow: true})
	if kids, _ := r.s.List(ctx, r.sc, "shallow", "", 10); err != nil || !w.Created || len(kids) != 0 {
		t.Errorf("shallow: %v, %v", kids, err)
	}
	r.clean()
}

func TestListPages(t *testing.T) {
	r := newRig(t)
	for i := range 25 {
		r.put(store.Path(fmt.Sprintf("f%02d", i)), nil)
	}
	var got []string
	for after := ""; ; {
		page, err := r.s.List(t.Context(), r.sc, "", after, 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range page {
			got = append(got, n.Name)
		}
		if len(page) < 10 {
			break
		}
		after = page[len(page)-1].Name
	}
	if len(got) != 25 || got[0] != "f00" || got[24] != "f24" {
		t.Errorf("%v", got)
	}
}

func TestCopyOntoItsOtherSpelling(t *testing.T) {
	r := newRig(t)
	r.mkdir("Cafe\u0301")
	r.put("Cafe\u0301/f", []byte("1"))
	was := r.stat("Cafe\u0301")
	if _, err := r.s.Copy(t.Context(), r.sc, "Cafe\u0301", "Caf\u00e9", store.MoveOptions{Overwrite: true}); !errors.Is(err, store.ErrSame) {
		t.Errorf("%v, want ErrSame", err)
	}
	if n := r.stat("Cafe\u0301"); n.ID != was.ID {
		t.Error("the source is another node now")
	}
}

// Every folder's ETag is the same from the call that made it as from Stat, and changes
// when the folder itself does.
func TestFolderETag(t *testing.T) {
	r := newRig(t)
	n, err := r.s.Mkdir(t.Context(), r.sc, "d", store.Conditions{})
	if err != nil || n.ETag() != r.stat("d").ETag() {
		t.Errorf("%s from Mkdir, %s from Stat (%v)", n.ETag(), r.stat("d").ETag(), err)
	}
	r.put("d/f", nil)
	before := r.stat("d").ETag()
	if _, err := r.s.Touch(t.Context(), r.sc, "d", time.Unix(1, 0), store.Conditions{}); err != nil || r.stat("d").ETag() == before {
		t.Errorf("the ETag stays through Touch (%v)", err)
	}
}

// Large properties of many, at once: none fails because of the others.
func TestManyLargeProperties(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	var wg sync.WaitGroup
	for i := range 30 {
		p := store.Path(fmt.Sprintf("d%d", i))
		r.mkdir(p)
		wg.Go(func() {
			prop := store.Prop{Name: store.PropName{Space: "urn:x", Local: "big"}, Value: noise(uint64(i), 250<<10)}
			if err := r.s.SetProps(ctx, r.sc, p, []store.PropPatch{{Prop: prop}}, store.Conditions{}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	r.mkdir("all")
	for i := range 30 {
		if _, err := r.s.Move(ctx, r.sc, store.Path(fmt.Sprintf("d%d", i)), store.Path(fmt.Sprintf("all/d%d", i)), store.MoveOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.s.Copy(ctx, r.sc, "all", "copy", store.MoveOptions{}); err != nil {
		t.Error(err)
	}
	r.clean()
}
