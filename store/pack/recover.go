package pack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"

	"cairn/store/meta"
	"cairn/store/object"
)

// Recover reads every pack for which sealed returns false: its footer if that is
// whole, else its records. Torn tails are cut off. What it found is durable before it
// calls v.Base and then v.Commit, once for each COMMIT record in these packs, in the order
// of their LSNs (then packs, ordinals); payload is valid during the call. By then Entries
// and Read work. An error of v ends Recover and is returned.
//
// No pack of an earlier run is appended to: if its last record was lost, by damage or
// by a disk that lied, the ordinal would be given again, and a row that refers to the
// old record would show the new. Whole packs are sealed now and reported to OnSealed
// after the visits, as is a pack that has a whole footer already. A
// pack where whole records follow damage is Damaged: nothing of it is cut, nothing is
// appended, it is not sealed, and what was found can be read. A pack of at most a torn
// header is removed; one of a whole header and no record stays, sealed, for gc: if a disk has lied, it
// had records, and its number must not be given again. ErrVersion, ErrForeign: nothing can be written to this store.
//
// A damaged pack may also be one that lost power with writes in flight. Its commits
// are visited too: check that what they refer to is there, and no pad, before believing
// them. Lost lists such packs, and Mend makes them whole, if nothing needs what is lost.
func (s *Set) Recover(ctx context.Context, sealed func(meta.PackID) bool, v Visitor) error {
	var (
		open []*pack
		logs logs
	)
	dirs := map[string]bool{}
	var unknown []*pack
	var done, total int64
	for _, p := range s.sorted() {
		if !sealed(p.id) {
			unknown = append(unknown, p)
			total += p.info().Bytes
		}
	}
	for _, p := range unknown {
		if s.opt.Progress != nil {
			s.opt.Progress(done, total)
		}
		done += p.info().Bytes
		keep, err := s.reopen(ctx, p)
		if err != nil {
			return fmt.Errorf("recover pack %s: %w", name(p.id), err)
		}
		dirs[filepath.Dir(p.path)] = true
		if keep {
			open = append(open, p)
			if err := logs.add(p); err != nil {
				return fmt.Errorf("recover pack %s: %w", name(p.id), err)
			}
		}
	}
	for _, path := range s.cut {
		if err := s.opt.FS.Remove(path); err != nil {
			s.opt.Log.Warn("what a crash left of a compaction stays for now", "file", path, "err", err)
		}
	}
	s.cut = nil
	if err := s.syncDirs(dirs); err != nil {
		return err
	}
	if err := s.visit(ctx, &logs, v); err != nil {
		return err
	}
	if err := s.resume(ctx, open); err != nil {
		return err
	}
	s.mendHints()
	return nil
}

// syncDirs flushes the names of what was found: the process that made them may have
// died before it did.
func (s *Set) syncDirs(dirs map[string]bool) error {
	if len(dirs) > 0 {
		dirs[s.opt.Dir] = true
	}
	for dir := range dirs {
		if err := s.opt.FS.SyncDir(dir); err != nil {
			return err
		}
	}
	return nil
}

// reopen reads one pack. keep is false if it held nothing and was removed.
func (s *Set) reopen(ctx context.Context, p *pack) (keep bool, err error) {
	f, err := s.openWritable(p)
	if p.in != nil && errors.Is(err, ErrCorrupt) {
		s.opt.Log.Error("damaged pack", "pack", name(p.id), "object", p.path, "err", err)
		p.mu.Lock()
		defer p.mu.Unlock()
		p.index, p.damaged, p.sealed, p.frozen = &index{}, true, false, true
		return true, nil
	}
	if err != nil {
		return false, err
	}
	keep, err = s.examine(ctx, p, f)
	if err != nil || !keep || p.file == nil {
		err = errors.Join(err, f.Close())
	}
	if err == nil && !keep {
		s.mu.Lock()
		delete(s.packs, p.id)
		s.mu.Unlock()
		return false, s.opt.FS.Remove(p.path)
	}
	return keep, err
}

// openWritable opens the file of p as Recover may change it: none in a merged object, which
// is whole or damaged.
func (s *Set) openWritable(p *pack) (object.File, error) {
	if p.in != nil {
		return s.open(p)
	}
	return s.opt.FS.Open(p.path, os.O_RDWR)
}

