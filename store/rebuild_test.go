package store_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"cairn/store"
)

// tree is every node below a folder, as its users are told of it.
func (r *rig) tree(dir store.Path) map[store.Path]store.Node {
	r.t.Helper()
	out := map[store.Path]store.Node{}
	list, err := r.s.List(r.t.Context(), r.sc, dir, "", 1000)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, n := range list {
		p := dir.Join(n.Name)
		n.Epoch = 0
		out[p] = n
		if n.IsFolder() {
			for at, m := range r.tree(p) {
				out[at] = m
			}
		}
	}
	return out
}

func (r *rig) rebuild() (store.Rebuilt, error) {
	return store.Rebuild(r.t.Context(), store.Options{Dir: r.dir, Clock: r.clock.now, UnsafeFS: true})
}

// A rebuilt database has everything that the one before had, which stays beside it, and
// tells clients to look again.
func TestRebuild(t *testing.T) {
	for _, how := range []string{"whole", "garbage", "missing", "of another version"} {
		t.Run(how, func(t *testing.T) {
			r := newRig(t)
			r.history(1)
			if _, err := r.s.CheckpointForTest(t.Context()); err != nil {
				t.Fatal(err)
			}
			r.history(2)
			before, folder := r.tree(store.Root), r.stat("dir1")
			_, versions, err := r.s.Versions(t.Context(), r.sc, "dir1/f1", 0, 10)
			if err != nil || len(versions) != 2 {
				t.Fatal(versions, err)
			}
			if _, err := r.rebuild(); !errors.Is(err, store.ErrInUse) {
				t.Fatalf("beside a server: %v", err)
			}
			r.s.Close()
			old := []byte("no database")
			at := filepath.Join(r.dir, "meta.db")
			switch how {
			case "whole":
			case "missing":
				r.loseDatabase()
			case "garbage":
				err = os.WriteFile(at, old, 0o600)
			default:
				old, err = os.ReadFile(at)
				if err == nil {
					old[60], old[61] = 1, 1 // user_version
					err = os.WriteFile(at, old, 0o600)
				}
			}
			if err != nil {
				t.Fatal(err)
			}
			done, err := r.rebuild()
			if err != nil || done.After == 0 || done.Commits == 0 || (done.Old == "") != (how == "missing") {
				t.Fatalf("%+v, %v", done, err)
			}
			if how == "garbage" || how == "of another version" {
				if kept, err := os.ReadFile(filepath.Join(r.dir, done.Old)); err != nil || !bytes.Equal(kept, old) {
					t.Errorf("what was there is not kept as %s: %v", done.Old, err)
				}
			}
			r.open()
			if after := r.tree(store.Root); !reflect.DeepEqual(after, before) {
				t.Error("the tree is another")
			}
			if _, again, err := r.s.Versions(t.Context(), r.sc, "dir1/f1", 0, 10); err != nil || !reflect.DeepEqual(again, versions) {
				t.Errorf("versions: %v, %v", again, err)
			}
			if n := r.stat("dir1"); n.ETag() == folder.ETag() || n.Seq != folder.Seq {
				t.Errorf("the folder's ETag %s is not another than %s", n.ETag(), folder.ETag())
			}
			r.clean()
			r.history(3)
			r.clean()
		})
	}
}

// Packs that lack what the database has leave it as it is.
func TestRebuild_missingPacks(t *testing.T) {
	r := newRig(t)
	r.history(1)
	r.reopen() // the pack is sealed
	r.history(2)
	want := r.tree(store.Root)
	r.s.Close()
	packs, err := filepath.Glob(filepath.Join(r.dir, "packs", "*", "*.pack"))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range packs { // each has commits
		hidden := filepath.Join(t.TempDir(), "x")
		if err := os.Rename(p, hidden); err != nil {
			t.Fatal(err)
		}
		_, err := r.rebuild()
		if err := os.Rename(hidden, p); err != nil {
			t.Fatal(err)
		}
		if !errors.Is(err, store.ErrCorrupt) {
			t.Errorf("without %s: %v", filepath.Base(p), err)
		}
		if left, _ := filepath.Glob(filepath.Join(r.dir, "meta.db.*")); len(left) > 0 {
			t.Errorf("without %s, %s are left", filepath.Base(p), strings.Join(left, " "))
		}
	}
	r.open()
	if !reflect.DeepEqual(r.tree(store.Root), want) {
		t.Error("the tree is another")
	}
	r.clean()
}
