package meta

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
)

func TestCompare(t *testing.T) {
	pair := func() (live, truth *DB) {
		for _, d := range []**DB{&live, &truth} {
			db, err := OpenScratch(t.Context(), filepath.Join(t.TempDir(), "x.db"), [16]byte{1})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { db.Close() })
			for i := range 5 {
				n := Node{ID: NodeID(10 + i), Space: 1, Kind: File, Parent: 3, Name: string(rune('a' + i)), Size: 7}
				if err := db.writer.apply(&PutNode{Node: n, Key: n.Name, Fresh: true}); err != nil {
					t.Fatal(err)
				}
			}
			*d = db
		}
		return live, truth
	}
	for _, c := range []struct{ name, change, want string }{
		{"the same", "SELECT 1", ""},
		{"a value", "UPDATE node SET size = 8 WHERE id = 11", "node 11: size is 8, the packs say 7"},
		{"a type", "UPDATE node SET key = CAST('b' AS BLOB) WHERE id = 11", "node 11: is missing from the database|node 11: is in the database, but no commit in the packs made it"},
		{"a row too few", "DELETE FROM node WHERE id = 10", "node 10: is missing from the database"},
		{"the last row", "DELETE FROM node WHERE id = 14", "node 14: is missing from the database"},
		{"a row too many", "INSERT INTO folder VALUES (3, 1, 1, 1)", "node 3: is in the database, but no commit in the packs made it"},
		{"another epoch", "UPDATE store SET epoch = 2", "node 0: epoch is 2, the packs say 1"},
		{"another table", "CREATE TABLE more (a INTEGER PRIMARY KEY)", "node 0: the tables are not those that this version of Cairn makes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			live, truth := pair()
			if err := live.writer.script(c.change); err != nil {
				t.Fatal(err)
			}
			var got []string
			_, err := Compare(t.Context(), live, truth, func(d Difference) {
				got = append(got, "node "+show(int64(d.Node))+": "+d.What)
			})
			if err != nil || strings.Join(got, "|") != c.want {
				t.Errorf("%q (%v), want %q", strings.Join(got, "|"), err, c.want)
			}
		})
	}
}

// A schema number below zero is damage, or a newer version's: in no case a reason to panic.
func TestOpen_schemaBelowZero(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	d, err := OpenScratch(t.Context(), path, [16]byte{1})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.writer.script("PRAGMA user_version = -16777214"); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), Options{Path: path}); !errors.Is(err, ErrTooNew) {
		t.Errorf("opened: %v", err)
	}
}
