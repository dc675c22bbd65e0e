package pack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
)

// admit takes the packs of merged objects in, and of each pack the file that counts: that
// of the highest generation, and of two equal ones that of the newest object; but one that
// is whole rather than one that is not, since an earlier generation has all that a later one
// has. The others are left for Tidy.
func (s *Set) admit(ctx context.Context, objects []found) error {
	for _, f := range objects {
		s.last = max(s.last, f.id)
		path := s.mergedPath(f.id)
		o, members, err := s.openMerged(ctx, f.id, path)
		switch {
		case errors.Is(err, errUnlisted):
			s.opt.Log.Error("merged object without a whole header and directory: its packs are found by what is before them", "file", path, "packs", len(members))
		case errors.Is(err, ErrVersion) || ctx.Err() != nil:
			return fmt.Errorf("%s: %w", path, err)
		case err != nil:
			s.opt.Log.Error("a merged object is not used", "file", path, "err", err)
			s.unused = append(s.unused, Unused{f.name, err})
			continue
		}
		s.objects[o.id] = o
		for i := range members {
			m := &members[i]
			s.last = max(s.last, m.id)
			p := &pack{id: m.id, path: path, in: m, size: m.size, flushed: m.size, sealed: true}
			if old := s.packs[m.id]; old != nil {
				newer, err := s.isNewer(p, old)
				if err != nil {
					return err
				}
				if !newer {
					s.keepTwice(p)
					continue
				}
				s.keepTwice(old)
			}
			s.packs[m.id] = p
			o.packs = append(o.packs, p)
		}
	}
	return nil
}

// keepTwice leaves a place of a pack, which has another that counts, for Tidy. Under mu.
func (s *Set) keepTwice(p *pack) {
	if p.in == nil {
		s.stale = append(s.stale, p)
		return
	}
	p.in.object.remove(p)
	p.in.object.twice = append(p.in.object.twice, p)
}

// isNewer reports whether p, of a merged object, counts rather than old.
func (s *Set) isNewer(p, old *pack) (bool, error) {
	var newer bool
	if old.in != nil {
		newer = cmp.Or(cmp.Compare(p.in.generation, old.in.generation), cmp.Compare(p.in.object.id, old.in.object.id)) > 0
	} else {
		generation, err := s.generationOf(old)
		if errors.Is(err, ErrVersion) {
			return false, err
		}
		newer = err != nil || generation <= p.in.generation
	}
	if first, second := s.indexed(p), s.indexed(old); first != second {
		return first, nil
	}
	return newer, nil
}

// generationOf is how often a pack was compacted: in an object by its directory, else by its
// header.
func (s *Set) generationOf(p *pack) (uint32, error) {
	if p.in != nil {
		return p.in.generation, nil
	}
	f, err := s.openFile(p.path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	h, err := s.header(f, p.id)
	return h.generation, err
}

// indexed reports whether a pack has a header and a footer that are whole.
func (s *Set) indexed(p *pack) bool {
	f, err := s.open(p)
	if err != nil {
		return false
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return false
	}
	h, err := s.header(f, p.id)
	if err != nil {
		return false
	}
	_, err = readFooter(f, size, &h)
	return err == nil
}

// remove takes p out of the packs that are read from o. Under Set.mu.
func (o *merged) remove(p *pack) {
	o.packs = slices.DeleteFunc(o.packs, func(q *pack) bool { return q == p })
}

// Unused is a merged object that Open could not take in.
type Unused struct {
	Name string // below the folder of packs
	Err  error  // ErrForeign, or why it cannot be read
}

// Unused are the merged objects that Open could not take in.
func (s *Set) Unused() []Unused { return s.unused }

// Files are the names, below the folder of packs, of all files that Open took in; twice are
// those of them that Tidy is for.
func (s *Set) Files() (all, twice map[string]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all, twice = map[string]bool{}, map[string]bool{}
	for _, p := range s.packs {
		if p.in == nil {
			all[FileName(p.id)] = true
		}
	}
	for _, u := range s.unused {
		all[u.Name] = true
	}
	for _, o := range s.objects {
		all[MergedName(o.id)] = true
		if len(o.packs) == 0 && !o.unlisted {
			twice[MergedName(o.id)] = true
		}
	}
	for _, p := range s.stale {
		all[FileName(p.id)], twice[FileName(p.id)] = true, true
	}
	return all, twice
}
