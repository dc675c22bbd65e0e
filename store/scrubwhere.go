package store

import (
	"context"
	"slices"
	"strings"

	"cairn/store/meta"
)

// whereIs is where a node is, as in "ada:/docs/letter.txt"; of one in the trash where it
// was, as in "ada (trash):/docs/letter.txt". Empty if it is in no space (any more).
func (s *Store) whereIs(ctx context.Context, id NodeID) (where string, err error) {
	err = s.db.View(ctx, func(r *meta.Reader) error {
		var names []string
		end := ":"
		for range maxDepth {
			n, ok, err := r.StepByID(id)
			if err != nil {
				return err
			}
			if !ok && end == trashSuffix { // the folder that it was in was deleted for good
				names = append(names, "…")
				where = joined(names, "")
				return nil
			}
			if !ok {
				return nil
			}
			if n.Parent == 0 {
				sp, ok, err := r.Space(n.Space)
				if err == nil && strings.HasPrefix(n.Name, heldPrefix) {
					where, err = whereHeld(r, sp, n.ID)
				}
				if err != nil || !ok || n.ID != sp.Root && n.ID != sp.Trash {
					return err
				}
				if n.ID == sp.Trash {
					end = trashSuffix
				}
				where = joined(names, sp.Name+end)
				return nil
			}
			id = n.Parent
			t, trashed, err := r.Trashed(n.ID)
			if err != nil {
				return err
			}
			if !trashed {
				names = append(names, n.Name)
				continue
			}
			id, end = t.Parent, trashSuffix
			names = append(names, t.Name)
		}
		return nil
	})
	return where, err
}

// joined is a path of names from the last one up, behind root.
func joined(names []string, root string) string {
	slices.Reverse(names)
	return root + "/" + strings.Join(names, "/")
}

// whereHeld is where the newest snapshot that has it shows a node that is deleted for good, as
// in "ada (snapshot monday):/docs/letter.txt".
func whereHeld(r *meta.Reader, sp meta.Space, id NodeID) (string, error) {
	snaps, err := r.Snapshots(sp.ID)
	for _, sn := range snaps {
		var names []string
		for at := id; err == nil && len(names) < maxDepth; {
			if at == sp.Root {
				return joined(names, sp.Name+" (snapshot "+sn.Name+"):"), nil
			}
			var n Node
			var ok bool
			if n, ok, err = r.NodeAt(at, sn.Seq); !ok || n.Parent == 0 {
				break
			}
			names, at = append(names, n.Name), n.Parent
		}
	}
	return "", err
}
