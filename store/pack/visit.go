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
	lsn    uint64
	pack   *pack
	offset int64
	stored uint32
	crc    uint32
}

// logs are the commits and checkpoints of packs that were read: 32 bytes a commit.
type logs struct {
	commits     []logged
	checkpoints []checkpointed
}

// checkpointed is one record of a checkpoint.
type checkpointed struct {
	logged
	part Part
}

// add takes those of p. If p is sealed its index then leaves memory.
func (l *logs) add(p *pack) error {
	for i := range p.index.entries {
		e := &p.index.entries[i]
		if e.Type != Commit && e.Type != Checkpoint {
			continue
		}
		at := logged{e.LSN(), p, e.Offset, e.Stored, e.StoredCRC}
		if e.Codec != Raw || !e.Readable() {
			return fmt.Errorf("%s %d: %w: codec %d, key %d, flags %#x", e.Type, at.lsn, ErrVersion, e.Codec, e.KeyID, e.Flags)
		}
		if e.Type == Commit {
			l.commits = append(l.commits, at)
			continue
		}
		l.checkpoints = append(l.checkpoints, checkpointed{at, e.part()})
	}
	if p.sealed {
		p.index = nil
	}
	return nil
}

// whole are the checkpoints that are whole, newest first, each in the order of its records.
func (l *logs) whole() [][]logged {
	all := l.checkpoints
	slices.SortStableFunc(all, func(a, b checkpointed) int {
		return cmp.Or(cmp.Compare(b.lsn, a.lsn), bytes.Compare(a.part.Whole[:], b.part.Whole[:]), cmp.Compare(a.part.Number, b.part.Number))
	})
	var out [][]logged
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].lsn == all[0].lsn && all[n].part.Whole == all[0].part.Whole {
			n++
		}
		if isWhole(all[:n]) {
			one := make([]logged, n)
			for i := range one {
				one[i] = all[i].logged
			}
			out = append(out, one)
		}
		all = all[n:]
	}
	return out
}

func isWhole(one []checkpointed) bool {
	for i := range one {
		p := one[i].part
		if int64(p.Number) != int64(i) || i < len(one)-1 && p.Count != 0 {
			return false
		}
	}
	return int(one[len(one)-1].part.Count) == len(one)
}

// visit calls back for the checkpoints, and then for each commit, by LSN.
func (s *Set) visit(ctx context.Context, l *logs, v Visitor) error {
	r := payloads{ctx: ctx, fs: s.opt.FS}
	defer r.close()
	if v.Base != nil {
		for _, one := range l.whole() {
			taken, err := v.Base(one[0].lsn, func(use func([]byte) error) error { return r.each(Checkpoint, one, use) })
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
	return r.each(Commit, l.commits, func(payload []byte) error {
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

func (r *payloads) each(t Type, all []logged, use func([]byte) error) (err error) {
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
		e := Entry{Offset: at.offset, Stored: at.stored, StoredCRC: at.crc}
		if r.buf, err = readPayload(r.f, at.pack.id, &e, r.buf); err != nil {
			return fmt.Errorf("%s %d: %w", t, at.lsn, err)
		}
		if err := use(r.buf); err != nil {
			return err
		}
	}
	return nil
}
