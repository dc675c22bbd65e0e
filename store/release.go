package store

import (
	"context"
	"time"

	"cairn/store/meta"
)

// past is one thing that may be released: a version, or an entry of the trash.
type past struct {
	number  int64 // of the change that made it the past
	at      time.Time
	version meta.OldVersion
	trashed Trashed // if the version is none
}

// source is the history of a space, oldest first.
type source struct {
	space SpaceID
	line  *line
	after int64 // what was read
	some  []past
	over  bool // nothing follows
}

// fill reads on if need be.
func (p *pruner) fill(ctx context.Context, src *source) error {
	for len(src.some) == 0 && !src.over {
		var vs []meta.OldVersion
		var ts []Trashed
		err := p.s.db.View(ctx, func(r *meta.Reader) (err error) {
			if vs, err = r.OldVersions(src.space, src.after, prunePage); err == nil {
				err = dated(r, src.space, vs)
			}
			if err == nil {
				ts, err = r.TrashAfter(src.space, src.after, prunePage)
			}
			return err
		})
		if err != nil {
			return err
		}
		upto := int64(1<<63 - 1) // what is read of both
		if len(vs) == prunePage {
			upto = vs[len(vs)-1].Until
		}
		if len(ts) == prunePage {
			upto = min(upto, ts[len(ts)-1].Seq)
		}
		src.some = merge(vs, ts, upto)
		src.over = upto == 1<<63-1
		src.after = upto
		k, over := src.line.due(len(src.some), func(i int) time.Time { return src.some[i].at }, p.keep.Minimum)
		src.some, src.over = src.some[:k], src.over || over
	}
	return nil
}

// merge puts versions and trash in the order in which they became the past.
func merge(vs []meta.OldVersion, ts []Trashed, upto int64) (out []past) {
	for len(vs) > 0 || len(ts) > 0 {
		var x past
		if len(ts) == 0 || len(vs) > 0 && vs[0].Until <= ts[0].Seq {
			x = past{number: vs[0].Until, at: vs[0].At, version: vs[0]}
			vs = vs[1:]
		} else {
			x = past{number: ts[0].Seq, at: ts[0].Deleted, trashed: ts[0]}
			ts = ts[1:]
		}
		if x.number > upto {
			break
		}
		out = append(out, x)
	}
	return out
}

// release drops the oldest of the history of some spaces until so many bytes are
// released, or only the minimum is left.
func (p *pruner) release(ctx context.Context, spaces []meta.Space, bytes int64) error {
	var sources []*source
	for _, sp := range spaces {
		sources = append(sources, &source{space: sp.ID, line: p.ages.line()})
	}
	for end := p.did.Bytes + bytes; p.did.Bytes < end; {
		var oldest *source
		for _, src := range sources {
			if err := p.fill(ctx, src); err != nil {
				return err
			}
			if len(src.some) > 0 && (oldest == nil || src.some[0].at.Before(oldest.some[0].at)) {
				oldest = src
			}
		}
		if oldest == nil {
			return nil
		}
		if err := p.releaseFrom(ctx, oldest, sources, end-p.did.Bytes); err != nil {
			return err
		}
	}
	return nil
}

// releaseFrom drops an entry of the trash, or as many versions as are enough and older
// than what others have.
func (p *pruner) releaseFrom(ctx context.Context, src *source, all []*source, bytes int64) error {
	first := src.some[0]
	if first.trashed.Node != 0 {
		src.some = src.some[1:]
		return p.dropTrash(ctx, []Trashed{first.trashed})
	}
	var vs []meta.OldVersion
	for _, x := range src.some {
		if x.trashed.Node != 0 || bytes <= 0 {
			break
		}
		if len(vs) > 0 && olderElsewhere(x.at, src, all) {
			break
		}
		bytes -= x.version.Size
		vs = append(vs, x.version)
	}
	src.some = src.some[len(vs):]
	return p.dropVersions(ctx, vs)
}

func olderElsewhere(at time.Time, src *source, all []*source) bool {
	for _, other := range all {
		if other != src && len(other.some) > 0 && other.some[0].at.Before(at) {
			return true
		}
	}
	return false
}
