package store

import (
	"context"

	"cairn/store/meta"
)

// mostResumable bounds the uploads that are looked at for one path.
const mostResumable = 16

// Resumable implements API.
func (s *Store) Resumable(ctx context.Context, sc Scope, files []Resume) (found []*Upload, err error) {
	found = make([]*Upload, len(files))
	err = s.db.View(ctx, func(r *meta.Reader) error {
		ids, err := r.UnfinishedAt(sc.User, sc.Space, MaxUploads)
		if err != nil || len(ids) == 0 {
			return err
		}
		seen := map[Path][]Upload{}
		for i, f := range files {
			some, looked := seen[f.Path]
			for _, id := range ids[string(f.Path)] {
				if looked || len(some) == mostResumable {
					break
				}
				u, err := ownUpload(r, sc, id)
				if err != nil {
					return err
				}
				some = append(some, u)
			}
			seen[f.Path] = some
			for _, u := range some {
				if u.Root != sc.Root || u.Size != f.Size || !u.ModTime.Equal(f.ModTime) || s.isBusy(u.ID) {
					continue
				}
				if found[i] == nil || u.Offset() > found[i].Offset() {
					found[i] = &u
				}
			}
		}
		return nil
	})
	return found, fail("resumable", Root, err)
}

// isBusy reports whether a request has the upload just now.
func (s *Store) isBusy(id UploadID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.busy[id]
}
