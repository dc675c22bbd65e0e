package meta

import (
	"context"
	"database/sql/driver"
	"fmt"
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
// all. Nothing but the time that it takes tells when this is lost.
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
	for _, name := range []string{"second", "third"} {
		if err := d.Commit(t.Context(), nil, put(name)); err != nil {
			t.Fatal(err)
		}
	}
	if len(queries) != 2 {
		t.Errorf("two new files took %d queries, want 2:\n%q", len(queries), queries)
	}
	if err := d.Glance(walk); err != nil {
		t.Errorf("Glance: %v", err)
	}
}
