package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"cairn/store/meta"
	"cairn/store/pack"
)

// What a scrub by itself does if nothing else is said.
const (
	DefaultScrubEvery = 30 * 24 * time.Hour
	DefaultScrubRate  = 16 << 20 // bytes a second
)

// ScrubOptions say how Scrub works.
type ScrubOptions struct {
	// Rate is the most bytes a second that are read; 0: as fast as the disk.
	Rate int64
	// Progress is told how many bytes of packs are done, of how many; may be nil.
	Progress func(done, total int64)
}

// Scrubbed is what Scrub found.
type Scrubbed struct {
	Packs   int   // that it has read
	Bytes   int64 // of them
	Before  int   // packs that this pass had read before it was stopped, or by the schedule
	Records int

	// Unread are the packs that could not be looked at, by their names in the data folder.
	Unread []string
	// Damage is what is damaged, first by the paths that it concerns, then by packs: at
	// most maxFindings, of Damaged.
	Damage  []Finding
	Damaged int
}

const (
	maxFindings = 10_000
	// passMay is how old a pass that was stopped may be to go on.
	passMay = 7 * 24 * time.Hour
)

// Scrub reads everything that is stored, while the store goes on being used, and says what
// is damaged, and which files, older versions, trash and uploads that concerns. Packs that
// were read longest ago come first. If an earlier call was stopped within a week, it goes on
// with those packs that this did not come to. One at a time; a second call waits.
//
// What is damaged is no longer referred to by new content: a file that is put again is
// stored anew, and reads well. Nothing else is changed, and nothing that is not damaged is
// concerned. What was found is known after a restart, too, and is told by ScrubStatus.
//
// Memory: one slab of the budget, 40 bytes a pack, a bit a record of a damaged pack. ctx's
// error, with what was read remembered; ErrClosed.
func (s *Store) Scrub(ctx context.Context, o ScrubOptions) (out Scrubbed, err error) {
	end, err := s.begin()
	if err != nil {
		return out, fail("scrub", Path(s.o.Dir), err)
	}
	defer end()
	ctx, cancel := s.untilClosed(ctx)
	defer cancel()
	leave, err := s.beginScrub(ctx)
	if err != nil {
		return out, fail("scrub", Path(s.o.Dir), err)
	}
	defer leave()
	if o.Progress == nil {
		o.Progress = func(done, total int64) {}
	}
	err = s.scrubPass(ctx, o, &out)
	return out, fail("scrub", Path(s.o.Dir), err)
}

