// Package pack keeps records in packs: append-once files with stable ordinals, each
// sealed by a footer that indexes it. FORMAT.md describes the bytes.
package pack

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"cairn/store/meta"
)

// Version is the format version that this package writes, and the only one it reads.
const Version = 1

// HeaderBytes is the size of a pack's header; the first record follows it.
const HeaderBytes = 4096

// TrailerBytes is the size of the trailer of a sealed pack, the last of the file.
const TrailerBytes = 96

const magicHeader = "CAIRNPK\x00"

var (
	le         = binary.LittleEndian
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
)

// marker is the random word that begins every record of one pack.
type marker [8]byte

// header is the first 4096 bytes of a pack.
type header struct {
	compat, roCompat, incompat uint32
	store                      [16]byte
	key                        [32]byte
	id                         meta.PackID
	generation                 uint32
	marker                     marker
	created                    int64 // Unix milliseconds
}

func (h *header) encode() []byte {
	b := make([]byte, HeaderBytes)
	copy(b, magicHeader)
	le.PutUint32(b[8:], Version)
	le.PutUint32(b[12:], h.compat)
	le.PutUint32(b[16:], h.roCompat)
	le.PutUint32(b[20:], h.incompat)
	copy(b[24:], h.store[:])
	copy(b[40:], h.key[:])
	le.PutUint64(b[72:], uint64(h.id))
	le.PutUint32(b[80:], h.generation)
	copy(b[88:], h.marker[:])
	le.PutUint64(b[96:], uint64(h.created))
	le.PutUint32(b[HeaderBytes-4:], crc32.Checksum(b[:HeaderBytes-4], castagnoli))
	return b
}

// parseHeader reads what encode wrote. ErrCorrupt; ErrVersion only if the checksum
// holds, so that damage is not taken for a newer format.
func parseHeader(b []byte) (header, error) {
	var h header
	if len(b) < HeaderBytes || string(b[:8]) != magicHeader {
		return h, fmt.Errorf("%w: no pack header", ErrCorrupt)
	}
	if crc32.Checksum(b[:HeaderBytes-4], castagnoli) != le.Uint32(b[HeaderBytes-4:]) {
		return h, fmt.Errorf("%w: header checksum", ErrCorrupt)
	}
	if v := le.Uint32(b[8:]); v != Version {
		return h, fmt.Errorf("%w: version %d, this program reads %d", ErrVersion, v, Version)
	}
	h.compat = le.Uint32(b[12:])
	h.roCompat = le.Uint32(b[16:])
	h.incompat = le.Uint32(b[20:])
	if h.incompat != 0 {
		return h, fmt.Errorf("%w: incompatible features %#x", ErrVersion, h.incompat)
	}
	copy(h.store[:], b[24:])
	copy(h.key[:], b[40:])
	h.id = meta.PackID(le.Uint64(b[72:]))
	h.generation = le.Uint32(b[80:])
	copy(h.marker[:], b[88:])
	h.created = int64(le.Uint64(b[96:]))
	return h, nil
}

// readHeader reads the header of a pack file. A file too short for one is ErrCorrupt.
func readHeader(r io.ReaderAt) (header, error) {
	b := make([]byte, HeaderBytes)
	n, err := r.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return header{}, err
	}
	return parseHeader(b[:n])
}
