package pack

import (
	"context"
	"errors"
	"os"
	"testing"

	"cairn/store/object"
)

// A lane that is half full has its next pack already, whose file is nobody's until then.
func TestPrepared(t *testing.T) {
	b, f := withFaults(t, func(o *Options) { o.MaxBytes = 100 << 10 })
	s, _ := b.open()
	l := s.Lease()
	b.append(l, s.Chunk(content(40<<10, 1)))
	if l.next != nil {
		t.Error("made before the pack is half full")
	}
	b.append(l, s.Chunk(content(40<<10, 2)))
	eventually(t, "the next pack is made", func() bool { return len(l.next) > 0 })
	if n := len(s.Packs()); n != 1 {
		t.Errorf("%d packs", n)
	}
	// It takes no call of the file system but the writing to go on to it.
	f.Add(object.Rule{Op: object.OpSync, Site: "pack.(*Set).settle"})
	f.Add(object.Rule{Op: object.OpCreate})
	if p := b.append(l, s.Chunk(content(40<<10, 3))); p.Pack != 2 {
		t.Errorf("in pack %d", p.Pack)
	}
	f.Clear()
	b.flush(s, 1, 2)
	eventually(t, "sealed", func() bool { return b.isSealed(1) })
	b.wantClean(s)
}

// What could not be made beforehand is made when it is needed.
func TestPreparedFails(t *testing.T) {
	for _, op := range []object.Op{object.OpMkdir, object.OpCreate, object.OpWrite, object.OpSync, object.OpSyncDir} {
		b, f := withFaults(t, func(o *Options) { o.MaxBytes = 100 << 10 })
		s, _ := b.open()
		l := s.Lease()
		b.append(l, s.Chunk(content(40<<10, 1)))
		r := object.Rule{Op: op, Site: "pack.(*Set).create", Nth: 1, Keep: 33, Err: object.ErrNoSpace}
		if op == object.OpWrite || op == object.OpSync {
			r.Site = "pack.(*Set).settle"
		}
		f.Add(r)
		b.append(l, s.Chunk(content(40<<10, 2)))
		eventually(t, "it was tried", func() bool { return len(l.next) > 0 })
		if n := len(f.Pending()); n != 0 {
			t.Fatalf("%s: %d faults pending", op, n)
		}
		p := b.append(l, s.Chunk(content(40<<10, 3)))
		b.flush(s, 1, p.Pack)
		b.wantClean(s)
		b.close(s)
	}
}

// A store that closes leaves nothing of a pack that nobody has used. One that dies leaves an empty
// pack, whose number stays used.
func TestPreparedUnused(t *testing.T) {
	b, f := withFaults(t, func(o *Options) { o.MaxBytes = 100 << 10 })
	s, _ := b.open()
	b.append(s.Small(), s.Chunk(content(80<<10, 1)))
	b.flush(s, 1)
	b.close(s)
	if _, err := os.Stat(s.path(2)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("after Close: %v", err)
	}
	s, _ = b.open()
	b.append(s.Small(), s.Chunk(content(80<<10, 2)))
	eventually(t, "the next pack is made", func() bool { return len(s.Small().next) > 0 })
	empty := (<-s.Small().next).pack
	s.Small().next = nil
	if err := empty.file.Close(); err != nil { // it lies there as if the process had died
		t.Fatal(err)
	}
	b.close(s)
	if _, err := os.Stat(empty.path); err != nil {
		t.Fatal(err)
	}
	s, _ = b.open()
	if i, ok := s.Info(empty.id); !ok || i.Records != 0 || i.Damaged {
		t.Errorf("after Recover: %v %+v", ok, i)
	}
	b.wantClean(s)

	// Whoever waits for one may give up; it is there for the next.
	l := s.Lease()
	b.append(l, s.Chunk(content(80<<10, 3)))
	eventually(t, "the next pack is made", func() bool { return len(l.next) > 0 })
	m := <-l.next
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := l.fresh(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	l.next <- m
	if p := b.append(l, s.Chunk(content(80<<10, 4))); p.Pack != m.pack.id {
		t.Errorf("in pack %d, want %d", p.Pack, m.pack.id)
	}
	b.wantPending(f, 0)
}
