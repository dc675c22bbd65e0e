package store_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"cairn/store"
)

// saving is one way in which a program saves.
type saving struct {
	name    string
	save    func(r *rig)
	created bool   // the last step is told to have made a file
	left    string // a name that has the old content afterwards
	trash   int
}

var savings = []saving{
	{"over it", func(r *rig) { r.put("a", []byte("new")) }, false, "", 0},
	{"aside, then anew (vim)", func(r *rig) { r.move("a", "a~"); r.put("a", []byte("new")) }, true, "a~", 0},
	{"aside, then a draft to the name (Office)", func(r *rig) {
		r.put("draft", []byte("new"))
		r.move("a", "backup")
		r.move("draft", "a")
	}, true, "backup", 0},
	{"draft over it", func(r *rig) { r.put("draft", []byte("new")); r.move("draft", "a") }, false, "", 0},
	{"deleted, then a draft to the name (KeePass)", func(r *rig) {
		r.put("draft", []byte("new"))
		r.delete("a")
		r.move("draft", "a")
	}, true, "", 0},
	{"deleted, then anew", func(r *rig) { r.delete("a"); r.put("a", []byte("new")) }, true, "", 0},
	{"deleted, then a copy of a draft", func(r *rig) {
		r.put("draft", []byte("new"))
		r.delete("a")
		r.copy("draft", "a")
	}, true, "", 0},
	{"into a folder", func(r *rig) { r.mkdir("old"); r.move("a", "old/a"); r.put("a", []byte("new")) }, true, "old/a", 0},
	{"aside, the backup deleted at the end", func(r *rig) { r.move("a", "a~"); r.put("a", []byte("new")); r.delete("a~") }, true, "", 1},
	{"aside, locked, then anew", func(r *rig) {
		r.move("a", "a~")
		l, made, err := r.s.Lock(r.t.Context(), r.sc, "a", store.LockSpec{Timeout: time.Minute})
		if err != nil || !made {
			r.t.Fatalf("lock: made %v, %v", made, err)
		}
		_, err = r.s.Put(r.t.Context(), r.sc, "a", bytes.NewReader([]byte("new")), store.PutOptions{Size: 3, Conditions: store.Conditions{Tokens: []string{l.Token}}})
		r.must(err)
	}, false, "a~", 0},
	{"by an upload", func(r *rig) {
		u := r.create("a", 3)
		r.move("a", "a~")
		_, err := r.append(u, 0, bytes.NewReader([]byte("new")))
		r.must(err)
	}, true, "a~", 0},
}

func (r *rig) delete(p store.Path) {
	r.t.Helper()
	r.must(r.s.Remove(r.t.Context(), r.sc, p, store.Conditions{}))
}

func (r *rig) copy(from, to store.Path) {
	r.t.Helper()
	_, err := r.s.Copy(r.t.Context(), r.sc, from, to, store.MoveOptions{Overwrite: true})
	r.must(err)
}

// However a program saves, the name's file keeps its id, its properties and its history.
func TestSafeSave(t *testing.T) {
	for _, k := range savings {
		t.Run(k.name, func(t *testing.T) {
			r := newRig(t)
			id := r.put("a", []byte("first")).ID
			r.put("a", []byte("second"))
			prop := store.Prop{Name: store.PropName{Space: "urn:x", Local: "tag"}, Value: []byte("blue")}
			r.must(r.s.SetProps(t.Context(), r.sc, "a", []store.PropPatch{{Prop: prop}}, store.Conditions{}))
			tags := map[string]string{}
			tag := func() {
				for _, n := range r.list() {
					if n.IsFolder() {
						continue
					}
					if had, ok := tags[n.ETag()]; ok && had != string(r.read(store.Path(n.Name))) {
						t.Errorf("the ETag of %s named another content", n.Name)
					}
					tags[n.ETag()] = string(r.read(store.Path(n.Name)))
				}
			}
			tag()
			k.save(r)
			tag()
			for range 2 {
				if n := r.stat("a"); n.ID != id {
					t.Errorf("node %v, not %v", n.ID, id)
				}
				if got := r.read("a"); string(got) != "new" {
					t.Errorf("it holds %q", got)
				}
				var sizes []int64
				for _, v := range r.older("a") {
					sizes = append(sizes, v.Size)
				}
				if slices.Sort(sizes); !slices.Equal(sizes, []int64{5, 6}) {
					t.Errorf("older versions of %v bytes", sizes)
				}
				if k.left != "" {
					if got := r.read(store.Path(k.left)); string(got) != "second" {
						t.Errorf("%s holds %q", k.left, got)
					}
					if r.stat(store.Path(k.left)).ID == id {
						t.Errorf("%s has the id", k.left)
					}
					props, err := r.s.Props(t.Context(), r.sc, store.Path(k.left))
					if err != nil || len(props) != 1 {
						t.Errorf("properties of %s: %v, %v", k.left, props, err)
					}
				}
				if ts, err := r.s.Trash(t.Context(), r.sc, 0, 10); err != nil || len(ts) != k.trash {
					t.Errorf("in the trash: %v, %v", ts, err)
				}
				if now, want := r.stat("").Bytes, r.sizes(); now != want {
					t.Errorf("%d bytes are counted, not %d", now, want)
				}
				r.must(r.s.Close())
				r.loseDatabase()
				r.open()
			}
			r.clean()
		})
	}
}

// sizes is the bytes of all files.
func (r *rig) sizes() (n int64) {
	for _, x := range r.list() {
		n += x.Size + x.Bytes
	}
	return n
}

