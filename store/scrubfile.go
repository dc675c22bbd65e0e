package store

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io/fs"
	"path/filepath"
	"time"

	"cairn/store/meta"
	"cairn/store/object"
)

// The file of the ledger: the magic word, the id of the store, three times (u64), how many
// packs and how many damaged ones (u32); 16 bytes a pack, its id and its time; of each
// damaged one its id, flags (u32), how many words of marks (u32), and these; at last the
// CRC-32C of all before. Whatever does not fit is as good as no file.
const (
	scrubFile  = "scrub"
	scrubMagic = "CAIRNSC1"
)

const (
	scrubPartial = 1 << iota
	scrubMissing
	scrubFlawed
)

// saveEach is how often what was read is saved at most; more packs take longer.
func (l *ledger) saveEach() time.Duration {
	return max(10*time.Second, time.Duration(len(l.whole))*100*time.Microsecond)
}

var scrubCRC = crc32.MakeTable(crc32.Castagnoli)

func (l *ledger) encode(store [16]byte) []byte {
	b := append([]byte(scrubMagic), store[:]...)
	word := func(n uint64) { b = binary.LittleEndian.AppendUint64(b, n) }
	half := func(n int) { b = binary.LittleEndian.AppendUint32(b, uint32(n)) }
	word(uint64(l.begun))
	word(uint64(l.last))
	word(uint64(l.pass))
	half(len(l.whole))
	half(len(l.bad))
	for id, at := range l.whole {
		word(uint64(id))
		word(uint64(at))
	}
	for id, bad := range l.bad {
		flags := 0
		for bit, on := range map[int]bool{scrubPartial: bad.partial, scrubMissing: bad.missing, scrubFlawed: bad.flawed} {
			if on {
				flags |= bit
			}
		}
		word(uint64(id))
		half(flags)
		half(len(bad.records))
		for _, w := range bad.records {
			word(w)
		}
	}
	half(int(crc32.Checksum(b, scrubCRC)))
	return b
}

var errLedger = errors.New("damaged, or of another store")

func (l *ledger) decode(b []byte, store [16]byte) error {
	const head = len(scrubMagic) + 16 + 3*8 + 2*4
	n := len(b) - 4
	if n < head || string(b[:8]) != scrubMagic || [16]byte(b[8:24]) != store || crc32.Checksum(b[:n], scrubCRC) != binary.LittleEndian.Uint32(b[n:]) {
		return errLedger
	}
	b = b[24:n]
	ok := true
	word := func() (v uint64) {
		if ok = ok && len(b) >= 8; ok {
			v, b = binary.LittleEndian.Uint64(b), b[8:]
		}
		return v
	}
	half := func() (v uint32) {
		if ok = ok && len(b) >= 4; ok {
			v, b = binary.LittleEndian.Uint32(b), b[4:]
		}
		return v
	}
	l.begun, l.last, l.pass = int64(word()), int64(word()), int64(word())
	packs, damaged := half(), half()
	for range packs {
		id := meta.PackID(word())
		at := int64(word())
		if !ok {
			return errLedger
		}
		l.whole[id] = at
	}
	for range damaged {
		id := meta.PackID(word())
		flags, words := half(), half()
		if !ok || int64(words)*8 > int64(len(b)) {
			return errLedger
		}
		bad := badPack{partial: flags&scrubPartial != 0, missing: flags&scrubMissing != 0, flawed: flags&scrubFlawed != 0}
		for range words {
			bad.records = append(bad.records, word())
		}
		l.bad[id] = bad
	}
	return nil
}

// loadScrubs reads the ledger, and has what is damaged give no hits.
func (s *Store) loadScrubs() {
	now := s.o.Clock()
	l := newLedger(now)
	b, err := s.fs.ReadFile(filepath.Join(s.o.Dir, scrubFile))
	if err == nil {
		err = l.decode(b, s.id)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.o.Log.Warn("it is not known which packs were scrubbed when; all will be, in time", "file", scrubFile, "err", err)
	}
	if err != nil {
		l = newLedger(now)
	}
	s.scrubs = l
	for id, bad := range l.bad {
		for n := range bad.records.each() {
			s.packs.MarkDamaged(id, n)
		}
	}
}

// saveScrubs saves the ledger, if it has changed; now and then only, unless it is the last
// time. The caller has s.scrubbing, or nobody else has the store.
func (s *Store) saveScrubs(last bool) {
	l := s.scrubs
	l.mu.Lock()
	if !l.dirty || !last && time.Since(l.saved) < l.saveEach() {
		l.mu.Unlock()
		return
	}
	b := l.encode(s.id)
	l.dirty, l.saved = false, time.Now()
	l.mu.Unlock()
	if err := object.WriteFileAtomic(s.fs, filepath.Join(s.o.Dir, scrubFile), b); err != nil {
		s.o.Log.Warn("which packs were scrubbed is not kept for now", "err", err)
		l.mu.Lock()
		l.dirty = true
		l.mu.Unlock()
	}
}
