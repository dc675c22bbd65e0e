package pack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"

	"cairn/store/meta"
	"cairn/store/object"
)

// A merged object is a file that holds many packs of few records each: FORMAT.md, "Merged
// objects". It is written once and never changed.
const (
	mergedTail = ".packs"

	magicMerged    = "CAIRNPKS"
	magicBlock     = "CAIRNBLK"
	magicDirectory = "CAIRNDIR"

	mergedHeaderBytes  = 128
	mergedTrailerBytes = 64
	memberBytes        = 40 // an entry of the directory
	blockHeadBytes     = 48 // of a block, before its runs
	maxMembers         = 1 << 16
	maxRuns            = 1 << 13
)

// merged is what is known of one merged object.
type merged struct {
	id     meta.PackID
	path   string
	size   int64
	marker marker
	// Its directory is not whole: there may be packs in it that nobody knows of.
	unlisted bool

	// Guarded by Set.mu: what is read from it, and what is not, since another has it in a
	// later generation. Neither: it can go.
	packs []*pack
	twice []*pack
}

type mergedHeader struct {
	store   [16]byte
	key     [32]byte
	id      meta.PackID
	marker  marker
	created int64 // Unix milliseconds
}

func (h *mergedHeader) encode() []byte {
	b := make([]byte, mergedHeaderBytes)
	copy(b, magicMerged)
	le.PutUint32(b[8:], Version)
	copy(b[16:], h.store[:])
	copy(b[32:], h.key[:])
	le.PutUint64(b[64:], uint64(h.id))
	copy(b[72:], h.marker[:])
	le.PutUint64(b[80:], uint64(h.created))
	putSum(b)
	return b
}

func parseMergedHeader(b []byte) (h mergedHeader, err error) {
	if len(b) < mergedHeaderBytes || string(b[:8]) != magicMerged || !sumHolds(b) {
		return h, fmt.Errorf("%w: header of a merged object", ErrCorrupt)
	}
	if v, features := le.Uint32(b[8:]), le.Uint32(b[12:]); v != Version || features != 0 {
		return h, fmt.Errorf("%w: merged object of version %d, features %#x", ErrVersion, v, features)
	}
	copy(h.store[:], b[16:])
	copy(h.key[:], b[32:])
	h.id = meta.PackID(le.Uint64(b[64:]))
	copy(h.marker[:], b[72:])
	h.created = int64(le.Uint64(b[80:]))
	return h, nil
}

// putSum ends b with the checksum of what is before it.
func putSum(b []byte) { le.PutUint32(b[len(b)-4:], crc32.Checksum(b[:len(b)-4], castagnoli)) }

func sumHolds(b []byte) bool {
	return crc32.Checksum(b[:len(b)-4], castagnoli) == le.Uint32(b[len(b)-4:])
}

// encodeBlock makes what stands before the bytes of a member: m.stored is set.
func encodeBlock(mark marker, m *member, runs []run) []byte {
	b := make([]byte, blockHeadBytes+8*len(runs)+8)
	copy(b, magicBlock)
	copy(b[8:], mark[:])
	le.PutUint64(b[16:], uint64(m.id))
	le.PutUint32(b[24:], m.generation)
	le.PutUint32(b[28:], uint32(len(runs)))
	le.PutUint64(b[32:], uint64(m.size))
	sum := int64(0)
	for i, r := range runs {
		le.PutUint32(b[blockHeadBytes+8*i:], uint32(r.off))
		le.PutUint32(b[blockHeadBytes+8*i+4:], uint32(r.n))
		sum += r.n
	}
	le.PutUint64(b[40:], uint64(sum))
	putSum(b)
	m.stored = int64(len(b)) + sum
	return b
}

