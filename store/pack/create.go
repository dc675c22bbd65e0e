package pack

import (
	"errors"
	"os"
	"path/filepath"

	"cairn/store/object"
)

// made is an empty pack that is not one of the set's yet, or why there is none.
type made struct {
	pack *pack
	err  error
}

// create makes the file of an empty pack. When it returns, header and name are durable. The pack is
// nobody's before enter.
func (s *Set) create() made {
	s.mu.Lock()
	s.last++
	id := s.last
	s.mu.Unlock()
	h := header{store: s.opt.Store, key: s.opt.Key, id: id, marker: s.opt.marker(), created: s.opt.Now().UnixMilli()}
	p := &pack{id: id, path: s.path(id), header: h, index: &index{}, size: HeaderBytes, flushed: HeaderBytes}
	dir := filepath.Dir(p.path)
	if err := s.opt.FS.MkdirAll(dir); err != nil {
		return made{err: err}
	}
	f, err := s.opt.FS.Open(p.path, os.O_RDWR|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return made{err: err}
	}
	if err := s.settle(f, &h, dir); err != nil {
		s.opt.FS.Remove(p.path) // the number stays used
		return made{err: errors.Join(err, f.Close())}
	}
	p.file, p.fresh = f, &fresh{index: p.index}
	return made{pack: p}
}

// enter makes a pack one of the set's.
func (s *Set) enter(p *pack) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.packs[p.id] = p
	s.fresh.add(p)
}

// discard takes away what create has made and nobody has entered. What cannot be removed is an empty
// pack after the next start.
func (s *Set) discard(p *pack) error {
	err := p.file.Close()
	s.opt.FS.Remove(p.path)
	return err
}

// settle writes and flushes the header, then the folder.
func (s *Set) settle(f object.File, h *header, dir string) error {
	if _, err := f.WriteAt(h.encode(), 0); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return s.opt.FS.SyncDir(dir)
}
