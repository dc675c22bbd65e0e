package pack

import (
	"errors"
	"os"
	"path/filepath"

	"cairn/store/object"
)

// create makes an empty pack. When it returns, header and name are durable.
func (s *Set) create() (*pack, error) {
	s.mu.Lock()
	s.last++
	id := s.last
	s.mu.Unlock()
	h := header{store: s.opt.Store, key: s.opt.Key, id: id, marker: s.opt.marker(), created: s.opt.Now().UnixMilli()}
	p := &pack{id: id, path: s.path(id), header: h, index: &index{}, size: HeaderBytes, flushed: HeaderBytes}
	dir := filepath.Dir(p.path)
	if err := s.opt.FS.MkdirAll(dir); err != nil {
		return nil, err
	}
	f, err := s.opt.FS.Open(p.path, os.O_RDWR|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return nil, err
	}
	if err := s.settle(f, &h, dir); err != nil {
		s.opt.FS.Remove(p.path) // the number stays used
		return nil, errors.Join(err, f.Close())
	}
	p.file, p.fresh = f, &fresh{index: p.index}
	s.mu.Lock()
	s.packs[id] = p
	s.fresh.add(p)
	s.mu.Unlock()
	return p, nil
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
