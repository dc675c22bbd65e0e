package store

import "context"

// historyReserve is what history gives way to on the disk, unless that is small.
const historyReserve = 1 << 30

// pressure is what was released for the sake of the disk and did not show there yet: the
// bytes come back some time later, or never, if others share them.
type pressure struct {
	free     int64 // on the disk, when it was looked at last
	released int64 // since, or before, without a sign of it
}

// lacking is what is to be released, with so much free of so much.
func (p *pressure) lacking(free, total int64) int64 {
	if total <= 0 || free < 0 { // nobody knows
		return 0
	}
	if free > p.free {
		p.released = max(0, p.released-(free-p.free))
	}
	p.free = free
	return max(0, min(historyReserve, total/20)-free-p.released)
}

// relieve releases history if the disk is nearly full. What it cannot tell is no reason.
func (s *Store) relieve(ctx context.Context) (Pruned, error) {
	free, total, err := s.fs.Space(s.o.Dir)
	if err != nil {
		s.o.Log.Warn("the disk does not tell what is free: no history is released", "err", err)
		return Pruned{}, nil
	}
	lacking := s.full.lacking(free, total)
	if lacking == 0 {
		return Pruned{}, nil
	}
	did, err := s.Prune(ctx, PruneOptions{Free: lacking})
	s.full.released += did.Bytes
	return did, err
}