// readBlockHead reads the head of the block at off, which ends before end.
func readBlockHead(f io.ReaderAt, mark marker, off, end int64) (m member, runs []run, err error) {
	bad := fmt.Errorf("%w: block at %d of a merged object", ErrCorrupt, off)
	b := make([]byte, blockHeadBytes)
	if err := readFull(f, b, off); err != nil {
		return m, nil, err
	}
	n := int64(le.Uint32(b[28:]))
	if string(b[:8]) != magicBlock || marker(b[8:16]) != mark || n == 0 || n > maxRuns {
		return m, nil, bad
	}
	b = append(b, make([]byte, 8*n+8)...)
	if err := readFull(f, b[blockHeadBytes:], off+blockHeadBytes); err != nil {
		return m, nil, err
	}
	if !sumHolds(b) {
		return m, nil, bad
	}
	m = member{id: meta.PackID(le.Uint64(b[16:])), generation: le.Uint32(b[24:]), at: off, size: int64(le.Uint64(b[32:]))}
	runs = make([]run, n)
	last, sum := int64(0), int64(0)
	for i := range runs {
		r := run{int64(le.Uint32(b[blockHeadBytes+8*i:])), int64(le.Uint32(b[blockHeadBytes+8*i+4:]))}
		if r.off < last || r.n == 0 || r.off%8 != 0 || r.n%8 != 0 || r.off+r.n > m.size {
			return m, nil, bad
		}
		runs[i], last = r, r.off+r.n
		sum += r.n
	}
	m.stored = int64(len(b)) + sum
	if m.id == 0 || uint64(sum) != le.Uint64(b[40:]) || last != m.size || m.size <= HeaderBytes || m.stored > end-off {
		return m, nil, bad
	}
	return m, runs, nil
}

// encodeDirectory makes what follows the last block, which ends at off.
func encodeDirectory(h *mergedHeader, members []member, off int64) []byte {
	b := make([]byte, memberBytes*len(members)+mergedTrailerBytes)
	for i := range members {
		m, e := &members[i], b[memberBytes*i:]
		le.PutUint64(e, uint64(m.id))
		le.PutUint32(e[8:], m.generation)
		le.PutUint64(e[16:], uint64(m.at))
		le.PutUint64(e[24:], uint64(m.stored))
		le.PutUint64(e[32:], uint64(m.size))
	}
	t := b[memberBytes*len(members):]
	copy(t, magicDirectory)
	le.PutUint32(t[8:], Version)
	le.PutUint32(t[12:], uint32(len(members)))
	le.PutUint64(t[16:], uint64(off))
	le.PutUint64(t[24:], uint64(h.id))
	copy(t[32:], h.marker[:])
	le.PutUint32(t[40:], crc32.Checksum(b[:memberBytes*len(members)], castagnoli))
	putSum(t)
	return b
}

// readDirectory reads where the packs in a merged object of size bytes lie.
func readDirectory(f io.ReaderAt, h *mergedHeader, size int64) ([]member, error) {
	bad := fmt.Errorf("%w: directory of a merged object", ErrCorrupt)
	if size < mergedHeaderBytes+mergedTrailerBytes {
		return nil, bad
	}
	t := make([]byte, mergedTrailerBytes)
	if err := readFull(f, t, size-mergedTrailerBytes); err != nil {
		return nil, err
	}
	n, off := int64(le.Uint32(t[12:])), int64(le.Uint64(t[16:]))
	if string(t[:8]) != magicDirectory || !sumHolds(t) || le.Uint32(t[8:]) != Version ||
		meta.PackID(le.Uint64(t[24:])) != h.id || marker(t[32:40]) != h.marker ||
		n > maxMembers || off < mergedHeaderBytes || off+n*memberBytes != size-mergedTrailerBytes {
		return nil, bad
	}
	b := make([]byte, n*memberBytes)
	if err := readFull(f, b, off); err != nil {
		return nil, err
	}
	if crc32.Checksum(b, castagnoli) != le.Uint32(t[40:]) {
		return nil, bad
	}
	out := make([]member, n)
	at := int64(mergedHeaderBytes)
	for i := range out {
		e := b[memberBytes*i:]
		m := member{id: meta.PackID(le.Uint64(e)), generation: le.Uint32(e[8:]),
			at: int64(le.Uint64(e[16:])), stored: int64(le.Uint64(e[24:])), size: int64(le.Uint64(e[32:]))}
		if m.at != at || m.stored < blockHeadBytes || m.stored > off-at || m.size <= HeaderBytes || m.id == 0 { // one behind the other
			return nil, bad
		}
		out[i] = m
		at += m.stored
	}
	if at != off {
		return nil, bad
	}
	return out, nil
}