func (s *Set) examine(ctx context.Context, p *pack, f object.File) (keep bool, err error) {
	size, err := f.Size()
	if err != nil {
		return false, err
	}
	h, herr := s.header(f, p.id)
	if herr != nil && !errors.Is(herr, ErrCorrupt) {
		return false, herr
	}
	if herr != nil && size <= HeaderBytes && p.in == nil {
		return false, nil // never used: a header is flushed before the first record
	}
	var x *index
	if herr == nil {
		if x, err = readFooter(f, size, &h); err != nil && !errors.Is(err, ErrCorrupt) {
			return false, err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.header = h
	ours := h.roCompat == 0 && p.in == nil // to be changed
	if x != nil {
		// The footer was flushed together with the last records: look at them too.
		p.index, p.size, p.sealed = x, size, true
		next, end := x.extent()
		bad, heads, err := dropBad(ctx, f, x, h.marker)
		if err == nil && ours {
			err = rewrite(f, h.marker, heads)
		}
		if err != nil {
			return false, err
		} else if bad > 0 {
			p.damaged, p.sealed = true, false
			s.opt.Log.Error("damaged pack", "pack", name(p.id), "records lost", bad)
			if ours && h.generation == 0 {
				p.lost = x.losses(p.id, next, end)
			}
		}
	} else {
		found, err := scan(ctx, f, size, &h)
		if err == nil && found.unread != nil {
			err = unreadable(found.unread)
		}
		if err != nil {
			return false, err
		}
		p.index, p.damaged, p.sealed = &found.index, found.damaged || herr != nil || p.in != nil, false
		p.size = size
		if p.damaged {
			s.opt.Log.Error("damaged pack", "pack", name(p.id), "whole records", len(found.index.entries))
			if herr == nil && ours && h.generation == 0 {
				p.lost = found.index.losses(p.id, 0, found.end)
			}
		} else if ours {
			p.size = found.end
			if found.torn {
				s.opt.Log.Warn("torn tail cut off", "pack", name(p.id), "bytes", size-found.end)
			}
			if found.end < size {
				if err := f.Truncate(found.end); err != nil {
					return false, err
				}
			}
			p.file = f
		}
	}
	p.flushed = p.size
	p.frozen = p.file == nil
	p.records = len(p.index.entries)
	p.firstLSN, p.lastLSN = p.index.lsns()
	return true, f.Sync()
}

// unreadable is why a pack that may hold the newest commits ends Recover: what cannot be
// read is not dead, and a commit that is passed over now would be lost for good, since
// the next one would get its number.
func unreadable(err error) error {
	return fmt.Errorf("it cannot be read, and may hold commits that nothing else has; check the disk, or restore this file: %w", err)
}

// extent is the ordinal behind the last record, and where that ends.
func (x *index) extent() (next uint32, end int64) {
	if n := len(x.entries); n > 0 {
		return x.entries[n-1].Ordinal + 1, x.entries[n-1].end()
	}
	return 0, HeaderBytes
}

// dropBad takes the entries out of x whose payload is not what its checksum says, and
// returns how many these were, and those that lack nothing but the header before them.
func dropBad(ctx context.Context, f object.File, x *index, m marker) (bad int, heads []Entry, err error) {
	buf := make([]byte, 0, BlockBytes)
	before := len(x.entries)
	var fault error
	x.entries = slices.DeleteFunc(x.entries, func(e Entry) bool {
		for i, want := range x.crcs(&e) {
			if fault = cmp.Or(fault, ctx.Err()); fault != nil {
				return false
			}
			n := min(BlockBytes, int(e.Stored)-i*BlockBytes)
			got, err := readBlock(f, buf[:n], e.Offset+int64(i)*BlockBytes)
			if err != nil && !errors.Is(err, ErrCorrupt) {
				fault = unreadable(err)
				return false
			}
			if err != nil || got != want {
				return true
			}
		}
		if fault != nil {
			return false
		}
		head := buf[:RecordBytes]
		if err := readFull(f, head, e.Offset-RecordBytes); err != nil {
			fault = unreadable(err)
			return false
		}
		got, ok := parseRecord(head, m)
		if got.Offset, got.block = e.Offset, e.block; !ok || got != e {
			heads = append(heads, e)
		}
		return false
	})
	return before - len(x.entries), heads, fault
}

// rewrite writes headers of records again, whose entries and payloads are whole.
func rewrite(f object.File, m marker, heads []Entry) error {
	for i := range heads {
		var head [RecordBytes]byte
		putRecord(head[:], m, &heads[i])
		if _, err := f.WriteAt(head[:], heads[i].Offset-RecordBytes); err != nil {
			return err
		}
	}
	return nil
}

// resume seals the packs that are not sealed, before anything else is written, and
// reports them and those that are. One that cannot be sealed stays as it is, frozen.
func (s *Set) resume(ctx context.Context, open []*pack) error {
	for _, p := range open {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !p.sealed && p.frozen {
			continue
		}
		if !p.sealed {
			if err := s.seal(p); err != nil {
				s.opt.Log.Warn("pack not sealed", "pack", name(p.id), "err", err)
				continue
			}
		} else {
			s.learnSealed(ctx, p)
		}
		if s.opt.OnSealed != nil {
			s.work.Go(func() { s.opt.OnSealed(p.info()) })
		}
	}
	return nil
}

// readBlock reads and sums a piece of a payload.
func readBlock(f object.File, b []byte, off int64) (uint32, error) {
	err := readFull(f, b, off)
	return crc32.Checksum(b, castagnoli), err
}
