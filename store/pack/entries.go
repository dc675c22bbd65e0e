package pack

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"cairn/store/meta"
)

// EachEntry calls see with the index entries of all records of a pack, in the order of
// ordinals. Of a sealed pack it reads one page of the footer after the other, past the
// cache; see must not keep the entry. After an error it may have been called for some.
// ErrNotFound; ErrCorrupt if the pack is not whole.
func (s *Set) EachEntry(ctx context.Context, id meta.PackID, see func(*Entry)) error {
	var after int64 = -1 // ordinal of the last that was seen, should the pack be replaced meanwhile
	return s.current(id, func(p *pack) error {
		return s.eachEntry(ctx, p, func(e *Entry) {
			if int64(e.Ordinal) > after {
				after = int64(e.Ordinal)
				see(e)
			}
		})
	})
}

func (s *Set) eachEntry(ctx context.Context, p *pack, see func(*Entry)) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	p.mu.Lock()
	if x := p.index; x != nil {
		entries := slices.Clone(x.entries) // of an open pack: not many
		damaged := p.damaged
		p.mu.Unlock()
		if damaged {
			return fmt.Errorf("pack %s: %w", name(p.id), ErrCorrupt)
		}
		for i := range entries {
			see(&entries[i])
		}
		return nil
	}
	p.mu.Unlock()
	r := footerReader{set: s, pack: p}
	defer func() { r.done(err) }()
	t, err := r.trailer()
	if err == nil {
		err = r.open()
	}
	b := make([]byte, pageBytes)
	for n := 0; err == nil && int64(n) < pagesOf(t.records, pageEntries); n++ {
		if err = ctx.Err(); err != nil {
			break
		}
		if err = readFull(r.file, b, t.offset+int64(n)*pageBytes); err != nil {
			break
		}
		var page []Entry
		page, err = parseEntries(b, t, n)
		for i := range page {
			see(&page[i])
		}
	}
	return err
}

// Summary is what the trailer of a sealed pack says of it, and the size of its file.
// ErrNotFound; ErrCorrupt if it has no whole trailer, or is open.
func (s *Set) Summary(ctx context.Context, id meta.PackID) (in Info, err error) {
	err = s.current(id, func(p *pack) (err error) {
		if err := ctx.Err(); err != nil {
			return err
		}
		r := footerReader{set: s, pack: p}
		defer func() { r.done(err) }()
		t, err := r.trailer()
		if err != nil {
			return err
		}
		in = p.info()
		if !in.Sealed || in.Damaged {
			return fmt.Errorf("pack %s: %w", name(id), ErrCorrupt)
		}
		in.Records, in.Generation = int(t.records), t.generation
		in.FirstLSN, in.LastLSN = t.firstLSN, t.lastLSN
		return nil
	})
	return in, err
}

// Room is what records of a pack take, with its header, footer and trailer: what a
// compacted pack would have in bytes. The zero value is that of a pack without records.
type Room struct {
	records, blocks uint32
	bytes           int64
}

// Add counts one record.
func (r *Room) Add(e *Entry) {
	r.records++
	r.blocks += uint32(e.blocks())
	r.bytes += RecordBytes + pad8(int64(e.Stored))
}

// Records is how many were counted.
func (r *Room) Records() int { return int(r.records) }

// Bytes is the size of a sealed pack of these records; 0 if there is none.
func (r *Room) Bytes() int64 {
	if r.records == 0 {
		return 0
	}
	return HeaderBytes + r.bytes + footerBytes(r.records, r.blocks) + trailerBytes
}

// Merged is what they take in a merged object; 0 if there is none.
func (r *Room) Merged() int64 {
	if r.records == 0 {
		return 0
	}
	runs := r.runs()
	n := int64(blockHeadBytes + 8*len(runs) + 8)
	for _, x := range runs {
		n += x.n
	}
	return n
}

// SealOpen seals an open pack that nobody has leased, so that it can be compacted or
// dropped, and reports it to OnSealed before it returns. False, with nothing done, if it
// is not the pack of a lane that is free; the small lane always is.
func (s *Set) SealOpen(ctx context.Context, id meta.PackID) (bool, error) {
	l := s.laneOf(id)
	if l == nil {
		return false, nil
	}
	select {
	case l.lock <- struct{}{}:
	case <-ctx.Done():
		return false, ctx.Err()
	}
	p := l.cur
	if p == nil || p.id != id || !p.usable() {
		<-l.lock
		return false, nil
	}
	select {
	case s.sealing <- struct{}{}:
	case <-ctx.Done():
		<-l.lock
		return false, ctx.Err()
	}
	l.cur = nil
	<-l.lock
	err := s.seal(p)
	<-s.sealing
	if err != nil {
		if errors.Is(err, ErrLaneFailed) {
			s.forgetFresh(p)
		}
		return false, err
	}
	if s.opt.OnSealed != nil {
		s.opt.OnSealed(p.info())
	}
	return true, nil
}

// Settle waits for the seals that are under way. OnSealed may not have been told yet.
func (s *Set) Settle(ctx context.Context) error {
	for range cap(s.sealing) {
		select {
		case s.sealing <- struct{}{}:
			defer func() { <-s.sealing }()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// laneOf is the lane that has an open pack, if nobody has leased it.
func (s *Set) laneOf(id meta.PackID) *Lane {
	s.mu.Lock()
	var free []*Lane
	for _, l := range append([]*Lane{s.small}, s.lanes...) {
		if l.users == 0 {
			free = append(free, l)
		}
	}
	closed := s.closed
	s.mu.Unlock()
	if closed {
		return nil
	}
	for _, l := range free {
		if l.Pack() == id {
			return l
		}
	}
	return nil
}
