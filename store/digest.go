package store

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding"
	"fmt"
	"hash"
	"hash/adler32"
)

// digesting is the digest of an upload on its way: kept with the upload at each
// durable offset, so that no byte is read again at the end, after a restart either.
type digesting struct {
	Algorithm string
	Want      []byte
	State     []byte `json:",omitempty"` // of the hash, after At bytes
	At        int64  `json:",omitempty"`
}

func newHash(algorithm string) hash.Hash {
	switch algorithm {
	case "sha1":
		return sha1.New()
	case "sha256":
		return sha256.New()
	case "md5":
		return md5.New()
	case "adler32":
		return adler32.New()
	}
	return nil
}

// newDigesting begins with what a client announced; nil if that is nothing.
func newDigesting(d Digest) (*digesting, error) {
	if d.Algorithm == "" {
		return nil, nil
	}
	h := newHash(d.Algorithm)
	if h == nil || h.Size() != len(d.Sum) {
		return nil, fmt.Errorf("%w: %s of %d bytes", ErrDigest, d.Algorithm, len(d.Sum))
	}
	return &digesting{Algorithm: d.Algorithm, Want: d.Sum}, nil
}

// resume makes the hash as it was after at bytes.
func (d *digesting) resume(at int64) (hash.Hash, error) {
	h := newHash(d.Algorithm)
	if h == nil || d.At != at {
		return nil, fmt.Errorf("the state of the %s digest is that of byte %d, not %d", d.Algorithm, d.At, at)
	}
	if at == 0 {
		return h, nil
	}
	u, ok := h.(encoding.BinaryUnmarshaler)
	if !ok {
		return nil, fmt.Errorf("a %s digest cannot be resumed", d.Algorithm)
	}
	return h, u.UnmarshalBinary(d.State)
}

// park keeps the hash's state after at bytes.
func (d *digesting) park(h hash.Hash, at int64) (err error) {
	m, ok := h.(encoding.BinaryMarshaler)
	if !ok {
		return fmt.Errorf("a %s digest cannot be parked", d.Algorithm)
	}
	d.State, err = m.MarshalBinary()
	d.At = at
	return err
}

// check compares at the end, after size bytes. A nil digesting fits everything.
func (d *digesting) check(size int64) error {
	if d == nil {
		return nil
	}
	h, err := d.resume(size)
	if err != nil {
		return err
	}
	if !bytes.Equal(h.Sum(nil), d.Want) {
		return fmt.Errorf("%w: %s is %x", ErrDigest, d.Algorithm, h.Sum(nil))
	}
	return nil
}
