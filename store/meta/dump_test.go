package meta

import (
	"errors"
	"path/filepath"
	"testing"
	"time"
)

// scratch is an empty database.
func scratch(t *testing.T) *DB {
	t.Helper()
	d, err := OpenScratch(t.Context(), filepath.Join(t.TempDir(), "x.db"), [16]byte{1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// dumped are the payloads that Dump comes to, of a few ops each.
func dumped(t *testing.T, d *DB) (lsn uint64, payloads [][]byte) {
	t.Helper()
	var p Payload
	take := func() { payloads = append(payloads, p.Take(lsn, time.Unix(1, 0))) }
	err := d.Dump(t.Context(), func(n uint64) { lsn = n }, func(op Op) error {
		if p.Add(op); p.Size() > 200 {
			take()
		}
		return nil
	})
	if take(); err != nil {
		t.Fatal(err)
	}
	return lsn, payloads
}

func restore(t *testing.T, d *DB, lsn uint64, payloads [][]byte) error {
	t.Helper()
	r, err := d.Restore(t.Context(), lsn)
	if err != nil {
		return err
	}
	for _, p := range payloads {
		if err == nil {
			err = r.Apply(p)
		}
	}
	return r.End(err)
}

func same(t *testing.T, a, b *DB) {
	t.Helper()
	rows, err := Compare(t.Context(), a, b, func(d Difference) { t.Errorf("table %s, %s: %s", d.Table, d.Key, d.What) })
	if err != nil || rows < 10 {
		t.Errorf("%d rows, %v", rows, err)
	}
}

// What Dump tells makes the same rows, of every table and every kind, whatever was there.
func TestDump(t *testing.T) {
	d := scratch(t)
	r, err := d.Replay(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.End(r.Apply(encodeOps(1, time.Unix(2, 0), append(everyOp(),
		&PutSpace{Space{ID: 2, Owner: 3, Removed: true, Created: time.Unix(5, 0)}},
		&PutAccount{User: User{ID: 3, Name: "Gone", Space: 2}, Removed: true},
		&PutNode{Node: Node{ID: 5, Space: 1, Kind: Folder}, Key: "0000000000000005"},
		&PutNode{Node: Node{ID: 9, Space: 1, Parent: 5, Kind: File, Name: "empty"}, Key: "empty"},
		&PutPast{Node: Node{ID: 5, Space: 1, Parent: 4, Kind: Folder, Name: "was", Since: 1}, Key: "was", Until: 2},
		&PutUpload{Upload{ID: UploadID{7}, Space: 1, User: 2, Size: 3, Created: time.Unix(7, 0), Expires: time.Unix(9, 0)}},
		&PutPart{UploadID{7}, Part{}},
	)))); err != nil {
		t.Fatal(err)
	}
	lsn, payloads := dumped(t, d)
	if lsn != 1 || len(payloads) < 5 {
		t.Fatalf("up to %d, %d payloads", lsn, len(payloads))
	}
	to := scratch(t)
	for range 2 { // the second time in place of what is there
		if err := restore(t, to, lsn, payloads); err != nil {
			t.Fatal(err)
		}
		same(t, to, d)
		if err := to.writer.script("DELETE FROM node WHERE id = 9; UPDATE space SET seq = 1000"); err != nil {
			t.Fatal(err)
		}
	}
	// One that fails leaves a database that knows nothing.
	if err := restore(t, to, lsn, append(payloads, []byte("no payload"))); err == nil {
		t.Error("a broken payload was taken")
	}
	if err := restore(t, to, lsn+1, payloads); !errors.Is(err, errDecode) {
		t.Errorf("payloads of another checkpoint: %v", err)
	}
	if st, _, err := to.State(t.Context()); err != nil || st.Applied != 0 {
		t.Errorf("after a failure: %+v, %v", st, err)
	}
}

// Every table of the schema is dumped.
func TestDump_tables(t *testing.T) {
	d := scratch(t)
	known := map[string]bool{"store": true, "object": true}
	for _, n := range tableNames() {
		known[n] = true
	}
	err := d.writer.rows("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'", nil, func(c *cursor) error {
		var name string
		if err := c.Scan(&name); err != nil {
			return err
		}
		if !known[name] {
			t.Errorf("table %s is not dumped", name)
		}
		delete(known, name)
		return nil
	})
	if err != nil || len(known) > 0 {
		t.Errorf("not in the schema: %v (%v)", known, err)
	}
}
