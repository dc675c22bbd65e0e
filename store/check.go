package store

import (
	"context"
	"fmt"

	"cairn/store/meta"
)

// CheckOptions say how much is looked at.
type CheckOptions struct {
	// Deep reads every record and compares it with its checksum and its id. Else only
	// names, sizes, manifests and pack indexes are compared.
	Deep bool
}

// CheckStats count what a check looked at.
type CheckStats struct {
	Spaces, Folders, Files, Versions, Uploads, Packs int
	Bytes                                            int64 // of content, as the users see it
	Problems                                         int
}

// Check compares what the store holds with itself and reports each thing that is
// wrong, with the path of the file or the pack that is concerned. It changes nothing
// and may run beside writes of other files.
func (s *Store) Check(ctx context.Context, o CheckOptions, report func(path string, err error)) (CheckStats, error) {
	c := &checker{s: s, ctx: ctx}
	c.report = func(path string, err error) {
		c.stats.Problems++
		report(path, err)
	}
	for _, p := range s.packs.Packs() {
		c.stats.Packs++
		name := fmt.Sprintf("pack %d", p.ID)
		if p.Damaged {
			c.report(name, fmt.Errorf("%w: a part of it is not readable", ErrCorrupt))
		}
		s.packs.Verify(ctx, p.ID, o.Deep, func(err error) { c.report(name, err) })
		if err := ctx.Err(); err != nil {
			return c.stats, err
		}
	}
	var spaces []meta.Space
	err := s.db.View(ctx, func(r *meta.Reader) error {
		if err := r.IntegrityCheck(func(text string) { c.report("meta.db", fmt.Errorf("%w: %s", ErrCorrupt, text)) }); err != nil {
			return err
		}
		var err error
		spaces, err = r.Spaces()
		return err
	})
	if err != nil {
		return c.stats, fail("check", "", err)
	}
	for _, sp := range spaces {
		c.stats.Spaces++
		for _, root := range []NodeID{sp.Root, sp.Trash} {
			if _, err := c.tree(root, sp.Name+":"); err != nil {
				return c.stats, fail("check", "", err)
			}
		}
	}
	return c.stats, fail("check", "", c.uploads())
}

type checker struct {
	s      *Store
	ctx    context.Context
	report func(string, error)
	stats  CheckStats
}

type sums struct{ bytes, files int64 }

// tree checks a node and what is below it, and returns what it adds up to.
func (c *checker) tree(id NodeID, path string) (sums, error) {
	var total sums
	var n Node
	var there bool
	err := c.s.db.View(c.ctx, func(r *meta.Reader) (err error) {
		n, there, err = r.NodeByID(id)
		return err
	})
	if err != nil {
		return total, err
	}
	if !there {
		c.report(path, fmt.Errorf("%w: the folder has no row", ErrCorrupt))
		return total, nil
	}
	c.stats.Folders++
	for after := ""; ; {
		var kids []Node
		err := c.s.db.View(c.ctx, func(r *meta.Reader) (err error) {
			kids, after, err = r.ChildrenByKey(id, after, 500)
			return err
		})
		if err != nil {
			return total, err
		}
		for _, k := range kids {
			add, err := c.node(k, path+"/"+k.Name)
			if err != nil {
				return total, err
			}
			total.bytes += add.bytes
			total.files += add.files
		}
		if len(kids) < 500 {
			break
		}
	}
	if total.bytes != n.Bytes || total.files != n.Files {
		c.report(path, fmt.Errorf("%w: the folder counts %d bytes in %d files, it holds %d in %d", ErrCorrupt, n.Bytes, n.Files, total.bytes, total.files))
	}
	return total, nil
}

func (c *checker) node(n Node, path string) (sums, error) {
	var vs []Version
	err := c.s.db.View(c.ctx, func(r *meta.Reader) (err error) {
		vs, err = r.Versions(n.ID)
		return err
	})
	if err != nil {
		return sums{}, err
	}
	for _, v := range vs {
		c.stats.Versions++
		c.manifest(v.Manifest, v.Size, fmt.Sprintf("%s (version %s)", path, v.ID))
	}
	if n.IsFolder() {
		return c.tree(n.ID, path)
	}
	c.stats.Files++
	c.stats.Bytes += n.Size
	if n.Version.IsZero() {
		c.report(path, fmt.Errorf("%w: the file has no version", ErrCorrupt))
	}
	c.manifest(n.Manifest, n.Size, path)
	return sums{n.Size, 1}, nil
}

// manifest checks that the records of a content are there, and hold its bytes.
func (c *checker) manifest(m meta.Manifest, size int64, path string) {
	f := &openFile{s: c.s, node: Node{Manifest: m, Size: size, Kind: File}}
	if err := f.load(c.ctx); err != nil {
		c.report(path, err)
		return
	}
	for _, x := range f.extents {
		entries, err := c.s.packs.Entries(c.ctx, x.Pack, x.First, x.Count)
		if err != nil {
			c.report(path, outward(err))
			continue
		}
		var bytes int64
		for _, e := range entries {
			bytes += int64(e.Plain)
		}
		if bytes != x.Bytes {
			c.report(path, fmt.Errorf("%w: pack %d records %d+%d hold %d bytes, not %d", ErrCorrupt, x.Pack, x.First, x.Count, bytes, x.Bytes))
		}
	}
}

// uploads checks what unfinished uploads have.
func (c *checker) uploads() error {
	for after := (UploadID{}); ; {
		var us []Upload
		err := c.s.db.View(c.ctx, func(r *meta.Reader) (err error) {
			us, err = r.Uploads(after, 100)
			return err
		})
		if err != nil {
			return err
		}
		for _, u := range us {
			c.stats.Uploads++
			for _, p := range u.Parts {
				c.part(u, p)
			}
			after = u.ID
		}
		if len(us) < 100 {
			return nil
		}
	}
}

func (c *checker) part(u Upload, p meta.Part) {
	path := fmt.Sprintf("upload %s to %s", u.ID, u.Path)
	size := p.Offset
	for _, ref := range p.Tail {
		size -= ref.Bytes
		b, err := c.s.packs.Read(c.ctx, ref.Pack, ref.Ordinal, nil)
		if err != nil {
			c.report(path, outward(err))
		} else if int64(len(b)) != ref.Bytes {
			c.report(path, fmt.Errorf("%w: pack %d record %d holds %d bytes, not %d", ErrCorrupt, ref.Pack, ref.Ordinal, len(b), ref.Bytes))
		}
	}
	if !u.Finished {
		c.manifest(p.Manifest, size, path)
	}
}
