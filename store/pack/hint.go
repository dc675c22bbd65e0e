package pack

import (
	"hash/crc32"

	"cairn/store/chunk"
	"cairn/store/meta"
)

// A hint says where a chunk may lie. In the file, and in memory, it is two words: the
// first eight bytes of the id, and the pack (upper 48 bits) with the ordinal (lower 16).
// Of two hints for one id the greater place is kept: that of the newer pack.
type hint struct {
	prefix uint64
	loc    uint64
}

func newHint(id *chunk.ID, pack meta.PackID, ordinal uint32) hint {
	return hint{be.Uint64(id[:8]), uint64(pack)<<16 | uint64(ordinal)}
}

func (h hint) pack() meta.PackID { return meta.PackID(h.loc >> 16) }
func (h hint) ordinal() uint32   { return uint32(h.loc & 0xffff) }

// maxHinted is the highest pack id that a hint can name.
const maxHinted = 1<<48 - 1

const (
	hintBytes     = 16
	hintPageBytes = 4096
	hintsPerPage  = 255
)

// hintPage is one page of the index: 255 places for hints, then at 4080 how many are
// used (u16), at 4084 the number of the page (u32), at 4092 the CRC-32C of all before.
// A page that was torn, or never reached the disk, fails that checksum and counts as
// empty; one that is older than it should be lacks hints, or has some that lead
// nowhere. Every hint is checked where it leads, so nothing worse comes of it than
// content stored twice, and the file is never flushed.
type hintPage [hintPageBytes]byte

// ok reports whether p is page n as it was written.
func (p *hintPage) ok(n uint32) bool {
	return crc32.Checksum(p[:4092], castagnoli) == le.Uint32(p[4092:]) &&
		le.Uint32(p[4084:]) == n && p.len() <= hintsPerPage
}

// reset makes p an empty page n.
func (p *hintPage) reset(n uint32) {
	clear(p[:])
	le.PutUint32(p[4084:], n)
}

// sum puts the checksum.
func (p *hintPage) sum() { le.PutUint32(p[4092:], crc32.Checksum(p[:4092], castagnoli)) }

func (p *hintPage) len() int { return int(le.Uint16(p[4080:])) }

func (p *hintPage) at(i int) hint {
	return hint{le.Uint64(p[i*hintBytes:]), le.Uint64(p[i*hintBytes+8:])}
}

func (p *hintPage) set(i int, h hint) {
	le.PutUint64(p[i*hintBytes:], h.prefix)
	le.PutUint64(p[i*hintBytes+8:], h.loc)
}

// find is the position of the hint for prefix, or -1.
func (p *hintPage) find(prefix uint64) int {
	for b := p[:p.len()*hintBytes]; len(b) >= hintBytes; b = b[hintBytes:] {
		if le.Uint64(b) == prefix {
			return p.len() - len(b)/hintBytes
		}
	}
	return -1
}

// put adds h, or replaces an older hint for the same id, or where the page is full the
// one that has been in it longest. It returns how the page changed, and by how many
// hints it grew.
func (p *hintPage) put(h hint) (changed bool, grown int) {
	if i := p.find(h.prefix); i >= 0 {
		if p.at(i).loc >= h.loc {
			return false, 0
		}
		p.set(i, h)
		return true, 0
	}
	n := p.len()
	if n == hintsPerPage {
		copy(p[:], p[hintBytes:n*hintBytes])
		p.set(n-1, h)
		return true, 0
	}
	p.set(n, h)
	le.PutUint16(p[4080:], uint16(n+1))
	return true, 1
}

// remove takes h out, and reports whether it was there.
func (p *hintPage) remove(h hint) bool {
	i := p.find(h.prefix)
	if i < 0 || p.at(i) != h {
		return false
	}
	n := p.len() - 1
	copy(p[i*hintBytes:], p[(i+1)*hintBytes:(n+1)*hintBytes])
	p.set(n, hint{})
	le.PutUint16(p[4080:], uint16(n))
	return true
}
