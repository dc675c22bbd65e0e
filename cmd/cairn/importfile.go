package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"cairn/store"
)

// giveFile has a file taken in.
func (m *importer) giveFile(dir *inFolder, name string, info os.FileInfo, p store.Path, shown string, there bool) error {
	if _, kept := heldTime(info.ModTime()); !kept {
		m.left.time(shown, "Cairn does not hold %s", info.ModTime().UTC().Format(time.RFC3339Nano))
	}
	if m.look {
		return m.lookAtFile(info, p, shown, there)
	}
	link := m.links.at(p, info)
	dir.enter()
	return m.crew.do(func() error {
		defer dir.leave()
		done, err := m.file(dir, name, info, p, there, link)
		if link.first(p) {
			link.end(err == nil)
		}
		if err == nil {
			m.count.files.Add(1)
			return nil
		}
		m.count.bytes.Add(-done)
		m.count.moved.Add(-done)
		m.count.skip(info.Size(), 1)
		return m.refused(shown, err)
	})
}

// lookAtFile counts a file, and in a dry run asks the store about it.
func (m *importer) lookAtFile(info os.FileInfo, p store.Path, shown string, there bool) error {
	if there && m.dry {
		switch done, err := m.there(info, p); {
		case err != nil:
			return m.refused(shown, err)
		case done:
			m.count.there.Add(1)
		}
	}
	m.count.files.Add(1)
	m.count.bytes.Add(info.Size())
	return nil
}

// there reports whether an earlier import has brought a file.
func (m *importer) there(info os.FileInfo, p store.Path) (bool, error) {
	n, err := m.known(p)
	if err != nil || n == nil {
		return false, err
	}
	if n.IsFolder() {
		return false, store.ErrIsFolder
	}
	mod, _ := heldTime(info.ModTime())
	return n.Size == info.Size() && n.ModTime.Equal(mod), nil
}

// file takes one file in: it leaves alone what is there, or refers to what another of its
// names has brought, or reads it. done is what it has counted, which an error undoes.
func (m *importer) file(dir *inFolder, name string, info os.FileInfo, p store.Path, there bool, link *hardLink) (done int64, err error) {
	if there {
		done, err := m.there(info, p)
		if err != nil {
			return 0, err
		}
		if done {
			m.count.there.Add(1)
			m.count.bytes.Add(info.Size())
			return info.Size(), nil
		}
	}
	if link != nil && !link.first(p) {
		if ok, err := m.copy(link, info, p); ok || err != nil {
			return 0, err
		}
	}
	return m.read(dir, name, info, p)
}

// read puts a file's bytes into the store.
func (m *importer) read(dir *inFolder, name string, info os.FileInfo, p store.Path) (done int64, err error) {
	ctx := m.crew.ctx
	if info.Size() > largeImport {
		select {
		case m.large <- struct{}{}:
			defer func() { <-m.large }()
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
	// Not blocking: if it has become a pipe meanwhile, nobody may ever write to it.
	f, err := dir.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", store.ErrRead, err)
	}
	defer f.Close()
	was, err := f.Stat()
	if err != nil {
		return 0, fmt.Errorf("%w: %w", store.ErrRead, err)
	}
	if !os.SameFile(was, info) || !was.Mode().IsRegular() {
		return 0, errChanged
	}
	src := &source{ctx: ctx, f: f, was: was, count: m.count}
	mod, _ := heldTime(was.ModTime())
	_, err = m.st.Put(ctx, m.sc, p, src, store.PutOptions{Size: was.Size(), ModTime: mod, Parents: true})
	return src.done, err
}

// copy makes p one more name for the content that the first name of a file has brought.
// It waits for that; not ok: it has brought none.
func (m *importer) copy(link *hardLink, info os.FileInfo, p store.Path) (ok bool, err error) {
	select {
	case <-link.done:
	case <-m.crew.ctx.Done():
		return false, context.Cause(m.crew.ctx)
	}
	if !link.ok || link.size != info.Size() || !link.mod.Equal(info.ModTime()) {
		return false, nil
	}
	o := store.MoveOptions{Overwrite: true}
	_, err = m.st.Copy(m.crew.ctx, m.sc, link.path, p, o)
	if errors.Is(err, store.ErrNoParent) {
		if err = m.mkdir(p.Dir()); err == nil {
			_, err = m.st.Copy(m.crew.ctx, m.sc, link.path, p, o)
		}
	}
	if err == nil {
		m.count.bytes.Add(info.Size())
		m.count.linked.Add(1)
	}
	return err == nil, err
}

// errChanged: what was read may be half old and half new.
var errChanged = errors.New("changed while it was read")

// source is a file on its way into the store. Its end is errChanged if it is not what it
// was at the beginning.
type source struct {
	ctx   context.Context
	f     *os.File
	was   os.FileInfo
	count *tally
	done  int64
}

// Await tells the store that a file does not keep it waiting as a client does.
func (s *source) Await() (ready, prompt bool) { return true, true }

func (s *source) Read(p []byte) (int, error) {
	if s.ctx.Err() != nil {
		return 0, context.Cause(s.ctx)
	}
	n, err := s.f.Read(p)
	s.done += int64(n)
	s.count.bytes.Add(int64(n))
	s.count.moved.Add(int64(n))
	if err != io.EOF {
		return n, err
	}
	is, serr := s.f.Stat()
	if serr != nil {
		return n, serr
	}
	if is.Size() != s.was.Size() || !is.ModTime().Equal(s.was.ModTime()) {
		return n, errChanged
	}
	return n, io.EOF
}
