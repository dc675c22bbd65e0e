package meta

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// TestRowBytes holds what a small file costs in the database, indexes and the free
// space of pages included: names of 13 to 20 bytes that come in any order, as they do
// from several clients.
func TestRowBytes(t *testing.T) {
	const files, folders, most = 100_000, 50, 180
	d := started(t, &memLog{})
	rnd := rand.New(rand.NewPCG(1, 2))
	var root NodeID
	if err := d.Commit(t.Context(), nil, func(tx *Tx) (err error) { root, err = putSpace(tx); return err }); err != nil {
		t.Fatal(err)
	}
	seq := int64(1 << 20)
	for made := 0; made < files; made += 1000 {
		err := d.Commit(t.Context(), nil, func(tx *Tx) error {
			for i := range 1000 {
				seq++
				now := time.Unix(1_790_000_000, int64(made+i)*1_234_567)
				name := fmt.Sprintf("file-%08x%s", rnd.Uint32(), []string{"", ".txt", ".backup"}[i%3])
				n := Node{ID: tx.NewNodeID(), Space: 3, Parent: root + NodeID(i%folders), Name: name, Kind: File, Since: seq, Version: NewVersionID(now),
					Size: 4096, ModTime: now, Created: now, Author: 3, Manifest: Manifest{Extents: []Extent{{PackID(100 + made/1000), uint32(i), 1, 4096}}}}
				if err := tx.Apply(&PutNode{Node: n, Key: name, Fresh: true}, &PutChange{Change{Space: 3, Seq: seq, Node: n.ID, Parent: n.Parent, Kind: Created, Author: 3, At: now}}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	bytes := map[string]int64{}
	d.View(t.Context(), func(r *Reader) error {
		for _, name := range []string{"node", "node_id", "change"} {
			var n int64
			if _, err := r.row("SELECT sum(pgsize) FROM dbstat WHERE name = ?", []any{name}, &n); err != nil {
				t.Fatal(err)
			}
			bytes[name] = n
		}
		return nil
	})
	row := float64(bytes["node"]+bytes["node_id"]) / files
	t.Logf("%.0f bytes a file: %.0f row, %.0f index; its change %.0f", row, float64(bytes["node"])/files, float64(bytes["node_id"])/files, float64(bytes["change"])/files)
	if row == 0 || row > most {
		t.Errorf("%.0f bytes a file, want at most %d", row, most)
	}
}
