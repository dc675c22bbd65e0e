package pack

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"

	"cairn/store/object"
)

// Visitor is told of the commits and checkpoints that Recover finds. Either may be nil.
type Visitor struct {
	// Base is offered the whole checkpoints, newest first, before any commit, until it
	// takes one. each calls use with the payload of every record of it, in their order;
	// what it returns is an error of use, or of reading: ErrCorrupt if it is damage.
	Base func(lsn uint64, each func(use func(payload []byte) error) error) (taken bool, err error)
	// Commit is told every commit.
	Commit func(lsn uint64, payload []byte) error
}

// logged is where a commit or a record of a checkpoint lies.
type logged struct {
	lsn   uint64
	pack  *pack
	entry Entry
}

// logs are the commits and checkpoints of packs that were read.
type logs struct{ commits, checkpoints []logged }

// add takes those of p. If p is sealed its index then leaves memory.
func (l *logs) add(p *pack) error {
	for i := range p.index.entries {
		e := p.index.entries[i]
		if e.Type != Commit && e.Type != Checkpoint {
			continue
		}
		at := logged{lsn: e.LSN(), pack: p, entry: e}
		if e.Codec != Raw || !e.Readable() {
			return fmt.Errorf("%s %d: %w: codec %d, key %d, flags %#x", e.Type, at.lsn, ErrVersion, e.Codec, e.KeyID, e.Flags)
		}
		if e.Type == Commit {
			l.commits = append(l.commits, at)
			continue
		}
		l.checkpoints = append(l.checkpoints, at)
	}
	if p.sealed {
		p.index = nil
	}
	return nil
}

// whole are the checkpoints that are whole, newest first, each in the order of its records.
func (l *logs) whole() [][]logged {
	all := l.checkpoints
	slices.SortStableFunc(all, func(a, b logged) int {
		p, q := a.entry.part(), b.entry.part()
		return cmp.Or(cmp.Compare(b.lsn, a.lsn), bytes.Compare(p.Whole[:], q.Whole[:]), cmp.Compare(p.Number, q.Number))
	})
	var out [][]logged
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].lsn == all[0].lsn && all[n].entry.part().Whole == all[0].entry.part().Whole {
			n++
		}
		if one := all[:n]; isWhole(one) {
			out = append(out, one)
		}
		all = all[n:]
	}
	return out
}

func isWhole(one []logged) bool {
	for i := range one {
		p := one[i].entry.part()
		if int64(p.Number) != int64(i) || i < len(one)-1 && p.Count != 0 {
			return false
		}
	}
	return int(one[len(one)-1].entry.part().Count) == len(one)
}

// visit calls back for the checkpoints, and then for each commit, by LSN.
func (s *Set) visit(ctx context.Context, l *logs, v Visitor) error {
	r := payloads{ctx: ctx, fs: s.opt.FS}
	defer r.close()
	if v.Base != nil {
		for _, one := range l.whole() {
			taken, err := v.Base(one[0].lsn, func(use func([]byte) error) error { return r.each(one, use) })
			if err != nil {
				return err
			}
			if taken {
				break
			}
		}
	}
	slices.SortStableFunc(l.commits, func(a, b logged) int { return cmp.Compare(a.lsn, b.lsn) })
	if v.Commit == nil {
		return nil
	}
	at := 0
	return r.each(l.commits, func(payload []byte) error {
		at++
		return v.Commit(l.commits[at-1].lsn, payload)
	})
}

// payloads reads records one after the other.
type payloads struct {
	ctx context.Context
	fs  object.FS
	of  *pack
	f   object.File
	buf []byte
}

func (r *payloads) close() {
	if r.f != nil {
		r.f.Close()
	}
	r.of, r.f = nil, nil
}

func (r *payloads) each(all []logged, use func([]byte) error) (err error) {
	for i := range all {
		at := &all[i]
		if err := r.ctx.Err(); err != nil {
			return err
		}
		if at.pack != r.of {
			r.close()
			if r.f, err = r.fs.Open(at.pack.path, os.O_RDONLY); err != nil {
				return err
			}
			r.of = at.pack
		}
		if r.buf, err = readPayload(r.f, at.pack.id, &at.entry, r.buf); err != nil {
			return fmt.Errorf("%s %d: %w", at.entry.Type, at.lsn, err)
		}
		if err := use(r.buf); err != nil {
			return err
		}
	}
	return nil
}
