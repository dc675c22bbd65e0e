package pack

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"

	"cairn/store/object"
)

// Visitor is told of the commits and checkpoints that Recover finds. Either may be nil.
type Visitor struct {
	// Base is offered the whole checkpoints, newest first, before any commit, until it
	// takes one. has tells whether all commits behind one up to another are in these packs.
	// each calls use with the payload of every record of it, in their order; what it returns is
	// an error of use, or of reading: ErrCorrupt if it is damage.
	Base func(lsn uint64, has func(after, upto uint64) bool, each func(use func(payload []byte) error) error) (taken bool, err error)
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
		l.checkpoints = append(l.checkpoints, checkpointed{at, e.Part()})
	}
	if p.sealed {
		p.index = nil
	}
	return nil
}

// whole are the checkpoints that are whole, newest first, each in the order of its records.
func (l *logs) whole() (out [][]logged) {
	parts := make([]CheckpointPart, len(l.checkpoints))
	for i, c := range l.checkpoints {
		parts[i] = CheckpointPart{c.lsn, c.part}
	}
	for _, whole := range WholeCheckpoints(parts) {
		one := make([]logged, len(whole))
		for i, at := range whole {
			one[i] = l.checkpoints[at].logged
		}
		out = append(out, one)
	}
	return out
}

// CheckpointPart is what a record of a checkpoint says of itself.
type CheckpointPart struct {
	LSN uint64
	Part
}

// WholeCheckpoints finds the checkpoints of which all records are there, newest first: the
// positions of the records of each, in their order.
func WholeCheckpoints(parts []CheckpointPart) (out [][]int) {
	order := make([]int, len(parts))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		a, b := &parts[i], &parts[j]
		return cmp.Or(cmp.Compare(b.LSN, a.LSN), bytes.Compare(a.Whole[:], b.Whole[:]), cmp.Compare(a.Number, b.Number))
	})
	for len(order) > 0 {
		n := 1
		for n < len(order) && parts[order[n]].LSN == parts[order[0]].LSN && parts[order[n]].Whole == parts[order[0]].Whole {
			n++
		}
		if isWhole(parts, order[:n]) {
			out = append(out, order[:n:n])
		}
		order = order[n:]
	}
	return out
}

func isWhole(parts []CheckpointPart, one []int) bool {
	for i, at := range one {
		if p := &parts[at]; int64(p.Number) != int64(i) || i < len(one)-1 && p.Count != 0 {
			return false
		}
	}
	return int(parts[one[len(one)-1]].Count) == len(one)
}

// visit calls back for the checkpoints, and then for each commit, by LSN.
func (s *Set) visit(ctx context.Context, l *logs, v Visitor) error {
	r := payloads{ctx: ctx, set: s}
	defer r.close()
	slices.SortStableFunc(l.commits, func(a, b logged) int { return cmp.Compare(a.lsn, b.lsn) })
	has := func(after, upto uint64) bool {
		for i := range l.commits {
			if l.commits[i].lsn == after+1 {
				after++
			}
		}
		return after >= upto
	}
	if v.Base != nil {
		for _, one := range l.whole() {
			taken, err := v.Base(one[0].lsn, has, func(use func([]byte) error) error { return r.each(Checkpoint, one, use) })
			if err != nil {
				return err
			}
			if taken {
				break
			}
		}
	}
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
	set *Set
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
			if r.f, err = r.set.open(at.pack); err != nil {
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
