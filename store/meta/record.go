package meta

import (
	"fmt"
	"time"
)

// recordVersion is the first byte of a commit payload. Payloads of version 0 were
// never promised to be read again.
const recordVersion = 1

// encodeRecord is the payload of one commit record: the ops of one database
// transaction, encoded in the order in which they were applied.
func encodeRecord(lsn uint64, at time.Time, n int, ops []byte) []byte {
	c := &coder{buf: make([]byte, 0, 32+len(ops))}
	c.buf = append(c.buf, recordVersion)
	c.u64(&lsn)
	c.when(&at)
	count := uint64(n)
	c.u64(&count)
	return append(c.buf, ops...)
}

// decodeRecord reads what encodeRecord wrote. Fields after those it knows are
// skipped, an op of an unknown kind is an error.
func decodeRecord(p []byte) (lsn uint64, at time.Time, ops []Op, err error) {
	if len(p) == 0 || p[0] != recordVersion {
		return 0, at, nil, fmt.Errorf("commit payload: %w", ErrTooNew)
	}
	c := &coder{buf: p[1:], reading: true}
	c.u64(&lsn)
	c.when(&at)
	var n uint64
	c.u64(&n)
	for i := uint64(0); i < n && c.err == nil; i++ {
		var k uint64
		var body []byte
		c.u64(&k)
		c.bytes(&body)
		if c.err != nil {
			break
		}
		op := newOp(opKind(k))
		if k > 255 || op == nil {
			return 0, at, nil, fmt.Errorf("commit payload: op kind %d: %w", k, ErrTooNew)
		}
		one := &coder{buf: body, reading: true}
		if op.fields(one); one.err != nil {
			return 0, at, nil, fmt.Errorf("commit payload: op %d: %w", i, one.err)
		}
		ops = append(ops, op)
	}
	if c.err != nil || len(c.buf) != 0 {
		return 0, at, nil, fmt.Errorf("commit payload: %w", errDecode)
	}
	return lsn, at, ops, nil
}
