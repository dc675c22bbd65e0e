package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"

	"cairn/store/meta"
	"cairn/store/pack"
)

// rows is the database to look at: the one that is there; or, where this is whole but
// behind, or gone, what the next start makes from the packs. Nil: there is neither.
func (c *verifier) rows() *meta.DB {
	n := len(c.commits)
	behind := n > 0 && c.commits[n-1].lsn > c.applied
	if c.complete && (c.live == nil || behind && !c.differs) {
		return c.truth
	}
	return c.live
}

// folderSeen is what a folder row says, and what its own children add up to.
type folderSeen struct {
	id, parent  NodeID
	bytes, want int64
	files, must int64
}

// maxDepth ends the way up from a folder whose parents go round in a circle.
const maxDepth = 10_000

// tree checks that every node hangs below the root or trash of a space, and that the
// sums of folders are those of the files below. What it cannot read it reports.
func (c *verifier) tree() error {
	db := c.rows()
	if db == nil {
		return nil
	}
	err := c.findRoots(db)
	var all []folderSeen
	if err == nil {
		err = db.EachFolder(func(n Node) error {
			all = append(all, folderSeen{id: n.ID, parent: n.Parent, bytes: n.Bytes, files: n.Files})
			return c.ctx.Err()
		})
	}
	find := func(id NodeID) *folderSeen {
		i := sort.Search(len(all), func(i int) bool { return all[i].id >= id })
		if i == len(all) || all[i].id != id {
			return nil
		}
		return &all[i]
	}
	if err == nil {
		err = db.EachNode(func(n Node, bad error) error {
			if c.ctx.Err() != nil {
				return c.ctx.Err()
			}
			if n.IsFolder() {
				c.stats.Folders++
				return nil
			}
			c.file(n, bad)
			if n.Parent == 0 && outside(c.rootName(db, n.ID)) {
				return nil // it was being dropped, or a snapshot holds it
			}
			up := find(n.Parent)
			if up == nil {
				c.problem(c.name(n.ID), c.advice(), "it lies in no folder")
				return nil
			}
			for range maxDepth {
				up.want += n.Size
				up.must++
				if up.parent == 0 {
					if c.trash(up.id) {
						c.stats.Trashed++
					}
					return nil
				}
				above := find(up.parent)
				if above == nil {
					break
				}
				up = above
			}
			return nil
		})
	}
	for i := range all {
		f := &all[i]
		if f.parent == 0 && c.roots[f.id] == "" {
			c.stray(db, f.id)
		}
		if f.parent != 0 && find(f.parent) == nil {
			c.problem(c.name(f.id), c.advice(), "the folder lies in no folder")
		}
		if (f.bytes != f.want || f.files != f.must) && !c.dropping(db, f, find) {
			c.problem(c.name(f.id), c.advice(), "the folder counts %d bytes in %d files, it holds %d in %d", f.bytes, f.files, f.want, f.must)
		}
	}
	return c.unreadable(err)
}

// unreadable reports that rows cannot be read, which is no reason not to look at others.
func (c *verifier) unreadable(err error) error {
	if c.ctx.Err() != nil {
		return context.Cause(c.ctx)
	}
	if err != nil {
		c.problem("meta.db", c.advice(), "it cannot be read: %v", err)
	}
	return nil
}

func (c *verifier) findRoots(db *meta.DB) error {
	spaces, err := db.Spaces()
	for _, sp := range spaces {
		c.stats.Spaces++
		c.roots[sp.Root] = sp.Name + ":"
		c.roots[sp.Trash] = sp.Name + trashSuffix
	}
	return err
}

// dropping says whether a folder lies in a tree that was being dropped: then its sums
// are not kept.
func (c *verifier) dropping(db *meta.DB, f *folderSeen, find func(NodeID) *folderSeen) bool {
	for range maxDepth {
		if f.parent == 0 {
			return outside(c.rootName(db, f.id))
		}
		if f = find(f.parent); f == nil {
			break
		}
	}
	return false
}

