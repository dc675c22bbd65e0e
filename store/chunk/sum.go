package chunk

import (
	"encoding/binary"
	"math/bits"

	"lukechampine.com/blake3/guts"
)

const group = guts.MaxSIMD * guts.ChunkSize // what one call of CompressBuffer takes

// Sum is the id under key of the bytes of parts, one behind the other. How they are
// split makes no difference; a part may be empty. It copies at most 16 KiB for each
// part, allocates nothing, starts no goroutine and may be called concurrently.
func Sum(key *[32]byte, parts ...[]byte) ID {
	var t tree
	for i := range t.key {
		t.key[i] = binary.LittleEndian.Uint32(key[4*i:])
	}
	left := 0
	for _, p := range parts {
		left += len(p)
	}
	var part []byte
	for ; left > group; left -= group {
		for len(part) == 0 {
			part, parts = parts[0], parts[1:]
		}
		if len(part) >= group {
			t.add((*[group]byte)(part))
			part = part[group:]
		} else {
			part, parts = t.addJoined(part, parts)
		}
	}
	for len(part) == 0 && len(parts) > 0 {
		part, parts = parts[0], parts[1:]
	}
	if left <= len(part) && (left <= guts.ChunkSize || left == group) {
		return t.root(t.edge(part[:left]))
	}
	return t.root(t.joinedEdge(part, parts))
}

// tree is a BLAKE3 tree over groups of 16 KiB: whole subtrees wait on the stack, one
// for each bit of the number of groups so far (BLAKE3 paper, 5.1.2). The last group,
// whole or not, is the right edge of the tree.
type tree struct {
	key    [8]uint32
	groups uint64
	stack  [48][8]uint32
}

// add takes a group that is not the last.
func (t *tree) add(g *[group]byte) {
	n := guts.CompressBuffer(g, group, &t.key, t.groups*guts.MaxSIMD, guts.FlagKeyedHash)
	cv := guts.ChainingValue(n)
	height := bits.TrailingZeros64(t.groups + 1)
	for i := range height {
		cv = guts.ChainingValue(guts.ParentNode(t.stack[i], cv, &t.key, guts.FlagKeyedHash))
	}
	t.stack[height] = cv
	t.groups++
}

// addJoined adds a group that begins with part and goes on in rest, and returns what
// is left of the two. A function of its own, so that only content in small pieces pays
// for clearing the buffer.
//
//go:noinline
func (t *tree) addJoined(part []byte, rest [][]byte) ([]byte, [][]byte) {
	var buf [group]byte
	n := copy(buf[:], part)
	for n < group {
		part, rest = rest[0], rest[1:]
		m := copy(buf[n:], part)
		n, part = n+m, part[m:]
	}
	t.add(&buf)
	return part, rest
}

// edge is the node of a last group that is one BLAKE3 chunk or a whole group.
func (t *tree) edge(last []byte) guts.Node {
	if len(last) == group {
		return guts.CompressBuffer((*[group]byte)(last), group, &t.key, t.groups*guts.MaxSIMD, guts.FlagKeyedHash)
	}
	return guts.CompressChunk(last, &t.key, t.groups*guts.MaxSIMD, guts.FlagKeyedHash)
}

// joinedEdge is the node of any other last group: part and all of rest.
//
//go:noinline
func (t *tree) joinedEdge(part []byte, rest [][]byte) guts.Node {
	var buf [group]byte
	n := copy(buf[:], part)
	for _, p := range rest {
		n += copy(buf[n:], p)
	}
	if n <= guts.ChunkSize {
		return guts.CompressChunk(buf[:n], &t.key, t.groups*guts.MaxSIMD, guts.FlagKeyedHash)
	}
	return guts.CompressBuffer(&buf, n, &t.key, t.groups*guts.MaxSIMD, guts.FlagKeyedHash)
}

// root closes the tree with its right edge.
func (t *tree) root(n guts.Node) ID {
	for i := range bits.Len64(t.groups) {
		if t.groups&(1<<i) != 0 {
			n = guts.ParentNode(t.stack[i], guts.ChainingValue(n), &t.key, guts.FlagKeyedHash)
		}
	}
	n.Flags |= guts.FlagRoot
	out := guts.WordsToBytes(guts.CompressNode(n))
	return ID(out[:32])
}

// Summer is Sum of bytes that come one after the other, in 18 KiB of memory. Begin it with
// Reset. Not for concurrent use.
type Summer struct {
	t   tree
	buf [group]byte
	n   int // of buf
}

// Reset begins anew, with nothing, under a key.
func (s *Summer) Reset(key *[32]byte) {
	for i := range s.t.key {
		s.t.key[i] = binary.LittleEndian.Uint32(key[4*i:])
	}
	s.t.groups, s.n = 0, 0
}

// Add takes the bytes that follow.
func (s *Summer) Add(p []byte) {
	for len(p) > 0 {
		if s.n == group { // there is more, so it is not the last
			s.t.add(&s.buf)
			s.n = 0
		}
		if s.n == 0 && len(p) > group {
			s.t.add((*[group]byte)(p))
			p = p[group:]
			continue
		}
		k := copy(s.buf[s.n:], p)
		s.n, p = s.n+k, p[k:]
	}
}

// Sum is the id of all bytes since Reset. Nothing may be added any more.
func (s *Summer) Sum() ID { return s.t.root(s.t.joinedEdge(s.buf[:s.n], nil)) }
