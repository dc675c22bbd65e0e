package store_test

import (
	"bytes"
	"errors"
	"io/fs"
	"strings"
	"testing"

	"cairn/store"
	"cairn/store/object"
	"cairn/store/storetest"
)

// A call that fails while the store opens without its database, and so from the packs
// alone, costs that opening at most, and no file.
func TestOpeningFailsOnce(t *testing.T) {
	template, scopes := simTemplate()
	in := storetest.NewInjector(template.Clone(1))
	m := &simMachine{tmp: simTmp(t), clock: newSimClock(), disk: in.Disk, fs: object.NewFaults(in)}
	par := simParams{pack: 512 << 10}
	if err := m.open(par); err != nil {
		t.Fatal(err)
	}
	c := noise(8, 1<<20)
	for _, name := range []store.Path{"first", "newest"} {
		if _, err := putBytes(m.s, scopes[0], name, append(c, name...)); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.close(); err != nil {
		t.Fatal(err)
	}
	whole, refused := m.disk, 0
	for n, over := 1, false; !over; n++ {
		in.Disk = whole.Clone(uint64(n))
		m.disk = in.Disk
		for _, name := range []string{"meta.db", "meta.db-wal"} {
			if err := in.Disk.Remove("/srv/data/" + name); err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
		}
		in.Fail(n, true, storetest.Broken)
		err := m.open(par)
		what, _ := in.Failed()
		in.Fail(0, false, 0)
		over = what == "" && err == nil
		if err != nil {
			refused++
		} else if _, err := m.s.Mkdir(t.Context(), scopes[0], "meanwhile", store.Conditions{}); err != nil {
			t.Errorf("call %d, %s: %v", n, what, err)
		}
		m.close()
		if err := m.open(par); err != nil {
			t.Fatalf("after call %d, %s: %v", n, what, err)
		}
		for _, name := range []store.Path{"first", "newest"} {
			if got, err := readAll(m.s, scopes[0], name); err != nil || !bytes.Equal(got, append(c, name...)) {
				t.Errorf("after call %d, %s: %s has %d bytes, %v", n, what, name, len(got), err)
			}
		}
		m.close()
	}
	if refused == 0 {
		t.Error("no opening was refused")
	}
	t.Logf("%d openings were refused", refused)
}

// A read that fails once does not fail for ever.
func TestReadFailsOnce(t *testing.T) {
	template, scopes := simTemplate()
	in := storetest.NewInjector(template.Clone(1))
	m := &simMachine{tmp: simTmp(t), clock: newSimClock(), disk: in.Disk, fs: object.NewFaults(in)}
	par := simParams{verifyReads: true}
	if err := m.open(par); err != nil {
		t.Fatal(err)
	}
	c := bytes.Repeat([]byte("text that is worth compressing. "), 5000)
	if _, err := putBytes(m.s, scopes[0], "f", c); err != nil {
		t.Fatal(err)
	}
	failed := false
	// Each call four times, and on until there was none in eight tries: what goes on beside it
	// takes numbers now and then.
	for i, none := 4, 0; none < 8; i++ {
		n := i / 4
		m.close()
		if err := m.open(par); err != nil { // nothing is cached
			t.Fatal(err)
		}
		in.Fail(n, true, storetest.Broken)
		got, err := readAll(m.s, scopes[0], "f")
		what, _ := in.Failed()
		in.Fail(0, false, 0)
		if err == nil && !bytes.Equal(got, c) || err != nil && !errors.Is(err, storetest.ErrInjected) && !strings.Contains(what, "meta.db") {
			t.Errorf("call %d, %s: %d bytes, %v", n, what, len(got), err)
		}
		failed = failed || err != nil
		if got, err := readAll(m.s, scopes[0], "f"); err != nil || !bytes.Equal(got, c) {
			t.Errorf("after call %d, %s: %d bytes, %v", n, what, len(got), err)
		}
		if none++; what != "" {
			none = 0
		}
	}
	m.close()
	if !failed {
		t.Error("no read failed")
	}
}