// outside says whether a root is one outside all spaces that may be there: sums of such are
// not kept.
func outside(name string) bool {
	for _, prefix := range []string{gonePrefix, stagePrefix, heldPrefix} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// rootName is what a node outside all spaces is called; "" if that cannot be read.
func (c *verifier) rootName(db *meta.DB, id NodeID) string {
	var n Node
	err := db.View(c.ctx, func(r *meta.Reader) (err error) {
		n, _, err = r.NodeByID(id)
		return err
	})
	if err != nil {
		return ""
	}
	return n.Name
}

const trashSuffix = " (trash):"

func (c *verifier) trash(root NodeID) bool { return strings.HasSuffix(c.roots[root], trashSuffix) }

// stray tells of a folder without a parent that is no space's: the rest of a folder
// copy, or a fault.
func (c *verifier) stray(db *meta.DB, id NodeID) {
	switch name := c.rootName(db, id); {
	case strings.HasPrefix(name, stagePrefix):
		c.note("meta.db", "an unfinished copy of a folder is left of a crash; the next start drops it")
		return
	case strings.HasPrefix(name, heldPrefix):
		return
	case strings.HasPrefix(name, gonePrefix):
		c.note("meta.db", "a folder that was deleted for good is not dropped whole yet; that goes on after the next start")
		return
	}
	c.problem(c.name(id), c.advice(), "the folder belongs to no space")
}

// contents checks what is not in the tree: older versions and uploads.
func (c *verifier) contents() error {
	db := c.rows()
	if db == nil {
		return nil
	}
	err := db.EachVersion(func(v Version, bad error) error {
		c.stats.Versions++
		if err := c.content(v.Manifest, v.Size, bad); err != nil {
			c.problem(fmt.Sprintf("%s, its version of %s", c.name(v.Node), v.ModTime.Format("2006-01-02 15:04:05")),
				"this old version is lost, newer ones are not concerned", "%v", err)
		}
		return c.ctx.Err()
	})
	if err := c.unreadable(err); err != nil {
		return err
	}
	err = db.EachPart(func(u Upload, p meta.Part, bad error) error {
		if p.Number <= 0 {
			c.stats.Uploads++
		}
		if u.Finished || p.Number < 0 {
			return c.ctx.Err()
		}
		if err := c.part(p, bad); err != nil {
			c.problem(fmt.Sprintf("unfinished upload to %s (%s)", u.Path, u.ID), "cancel it and upload the file again", "%v", err)
		}
		return c.ctx.Err()
	})
	return c.unreadable(err)
}

func (c *verifier) file(n Node, bad error) {
	c.stats.Files++
	c.stats.Bytes += n.Size
	if n.Version.IsZero() {
		c.problem(c.name(n.ID), c.advice(), "the file has no version")
	}
	if err := c.content(n.Manifest, n.Size, bad); err != nil {
		c.problem(c.name(n.ID), "restore the file from a backup, or upload it again", "%v", err)
	}
}

// content checks that the records of a content are there, and hold size bytes.
func (c *verifier) content(m meta.Manifest, size int64, bad error) error {
	if bad != nil {
		return fmt.Errorf("its row does not say where its bytes are: %w", bad)
	}
	var total int64
	for _, x := range m.Extents {
		n, err := c.extent(x)
		if err != nil {
			return err
		}
		total += n
	}
	for _, ref := range m.Pages {
		if _, err := c.find(ref.Pack, ref.Ordinal, pack.Page); err != nil {
			return err
		}
		text, err := c.packs.Read(c.ctx, ref.Pack, ref.Ordinal, nil)
		if err != nil {
			return err
		}
		page, err := meta.DecodeManifest(text)
		if err != nil || len(page.Pages) > 0 {
			return errors.Join(fmt.Errorf("record %d of %s is no page of a manifest", ref.Ordinal, c.packName(ref.Pack)), err)
		}
		for _, x := range page.Extents {
			n, err := c.extent(x)
			if err != nil {
				return err
			}
			total += n
		}
	}
	if total != size {
		return fmt.Errorf("it should have %d bytes, its records have %d", size, total)
	}
	return nil
}

func (c *verifier) extent(x meta.Extent) (int64, error) {
	var total int64
	for i := range x.Count {
		r, err := c.find(x.Pack, x.First+i, pack.Chunk)
		if err != nil {
			return 0, err
		}
		total += r.plain()
	}
	if total != x.Bytes {
		return 0, fmt.Errorf("the records %d+%d of %s hold %d bytes, not %d", x.First, x.Count, c.packName(x.Pack), total, x.Bytes)
	}
	return total, nil
}

func (c *verifier) part(p meta.Part, bad error) error {
	size := p.Offset
	if bad == nil {
		for _, ref := range p.Tail {
			size -= ref.Bytes
			r, err := c.find(ref.Pack, ref.Ordinal, pack.Tail)
			if err != nil {
				return err
			}
			if r.plain() != ref.Bytes {
				return fmt.Errorf("record %d of %s holds %d bytes, not %d", ref.Ordinal, c.packName(ref.Pack), r.plain(), ref.Bytes)
			}
		}
	}
	return c.content(p.Manifest, size, bad)
}

// name is a node in messages: its path, or its id where that cannot be told.
func (c *verifier) name(id NodeID) string {
	if p := c.path(id); p != "" {
		return p
	}
	return "node " + id.String()
}

// path is where a node is, as in "ada:/docs/letter.txt", by what the packs say if
// they say it; "" if neither database knows.
func (c *verifier) path(id NodeID) string {
	for _, db := range []*meta.DB{c.truth, c.live} {
		if db == nil {
			continue
		}
		if p := c.pathIn(db, id); p != "" {
			return p
		}
	}
	return ""
}

func (c *verifier) pathIn(db *meta.DB, id NodeID) string {
	var names []string
	held := ""
	err := db.View(c.ctx, func(r *meta.Reader) error {
		for range maxDepth {
			n, ok, err := r.NodeByID(id)
			if err != nil || !ok {
				return errors.Join(err, ErrNotExist)
			}
			if n.Parent == 0 {
				sp, _, err := r.Space(n.Space)
				if strings.HasPrefix(n.Name, heldPrefix) && err == nil {
					held, err = whereHeld(r, sp, n.ID)
					return err
				}
				root := sp.Name + ":"
				if n.ID == sp.Trash {
					root = sp.Name + trashSuffix
				}
				names = append(names, root)
				return err
			}
			names = append(names, n.Name)
			id = n.Parent
		}
		return ErrCorrupt
	})
	if err != nil || held != "" {
		return held
	}
	slices.Reverse(names)
	if len(names) == 1 {
		return names[0] + "/"
	}
	return strings.Join(names, "/")
}
