package store

import (
	"context"

	"cairn/store/meta"
)

// Trash implements API.
func (s *Store) Trash(ctx context.Context, sc Scope, before int64, limit int) (out []InTrash, err error) {
	err = s.db.View(ctx, func(r *meta.Reader) error {
		if err := wholeSpace(r, sc, MayRead); err != nil {
			return err
		}
		ts, err := r.TrashPage(sc.Space, before, limit)
		if err != nil {
			return err
		}
		out = make([]InTrash, 0, len(ts))
		were := formerFolders{r: r, sc: sc, known: map[NodeID]former{}}
		for _, t := range ts {
			n, ok, err := r.NodeByID(t.Node)
			if err != nil {
				return err
			}
			if !ok { // a View may see newer nodes than rows: it was restored, and is gone since
				n = Node{ID: t.Node, Kind: File, Name: t.Name}
			}
			n.Manifest = meta.Manifest{}
			was, err := were.of(t.Parent, 0)
			if err != nil {
				return err
			}
			out = append(out, InTrash{Trashed: t, Now: n, Folder: was.path, FolderGone: was.gone})
		}
		return nil
	})
	return out, fail("trash", "", err)
}

// former is where a folder is, or, if it is gone, was.
type former struct {
	path Path
	gone bool
}

// formerFolders finds the paths of folders that may be in the trash, each once.
type formerFolders struct {
	r     *meta.Reader
	sc    Scope
	known map[NodeID]former
}

// of goes up from a folder; where that ends in the trash it goes on from where the node
// was that lies there.
func (f *formerFolders) of(id NodeID, depth int) (was former, err error) {
	if id == f.sc.Root {
		return was, nil
	}
	if was, ok := f.known[id]; ok {
		return was, nil
	}
	n, ok, err := f.r.NodeByID(id)
	if err != nil {
		return was, err
	}
	if !ok || n.Parent == 0 || depth > 2*MaxPathDepth {
		return former{gone: true}, nil
	}
	up, name := n.Parent, n.Name
	t, trashed, err := f.r.Trashed(id)
	if err != nil {
		return was, err
	}
	if trashed {
		up, name = t.Parent, t.Name
	}
	above, err := f.of(up, depth+1)
	if err != nil {
		return was, err
	}
	was = former{path: above.path.Join(name), gone: above.gone || trashed}
	f.known[id] = was
	return was, nil
}
