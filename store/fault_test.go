package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"

	"cairn/store"
	"cairn/store/object"
)

// model is what a client knows: the content each path was acknowledged to have, and
// the content of a write whose answer was an error, which may have happened or not.
type model struct {
	sure  map[store.Path][]byte // nil: not there
	maybe map[store.Path][][]byte
}

func (m *model) did(p store.Path, content []byte, err error) {
	if err == nil {
		m.sure[p] = content
		delete(m.maybe, p)
		return
	}
	m.maybe[p] = append(m.maybe[p], content)
}

// check compares a store with what was acknowledged.
func (m *model) check(t *testing.T, r *rig) {
	t.Helper()
	for p, want := range m.sure {
		got, err := readAll(r.s, r.sc, p)
		if err != nil && !errors.Is(err, store.ErrNotExist) {
			t.Errorf("%s: %v", p, err)
			continue
		}
		there := err == nil
		ok := there == (want != nil) && bytes.Equal(got, want)
		for _, alt := range m.maybe[p] {
			ok = ok || there == (alt != nil) && bytes.Equal(got, alt)
		}
		if !ok {
			t.Errorf("%s: has %d bytes (there: %v), was acknowledged to have %d", p, len(got), there, len(want))
		}
	}
}

// work is a small history that passes every call site of packs: it goes on after
// errors, as clients do.
func work(t *testing.T, r *rig, m *model) {
	ctx := t.Context()
	put := func(p store.Path, c []byte) {
		_, err := r.s.Put(ctx, r.sc, p, bytes.NewReader(c), store.PutOptions{Size: int64(len(c))})
		m.did(p, c, err)
	}
	put("a", noise(1, 100))
	put("b", noise(2, 3<<20))
	put("a", noise(3, 5000))
	_, err := r.s.Move(ctx, r.sc, "a", "c", store.MoveOptions{})
	if err == nil {
		m.sure["c"], m.sure["a"] = m.sure["a"], nil
		m.maybe["c"] = append(m.maybe["c"], m.maybe["a"]...)
	} else {
		m.maybe["c"] = append(m.maybe["c"], m.sure["a"])
		m.maybe["a"] = append(m.maybe["a"], nil)
		if _, ok := m.sure["c"]; !ok {
			m.sure["c"] = nil
		}
	}
	u, err := r.s.CreateUpload(ctx, r.sc, store.UploadSpec{Path: "u", Size: 2 << 20})
	if err == nil {
		c := noise(4, 2<<20)
		n, err := r.s.AppendUpload(ctx, r.sc, u.ID, 0, 0, bytes.NewReader(c[:1<<20+99]))
		if err == nil {
			_, err = r.s.AppendUpload(ctx, r.sc, u.ID, 0, n, io.Reader(bytes.NewReader(c[n:])))
		}
		m.did("u", c, err)
	}
	m.did("b", nil, r.s.Remove(ctx, r.sc, "b", store.Conditions{}))
	put("d", noise(5, 1<<20))
}

// Every call of the seam fails once, as an error, as a short write and as a full
// disk: what was acknowledged is there after a restart, and the store is sound.
func TestEveryCallFailsOnce(t *testing.T) {
	for _, op := range []object.Op{object.OpWrite, object.OpSync, object.OpSyncDir, object.OpOpen, object.OpCreate, object.OpTruncate, object.OpMkdir} {
		for _, kind := range []struct {
			name string
			err  error
			keep int
		}{{"error", errors.New("input/output error"), 0}, {"short write", errors.New("input/output error"), 90}, {"disk full", object.ErrNoSpace, 1000}} {
			if kind.keep > 0 && op != object.OpWrite {
				continue
			}
			t.Run(fmt.Sprintf("%s/%s", op, kind.name), func(t *testing.T) {
				for n := 1; ; n++ {
					r := newRig(t)
					r.s.Close()
					faults := object.NewFaults(object.OS())
					r.fs = faults
					r.open()
					faults.Add(object.Rule{Op: op, Nth: n, Err: kind.err, Keep: kind.keep})
					m := &model{map[store.Path][]byte{}, map[store.Path][][]byte{}}
					work(t, r, m)
					over := len(faults.Pending()) > 0
					faults.Clear()
					m.check(t, r)
					r.reopen()
					m.check(t, r)
					r.clean()
					r.s.Close()
					if t.Failed() {
						t.Fatalf("with call %d failing", n)
					}
					if over {
						if n == 1 && op != object.OpTruncate && op != object.OpOpen {
							t.Fatal("the fault never fired")
						}
						return
					}
				}
			})
		}
	}
}

// A full disk fails what does not fit, and nothing else: when there is room again the
// same store goes on.
func TestFullDiskIsNotForEver(t *testing.T) {
	r := newRig(t)
	r.s.Close()
	faults := object.NewFaults(object.OS())
	r.fs = faults
	r.open()
	r.put("before", []byte("1"))
	faults.Add(object.Rule{Op: object.OpWrite, Err: object.ErrNoSpace, Keep: 10})
	if _, err := r.s.Mkdir(t.Context(), r.sc, "d", store.Conditions{}); !errors.Is(err, store.ErrNoSpace) {
		t.Errorf("mkdir on a full disk: %v", err)
	}
	if _, err := r.s.Put(t.Context(), r.sc, "f", bytes.NewReader(noise(1, 2<<20)), store.PutOptions{Size: 2 << 20}); !errors.Is(err, store.ErrNoSpace) {
		t.Errorf("put on a full disk: %v", err)
	}
	faults.Clear()
	r.mkdir("d")
	r.put("f", []byte("2"))
	if err := r.s.Ready(); err != nil {
		t.Error(err)
	}
	r.clean()
	r.reopen()
	r.clean()
}
