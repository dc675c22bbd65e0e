package chunk

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// The sizes of FastCDC, in bytes. A chunk that ends at a border is longer than MinBytes
// and at most MaxBytes; the last one of a content may be of any length above 0.
const (
	MinBytes    = 512 << 10
	NormalBytes = 1 << 20
)

// HeadBytes is how many bytes of a content decide how it is cut.
const HeadBytes = 512

// A border is where the top 22 bits of the hash are zero, behind NormalBytes the top 18.
// The top bits are the only ones that depend on 43 and more of the last bytes, not on a
// few, and "are zero" is one comparison.
const (
	limitBefore = 1 << (64 - 22)
	limitBehind = 1 << (64 - 18)
)

type method byte

const (
	undecided method = iota // fewer than HeadBytes bytes seen
	borders                 // FastCDC
	raw                     // compressed media: chunks of MaxBytes
)

// A Cutter finds where the chunks of a content end. The zero value stands at the begin
// of a content. Where the chunks end depends on the bytes alone, not on how they are
// split over calls or where the state was saved in between. Cutting allocates nothing.
// A Cutter is a value: a copy goes its own way. It is not for concurrent use.
//
// The rule (FORMAT.md, Cutting) is part of the pack format. FastCDC with normalised
// chunking: Xia et al., "The Design of Fast Content-Defined Chunking for Data
// Deduplication Based Storage Systems", IEEE TPDS 2020.
type Cutter struct {
	method method
	n      int    // bytes of the present chunk so far
	hash   uint64 // over those behind MinBytes
	head   [HeadBytes]byte
}

// Next takes p, which goes on where the bytes of the last call ended. The first n bytes
// of p belong to the present chunk. If cut is set they complete it, and the next call,
// to be given the rest of p, begins a new one; else n is len(p). The end of a content
// ends its last chunk.
func (c *Cutter) Next(p []byte) (n int, cut bool) {
	if c.method == undecided {
		n = copy(c.head[c.n:], p)
		if c.n+n < HeadBytes {
			c.n += n
			return n, false
		}
		c.method = methodOf(&c.head)
	}
	if c.method == raw {
		n, cut = min(len(p), MaxBytes-c.n), len(p) >= MaxBytes-c.n
	} else {
		n, cut = c.find(p)
	}
	c.n += n
	if cut {
		c.n, c.hash = 0, 0
	}
	return n, cut
}

// find is Next for FastCDC.
func (c *Cutter) find(p []byte) (n int, cut bool) {
	n = min(len(p), max(0, MinBytes-c.n))
	if end := min(len(p), NormalBytes-c.n); n < end {
		var m int
		c.hash, m, cut = scan(c.hash, p[n:end], limitBefore)
		n += m
		if cut {
			return n, true
		}
	}
	if end := min(len(p), MaxBytes-c.n); n < end {
		var m int
		c.hash, m, cut = scan(c.hash, p[n:end], limitBehind)
		n += m
	}
	return n, cut || c.n+n == MaxBytes
}

// Len is the length in bytes of the present chunk so far, below MaxBytes.
func (c *Cutter) Len() int { return c.n }

// ErrState is wrapped by the errors of UnmarshalBinary.
var ErrState = errors.New("not the state of a cutter")

// MarshalBinary returns the state: a byte for the method, then while undecided the bytes
// of the content so far (up to 511), else the length of the present chunk so far (u32)
// and for FastCDC the hash (u64), little-endian. The error is nil.
func (c *Cutter) MarshalBinary() ([]byte, error) {
	b := []byte{byte(c.method)}
	if c.method == undecided {
		return append(b, c.head[:c.n]...), nil
	}
	b = binary.LittleEndian.AppendUint32(b, uint32(c.n))
	if c.method == borders {
		b = binary.LittleEndian.AppendUint64(b, c.hash)
	}
	return b, nil
}

// UnmarshalBinary takes up a state that MarshalBinary returned. For anything else it
// returns an error that wraps ErrState and leaves the cutter as it was.
func (c *Cutter) UnmarshalBinary(b []byte) error {
	if len(b) == 0 {
		return fmt.Errorf("%w: empty", ErrState)
	}
	s := Cutter{method: method(b[0])}
	b = b[1:]
	switch {
	case s.method == undecided && len(b) < HeadBytes:
		s.n = copy(s.head[:], b)
	case s.method == raw && len(b) == 4, s.method == borders && len(b) == 12:
		n := binary.LittleEndian.Uint32(b)
		if n >= MaxBytes {
			return fmt.Errorf("%w: a chunk of %d bytes", ErrState, n)
		}
		s.n = int(n)
		if s.method == borders {
			s.hash = binary.LittleEndian.Uint64(b[4:])
		}
		if s.n <= MinBytes && s.hash != 0 {
			return fmt.Errorf("%w: a hash of nothing", ErrState)
		}
	default:
		return fmt.Errorf("%w: method %d, %d bytes", ErrState, s.method, len(b))
	}
	*c = s
	return nil
}
