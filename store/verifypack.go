package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"cairn/store/meta"
	"cairn/store/pack"
)

// packSeen is what the other steps need to know of a pack.
type packSeen struct {
	bytes   int64
	sealed  bool
	err     error      // why it cannot be read
	records []recordAt // by ordinal
	lost    []pack.Lost
	missed  bool // something refers to a record that is not there
}

// recordAt is the type and plain length of a record, and whether it is damaged, in 4
// bytes; 0: there is none.
type recordAt uint32

const damagedRecord recordAt = 1 << 31

func (r recordAt) kind() pack.Type { return pack.Type(r >> 24 & 0x7f) }
func (r recordAt) plain() int64    { return int64(r & (1<<24 - 1)) }

// commitSeen is where a commit record lies.
type commitSeen struct {
	lsn     uint64
	pack    meta.PackID
	ordinal uint32
	stored  uint32
	crc     uint32
	offset  int64
}

// packName is a pack in messages: the name of its file, or where it is in a merged object.
func packName(s *pack.Set, id meta.PackID) string {
	in, ok := s.Info(id)
	if !ok || in.Object == id {
		return "packs/" + pack.FileName(id)
	}
	return fmt.Sprintf("packs/%s (pack %016x)", in.Name(), uint64(id))
}

func (s *Store) packName(id meta.PackID) string { return packName(s.packs, id) }

func (c *verifier) packName(id meta.PackID) string {
	if _, ok := c.packs.Info(id); !ok {
		if row, known := c.known[id]; known && row.Object != int64(id) { // of one that is missing
			return fmt.Sprintf("packs/%s (pack %016x)", pack.MergedName(meta.PackID(row.Object)), uint64(id))
		}
	}
	return packName(c.packs, id)
}

// eachPack looks at all packs that are in the folder.
func (c *verifier) eachPack() error {
	all := c.packs.Packs()
	var done, total int64
	for _, p := range all {
		total += p.Bytes
	}
	for _, p := range all {
		c.v.Progress(done, total)
		if err := c.onePack(p.ID); err != nil {
			return err
		}
		if c.ctx.Err() != nil {
			return context.Cause(c.ctx)
		}
		done += p.Bytes
	}
	c.v.Progress(total, total)
	err := c.packs.VerifyMerged(c.ctx, func(name string, err error) {
		c.problem("packs/"+name, "restore this file from a backup, or the files named below", "%v", err)
	})
	if err != nil {
		return err
	}
	return c.strays()
}

func (c *verifier) onePack(id meta.PackID) error {
	const restore = "restore this file from a backup, or the files named below"
	name := c.packName(id)
	seen := &packSeen{}
	c.seen[id] = seen
	row, known := c.known[id]
	in, err := c.packs.Inspect(c.ctx, id, known)
	seen.bytes, seen.sealed = in.Bytes, in.Sealed
	c.stats.Packs++
	c.stats.Stored += in.Bytes
	switch {
	case c.ctx.Err() != nil:
		return context.Cause(c.ctx)
	case errors.Is(err, pack.ErrVersion):
		return err
	case errors.Is(err, pack.ErrForeign):
		seen.err = err
		c.problem(name, "move it out of the folder, or the cairn.json that does not belong here", "it belongs to another store than cairn.json")
		return nil
	case err != nil:
		seen.err = err
		c.problem(name, "check the disk and who may read the file; it counts as neither whole nor lost", "it cannot be read: %v", err)
		return nil
	case in.Unused:
		c.note(name, "a crash left it before anything was written to it; the next start removes it")
		return nil
	case in.HeaderWhole && in.Key != c.key:
		c.problem(name, "restore cairn.json from a backup", "its chunk key is not the one in cairn.json")
	}
	switch compacted := in.Sealed && in.Generation > 0; {
	case known && compacted && !liesAt(row, in.Info):
		c.note(name, "a crash cut off its compaction when all but telling the database was done; the next start does that")
	case known && row.Bytes != in.Bytes:
		c.problem(name, restore, "it has %d bytes; when it was sealed it had %d", in.Bytes, row.Bytes)
	case known && in.Sealed && row.Records != int64(in.Records):
		c.problem(name, restore, "it has %d records; when it was sealed it had %d", in.Records, row.Records)
	}
	if in.Torn > 0 {
		c.note(name, "the last %d bytes are a write that a crash cut off, of nothing that was acknowledged; the next start drops them", in.Torn)
	}
	if in.Heads > 0 {
		c.note(name, "the headers of %d records are a write that a crash cut off; the next start writes them again from the footer", in.Heads)
	}
	seen.lost = in.Lost
	seen.note(in.Entries)
	for i := range in.Entries {
		e := &in.Entries[i]
		at := commitSeen{e.LSN(), id, e.Ordinal, e.Stored, e.StoredCRC, e.Offset}
		switch e.Type {
		case pack.Commit:
			c.commits = append(c.commits, at)
		case pack.Checkpoint:
			c.parts = append(c.parts, pack.CheckpointPart{LSN: e.LSN(), Part: e.Part()})
			c.partsAt = append(c.partsAt, at)
		}
	}
	c.stats.Records += in.Records
	err = c.packs.Verify(c.ctx, id, c.v.Deep, func(err error) {
		var at *pack.RecordError
		if errors.As(err, &at) && int(at.Ordinal) < len(seen.records) {
			seen.records[at.Ordinal] |= damagedRecord
		}
		c.problem(name, restore, "%s", strings.ReplaceAll(err.Error(), fmt.Sprintf("pack %016x: ", uint64(id)), ""))
	})
	if c.ctx.Err() != nil {
		return context.Cause(c.ctx)
	}
	if err != nil {
		c.problem(name, "check the disk", "it cannot be read to its end: %v", err)
	}
	return nil
}

