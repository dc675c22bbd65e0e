package meta

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// countedStatement counts the queries that go to the database.
type countedStatement struct {
	statement
	queries *[]string
	text    string
}

func (c countedStatement) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	*c.queries = append(*c.queries, c.text)
	return c.statement.QueryContext(ctx, args)
}

// TestNewFileAsksOnce: the plan of a new file in a folder that the committer has seen
// asks the database whether the name is free, and nothing else, and a Glance nothing at
// all; if the folder was made since the start it asks nothing. Nothing but the time that it takes tells when this is lost.
func TestNewFileAsksOnce(t *testing.T) {
	d := started(t, &memLog{})
	var root, folder NodeID
	if err := d.Commit(t.Context(), nil, func(tx *Tx) (err error) {
		if root, err = putSpace(tx); err != nil {
			return err
		}
		folder = tx.NewNodeID()
		return tx.Apply(&PutNode{Node: Node{ID: folder, Space: 1, Parent: root, Name: "docs", Kind: Folder}, Key: "docs", Fresh: true})
	}); err != nil {
		t.Fatal(err)
	}
	walk := func(r *Reader) error {
		up, ok, err := r.StepByID(root)
		if err != nil || !ok {
			return fmt.Errorf("root: %v, %w", ok, err)
		}
		docs, ok, err := r.Step(up.ID, "docs")
		if err != nil || !ok || docs.ID != folder {
			return fmt.Errorf("docs: %v, %w", ok, err)
		}
		return nil
	}
	put := func(name string) func(*Tx) error {
		return func(tx *Tx) error {
			if err := walk(&tx.Reader); err != nil {
				return err
			}
			if n, ok, err := tx.Node(folder, name); ok || err != nil {
				return fmt.Errorf("%s is there: %v, %w", name, n.ID, err)
			}
			seq, err := tx.NextSeq(1)
			if err != nil {
				return err
			}
			n := Node{ID: tx.NewNodeID(), Space: 1, Parent: folder, Name: name, Kind: File, Size: 1, Since: seq}
			tx.AddSum(folder, 1, 1, seq)
			return tx.Apply(&PutNode{Node: n, Key: name, Fresh: true})
		}
	}
	if err := d.Commit(t.Context(), nil, put("first")); err != nil {
		t.Fatal(err)
	}
	var queries []string
	for text, st := range d.writer.stmts { // at rest until the next Commit
		d.writer.stmts[text] = countedStatement{st, &queries, text}
	}
	for i, name := range []string{"second", "third", "fourth", "fifth"} {
		if i == 2 {
			if len(queries) != 0 {
				t.Errorf("two files in a folder that was made since the start took %d queries:\n%q", len(queries), queries)
			}
			d.near.made.clear()
		}
		if err := d.Commit(t.Context(), nil, put(name)); err != nil {
			t.Fatal(err)
		}
	}
	if len(queries) != 2 {
		t.Errorf("two new files in another folder took %d queries, want 2:\n%q", len(queries), queries)
	}
	if err := d.Glance(walk); err != nil {
		t.Errorf("Glance: %v", err)
	}
}

// What is remembered as free is free, whatever was made, moved, removed, refused and
// undone meanwhile: a row that is put there stops the store.
func TestMadeNamesAreFree(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	log := &busyLog{full: func() bool { return rng.IntN(150) == 0 }}
	d := holding(t, log, nil)
	var folders []NodeID
	for len(folders) == 0 {
		d.Commit(t.Context(), nil, func(tx *Tx) error {
			root, err := putSpace(tx)
			folders = append(folders, root)
			return err
		})
	}
	free, taken := 0, 0
	for i := range 4000 {
		parent, name, refused := folders[rng.IntN(len(folders))], fmt.Sprint(rng.IntN(15)), rng.IntN(60) == 0
		to := folders[rng.IntN(len(folders))]
		var made NodeID
		err := d.Commit(t.Context(), nil, func(tx *Tx) error {
			k := childKey{parent, name}
			said := tx.near.made.free(k)
			if err := tx.drain(); err != nil {
				return err
			}
			var id NodeID
			there, err := tx.s.row("SELECT id FROM node WHERE parent = ? AND key = ?", []any{int64(parent), name}, &id)
			if err != nil {
				return err
			}
			if said && there {
				return fmt.Errorf("%d: %v/%s is said to be free", i, parent, name)
			}
			if said {
				free++
			} else if there {
				taken++
			}
			n := Node{ID: id, Space: 1, Parent: parent, Name: name, Kind: File}
			switch {
			case !there:
				if n.ID = tx.NewNodeID(); rng.IntN(8) == 0 && len(folders) < 40 {
					n.Kind, made = Folder, n.ID
				}
				err = tx.Apply(&PutNode{Node: n, Key: name, Fresh: true})
			case slices.Contains(folders, id):
			case rng.IntN(2) == 0:
				err = tx.Apply(&DropNode{ID: id})
			default: // moved onto what may lie there
				if old, is, err := tx.Node(to, name); err != nil || is && slices.Contains(folders, old.ID) {
					return err
				} else if is && old.ID != id {
					if err := tx.Apply(&DropNode{ID: old.ID}); err != nil {
						return err
					}
				}
				n.Parent = to
				err = tx.Apply(&PutNode{Node: n, Key: name})
			}
			if refused {
				err = errors.Join(err, errRefused)
			}
			return err
		})
		if err == nil && made != 0 {
			folders = append(folders, made)
		}
		if err != nil && !errors.Is(err, errRefused) && !errors.Is(err, ErrNotLogged) {
			t.Fatal(err)
		}
		if i%500 == 499 {
			d.near.made.count = maxMade // as if there were that many
		}
	}
	if free < 30 || taken < 100 || len(folders) < 10 {
		t.Errorf("%d free, %d taken, %d folders: the test does not test that", free, taken, len(folders))
	}
}
