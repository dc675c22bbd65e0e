package pack

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"

	"cairn/store/object"
)

var be = binary.BigEndian

const (
	magicHints   = "CAIRNHNT"
	hintsVersion = 1
	hintsMinBits = 6
	hintsMaxBits = 30
)

// hintFile is the file of the index: a header page, then 1<<bits pages. A hint is in the
// page whose number is the first bits of its id. All integers are little-endian.
//
//	0 magic  8 version u32  12 bits u32  16 store id (16 bytes)
//	32 complete u32: 1 if every sealed pack was put in  4092 CRC-32C of bytes 0–4091
type hintFile struct {
	object.File
	bits uint
}

func (f *hintFile) pages() uint32               { return 1 << f.bits }
func (f *hintFile) number(prefix uint64) uint32 { return uint32(prefix >> (64 - f.bits)) }

// read fills p with page n. ErrCorrupt.
func (f *hintFile) read(n uint32, p *hintPage) error {
	if err := readFull(f, p[:], (int64(n)+1)*hintPageBytes); err != nil {
		return err
	}
	if !p.ok(n) {
		return fmt.Errorf("%w: page %d of the hint index", ErrCorrupt, n)
	}
	return nil
}

func (f *hintFile) write(n uint32, p *hintPage) error {
	p.sum()
	_, err := f.WriteAt(p[:], (int64(n)+1)*hintPageBytes)
	return err
}

func (f *hintFile) writeHeader(store [16]byte, complete bool) error {
	var b hintPage
	copy(b[:], magicHints)
	le.PutUint32(b[8:], hintsVersion)
	le.PutUint32(b[12:], uint32(f.bits))
	copy(b[16:], store[:])
	if complete {
		b[32] = 1
	}
	b.sum()
	_, err := f.WriteAt(b[:], 0)
	return err
}

// openHintFile opens the index at path. An error says why it must be made anew.
func openHintFile(fsys object.FS, path string, store [16]byte) (f *hintFile, complete bool, err error) {
	file, err := fsys.Open(path, os.O_RDWR)
	if err != nil {
		return nil, false, err
	}
	f = &hintFile{File: file}
	if complete, err = f.readHeader(store); err != nil {
		return nil, false, errors.Join(err, file.Close())
	}
	return f, complete, nil
}

func (f *hintFile) readHeader(store [16]byte) (complete bool, err error) {
	var b hintPage
	if err := readFull(f, b[:], 0); err != nil {
		return false, err
	}
	bits := uint(le.Uint32(b[12:]))
	switch {
	case string(b[:8]) != magicHints || crc32.Checksum(b[:4092], castagnoli) != le.Uint32(b[4092:]):
		return false, fmt.Errorf("%w: header of the hint index", ErrCorrupt)
	case le.Uint32(b[8:]) != hintsVersion:
		return false, ErrVersion
	case [16]byte(b[16:32]) != store:
		return false, ErrForeign
	case bits < hintsMinBits || bits > hintsMaxBits:
		return false, fmt.Errorf("%w: header of the hint index", ErrCorrupt)
	}
	f.bits = bits
	size, err := f.Size()
	if err == nil && size != (int64(f.pages())+1)*hintPageBytes {
		err = fmt.Errorf("%w: the hint index has %d bytes", ErrCorrupt, size)
	}
	return b[32] == 1, err
}

// createHintFile makes a file of 1<<bits pages at path, which fill writes.
func createHintFile(fsys object.FS, path string, bits uint, fill func(*hintFile) error) (*hintFile, error) {
	file, err := fsys.Open(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return nil, err
	}
	f := &hintFile{file, bits}
	if err := fill(f); err != nil {
		return nil, errors.Join(err, f.discard(fsys, path))
	}
	return f, nil
}

// discard closes and removes a file that came to nothing.
func (f *hintFile) discard(fsys object.FS, path string) error {
	err := errors.Join(f.Close(), fsys.Remove(path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// fillEmpty writes every page, so that one that a crash loses is not taken for empty.
func (f *hintFile) fillEmpty() error {
	var p hintPage
	for n := range f.pages() {
		p.reset(n)
		if err := f.write(n, &p); err != nil {
			return err
		}
	}
	return nil
}