// beginScrub keeps other scrubs waiting until leave, which saves what was found.
func (s *Store) beginScrub(ctx context.Context) (leave func(), err error) {
	select {
	case s.scrubbing <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	return func() {
		s.saveScrubs(true)
		<-s.scrubbing
	}, nil
}

func (s *Store) scrubPass(ctx context.Context, o ScrubOptions, out *Scrubbed) error {
	if err := s.meetPacks(ctx); err != nil {
		return err
	}
	unread, done, before := s.scrubs.passing(s.o.Clock(), s.packs.Packs())
	total := done
	for _, p := range unread {
		total += p.Bytes
	}
	out.Before = before
	p := &pace{rate: o.Rate}
	for _, in := range unread {
		read := int64(0)
		saw, err := s.scrubPack(ctx, in.ID, func(n int64) error {
			o.Progress(done+min(read, in.Bytes), total)
			read += n
			return p.wait(ctx, n)
		})
		if err != nil {
			return err
		}
		done += in.Bytes
		if saw.unread {
			out.Unread = append(out.Unread, s.packName(in.ID))
		}
		if saw.there && !saw.unread {
			out.Packs++
			out.Bytes += in.Bytes
			out.Records += saw.records
		}
		s.saveScrubs(false)
	}
	o.Progress(total, total)
	s.scrubs.passed() // what could not be looked at is the first of the next one
	see := func(f Finding) {
		s.logDamage(f)
		if out.Damaged++; len(out.Damage) < maxFindings {
			out.Damage = append(out.Damage, f)
		}
	}
	if err := s.damage(ctx, s.scrubs.damaged(), see); err != nil {
		return err
	}
	return s.objectDamage(ctx, see)
}

// objectDamage tells what is wrong with merged objects themselves, not with the packs in them.
func (s *Store) objectDamage(ctx context.Context, see func(Finding)) error {
	return s.packs.VerifyMerged(ctx, func(name string, err error) {
		see(Finding{Where: "packs/" + name, What: err.Error(), Do: "restore this file from a backup; the packs in it are used as long as they can be found"})
	})
}

// scrubSaw is what came of the scrub of one pack.
type scrubSaw struct {
	there   bool // it is still one of the packs
	unread  bool // it could not be looked at
	damaged bool
	records int
}

// scrubPack reads one pack, and keeps what it finds. wait is told of each read before it is
// made. An error is none of the pack.
func (s *Store) scrubPack(ctx context.Context, id meta.PackID, wait func(bytes int64) error) (saw scrubSaw, err error) {
	slabs, err := s.mem.Acquire(ctx, 1)
	if err != nil {
		return saw, err
	}
	defer s.mem.Release(slabs...)
	var bad badPack
	var first error
	saw.there = true
	out, err := s.packs.Scrub(ctx, id, pack.ScrubOptions{
		Buf:    slabs[0].Bytes,
		Decode: s.codec.DecodeFrom,
		Pace:   wait,
		Report: func(d pack.Defect) {
			if first == nil {
				first = d.Err
				if d.Type != 0 {
					first = fmt.Errorf("record %d: %w", d.Ordinal, d.Err)
				}
			}
			if !d.Lost {
				bad.flawed = true
				return
			}
			s.packs.MarkDamaged(id, d.Ordinal)
			bad.records.set(d.Ordinal, 1)
		},
	})
	switch {
	case ctx.Err() != nil:
		return saw, context.Cause(ctx)
	case errors.Is(err, pack.ErrClosed):
		return saw, err
	case errors.Is(err, pack.ErrNotFound):
		saw.there = false
		s.scrubs.forget(id)
		return saw, nil
	case errors.Is(err, fs.ErrNotExist):
		bad.missing, first = true, err
	case err != nil:
		saw.unread = true
		s.scrubs.failed(id, s.o.Clock())
		s.o.Log.Warn("a pack could not be scrubbed", "pack", s.packName(id), "err", err)
		return saw, nil
	}
	bad.partial = out.Partial
	saw.records, saw.damaged = out.Records, bad.any()
	if saw.damaged {
		s.o.Log.Error("a pack is damaged", "pack", s.packName(id), "records", bad.records.count(), "err", first)
	}
	s.scrubs.read(id, s.o.Clock(), bad)
	if in, ok := s.packs.Info(id); ok && in.Object != id && in.At == pack.FirstBlock { // once an object
		if err := s.packs.VerifyObject(ctx, in.Object); err != nil && ctx.Err() == nil {
			s.o.Log.Error("a merged object is damaged", "file", "packs/"+in.Name(), "err", err)
		}
	}
	return saw, nil
}

func (s *Store) logDamage(f Finding) {
	s.o.Log.Warn("damage", "where", f.Where, "what", f.What)
}

// ScrubStatus is how far the scrub is, and what it knows to be damaged.
type ScrubStatus struct {
	Every time.Duration // in which each pack is to be read once
	Packs int
	Bytes int64
	Fresh int       // packs that were written or read within Every
	Last  time.Time // when a pack was read last; zero: none ever was
	// Oldest is when the pack was written, or read, that waits longest; zero if there is none,
	// or that is not known.
	Oldest  time.Time
	Damage  []Finding // as in Scrubbed
	Damaged int
}

// ScrubStatus tells how far the scrub is. Paths of what is damaged are those of now: what
// was put again, or removed for good, is not among them any more. May be called
// concurrently, beside a Scrub too. ErrClosed.
func (s *Store) ScrubStatus(ctx context.Context) (out ScrubStatus, err error) {
	end, err := s.begin()
	if err != nil {
		return out, fail("scrub", Path(s.o.Dir), err)
	}
	defer end()
	ctx, cancel := s.untilClosed(ctx)
	defer cancel()
	if err := s.meetPacks(ctx); err != nil {
		return out, fail("scrub", Path(s.o.Dir), err)
	}
	out.Every = s.o.ScrubEvery
	if out.Every <= 0 {
		out.Every = DefaultScrubEvery
	}
	s.scrubs.status(&out, s.o.Clock(), s.packs.Packs())
	err = s.damage(ctx, s.scrubs.damaged(), func(f Finding) {
		if out.Damaged++; len(out.Damage) < maxFindings {
			out.Damage = append(out.Damage, f)
		}
	})
	return out, fail("scrub", Path(s.o.Dir), err)
}

// sawDamage keeps what a reader has found, as if a scrub had.
func (s *Store) sawDamage(id meta.PackID, ordinal uint32) {
	s.packs.MarkDamaged(id, ordinal)
	s.scrubs.saw(id, ordinal)
}
