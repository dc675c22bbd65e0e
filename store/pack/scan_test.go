package pack

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// threeRecords makes pack 1 with three records, flushed and not sealed, and returns
// its bytes and where the records begin.
func threeRecords(b *bench) (whole []byte, starts [3]int) {
	b.t.Helper()
	s, _ := b.open()
	for i, r := range []Record{s.Chunk(content(3000, 1)), commitRecord(1), s.Chunk(content(45, 2))} {
		starts[i] = int(s.small.size())
		b.append(s.Small(), r)
	}
	b.flush(s, 1)
	b.close(s)
	return b.file(1), starts
}

func (l *Lane) size() int64 {
	if l.cur == nil {
		return HeaderBytes
	}
	return l.cur.size
}

func TestTornTail(t *testing.T) {
	b := newBench(t)
	whole, starts := threeRecords(b)
	last := starts[2]
	tear := func(name string, data []byte) {
		t.Helper()
		clear(b.sealed)
		os.RemoveAll(b.opt.Dir)
		os.MkdirAll(filepath.Join(b.opt.Dir, shard(1)), 0o700)
		b.rewrite(1, data)
		s, got := b.open()
		eventually(t, "pack 1 is sealed", func() bool { return b.isSealed(1) })
		if i := s.Packs()[0]; i.Damaged || i.Records != 2 || len(got) != 1 {
			t.Errorf("%s: %+v, %d commits", name, i, len(got))
		}
		if cut := b.file(1); !bytes.Equal(cut[:last], whole[:last]) || string(cut[len(cut)-trailerBytes:][:8]) != magicTrailer {
			t.Errorf("%s: no footer behind the second record", name)
		}
		// The ordinal of the lost record must not come again.
		p := b.append(s.Small(), commitRecord(2))
		if p.Pack == 1 {
			t.Errorf("%s: goes on at %v", name, p)
		}
		b.flush(s, p.Pack)
		b.wantRead(s, 1, 0, content(3000, 1))
		b.wantErr(s, 1, 2, ErrNotFound)
		b.wantRead(s, p.Pack, 0, []byte("commit 2"))
		b.wantClean(s)
		b.close(s)
	}
	for n := last + 1; n < len(whole); n++ {
		tear(fmt.Sprintf("cut at %d", n-last), slices.Clone(whole[:n]))
	}
	for n := last; n < last+RecordBytes+45; n += 7 { // the size came through, the bytes did not
		zeroed := slices.Clone(whole)
		clear(zeroed[n:])
		tear(fmt.Sprintf("zeros from %d", n-last), zeroed)
	}
	tear("garbage", append(slices.Clone(whole[:last]), content(20000, 9)...))
}

func TestFlippedHeader(t *testing.T) {
	b := newBench(t)
	whole, starts := threeRecords(b)
	for i := range RecordBytes {
		data := slices.Clone(whole)
		data[starts[1]+i] ^= 0x20
		b.rewrite(1, data)
		s, got := b.open()
		if info := s.Packs()[0]; !info.Damaged || info.Records != 2 || slices.Contains(got, visited{1, "commit 1"}) {
			t.Errorf("byte %d: %+v, visited %v", i, info, got)
		}
		b.wantRead(s, 1, 0, content(3000, 1))
		b.wantErr(s, 1, 1, ErrCorrupt)
		b.wantRead(s, 1, 2, content(45, 2))
		if p := b.append(s.Small(), commitRecord(2)); p.Pack == 1 {
			t.Errorf("byte %d: appended to the damaged pack", i)
		}
		b.close(s)
		if !bytes.Equal(b.file(1), data) {
			t.Errorf("byte %d: the damaged pack was changed", i)
		}
	}
}

func TestFlippedPayload(t *testing.T) {
	b := newBench(t)
	whole, starts := threeRecords(b)
	whole[starts[0]+RecordBytes+1234] ^= 1
	b.rewrite(1, whole)
	s, got := b.open()
	b.wantErr(s, 1, 0, ErrCorrupt)
	b.wantRead(s, 1, 1, []byte("commit 1"))
	b.wantRead(s, 1, 2, content(45, 2))
	if !s.Packs()[0].Damaged || len(got) != 1 || len(b.verify(s)) == 0 {
		t.Errorf("%+v, %d commits", s.Packs()[0], len(got))
	}
}

// A payload that holds a copy of a pack is not taken for records.
func TestPackInPack(t *testing.T) {
	b := newBench(t)
	s, _ := b.open()
	b.append(s.Small(), s.Chunk(content(3000, 1)), commitRecord(1), s.Chunk(content(45, 2)))
	whole := b.file(1)
	b.append(s.Small(), s.Chunk(whole), commitRecord(2))
	b.flush(s, 1)
	b.close(s)
	data := b.file(1)
	s, got := b.open()
	if i := s.Packs()[0]; i.Damaged || i.Records != 5 || len(got) != 2 {
		t.Errorf("%+v, %d commits", i, len(got))
	}
	b.close(s)
	data[len(whole)+RecordBytes] ^= 1
	b.rewrite(1, data)
	clear(b.sealed)
	s, got = b.open()
	if i := s.Packs()[0]; !i.Damaged || i.Records != 4 || len(got) != 2 {
		t.Errorf("with damage: %+v, %d commits", i, len(got))
	}
}

