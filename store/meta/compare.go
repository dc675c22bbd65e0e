package meta

import (
	"bytes"
	"cmp"
	"context"
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// OpenScratch makes a database that only verify uses, as opening a store without its
// database would: with Replay it becomes what the packs say. It is not flushed. Not
// for Start.
func OpenScratch(ctx context.Context, path string, uuid [16]byte) (*DB, error) {
	d, err := Open(ctx, Options{Path: path, Readers: 1})
	if err != nil {
		return nil, err
	}
	if err = d.Init(ctx, uuid, 1); err == nil {
		err = d.writer.script("PRAGMA synchronous = OFF; PRAGMA cache_size = -32000")
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// Integrity has the database look at its own pages, indexes too, and reports what it
// finds, at most 100 times. Not after Start.
func (d *DB) Integrity(report func(text string)) error {
	return d.writer.rows("PRAGMA integrity_check(100)", nil, func(c *cursor) error {
		var text string
		if err := c.Scan(&text); err != nil {
			return err
		}
		if text != "ok" {
			report(text)
		}
		return nil
	})
}

// Difference is a row that two databases do not agree on.
type Difference struct {
	Table string
	Key   string // the columns of the key with their values
	Node  NodeID // that the row belongs to; 0 if it is none's
	What  string
}

// Compare goes through all tables of both databases in the order of their keys and
// reports every row that is not the same, column by column, in truth and in live,
// which need not be whole. It holds one row of each. An error is that of reading.
// Not after Start.
func Compare(ctx context.Context, live, truth *DB, report func(Difference)) (rows int, err error) {
	if err := compareSchemas(live, truth, report); err != nil {
		return 0, err
	}
	var tables []string
	err = truth.writer.rows("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name", nil, func(c *cursor) error {
		var name string
		err := c.Scan(&name)
		tables = append(tables, name)
		return err
	})
	for _, name := range tables {
		if err != nil {
			break
		}
		var n int
		n, err = compareTable(ctx, live, truth, name, report)
		rows += n
	}
	return rows, err
}

// compareSchemas reports tables and indexes that only one side has.
func compareSchemas(live, truth *DB, report func(Difference)) error {
	read := func(d *DB) ([]string, error) {
		var out []string
		err := d.writer.rows("SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema ORDER BY type, name", nil, func(c *cursor) error {
			var kind, name, table, sql string
			err := c.Scan(&kind, &name, &table, &sql)
			out = append(out, strings.Join([]string{kind, name, table, sql}, " "))
			return err
		})
		return out, err
	}
	a, err := read(live)
	if err != nil {
		return err
	}
	b, err := read(truth)
	if err == nil && !slices.Equal(a, b) {
		report(Difference{Table: "sqlite_schema", What: "the tables are not those that this version of Cairn makes"})
	}
	return err
}

// table is how one table is read.
type table struct {
	name    string
	columns []string
	key     []int // positions in columns
	node    int   // position of the node's id; -1: none
	query   string
}

func describeTable(s *session, name string) (table, error) {
	t := table{name: name, node: -1}
	order := map[int]int{}
	err := s.rows("SELECT name, pk FROM pragma_table_info(?) ORDER BY cid", []any{name}, func(c *cursor) error {
		var column string
		var pk int
		if err := c.Scan(&column, &pk); err != nil {
			return err
		}
		if pk > 0 {
			order[pk] = len(t.columns)
		}
		if column == "node" || name == "node" && column == "id" {
			t.node = len(t.columns)
		}
		t.columns = append(t.columns, column)
		return nil
	})
	if err != nil {
		return t, err
	}
	var by []string
	for i := range len(order) {
		t.key = append(t.key, order[i+1])
		by = append(by, t.columns[order[i+1]])
	}
	if len(by) == 0 {
		return t, fmt.Errorf("table %s has no key", name)
	}
	t.query = "SELECT " + strings.Join(t.columns, ", ") + " FROM " + name + " ORDER BY " + strings.Join(by, ", ")
	return t, nil
}

func compareTable(ctx context.Context, live, truth *DB, name string, report func(Difference)) (rows int, err error) {
	t, err := describeTable(truth.writer, name)
	if err != nil {
		return 0, err
	}
	a, err := pull(live.writer, t.query)
	if err != nil {
		return 0, fmt.Errorf("table %s: %w", name, err)
	}
	defer func() { err = errors.Join(err, a.rows.Close()) }()
	b, err := pull(truth.writer, t.query)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, b.rows.Close()) }()
	errA, errB := a.next(), b.next()
	for errA == nil || errB == nil {
		if rows&1023 == 0 && ctx.Err() != nil {
			return rows, context.Cause(ctx)
		}
		rows++
		order := 0
		switch {
		case errA == io.EOF:
			order = 1
		case errB == io.EOF:
			order = -1
		case errA == nil && errB == nil:
			order = t.compareKeys(a.vals, b.vals)
		}
		if errA != nil && errA != io.EOF || errB != nil && errB != io.EOF {
			break
		}
		switch {
		case order < 0:
			report(t.difference(a.vals, "is in the database, but no commit in the packs made it"))
			errA = a.next()
		case order > 0:
			report(t.difference(b.vals, "is missing from the database"))
			errB = b.next()
		default:
			if what := t.compareRows(a.vals, b.vals); what != "" {
				report(t.difference(b.vals, what))
			}
			errA, errB = a.next(), b.next()
		}
	}
	for _, err := range []error{errA, errB} {
		if err != io.EOF {
			return rows, fmt.Errorf("table %s: %w", name, err)
		}
	}
	return rows, nil
}

func (t *table) compareKeys(a, b []driver.Value) int {
	for _, i := range t.key {
		if c := compareValues(a[i], b[i]); c != 0 {
			return c
		}
	}
	return 0
}

// compareRows is which columns differ, in words; "" if none does.
func (t *table) compareRows(a, b []driver.Value) string {
	var differ []string
	for i := range t.columns {
		if compareValues(a[i], b[i]) != 0 {
			differ = append(differ, fmt.Sprintf("%s is %s, the packs say %s", t.columns[i], show(a[i]), show(b[i])))
		}
	}
	return strings.Join(differ, "; ")
}

func (t *table) difference(row []driver.Value, what string) Difference {
	d := Difference{Table: t.name, What: what}
	var key []string
	for _, i := range t.key {
		key = append(key, t.columns[i]+" "+show(row[i]))
	}
	d.Key = strings.Join(key, ", ")
	if t.node >= 0 {
		if id, ok := row[t.node].(int64); ok {
			d.Node = NodeID(id)
		}
	}
	return d
}

// compareValues orders as SQLite does: NULL, numbers, text, blobs.
func compareValues(a, b driver.Value) int {
	ra, rb := rank(a), rank(b)
	if ra != rb {
		return ra - rb
	}
	switch a := a.(type) {
	case int64:
		return cmp.Compare(a, b.(int64))
	case float64:
		return cmp.Compare(a, b.(float64))
	case string:
		return strings.Compare(a, b.(string))
	case []byte:
		return bytes.Compare(a, b.([]byte))
	}
	return 0
}

func rank(v driver.Value) int {
	switch v.(type) {
	case nil:
		return 0
	case int64:
		return 1
	case float64:
		return 2
	case string:
		return 3
	case []byte:
		return 4
	}
	return 5
}

// show is a value for a message, not longer than a line.
func show(v driver.Value) string {
	text := ""
	switch v := v.(type) {
	case nil:
		return "nothing"
	case string:
		text = fmt.Sprintf("%q", v)
	case []byte:
		text = hex.EncodeToString(v)
	default:
		text = fmt.Sprint(v)
	}
	if len(text) > 80 {
		return fmt.Sprintf("%s… (%d long)", text[:72], len(text))
	}
	return text
}

// puller hands out the rows of a query when they are asked for. vals are good until
// the next call.
type puller struct {
	rows driver.Rows
	vals []driver.Value
}

func pull(s *session, query string) (*puller, error) {
	st, err := s.prepare(query)
	if err != nil {
		return nil, err
	}
	rows, err := st.QueryContext(context.Background(), nil)
	if err != nil {
		return nil, err
	}
	return &puller{rows, make([]driver.Value, len(rows.Columns()))}, nil
}

func (p *puller) next() error { return p.rows.Next(p.vals) }
