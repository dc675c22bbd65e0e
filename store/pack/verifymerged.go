package pack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"cairn/store/meta"
)

// VerifyMerged checks the merged objects themselves: that each has a header and a directory
// that are whole, and before each pack what the directory says. The packs in them are for
// Verify. It reports each defect with the name of the file below the folder of packs; an
// error says that it could not look.
func (s *Set) VerifyMerged(ctx context.Context, report func(name string, err error)) error {
	for _, u := range s.unused {
		report(u.Name, u.Err)
	}
	s.mu.Lock()
	all := slices.SortedFunc(maps.Values(s.objects), func(a, b *merged) int { return cmp.Compare(a.id, b.id) })
	s.mu.Unlock()
	for _, o := range all {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := s.verifyMerged(ctx, o)
		if err != nil && s.isObject(o) { // else it was merged with others meanwhile, or its packs dropped
			if !isDefect(err) && !errors.Is(err, ErrForeign) && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			report(MergedName(o.id), err)
		}
	}
	return nil
}

// isObject reports whether o is still one of the objects.
func (s *Set) isObject(o *merged) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.objects[o.id] == o
}

// FirstBlock is where the first block of a merged object is.
const FirstBlock = mergedHeaderBytes

// VerifyObject is VerifyMerged of one object: its defect, or why it cannot be read.
func (s *Set) VerifyObject(ctx context.Context, id meta.PackID) error {
	s.mu.Lock()
	o := s.objects[id]
	s.mu.Unlock()
	if o == nil {
		return nil
	}
	err := s.verifyMerged(ctx, o)
	if !s.isObject(o) {
		return nil
	}
	return err
}

func (s *Set) verifyMerged(ctx context.Context, o *merged) error {
	_, members, err := s.openMerged(ctx, o.id, o.path)
	if err != nil {
		return err
	}
	for i := range members {
		f, err := openMember(&members[i], s.openFile, nil)
		if err != nil {
			return fmt.Errorf("pack %s: %w", name(members[i].id), err)
		}
		f.Close()
	}
	return nil
}