func TestDamagedPackHeader(t *testing.T) {
	b := newBench(t)
	whole, _ := threeRecords(b)
	data := slices.Clone(whole)
	data[90] ^= 1
	b.rewrite(1, data)
	s, got := b.open()
	if i := s.Packs()[0]; !i.Damaged || i.Records != 3 || len(got) != 1 {
		t.Errorf("%+v, %d commits", i, len(got))
	}
	b.wantRead(s, 1, 2, content(45, 2))
	b.close(s)
	if !bytes.Equal(b.file(1), data) {
		t.Error("the damaged pack was changed")
	}
	for _, n := range []int{0, 1, HeaderBytes - 1, HeaderBytes} { // died while it was made
		torn := slices.Clone(whole[:n])
		if n == HeaderBytes {
			clear(torn)
		}
		b.rewrite(1, torn)
		s, _ := b.open()
		if got := s.Packs(); len(got) != 0 {
			t.Errorf("header of %d bytes: %+v", n, got)
		}
		b.close(s)
	}
}

// sealedPack makes pack 1, sealed, and tells where its footer begins.
func sealedPack(b *bench) (whole []byte, footer int) {
	b.t.Helper()
	s, _ := b.open()
	b.append(s.Small(), s.Chunk(content(100<<10, 1)), commitRecord(1))
	footer = int(s.small.size())
	b.append(s.Small(), s.Chunk(content(100<<10, 2)))
	eventually(b.t, "pack 1 is sealed", func() bool { return b.isSealed(1) })
	b.close(s)
	return b.file(1), footer
}

func TestDamagedFooter(t *testing.T) {
	b := newBench(t, func(o *Options) { o.MaxBytes = 150 << 10 })
	whole, footer := sealedPack(b)
	damage := map[string][]byte{"missing": slices.Clone(whole[:footer]), "short": slices.Clone(whole[:len(whole)-1])}
	for i := footer; i < len(whole); i += 61 {
		flipped := slices.Clone(whole)
		flipped[i] ^= 0x10
		damage[fmt.Sprintf("byte %d", i-footer)] = flipped
	}
	for name, data := range damage {
		b.rewrite(1, data)
		s, got := b.open() // registered as sealed: read only when needed, never changed
		if len(got) != 0 {
			t.Errorf("%s: a sealed pack was visited", name)
		}
		b.wantRead(s, 1, 0, content(100<<10, 1))
		b.wantRead(s, 1, 1, []byte("commit 1"))
		if len(b.verify(s)) == 0 || !s.Packs()[0].Damaged {
			t.Errorf("%s: not found by verify", name)
		}
		b.wantErr(s, 1, 2, ErrCorrupt)
		b.close(s)
		if !bytes.Equal(b.file(1), data) {
			t.Errorf("%s: the pack was changed", name)
		}
	}
	for _, name := range []string{"missing", "short", "byte 0", "byte 61"} { // died while sealing
		b.rewrite(1, damage[name])
		delete(b.sealed, 1)
		s, got := b.open()
		if len(got) != 1 {
			t.Errorf("%s: visited %v", name, got)
		}
		for i := range 200 {
			b.append(s.Small(), s.Chunk(content(1000, byte(i))))
		}
		eventually(t, name+": sealed after all", func() bool { return b.isSealed(1) })
		b.wantClean(s)
		b.close(s)
	}
}

// A footer that is whole although a record before it is not.
func TestFooterOutlivedRecord(t *testing.T) {
	b := newBench(t, func(o *Options) { o.MaxBytes = 150 << 10 })
	whole, _ := sealedPack(b)
	clear(whole[HeaderBytes+RecordBytes+70000:][:4096])
	b.rewrite(1, whole)
	delete(b.sealed, 1)
	s, got := b.open()
	if i := s.Packs()[0]; !i.Damaged || i.Sealed || len(got) != 1 {
		t.Errorf("%+v, %d commits", i, len(got))
	}
	b.wantErr(s, 1, 0, ErrCorrupt)
	b.wantRead(s, 1, 1, []byte("commit 1"))
}

// A commit that this program cannot interpret is not left out.
func TestNewerCommit(t *testing.T) {
	for name, change := range map[string]func(e *Entry){
		"codec": func(e *Entry) { e.Codec = 1 },
		"flag":  func(e *Entry) { e.Flags = 0x100 },
		"key":   func(e *Entry) { e.KeyID = 1 },
		"":      func(e *Entry) { e.Flags = 0x80 },
	} {
		b := newBench(t)
		whole, starts := threeRecords(b)
		m := marker(whole[starts[1]:])
		e, _ := parseRecord(whole[starts[1]:], m)
		change(&e)
		putRecord(whole[starts[1]:], m, &e)
		b.rewrite(1, whole)
		s, err := Open(ctx, b.opt)
		if err != nil {
			t.Fatal(err)
		}
		err = s.Recover(ctx, b.isSealed, Visitor{})
		if errors.Is(err, ErrVersion) != (name != "") {
			t.Errorf("%q: got %v", name, err)
		}
		s.Close()
	}
}
