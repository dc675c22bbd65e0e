package pack

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"cairn/store/object"
)

func withAhead(o *Options) { o.Ahead = 64 << 10 }

func TestAhead(t *testing.T) {
	b := newBench(t, withAhead, func(o *Options) { o.MaxBytes = 200 << 10 })
	var trace strings.Builder
	b.opt.FS = object.NewRecorder(object.OS(), b.opt.Dir, &trace, object.RecorderOptions{})
	s, _ := b.open()
	size := func() int { return len(b.file(1)) }
	b.append(s.Small(), s.Chunk(content(1000, 1)))
	want := HeaderBytes + RecordBytes + 1000 + 64<<10
	if size() != want {
		t.Errorf("the file has %d bytes, want %d", size(), want)
	}
	for i := range 60 { // 1,072 bytes each: to 64,320 behind the first
		b.append(s.Small(), s.Chunk(content(1000, byte(i))))
	}
	if size() != want {
		t.Errorf("the file has %d bytes, want still %d", size(), want)
	}
	for i := range 10 {
		b.append(s.Small(), s.Chunk(content(1000, byte(i))))
	}
	if size() <= want || size() > want+66<<10 {
		t.Errorf("the file has %d bytes, want up to 64 KiB more than %d", size(), want)
	}
	// The lanes of large uploads have none, and what is sealed ends with its trailer.
	l := s.Lease()
	p := b.append(l, s.Chunk(content(1000, 1)))
	if n := len(b.file(p.Pack)); n != HeaderBytes+RecordBytes+1000 {
		t.Errorf("a leased lane's file has %d bytes", n)
	}
	for i := range 200 {
		b.append(s.Small(), s.Chunk(content(1000, byte(i))))
	}
	eventually(t, "it is sealed", func() bool { return b.isSealed(1) })
	if got := b.sealed[1].Bytes; got != int64(size()) {
		t.Errorf("sealed with %d bytes, but the file has %d", got, size())
	}
	b.wantClean(s)
	if n := strings.Count(trace.String(), "allocate 01/"); n < 3 || n > 5 {
		t.Errorf("%d allocations for 200 KiB by 64 KiB", n)
	}
	b.close(s)
	s, _ = b.open()
	b.wantRead(s, 1, 0, content(1000, 1))
	b.wantClean(s)
}

// The process dies: the next opening finds zeros behind the last record.
func TestAheadKilled(t *testing.T) {
	b := newBench(t, withAhead)
	s, _ := b.open()
	for i := range 20 {
		b.append(s.Small(), s.Chunk(content(700, byte(i))), commitRecord(uint64(i+1)))
	}
	b.flush(s, 1)
	killed := b.file(1)
	b.close(s)
	b.rewrite(1, killed)
	s, got := b.open()
	if len(got) != 20 || got[19] != (visited{20, "commit 20"}) {
		t.Errorf("visited %v", got)
	}
	for i := range 20 {
		b.wantRead(s, 1, uint32(2*i), content(700, byte(i)))
	}
	if i := s.Packs()[0]; !i.Sealed || i.Damaged || i.Records != 40 {
		t.Errorf("info: %+v", i)
	}
	b.wantClean(s)
}

// No failing call costs a record or an error.
func TestAheadFails(t *testing.T) {
	for _, c := range []struct {
		name  string
		rules []object.Rule
	}{
		{"unsupported", []object.Rule{{Op: object.OpAllocate, Nth: 1, Err: errors.ErrUnsupported}}},
		{"no space", []object.Rule{{Op: object.OpAllocate, Nth: 2, Err: object.ErrNoSpace}}},
		{"and no truncate", []object.Rule{{Op: object.OpAllocate, Nth: 1}, {Op: object.OpTruncate, Nth: 1}}},
		{"unknown space", []object.Rule{{Op: object.OpSpace, Nth: 1}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, f := withFaults(t, withAhead, func(o *Options) { o.MaxBytes = 150 << 10 })
			s, _ := b.open()
			for _, r := range c.rules {
				f.Add(r)
			}
			for i := range 200 {
				b.append(s.Small(), s.Chunk(content(1000, byte(i))))
			}
			b.flush(s, 1, 2)
			eventually(t, "it is sealed", func() bool { return b.isSealed(1) })
			b.wantClean(s)
		})
	}
}

