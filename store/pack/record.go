package pack

import (
	"errors"
	"fmt"
	"hash/crc32"

	"cairn/store/chunk"
	"cairn/store/meta"
)

// Bounds of a pack.
const (
	// MaxStored bounds the payload of one record, in bytes.
	MaxStored = 8 << 20
	// MaxRecords bounds the records of one pack.
	MaxRecords = 1 << 16
	// RecordBytes is the size of a record's header. Payloads are padded to 8 bytes.
	RecordBytes = 72
	// BlockBytes is the piece of a payload that has a checksum of its own.
	BlockBytes = 64 << 10
)

// Type says what a record holds.
type Type uint8

// The types of record.
const (
	Chunk      Type = 1 // a piece of file content
	Commit     Type = 2 // what one metadata transaction changed
	Checkpoint Type = 3 // a part of all rows
	Tail       Type = 4 // the end of an unfinished upload, before its next border
	Page       Type = 5 // a part of a long manifest
	Pad        Type = 6 // nothing
)

// String is the word for t in messages.
func (t Type) String() string {
	names := [...]string{Chunk: "chunk", Commit: "commit", Checkpoint: "checkpoint", Tail: "tail", Page: "page", Pad: "pad"}
	if int(t) < len(names) && names[t] != "" {
		return names[t]
	}
	return fmt.Sprintf("type %d", uint8(t))
}

// Codec says how a payload is stored.
type Codec uint8

// The codecs. This package passes payloads on as they are stored; who appends and reads
// them codes and decodes.
const (
	Raw  Codec = 0
	Zstd Codec = 1 // one frame: see FORMAT.md
)

// Record is one record to append.
type Record struct {
	Type Type
	// ID is the keyed hash of a chunk's plain bytes; of a tail or page it is that or
	// zero. Ignored where LSN counts.
	ID chunk.ID
	// LSN numbers a commit or checkpoint.
	LSN uint64
	// Of says which record of a checkpoint this is.
	Of Part
	// PlainCRC is the CRC-32 (IEEE) of a chunk's plain bytes, else 0.
	PlainCRC uint32
	// Payload is what is stored: 0 to MaxStored bytes.
	Payload []byte
	// Parts may be set instead of Payload, which is then what they are one behind the
	// other.
	Parts [][]byte
	// Codec is how the payload is coded, and Plain the length of what it was before; not
	// needed for Raw. Plain bytes of a chunk are at most chunk.MaxBytes.
	Codec Codec
	Plain int
}

// Part is one record of a checkpoint.
type Part struct {
	Number uint32   // from 0
	Count  uint32   // in the last, how many there are; else 0
	Whole  [16]byte // random, the same in all of them
}

// parts is the payload, and its length.
func (r *Record) parts() (parts [][]byte, bytes int, err error) {
	if r.Parts == nil {
		return [][]byte{r.Payload}, len(r.Payload), nil
	}
	if r.Payload != nil {
		return nil, 0, errors.New("a record has a payload or parts, not both")
	}
	for _, p := range r.Parts {
		bytes += len(p)
	}
	return r.Parts, bytes, nil
}

// Place is where records lie: Count of them, from ordinal First on.
type Place struct {
	Pack  meta.PackID
	First uint32
	Count uint32
}

// Entry is what the index of a pack knows of one record.
type Entry struct {
	ID        chunk.ID
	Type      Type
	Codec     Codec
	Flags     uint16
	Ordinal   uint32
	Offset    int64 // of the payload in the pack
	Stored    uint32
	Plain     uint32
	PlainCRC  uint32 // CRC-32 (IEEE) of the plain bytes of a chunk, else 0
	StoredCRC uint32 // CRC-32C of the payload
	KeyID     uint32
	block     uint32 // index of the first block checksum
}

// LSN is the number of a commit or checkpoint record, 0 of any other.
func (e *Entry) LSN() uint64 {
	if e.Type == Commit || e.Type == Checkpoint {
		return le.Uint64(e.ID[:])
	}
	return 0
}

// Part is which record of its checkpoint e is.
func (e *Entry) Part() Part {
	return Part{le.Uint32(e.ID[8:]), le.Uint32(e.ID[12:]), [16]byte(e.ID[16:])}
}

// commitLSN is the number of a commit, 0 of any other record. A checkpoint stands for
// commits that need not be there, so it is none of those that a pack has.
func (e *Entry) commitLSN() uint64 {
	if e.Type == Commit {
		return e.LSN()
	}
	return 0
}

// Readable reports whether this program knows how to interpret the payload: it may be
// that of a newer one, or encrypted. It can be copied even if not.
func (e *Entry) Readable() bool { return e.Codec <= Zstd && e.KeyID == 0 && e.Flags>>8 == 0 }

// blocks is the number of block checksums of the payload.
func (e *Entry) blocks() int { return (int(e.Stored) + BlockBytes - 1) / BlockBytes }

// end is the offset where the next record begins.
func (e *Entry) end() int64 { return e.Offset + pad8(int64(e.Stored)) }

func pad8(n int64) int64 { return (n + 7) &^ 7 }

// putRecord writes the header of the record that e describes.
func putRecord(b []byte, m marker, e *Entry) {
	copy(b, m[:])
	b[8], b[9] = byte(e.Type), byte(e.Codec)
	le.PutUint16(b[10:], e.Flags)
	le.PutUint32(b[12:], e.Ordinal)
	le.PutUint32(b[16:], e.Stored)
	le.PutUint32(b[20:], e.Plain)
	le.PutUint32(b[24:], e.PlainCRC)
	le.PutUint32(b[28:], e.StoredCRC)
	copy(b[32:], e.ID[:])
	le.PutUint32(b[64:], e.KeyID)
	le.PutUint32(b[68:], crc32.Checksum(b[:68], castagnoli))
}

// parseRecord reads a record header that begins with m. Offset and block are not set.
func parseRecord(b []byte, m marker) (Entry, bool) {
	if len(b) < RecordBytes || marker(b[:8]) != m ||
		crc32.Checksum(b[:68], castagnoli) != le.Uint32(b[68:]) {
		return Entry{}, false
	}
	e := Entry{
		Type:      Type(b[8]),
		Codec:     Codec(b[9]),
		Flags:     le.Uint16(b[10:]),
		Ordinal:   le.Uint32(b[12:]),
		Stored:    le.Uint32(b[16:]),
		Plain:     le.Uint32(b[20:]),
		PlainCRC:  le.Uint32(b[24:]),
		StoredCRC: le.Uint32(b[28:]),
		ID:        chunk.ID(b[32:64]),
		KeyID:     le.Uint32(b[64:]),
	}
	return e, e.Type != 0 && e.Stored <= MaxStored && e.Ordinal < MaxRecords &&
		(e.Type != Chunk || e.Plain <= chunk.MaxBytes) && (e.Codec != Raw || e.Plain == e.Stored)
}
