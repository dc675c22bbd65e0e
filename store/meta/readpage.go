package meta

import (
	"fmt"
	"strconv"
	"strings"
)

// pageColumns are few, since each costs the driver up to three calls a row, with a lock
// around each: a folder of 10,000 takes 40 ms instead of 70. The sums, which only
// folders have, are one text.
const pageColumns = `SELECT +n.id a, +n.key b, +n.name c, +n.kind d, +n.version e, +n.size f, +n.mtime g, +n.created h,
	CASE WHEN n.kind = 2 THEN coalesce(f.bytes, 0) || ' ' || coalesce(f.files, 0) || ' ' || coalesce(f.seq, n.since) END i
	FROM node n LEFT JOIN folder f ON n.kind = 2 AND f.node = n.id
	WHERE n.parent = ? AND n.key > ? ORDER BY n.key LIMIT ?`

// Page is Children for who shows them: it leaves out Since, Author and Manifest.
func (r *Reader) Page(folder *Node, after string, limit int) ([]Node, error) {
	out := make([]Node, 0, min(limit, 256))
	err := r.rows(pageColumns, []any{int64(folder.ID), after, limit}, func(c *cursor) error {
		out = append(out, Node{Space: folder.Space, Parent: folder.ID, Epoch: r.epoch})
		return out[len(out)-1].listed(c)
	})
	return out, err
}

// listed reads a row of pageColumns.
func (n *Node) listed(c *cursor) error {
	var ok [6]bool
	var id, kind, mtime, created int64
	id, ok[0] = c.vals[0].(int64)
	n.Name, ok[1] = c.vals[1].(string)
	if name, is := c.vals[2].(string); is {
		n.Name = name
	}
	kind, ok[2] = c.vals[3].(int64)
	version, _ := c.vals[4].([]byte)
	n.Size, ok[3] = c.vals[5].(int64)
	mtime, ok[4] = c.vals[6].(int64)
	created, ok[5] = c.vals[7].(int64)
	if ok != [...]bool{true, true, true, true, true, true} {
		return fmt.Errorf("node %v: a column has the wrong type", c.vals[0])
	}
	n.ID, n.Kind = NodeID(id), Kind(kind)
	copy(n.Version[:], version)
	n.ModTime, n.Created = fromNano(mtime), fromNano(created)
	if sums, is := c.vals[8].(string); is {
		return n.setSums(sums)
	}
	return nil
}

func (n *Node) setSums(text string) (err error) {
	bytes, rest, _ := strings.Cut(text, " ")
	files, seq, _ := strings.Cut(rest, " ")
	for _, f := range []struct {
		to   *int64
		from string
	}{{&n.Bytes, bytes}, {&n.Files, files}, {&n.Seq, seq}} {
		if *f.to, err = strconv.ParseInt(f.from, 10, 64); err != nil {
			return err
		}
	}
	return nil
}