// entry is what reading the record needs.
func (c *commitSeen) entry() *pack.Entry {
	return &pack.Entry{Type: pack.Commit, Ordinal: c.ordinal, Offset: c.offset, Stored: c.stored, StoredCRC: c.crc}
}

// note keeps what the index of the pack says of each record.
func (p *packSeen) note(entries []pack.Entry) {
	if n := len(entries); n > 0 {
		p.records = make([]recordAt, entries[n-1].Ordinal+1)
	}
	for i := range entries {
		e := &entries[i]
		p.records[e.Ordinal] = recordAt(min(e.Type, 0x7f))<<24 | recordAt(min(e.Plain, 1<<24-1))
	}
}

// find is a record that something refers to, or why its bytes cannot be had.
func (c *verifier) find(id meta.PackID, ordinal uint32, kind pack.Type) (recordAt, error) {
	p := c.seen[id]
	switch {
	case p == nil:
		return 0, fmt.Errorf("a part of it is in %s, which is missing", c.packName(id))
	case p.err != nil:
		return 0, fmt.Errorf("a part of it is in %s, which cannot be read", c.packName(id))
	case int(ordinal) >= len(p.records) || p.records[ordinal] == 0:
		p.missed = true
		return 0, fmt.Errorf("record %d of %s is lost, a part of it", ordinal, c.packName(id))
	}
	r := p.records[ordinal]
	if r&damagedRecord != 0 {
		return 0, fmt.Errorf("record %d of %s is damaged, a part of it", ordinal, c.packName(id))
	}
	if r.kind() != kind {
		return 0, fmt.Errorf("record %d of %s should be a %s and is a %s", ordinal, c.packName(id), kind, r.kind())
	}
	return r, nil
}

// torn tells of packs in which a crash cut off writes between others, when it is known
// whether rows refer to them: see Store.mend.
func (c *verifier) torn() error {
	for id, p := range c.seen {
		if len(p.lost) == 0 {
			continue
		}
		n := 0
		for _, l := range p.lost {
			n += int(l.Count)
		}
		if p.missed || !c.complete || c.rows() == nil {
			c.problem(c.packName(id), "restore this file from a backup, or the files named below", "%v: the footer or some records are lost (%d)", pack.ErrCorrupt, n)
			continue
		}
		c.note(c.packName(id), "%d of its records are writes that a crash cut off, and nothing refers to them; the next start puts pads in their places", n)
	}
	return nil
}

// registered compares the packs that the database has, or will have when the next start
// has applied the latest commits, with those in the folder.
func (c *verifier) registered() error {
	known := c.known
	if c.complete && c.truth != nil {
		known = map[meta.PackID]meta.Pack{}
		err := c.truth.EachPack(func(p meta.Pack) error {
			known[p.ID] = p
			return nil
		})
		if err != nil {
			return fmt.Errorf("%w: %w", ErrScratch, err)
		}
	}
	for id := range known {
		if c.seen[id] == nil {
			c.problem(c.packName(id), "restore this file from a backup, or the files named below", "it is missing")
		}
	}
	for id, p := range c.seen {
		if _, ok := known[id]; !ok && p.sealed && c.live != nil {
			c.note(c.packName(id), "it is sealed, and the database does not know yet; the next start tells it")
		}
	}
	return nil
}

// strays tells of files among the packs that are none.
func (c *verifier) strays() error {
	dir := filepath.Join(c.dir, "packs")
	shards, err := c.fs.ReadDir(dir)
	if err != nil {
		c.problem("packs", "restore the folder from a backup", "the folder cannot be read: %v", err)
		return nil
	}
	files, twice := c.packs.Files()
	for _, d := range shards {
		if !d.Dir {
			c.note("packs/"+d.Name, "it is no pack, and not looked at")
			continue
		}
		list, err := c.fs.ReadDir(filepath.Join(dir, d.Name))
		if err != nil {
			c.problem("packs/"+d.Name, "check who may read it", "it cannot be read: %v", err)
		}
		for _, e := range list {
			at := d.Name + "/" + e.Name
			switch {
			case strings.HasSuffix(e.Name, ".pack.new"), strings.HasSuffix(e.Name, ".packs.new"):
				c.note("packs/"+at, "a crash cut a compaction off; the next start removes it")
			case twice[at]:
				c.note("packs/"+at, "a crash left it after what it holds was merged with others; the next gc removes it")
			case !files[at]:
				c.note("packs/"+at, "it is no pack, and not looked at")
			}
		}
	}
	return nil
}
