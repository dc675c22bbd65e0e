package meta

import (
	"fmt"
	"time"
)

// Copied is what a copy takes of a node.
type Copied struct {
	ID       NodeID
	Key      string
	Name     string
	Kind     Kind
	Size     int64
	ModTime  time.Time
	Manifest Manifest
	Props    bool // it has dead properties
}

// Copied pages a folder in key order, for who copies it: at most limit nodes with keys
// after after, and no more once their names, manifests and properties have that many bytes. more
// tells that there may be others behind them.
func (r *Reader) Copied(parent NodeID, after string, limit, bytes int) (out []Copied, more bool, err error) {
	out = make([]Copied, 0, min(limit, 128))
	err = r.rows(`SELECT +n.id a, +n.key b, +n.name c, +n.kind d, +n.size e, +n.mtime f, +n.manifest g,
		(SELECT sum(length(p.ns) + length(p.local) + length(p.lang) + length(p.value) + 64) FROM prop p WHERE p.node = n.id) h FROM node n WHERE n.parent = ? AND n.key > ? ORDER BY n.key LIMIT ?`,
		[]any{int64(parent), after, limit}, func(c *cursor) error {
			if bytes <= 0 {
				more = true
				return errEnough
			}
			out = append(out, Copied{})
			n, err := out[len(out)-1].read(c)
			bytes -= n
			return err
		})
	return out, more || len(out) == limit, err
}

// read takes a row of Copied and tells how long it is.
func (k *Copied) read(c *cursor) (n int, err error) {
	var ok [5]bool
	var id, kind, mtime int64
	id, ok[0] = c.vals[0].(int64)
	k.Key, ok[1] = c.vals[1].(string)
	k.Name = k.Key
	if name, is := c.vals[2].(string); is {
		k.Name = name
	}
	kind, ok[2] = c.vals[3].(int64)
	k.Size, ok[3] = c.vals[4].(int64)
	mtime, ok[4] = c.vals[5].(int64)
	manifest, _ := c.vals[6].([]byte)
	props, has := c.vals[7].(int64)
	if ok != [...]bool{true, true, true, true, true} {
		return 0, fmt.Errorf("node %v: a column has the wrong type", c.vals[0])
	}
	k.ID, k.Kind, k.ModTime, k.Props = NodeID(id), Kind(kind), fromNano(mtime), has
	k.Manifest, err = DecodeManifest(manifest)
	return len(k.Key) + len(k.Name) + len(manifest) + int(props), err
}

// Unchanged reports whether nothing directly in a folder has changed since it, or what is
// below it, had seq for its newest change.
func (tx *Tx) Unchanged(folder NodeID, seq int64) (bool, error) {
	if tx.sums[folder] != nil { // by a plan of this batch
		return false, nil
	}
	n, there, err := tx.NodeByID(folder)
	return there && n.Seq == seq, err
}
