package object

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// OpenDirect implements directOpener.
func (f osFS) OpenDirect(path string) (File, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|unix.O_DIRECT, 0)
	if err == nil {
		return &directFile{osFile: osFile{file}}, nil
	}
	if !errors.Is(err, unix.EINVAL) {
		return nil, wrap(err)
	}
	if file, err = os.Open(path); err != nil {
		return nil, wrap(err)
	}
	return &directFile{osFile{file}, true}, nil
}

// directFile is a file opened by OpenDirect. ReadAt is for one caller.
type directFile struct {
	osFile
	cached bool // it is read through the cache after all
}

// ReadAt implements io.ReaderAt. That of os.File would go on at the odd offset behind the
// last byte.
func (f *directFile) ReadAt(p []byte, off int64) (done int, err error) {
	for done < len(p) && err == nil {
		var n int
		err = control(f.File, func(fd int) (err error) {
			n, err = unix.Pread(fd, p[done:], off+int64(done))
			return err
		})
		if errors.Is(err, unix.EINVAL) && !f.cached { // some file systems refuse only now
			if err = control(f.File, withoutDirect); err == nil {
				f.cached = true
			}
			continue
		}
		if err != nil {
			return done, &os.PathError{Op: "pread", Path: f.Name(), Err: err}
		}
		if done += n; n == 0 || !f.cached && n%DirectBytes != 0 {
			err = io.EOF
		}
	}
	if f.cached { // whoever else reads there will have to read it again
		control(f.File, func(fd int) error { return unix.Fadvise(fd, off, int64(len(p)), unix.FADV_DONTNEED) })
	}
	if done == len(p) {
		err = nil
	}
	return done, err
}

func withoutDirect(fd int) error {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	if err == nil {
		_, err = unix.FcntlInt(uintptr(fd), unix.F_SETFL, flags&^unix.O_DIRECT)
	}
	return err
}
