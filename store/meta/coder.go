package meta

import (
	"encoding/binary"
	"errors"
	"time"
)

// errDecode is what every malformed encoding comes to.
var errDecode = errors.New("meta: malformed encoding")

// coder walks the fields of a row image in one fixed order, writing them to buf or
// filling them from it: one description serves both directions. After the first
// error it does nothing more. Integers are zigzag varints; bytes and strings are
// preceded by their length (store/pack/FORMAT.md, Commit payload).
type coder struct {
	buf     []byte
	reading bool
	err     error
}

func (c *coder) i64(v *int64) {
	if !c.reading {
		c.buf = binary.AppendVarint(c.buf, *v)
		return
	}
	n, k := binary.Varint(c.buf)
	if c.err != nil || k <= 0 {
		c.err = errDecode
		*v = 0
		return
	}
	*v, c.buf = n, c.buf[k:]
}

func (c *coder) u64(v *uint64) {
	if !c.reading {
		c.buf = binary.AppendUvarint(c.buf, *v)
		return
	}
	n, k := binary.Uvarint(c.buf)
	if c.err != nil || k <= 0 {
		c.err = errDecode
		*v = 0
		return
	}
	*v, c.buf = n, c.buf[k:]
}

func (c *coder) bytes(v *[]byte) {
	n := uint64(len(*v))
	c.u64(&n)
	if !c.reading {
		c.buf = append(c.buf, *v...)
		return
	}
	if c.err != nil || n > uint64(len(c.buf)) {
		c.err = errDecode
		*v = nil
		return
	}
	*v = nil
	if n > 0 {
		*v = append([]byte(nil), c.buf[:n]...)
	}
	c.buf = c.buf[n:]
}

func (c *coder) str(v *string) {
	b := []byte(*v)
	c.bytes(&b)
	if c.reading {
		*v = string(b)
	}
}

func (c *coder) fixed(v []byte) {
	if !c.reading {
		c.buf = append(c.buf, v...)
		return
	}
	if c.err != nil || len(c.buf) < len(v) {
		c.err = errDecode
		return
	}
	copy(v, c.buf)
	c.buf = c.buf[len(v):]
}

func (c *coder) flag(v *bool) {
	var n uint64
	if *v {
		n = 1
	}
	c.u64(&n)
	if c.reading {
		*v = n == 1
		if n > 1 {
			c.err = errDecode
		}
	}
}

func (c *coder) when(v *time.Time) {
	n := unixNano(*v)
	c.i64(&n)
	if c.reading {
		*v = fromNano(n)
	}
}

// num codes any integer type.
func num[T ~int | ~int64 | ~uint8 | ~uint32 | ~uint64](c *coder, v *T) {
	n := int64(*v)
	c.i64(&n)
	if c.reading {
		*v = T(n)
	}
}

// many codes a slice by its length and its elements.
func many[T any](c *coder, v *[]T, each func(*coder, *T)) {
	n := uint64(len(*v))
	c.u64(&n)
	if c.reading {
		if c.err != nil || n > uint64(len(c.buf)) { // an element is a byte at least
			c.err = errDecode
			*v = nil
			return
		}
		*v = nil
		if n > 0 {
			*v = make([]T, n)
		}
	}
	for i := range *v {
		if c.err != nil {
			return
		}
		each(c, &(*v)[i])
	}
}

// unixNano keeps the zero time apart from 1970, and times outside 1678–2262, which
// 64 bits of nanoseconds do not hold, at the nearest end.
func unixNano(t time.Time) int64 {
	switch sec := t.Unix(); {
	case t.IsZero():
		return minNano
	case sec >= maxSec:
		return maxSec * 1e9
	case sec <= -maxSec:
		return -maxSec * 1e9
	}
	return t.UnixNano()
}

const maxSec = 9223372035

const minNano = -1 << 63

func fromNano(n int64) time.Time {
	if n == minNano {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}