func (r *rig) list() []store.Node {
	r.t.Helper()
	kids, err := r.s.List(r.t.Context(), r.sc, "", "", 100)
	r.must(err)
	return slices.DeleteFunc(kids, func(n store.Node) bool { return n.IsFolder() && n.Bytes == 0 })
}

// What looks like a safe save and is none.
func TestNoSafeSave(t *testing.T) {
	for _, k := range []struct {
		name string
		save func(r *rig)
		same store.Path // the name at which the node is
	}{
		{"later", func(r *rig) { r.move("a", "b"); r.clock.advance(16 * time.Second); r.put("a", []byte("new")) }, "b"},
		{"moved away and changed", func(r *rig) { r.move("a", "b"); r.put("b", []byte("x")); r.put("a", []byte("new")) }, "b"},
		{"moved on", func(r *rig) { r.move("a", "b"); r.move("b", "c"); r.put("a", []byte("new")) }, "c"},
		{"a folder takes the name", func(r *rig) { r.move("a", "b"); r.mkdir("a") }, "b"},
		{"back again", func(r *rig) { r.move("a", "b"); r.move("b", "a") }, "a"},
		{"a copy of it", func(r *rig) { r.move("a", "b"); r.copy("b", "a") }, "b"},
		{"another name", func(r *rig) { r.move("a", "b"); r.put("c", []byte("new")) }, "b"},
		{"moved over a backup, whose it is now", func(r *rig) { r.put("b", []byte("older")); r.move("a", "b"); r.put("a", []byte("new")) }, ""},
		{"locked where it is", func(r *rig) {
			r.move("a", "b")
			_, _, err := r.s.Lock(r.t.Context(), r.sc, "b", store.LockSpec{Timeout: time.Minute})
			r.must(err)
			r.put("a", []byte("new"))
		}, "b"},
		{"its folder deleted", func(r *rig) {
			r.mkdir("d")
			r.move("a", "d/a")
			r.delete("d")
			r.put("a", []byte("new"))
		}, ""},
	} {
		t.Run(k.name, func(t *testing.T) {
			r := newRig(t)
			id := r.put("a", []byte("first")).ID
			k.save(r)
			if k.same != "" && r.stat(k.same).ID != id {
				t.Errorf("%s is another node", k.same)
			}
			if n, err := r.s.Stat(t.Context(), r.sc, "a"); err == nil && n.ID == id && k.same != "a" {
				t.Error("the new file has the id of the old one")
			}
			if k.same != "" {
				if got := r.read(k.same); len(got) == 0 {
					t.Error("it is empty")
				}
			}
			r.clean()
		})
	}
}

// After a restart the store remembers no names, and asks.
func TestSafeSave_restart(t *testing.T) {
	r := newRig(t)
	id := r.put("a", []byte("first")).ID
	r.move("a", "b")
	r.reopen()
	r.put("a", []byte("new"))
	if n := r.stat("a"); n.ID != id {
		t.Errorf("node %v, not %v", n.ID, id)
	}
}

// What programs leave beside people's files keeps no past; what a snapshot shows stays.
func TestJunk(t *testing.T) {
	for _, name := range []store.Path{"._film.mov", ".DS_Store", "Thumbs.db", "desktop.ini", "~$letter.docx", ".~lock.sheet.ods#"} {
		r := newRig(t)
		r.put(name, []byte("one"))
		r.put(name, []byte("two"))
		r.put("draft", []byte("three"))
		r.move("draft", name)
		if vs := r.older(name); len(vs) != 0 {
			t.Errorf("%s: %d older versions", name, len(vs))
		}
		sn := r.snapshot("s")
		want := r.then(sn.ID)
		r.put(name, []byte("four"))
		r.put(name, []byte("five"))
		if vs := r.older(name); len(vs) != 1 {
			t.Errorf("%s: %d older versions beside a snapshot", name, len(vs))
		}
		r.delete(name)
		if ts, err := r.s.Trash(t.Context(), r.sc, 0, 10); err != nil || len(ts) != 0 {
			t.Errorf("in the trash: %v, %v", ts, err)
		}
		r.wantTree("the snapshot", r.then(sn.ID), want)
		r.clean()
	}
}

// An empty file that its maker locked and then filled was never meant to be read.
func TestPlaceholder(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	l, _, err := r.s.Lock(ctx, r.sc, "film", store.LockSpec{Timeout: time.Minute})
	r.must(err)
	with := store.Conditions{Tokens: []string{l.Token}}
	put := func(text string) {
		t.Helper()
		_, err := r.s.Put(ctx, r.sc, "film", bytes.NewReader([]byte(text)), store.PutOptions{Size: int64(len(text)), Conditions: with})
		r.must(err)
	}
	put("content")
	if vs := r.older("film"); len(vs) != 0 {
		t.Errorf("%d older versions", len(vs))
	}
	put("")
	put("more")
	if vs := r.older("film"); len(vs) != 1 || vs[0].Size != 7 {
		t.Errorf("older versions %+v", vs)
	}
	if err := r.s.Unlock(ctx, r.sc, "film", l.Token); err != nil {
		t.Fatal(err)
	}
	if _, err := r.s.Put(ctx, r.sc, "film", bytes.NewReader(nil), store.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	r.put("film", []byte("again"))
	if vs := r.older("film"); len(vs) != 3 {
		t.Errorf("without a lock: %d older versions", len(vs))
	}
	if _, err := r.s.Stat(ctx, r.sc, "nothing"); !errors.Is(err, store.ErrNotExist) {
		t.Error(err)
	}
	r.clean()
}
