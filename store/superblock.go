package store

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"time"
)

// formatVersion is that of the data folder as a whole.
const formatVersion = 0

// superblock is DATA/cairn.json: what cannot be told from the database alone. It is
// written once, and made again from the header of any pack if it is lost.
type superblock struct {
	Store [16]byte
	Key   [32]byte
}

type superblockJSON struct {
	Format  int       `json:"format"`
	Store   string    `json:"store"`
	Key     string    `json:"key"`
	Created time.Time `json:"created"`
	Sum     string    `json:"sum"` // last: see sumOf
}

// sumMark begins the field that holds the checksum. It keeps its place and its meaning
// in every format: the CRC-32C, in hexadecimal, of all bytes of the file before it.
const sumMark = `"sum": "`

func sumOf(before []byte) string {
	return fmt.Sprintf("%08x", crc32.Checksum(before, crc32.MakeTable(crc32.Castagnoli)))
}

func (sb *superblock) encode(created time.Time) ([]byte, error) {
	text, err := json.MarshalIndent(superblockJSON{formatVersion, hex.EncodeToString(sb.Store[:]), hex.EncodeToString(sb.Key[:]),
		created.UTC().Truncate(time.Second), ""}, "", "  ")
	if err != nil {
		return nil, err
	}
	before, after, ok := bytes.Cut(text, []byte(sumMark))
	if !ok {
		return nil, fmt.Errorf("cairn.json has no place for its checksum")
	}
	return fmt.Appendf(nil, "%s%s%s%s\n", before, sumMark, sumOf(before), after), nil
}

// parseSuperblock reads what encode wrote. ErrCorrupt; ErrTooNew only if the checksum
// holds, so that damage is not taken for a newer format.
func parseSuperblock(text []byte) (sb superblock, err error) {
	damaged := func(what string) (superblock, error) {
		return superblock{}, fmt.Errorf("%w: cairn.json: %s", ErrCorrupt, what)
	}
	var j superblockJSON
	if err := json.Unmarshal(text, &j); err != nil {
		return damaged(err.Error())
	}
	if before, _, ok := bytes.Cut(text, []byte(sumMark)); !ok || j.Sum != sumOf(before) {
		return damaged("its checksum does not fit")
	}
	if j.Format != formatVersion {
		return sb, fmt.Errorf("%w: the data folder has format %d, this version knows %d", ErrTooNew, j.Format, formatVersion)
	}
	id, err1 := hex.DecodeString(j.Store)
	key, err2 := hex.DecodeString(j.Key)
	if err1 != nil || err2 != nil || copy(sb.Store[:], id) != len(sb.Store) || copy(sb.Key[:], key) != len(sb.Key) {
		return damaged("not a store id and key")
	}
	return sb, nil
}
