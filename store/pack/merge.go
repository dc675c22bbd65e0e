package pack

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"cairn/store/meta"
	"cairn/store/object"
)

// Merging is a pack that Merge writes anew, and which of its records stay: see Compact. A pack
// without Keep is left out, as by Drop; it must lie in a merged object.
type Merging struct {
	ID   meta.PackID
	Keep func(*Entry) bool
}

// MergeError says which pack cannot be merged.
type MergeError struct {
	ID  meta.PackID
	Err error
}

func (e *MergeError) Error() string { return fmt.Sprintf("pack %s: %v", name(e.ID), e.Err) }

// Unwrap gives the cause.
func (e *MergeError) Unwrap() error { return e.Err }

// Merge writes packs anew, one behind the other, into one new merged object, and returns
// where they are. Each is as Compact would make it, but may keep all its records, and what
// it has of zeros in header and footer takes no room. The packs must be as for Compact; of
// one that is in a merged object already, all that are in there must be given. Of what is
// given, at most maxMembers.
//
// When it returns the new object is durable, and the files and objects that the packs were
// in are deleted, or will be by Tidy. The result has those that were not left out, in their
// order. A crash at any point leaves all packs whole, some of them twice: Open takes the
// later generation. Who reads an old file goes on with it. One call at a time.
//
// After an error nothing has changed, but for one: if it is not known whether the object has
// its name for good (ErrDoubt), the packs are those in it from now on, since the next Open may
// find it; the old files stay. Records that it does not have are not found any more. A
// *MergeError names the pack that is the cause, if there is one, ErrCorrupt or ErrPinned.
func (s *Set) Merge(ctx context.Context, all []Merging, pace func(bytes int64)) ([]Info, error) {
	if len(all) == 0 || len(all) > maxMembers {
		return nil, fmt.Errorf("merge: %w: %d packs", ErrTooLarge, len(all))
	}
	olds := make([]*pack, len(all))
	given := map[*pack]bool{}
	unlock := sync.OnceFunc(func() {
		for p := range given {
			p.write.Unlock()
		}
	})
	defer unlock()
	for i, m := range all {
		p, err := s.lookup(m.ID)
		if err != nil {
			return nil, &MergeError{m.ID, err}
		}
		if given[p] {
			return nil, &MergeError{m.ID, errors.New("given twice")}
		}
		p.write.Lock() // no Drop meanwhile, and who is told that p was replaced waits here
		olds[i], given[p] = p, true
		if !p.leaving() {
			return nil, &MergeError{m.ID, ErrPinned}
		}
	}
	if rest := s.others(olds, given); rest != nil {
		return nil, &MergeError{rest.id, ErrPinned}
	}
	s.mu.Lock()
	s.last++
	id := s.last
	s.mu.Unlock()
	m := &merging{set: s, pace: pace, path: s.mergedPath(id), header: mergedHeader{store: s.opt.Store, key: s.opt.Key, id: id,
		marker: s.opt.marker(), created: s.opt.Now().UnixMilli()}}
	err := m.write(ctx, all, olds)
	if err != nil && !errors.Is(err, ErrDoubt) {
		return nil, err
	}
	var out []Info
	for i, p := range olds {
		q := m.made[i]
		s.moved(p, q)
		if q != nil {
			out = append(out, q.info())
		}
	}
	s.mu.Lock()
	s.objects[id] = m.object
	if err != nil {
		for _, p := range olds {
			s.keepTwice(p)
		}
	}
	s.mu.Unlock()
	s.forget(olds...)
	unlock()
	if err != nil {
		return nil, err
	}
	if err := s.leave(olds...); err != nil {
		s.opt.Log.Warn("what was merged stays twice for now", "err", err)
	}
	return out, nil
}

// others is a pack that lies in an object with some of olds, and is not given; nil if there is
// none.
func (s *Set) others(olds []*pack, given map[*pack]bool) *pack {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := map[*merged]bool{}
	for _, p := range olds {
		if p.in == nil || seen[p.in.object] {
			continue
		}
		seen[p.in.object] = true
		for _, q := range p.in.object.packs {
			if !given[q] {
				return q
			}
		}
	}
	return nil
}

// merging is one run of Merge.
type merging struct {
	set    *Set
	pace   func(int64)
	path   string
	header mergedHeader
	object *merged
	made   []*pack // of each that is given; nil: it is left out
}

