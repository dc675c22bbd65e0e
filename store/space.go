package store

import "time"

// diskReserve is left free on the disk for the database and for deletions.
const diskReserve = 64 << 20

// diskFree is the bytes of content that the disk still takes.
func (s *Store) diskFree() (int64, error) {
	free, _, err := s.fs.Space(s.o.Dir)
	return max(0, free-diskReserve), err
}

// roughFree is diskFree as it was a moment ago, as long as that leaves plenty: small
// files come too fast to ask the disk about each.
func (s *Store) roughFree() (int64, error) {
	free, err := s.roughSpace()
	return max(0, free-diskReserve), err
}

// plenty is what nobody writes in the moment for which it is believed.
const plenty = 4 << 30

// plentyFree reports whether the disk has so much that nothing need be asked.
func (s *Store) plentyFree() bool {
	free, err := s.roughSpace()
	return err == nil && free >= plenty
}

// roughSpace is the bytes that the disk has free, as they were a moment ago if that was plenty.
func (s *Store) roughSpace() (int64, error) {
	const moment = 100 * time.Millisecond
	now := s.o.Clock()
	if f := s.free.Load(); f != nil && f.bytes >= plenty && now.Sub(f.at).Abs() < moment {
		return f.bytes, nil
	}
	free, _, err := s.fs.Space(s.o.Dir)
	if err == nil {
		s.free.Store(&freeAt{free, now})
	}
	return free, err
}

// freeAt is what the disk had free, and when.
type freeAt struct {
	bytes int64
	at    time.Time
}