// scanBlocks finds the blocks of a merged object without its directory; also without its
// marker, which is then that of the first block. What cannot be read is passed over.
func scanBlocks(ctx context.Context, f io.ReaderAt, mark *marker, size int64) (out []member, err error) {
	buf := make([]byte, 256<<10)
	next := int64(mergedHeaderBytes) // no block begins before it
	for at := next; at+blockHeadBytes <= size; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		n, rerr := f.ReadAt(buf[:min(int64(len(buf)), size-at)], at)
		if rerr != nil && !errors.Is(rerr, io.EOF) && n == 0 { // what lies further on may be the cause
			n, rerr = f.ReadAt(buf[:min(object.DirectBytes, size-at)], at)
		}
		if rerr != nil && !errors.Is(rerr, io.EOF) && n == 0 {
			at = (at + object.DirectBytes) &^ (object.DirectBytes - 1)
			continue
		}
		found := false
		for i := 0; i+8 <= n; i += 8 {
			j := bytes.Index(buf[i:n], []byte(magicBlock))
			if j < 0 {
				break
			}
			i = (i + j) &^ 7 // where it begins at a multiple of 8, which it does if it is one
			off := at + int64(i)
			if j%8 != 0 || off < next {
				continue
			}
			m, marked, err := readAnyBlock(f, *mark, off, size)
			if err != nil {
				continue
			}
			*mark = marked
			out, next, found = append(out, m), off+m.stored, true
			break
		}
		switch {
		case found:
			at = next
		case n < 16 || at+int64(n) >= size:
			return out, nil
		default:
			at += int64(n-8) &^ 7
		}
	}
	return out, nil
}

// readAnyBlock is readBlockHead, of a block with any marker if mark is zero.
func readAnyBlock(f io.ReaderAt, mark marker, off, end int64) (member, marker, error) {
	if mark == (marker{}) {
		if err := readFull(f, mark[:], off+8); err != nil {
			return member{}, mark, err
		}
	}
	m, _, err := readBlockHead(f, mark, off, end)
	return m, mark, err
}

// errUnlisted says that header or directory are damaged, or cannot be read: what is known of
// the object was found by its blocks.
var errUnlisted = fmt.Errorf("%w: it has no whole header and directory", ErrCorrupt)

// openMerged reads what a merged object holds. ErrForeign, ErrVersion, or why the file cannot
// be opened. With errUnlisted there are members too.
func (s *Set) openMerged(ctx context.Context, id meta.PackID, path string) (*merged, []member, error) {
	f, err := s.opt.FS.Open(path, os.O_RDONLY)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return nil, nil, err
	}
	o := &merged{id: id, path: path, size: size}
	h, err := readMergedHeader(f)
	if errors.Is(err, ErrVersion) {
		return nil, nil, err
	}
	if err == nil && (h.store != s.opt.Store || h.id != id) {
		return nil, nil, fmt.Errorf("%w: merged object", ErrForeign)
	}
	var members []member
	if err == nil {
		members, err = readDirectory(f, &h, size)
	} else {
		h = mergedHeader{id: id}
		h.marker = trailerMarker(f, id, size)
	}
	if err != nil {
		o.unlisted = true
		if members, err = scanBlocks(ctx, f, &h.marker, size); err != nil {
			return nil, nil, err
		}
		err = errUnlisted
	}
	o.marker = h.marker
	for i := range members {
		members[i].object = o
	}
	return o, members, err
}

// trailerMarker is the marker of an object by its trailer; zero if that is damaged too.
func trailerMarker(f io.ReaderAt, id meta.PackID, size int64) marker {
	t := make([]byte, mergedTrailerBytes)
	if size < mergedTrailerBytes || readFull(f, t, size-mergedTrailerBytes) != nil ||
		string(t[:8]) != magicDirectory || !sumHolds(t) || meta.PackID(le.Uint64(t[24:])) != id {
		return marker{}
	}
	return marker(t[32:40])
}

func readMergedHeader(f io.ReaderAt) (mergedHeader, error) {
	b := make([]byte, mergedHeaderBytes)
	if err := readFull(f, b, 0); err != nil {
		return mergedHeader{}, err
	}
	return parseMergedHeader(b)
}

func (s *Set) mergedPath(id meta.PackID) string {
	return filepath.Join(s.opt.Dir, shard(id), name(id)+mergedTail)
}

// MergedName is where a merged object lies below the folder of packs, with forward slashes.
func MergedName(id meta.PackID) string { return shard(id) + "/" + name(id) + mergedTail }