// write makes the object, durable with its name.
func (m *merging) write(ctx context.Context, all []Merging, olds []*pack) error {
	files, dir := m.set.opt.FS, filepath.Dir(m.path)
	if err := files.MkdirAll(dir); err != nil {
		return err
	}
	to := m.path + newTail
	file, err := files.Open(to, os.O_RDWR|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return err
	}
	err = m.fill(ctx, &appender{f: file, pace: m.pace}, all, olds)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		files.Remove(to) // or the next Recover does
		return err
	}
	// From here on the next Open may find it, and take it for what counts: there is no way back.
	if err := files.Rename(to, m.path); err != nil {
		if !m.isThere() {
			files.Remove(to)
			return err
		}
		return fmt.Errorf("%w: %w", ErrDoubt, err)
	}
	if err := files.SyncDir(dir); err != nil {
		return fmt.Errorf("%w: %w", ErrDoubt, err)
	}
	return nil
}

// isThere reports whether the object has its name, or may have it, after a rename that failed.
func (m *merging) isThere() bool {
	f, err := m.set.openFile(m.path)
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist)
	}
	f.Close()
	return true
}

func (m *merging) fill(ctx context.Context, out *appender, all []Merging, olds []*pack) error {
	if err := out.write(m.header.encode()); err != nil {
		return err
	}
	m.object = &merged{id: m.header.id, path: m.path, marker: m.header.marker}
	var members []member
	m.made = make([]*pack, len(all))
	for i, p := range olds {
		if all[i].Keep == nil {
			if p.in == nil {
				return &MergeError{p.id, errors.New("it lies in no object, and is to be left out")}
			}
			continue
		}
		q, err := m.one(ctx, out, p, all[i].Keep)
		if err != nil {
			if errors.Is(err, ErrCorrupt) || errors.Is(err, ErrVersion) {
				return &MergeError{p.id, err}
			}
			return err
		}
		q.in.object = m.object
		members = append(members, *q.in)
		m.made[i] = q
		m.object.packs = append(m.object.packs, q)
	}
	if len(members) == 0 {
		return errors.New("merge: nothing is kept")
	}
	if err := out.write(encodeDirectory(&m.header, members, out.at)); err != nil {
		return err
	}
	m.object.size = out.at
	return out.flush()
}

// one appends one pack.
func (m *merging) one(ctx context.Context, out *appender, p *pack, keep func(*Entry) bool) (*pack, error) {
	from, err := m.set.open(p)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	c, err := m.set.anew(p, from, keep)
	if err != nil {
		return nil, err
	}
	f := &folder{out: out, runs: c.room.runs()}
	at := member{id: p.id, generation: c.header.generation, at: out.at, size: c.room.Bytes()}
	if err := out.write(encodeBlock(m.header.marker, &at, f.runs)); err != nil {
		return nil, err
	}
	c.out = f
	if err := c.run(ctx); err != nil {
		return nil, err
	}
	if c.at != at.size || out.at != at.at+at.stored {
		return nil, fmt.Errorf("merge: pack %s has %d bytes, not %d", name(p.id), c.at, at.size)
	}
	q := c.pack(p, m.path)
	q.in = &at
	return q, nil
}

// runs are the parts of a pack of so many records that are not zero in any case.
func (r *Room) runs() []run {
	const used, sum = 104, 8 // of the header; the end of header and page, with its checksum
	out := []run{{0, used}, {HeaderBytes - sum, sum + r.bytes}}
	add := func(off, n int64) {
		if last := &out[len(out)-1]; last.off+last.n == off {
			last.n += n
			return
		}
		out = append(out, run{off, n})
	}
	at := HeaderBytes + r.bytes
	pages := func(things, each uint32, bytes int64) {
		for left := int64(things); left > 0; left -= int64(each) {
			add(at, pad8(min(left, int64(each))*bytes))
			add(at+pageTail, 16)
			add(at+pageBytes-sum, sum)
			at += pageBytes
		}
	}
	pages(r.records, pageEntries, entryBytes)
	pages(r.blocks, pageBlocks, 4)
	add(at, trailerBytes)
	return out
}

// folder passes on the parts of a pack that are in runs.
type folder struct {
	out  *appender
	runs []run
	at   int64
}

func (f *folder) write(b []byte) error {
	for len(b) > 0 {
		if len(f.runs) == 0 {
			return fmt.Errorf("merge: %d bytes too many", len(b))
		}
		r := f.runs[0]
		n := min(int64(len(b)), r.off+r.n-f.at)
		if f.at < r.off {
			n = min(int64(len(b)), r.off-f.at)
			if slices.ContainsFunc(b[:n], func(c byte) bool { return c != 0 }) {
				return errors.New("merge: bytes that should be zero are not")
			}
		} else if err := f.out.write(b[:n]); err != nil {
			return err
		}
		f.at += n
		b = b[n:]
		if f.at == r.off+r.n {
			f.runs = f.runs[1:]
		}
	}
	return nil
}

