package store_test

import (
	"strings"
	"testing"

	"cairn/store"
)

// A tree may be deeper than any path, since folders are moved with all below them. It is
// reverted and undone as any other.
func TestRevert_deep(t *testing.T) {
	r := newRig(t)
	ctx := t.Context()
	chain := func(name string) store.Path {
		p := store.Path(strings.TrimSuffix(strings.Repeat(name+"/", 250), "/"))
		for i := range 250 {
			r.mkdir(p[:i*(len(name)+1)+len(name)])
		}
		return p
	}
	a, b, c := chain("a"), chain("b"), chain("c")
	r.put(a.Join("f"), []byte("one"))
	deep := r.sc
	deep.Root = r.stat(a).ID
	r.move("a", b.Join("a"))
	r.move("b", c.Join("b"))
	sn := r.snapshot("s")
	write := func(text string) {
		if _, err := r.s.Put(ctx, deep, "f", strings.NewReader(text), store.PutOptions{Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
	}
	want := func(text string) {
		t.Helper()
		got, err := readAll(r.s, deep, "f")
		if err != nil || string(got) != text {
			t.Errorf("%q, %v; want %q", got, err, text)
		}
	}
	write("two")
	did, err := r.s.Revert(ctx, r.sc, sn.ID, "", store.Conditions{})
	if err != nil || did.LeftOut != 0 {
		t.Errorf("%+v, %v", did, err)
	}
	want("one")
	write("three")
	if did, err = r.s.Undo(ctx, r.sc, did.To, 0, store.Conditions{}); err != nil || did.LeftOut != 0 {
		t.Errorf("%+v, %v", did, err)
	}
	want("one")
	r.clean()
}
