package store_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"cairn/store"
	"cairn/store/meta"
	"cairn/store/object"
)

// What a copy has read ahead counts only while the folder is as it was: a chunk that only
// a removed row needed may be gone.
func TestCopyOfWhatHasChanged(t *testing.T) {
	for _, together := range []bool{false, true} {
		r := newRig(t)
		r.mkdir("d")
		for i := range 5 {
			r.put(store.Path(fmt.Sprintf("d/f%d", i)), []byte{byte(i)})
		}
		d := r.stat("d")
		want := []string{"f0", "f1", "f3", "f4"}
		for range 2 { // the second time nothing changes
			got, err := r.s.StageForTest(t.Context(), r.sc, d.ID, together, func(tx *meta.Tx) error {
				n, there, err := tx.Node(d.ID, "f2")
				if err != nil || !there {
					return err
				}
				seq, err := tx.NextSeq(r.sc.Space)
				if err != nil {
					return err
				}
				tx.AddSum(d.ID, -n.Size, -1, seq)
				return tx.Apply(&meta.DropNode{ID: n.ID})
			})
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("in one transaction: %v; the copy has %v, want %v (%v)", together, got, want, err)
			}
		}
	}
}

// Pages end where they are large, read ahead or in the transaction: large properties do
// not make a transaction larger than it may be.
func TestCopyOfLargeProperties(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	r.mkdir("d")
	const n = 30
	var want []string
	value := bytes.Repeat([]byte("v"), 120<<10)
	for i := range n {
		name := fmt.Sprintf("f%02d", i)
		p := store.Path("d").Join(name)
		r.put(p, []byte{byte(i)})
		want = append(want, name)
		for _, local := range []string{"a", "b"} {
			prop := store.Prop{Name: store.PropName{Space: "urn:x", Local: local}, Value: value}
			if err := r.s.SetProps(ctx, r.sc, p, []store.PropPatch{{Prop: prop}}, store.Conditions{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := r.s.Copy(ctx, r.sc, "d", "e", store.MoveOptions{}); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		ps, err := r.s.Props(ctx, r.sc, store.Path("e").Join(want[i]))
		if err != nil || len(ps) != 2 || !bytes.Equal(ps[1].Value, value) {
			t.Fatalf("%s has %d properties (%v)", want[i], len(ps), err)
		}
	}
	d := r.stat("d")
	got, err := r.s.StageForTest(ctx, r.sc, d.ID, true, func(tx *meta.Tx) error {
		seq, err := tx.NextSeq(r.sc.Space)
		tx.AddSum(d.ID, 0, 0, seq)
		return err
	})
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("read in the transaction: %v (%v)", got, err)
	}
}

// What was given up is only a staged tree: an id that a failed transaction had may be
// somebody's by now.
func TestDropTreeOfANode(t *testing.T) {
	r := newRig(t)
	r.mkdir("d")
	r.put("d/f", []byte("1"))
	for _, p := range []store.Path{"d", "d/f", ""} {
		if err := r.s.DropTreeForTest(t.Context(), r.stat(p).ID); err == nil {
			t.Errorf("%q was dropped", p)
		}
	}
	if got := r.read("d/f"); string(got) != "1" {
		t.Errorf("%q", got)
	}
}

// A tree of many pages, deep and wide, with names in no order, is copied whole.
func TestCopyOfManyPages(t *testing.T) {
	r := newRig(t)
	want := map[store.Path]int64{}
	var fill func(at store.Path, depth int)
	fill = func(at store.Path, depth int) {
		for i := range []int{300, 140, 1, 128}[depth] {
			p := at.Join(fmt.Sprintf("%d %c", i*7919%1000, 'a'+i%26))
			r.put(p, make([]byte, i%50))
			want[p] = int64(i % 50)
		}
		if depth == 3 {
			return
		}
		for i := range 3 {
			sub := at.Join(fmt.Sprintf("%d5 folder", i*4))
			r.mkdir(sub)
			want[sub] = -1
			fill(sub, depth+1)
		}
	}
	r.mkdir("d")
	fill("d", 0)
	if _, err := r.s.Copy(t.Context(), r.sc, "d", "e", store.MoveOptions{}); err != nil {
		t.Fatal(err)
	}
	got := map[store.Path]int64{}
	var walk func(at store.Path)
	walk = func(at store.Path) {
		kids, err := r.s.List(t.Context(), r.sc, at, "", 10000)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range kids {
			p := at.Join(k.Name)
			size := k.Size
			if k.IsFolder() {
				size = -1
				walk(p)
			}
			got["d"+p[1:]] = size
		}
	}
	walk("e")
	for p, n := range want {
		if g, there := got[p]; !there || g != n {
			t.Errorf("%s: %d, want %d (there: %v)", p, g, n, there)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d in the copy, want %d", len(got), len(want))
	}
	if e, d := r.stat("e"), r.stat("d"); e.Bytes != d.Bytes || e.Files != d.Files {
		t.Errorf("sums %d bytes, %d files, want %d, %d", e.Bytes, e.Files, d.Bytes, d.Files)
	}
}

// fullDisk has no room left.
type fullDisk struct{ object.FS }

func (fullDisk) Space(string) (free, total int64, err error) { return 1 << 20, 1 << 40, nil }

// A store opens on a full disk though a copy was cut short by a crash, and gives up what is
// left of it when there is room.
func TestStagedCopyOnAFullDisk(t *testing.T) {
	r := newRig(t)
	r.mkdir("d")
	r.put("d/f", []byte("1"))
	if err := r.s.LeaveStagedForTest(t.Context(), r.sc, "d"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		fs   object.FS
		want int
	}{{fullDisk{object.OS()}, 1}, {nil, 0}} {
		r.fs = c.fs
		r.reopen()
		if n, err := r.s.StagedForTest(t.Context()); err != nil || n != c.want {
			t.Errorf("%d staged trees, want %d (%v)", n, c.want, err)
		}
		if got := r.read("d/f"); string(got) != "1" {
			t.Errorf("%q", got)
		}
	}
}