// moved gives q the place of p; nil: p is no more.
func (s *Set) moved(p, q *pack) {
	p.mu.Lock()
	if q == nil {
		p.gone = true
	} else {
		p.replaced = true // from now on nobody opens a file for p
		q.bad = maps.Clone(p.bad)
	}
	p.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if q == nil {
		delete(s.packs, p.id)
	} else {
		s.packs[p.id] = q
	}
}

// leave deletes what packs were in that are elsewhere now, or no more: files, and objects that
// have no other pack any more. One that has packs which others have too is for Tidy, and one
// of which not all may be known stays. It flushes the folders.
func (s *Set) leave(olds ...*pack) error {
	var paths []string
	s.mu.Lock()
	for _, p := range olds {
		if p.in == nil {
			paths = append(paths, p.path)
			continue
		}
		o := p.in.object
		before := len(o.packs)
		o.remove(p)
		if len(o.packs) == 0 && before > 0 && len(o.twice) == 0 && !o.unlisted {
			delete(s.objects, o.id)
			paths = append(paths, o.path)
		}
	}
	s.mu.Unlock()
	return s.removeAll(paths)
}

// removeAll deletes files, and then flushes the folders that they were in.
func (s *Set) removeAll(paths []string) error {
	var errs []error
	dirs := map[string]bool{}
	for _, path := range paths {
		if err := s.opt.FS.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
			continue
		}
		dirs[filepath.Dir(path)] = true
	}
	for dir := range dirs {
		errs = append(errs, s.opt.FS.SyncDir(dir))
	}
	return errors.Join(errs...)
}

// Tidy deletes what a crash, or a Merge in doubt, has left twice: files of packs, and merged
// objects, of which merged objects have everything in later generations. These are read first.
// What cannot be read, or is not what it should be, stays, and so does what has the place of
// one. It returns the bytes that it has given back.
func (s *Set) Tidy(ctx context.Context) (freed int64, err error) {
	s.mu.Lock()
	stale := slices.Clone(s.stale)
	var empty []*merged
	for _, o := range s.objects {
		if len(o.packs) == 0 && !o.unlisted {
			empty = append(empty, o)
		}
	}
	s.mu.Unlock()
	for _, p := range stale {
		whole, err := s.superseded(ctx, p)
		if err == nil && whole {
			err = s.removeAll([]string{p.path})
		}
		if ctx.Err() != nil {
			return freed, context.Cause(ctx)
		}
		if err != nil || !whole {
			s.opt.Log.Warn("a file that a merged object has in a later generation stays for now", "file", p.path, "err", err)
			continue
		}
		s.mu.Lock()
		s.stale = slices.DeleteFunc(s.stale, func(q *pack) bool { return q == p })
		s.mu.Unlock()
		freed += p.size
	}
	for _, o := range empty {
		whole, err := true, error(nil)
		for _, p := range o.twice {
			if whole, err = s.superseded(ctx, p); err != nil || !whole {
				break
			}
		}
		if err == nil && whole {
			s.keepObject(o, false) // before its file goes: who looks at all objects asks then
			if err = s.removeAll([]string{o.path}); err != nil {
				s.keepObject(o, true)
			}
		}
		if ctx.Err() != nil {
			return freed, context.Cause(ctx)
		}
		if err != nil || !whole {
			s.opt.Log.Warn("a merged object of which others have all packs in later generations stays for now", "file", o.path, "err", err)
			continue
		}
		freed += o.size
	}
	return freed, nil
}

// keepObject has the set know an object, or not any more.
func (s *Set) keepObject(o *merged, keep bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if keep {
		s.objects[o.id] = o
	} else {
		delete(s.objects, o.id)
	}
}

// superseded reports whether the pack that counts is a whole and later generation of old, or
// the same one in a later object; or whether there is no such pack any more.
func (s *Set) superseded(ctx context.Context, old *pack) (bool, error) {
	now, err := s.lookup(old.id)
	if errors.Is(err, ErrNotFound) { // it was dropped since
		return true, nil
	}
	if err != nil || now.in == nil || now == old || old.in != nil && now.in.object == old.in.object {
		return false, err
	}
	if generation, err := s.generationOf(old); err != nil || generation > now.in.generation {
		return false, err
	}
	if err := s.opt.FS.SyncDir(filepath.Dir(now.path)); err != nil {
		return false, err
	}
	whole := true
	err = s.Verify(ctx, old.id, true, func(error) { whole = false })
	return whole, err
}

var _ object.File = (*memberFile)(nil)