// A write that fails in allocated space leaves nothing behind.
func TestFailedWriteAhead(t *testing.T) {
	for _, keep := range []int{0, 1, 72, 73, 1000, 1100} {
		t.Run(fmt.Sprint(keep), func(t *testing.T) {
			b, f := withFaults(t, withAhead)
			s, _ := b.open()
			b.append(s.Small(), commitRecord(1))
			f.Add(object.Rule{Op: object.OpWrite, Nth: 1, Keep: keep})
			if _, err := s.Small().Append(ctx, s.Chunk(content(1000, 1)), commitRecord(2)); err == nil {
				t.Fatal("no error")
			}
			if p := b.append(s.Small(), commitRecord(3)); p != (Place{1, 1, 1}) {
				t.Errorf("goes on at %v", p)
			}
			b.flush(s, 1)
			b.wantClean(s)
			killed := b.file(1)
			b.close(s)
			b.rewrite(1, killed)
			if _, got := b.open(); len(got) != 2 || got[1].lsn != 3 {
				t.Errorf("visited %v", got)
			}
		})
	}
}

// The seal cuts the file; if it cannot, the pack stays open and readable.
func TestAheadNotCut(t *testing.T) {
	b, f := withFaults(t, withAhead, func(o *Options) { o.MaxBytes = 100 << 10 })
	s, _ := b.open()
	f.Add(object.Rule{Op: object.OpTruncate, Site: "pack.cut"})
	b.append(s.Small(), s.Chunk(content(1000, 1)))
	b.append(s.Small(), s.Chunk(content(99<<10, 2)))
	b.flush(s, 1, 2)
	b.close(s)
	f.Clear()
	if b.isSealed(1) {
		t.Error("sealed without being cut")
	}
	s, _ = b.open()
	b.wantRead(s, 1, 0, content(1000, 1))
	b.wantClean(s)
	eventually(t, "sealed in the end", func() bool { return b.isSealed(1) })
}

// Long runs of records are written out early, once each; what flushes did is left out.
func TestWriteBack(t *testing.T) {
	b, f := withFaults(t)
	var calls []string
	b.opt.FS = spyFS{f, &calls}
	s, _ := b.open()
	l := s.Lease()
	told := func() { // what is told goes on beside the appends
		p := l.cur
		eventually(t, "the disk is told", func() bool {
			p.mu.Lock()
			defer p.mu.Unlock()
			return !p.sending
		})
	}
	for i := range 20 {
		b.append(l, s.Chunk(content(1<<20, byte(i))))
		told()
		if i == 10 {
			b.flush(s, 1)
		}
	}
	if want := 2; len(calls) != want {
		t.Errorf("%d calls, want %d: %q", len(calls), want, calls)
	}
	f.Fail(object.OpWriteBack, 1, nil)
	for i := range 20 {
		b.append(l, s.Chunk(content(1<<20, byte(i))))
	}
	told()
	b.flush(s, 1)
	b.wantClean(s)
}

// spyFS lists the calls of WriteBack.
type spyFS struct {
	object.FS
	calls *[]string
}

type spyFile struct {
	object.File
	calls *[]string
}

func (s spyFS) Open(path string, flag int) (object.File, error) {
	f, err := s.FS.Open(path, flag)
	if err != nil {
		return nil, err
	}
	return spyFile{f, s.calls}, nil
}

func (s spyFile) WriteBack(off, n int64) error {
	*s.calls = append(*s.calls, fmt.Sprintf("%d+%d", off, n))
	return s.File.WriteBack(off, n)
}
