package pack

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"

	"cairn/store/meta"
)

func checkpointRecord(lsn uint64, whole byte, number, count uint32) Record {
	return Record{Type: Checkpoint, LSN: lsn, Of: Part{number, count, [16]byte{whole}},
		Payload: fmt.Appendf(nil, "checkpoint %d%c, %d", lsn, whole, number)}
}

// offered opens the set as if no pack were known, and lists the checkpoints that it
// offers, of which it takes the first that take says, and the commits.
func (b *bench) offered(take func(lsn uint64) bool) (out []string) {
	b.t.Helper()
	o := b.opt
	o.OnSealed = nil // some have been told before
	s, err := Open(b.t.Context(), o)
	if err != nil {
		b.t.Fatal(err)
	}
	defer s.Close()
	err = s.Recover(b.t.Context(), func(meta.PackID) bool { return false }, Visitor{
		Base: func(lsn uint64, _ func(uint64, uint64) bool, each func(func([]byte) error) error) (bool, error) {
			err := each(func(p []byte) error { out = append(out, string(p)); return nil })
			if errors.Is(err, ErrCorrupt) {
				out = append(out, "damaged")
				return false, nil
			}
			return take(lsn), err
		},
		Commit: func(lsn uint64, p []byte) error { out = append(out, string(p)); return nil },
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return out
}

// The checkpoints that are whole are offered, newest first, whatever lies between their
// records, and the commits come after them.
func TestCheckpoints(t *testing.T) {
	all := func(uint64) bool { return false }
	first := func(uint64) bool { return true }
	commits := []string{"commit 1", "commit 2", "commit 9"}
	for _, c := range []struct {
		name string
		recs []Record
		take func(uint64) bool
		want []string
	}{
		{"none", nil, all, nil},
		{"one", []Record{checkpointRecord(2, 'a', 0, 1)}, all, []string{"checkpoint 2a, 0"}},
		{"in any order", []Record{checkpointRecord(2, 'a', 1, 2), checkpointRecord(2, 'a', 0, 0)}, all,
			[]string{"checkpoint 2a, 0", "checkpoint 2a, 1"}},
		{"without its end", []Record{checkpointRecord(2, 'a', 0, 0), checkpointRecord(2, 'a', 1, 0)}, all, nil},
		{"without its begin", []Record{checkpointRecord(2, 'a', 1, 2)}, all, nil},
		{"without its middle", []Record{checkpointRecord(2, 'a', 0, 0), checkpointRecord(2, 'a', 2, 3)}, all, nil},
		{"of two, mixed", []Record{checkpointRecord(2, 'a', 0, 0), checkpointRecord(2, 'b', 1, 2)}, all, nil},
		{"of two, one whole", []Record{checkpointRecord(2, 'b', 0, 0), checkpointRecord(2, 'a', 0, 0), checkpointRecord(2, 'b', 1, 2)}, all,
			[]string{"checkpoint 2b, 0", "checkpoint 2b, 1"}},
		{"newest first", []Record{checkpointRecord(1, 'a', 0, 1), checkpointRecord(2, 'a', 0, 1)}, all,
			[]string{"checkpoint 2a, 0", "checkpoint 1a, 0"}},
		{"the first is taken", []Record{checkpointRecord(1, 'a', 0, 1), checkpointRecord(2, 'a', 0, 1)}, first,
			[]string{"checkpoint 2a, 0"}},
		{"two ends", []Record{checkpointRecord(2, 'a', 0, 1), checkpointRecord(2, 'a', 1, 2)}, all, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			s, _ := b.open()
			b.append(s.Small(), commitRecord(1))
			l := s.Lease()
			for i, r := range c.recs {
				lane := l
				if i%2 == 1 {
					lane = s.Small()
				}
				b.append(lane, r)
			}
			b.append(s.Small(), commitRecord(9), commitRecord(2))
			b.close(s)
			for range 2 { // found by scans, then by footers
				if got, want := b.offered(c.take), append(slices.Clone(c.want), commits...); !slices.Equal(got, want) {
					t.Errorf("got %q, want %q", got, want)
				}
			}
		})
	}
}

// Damage of the newest checkpoint leaves the one before it, and never ends an opening.
func TestCheckpoints_damaged(t *testing.T) {
	b := newBench(t)
	s, _ := b.open()
	b.append(s.Small(), commitRecord(1), checkpointRecord(1, 'a', 0, 1))
	l := s.Lease()
	p := b.append(l, checkpointRecord(2, 'b', 0, 1), s.Chunk(content(3000, 1)))
	at, err := s.Entries(t.Context(), p.Pack, p.First, 1)
	if err != nil {
		t.Fatal(err)
	}
	b.append(s.Small(), commitRecord(2))
	b.close(s)
	want := []string{"checkpoint 2b, 0", "checkpoint 1a, 0", "commit 1", "commit 2"}
	none := func(uint64) bool { return false }
	if got := b.offered(none); !slices.Equal(got, want) {
		t.Fatalf("got %q, want %q", got, want)
	}
	f, err := os.OpenFile(s.path(p.Pack), os.O_RDWR, 0)
	if err == nil {
		_, err = f.WriteAt([]byte{'X'}, at[0].Offset)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	if got := b.offered(none); !slices.Equal(got, want[1:]) {
		t.Errorf("got %q, want %q", got, want[1:])
	}
}
