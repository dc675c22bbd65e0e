package store

import (
	"context"
	"time"
)

// StoreUse is what a whole store takes, in bytes, for who runs it.
type StoreUse struct {
	Packs  int   // that there are now
	Stored int64 // of all packs, headers and footers included
	// Survey is what the last collection that got as far found, or left; nil: there was none
	// since the store was opened.
	Survey              *Survey
	DiskFree, DiskTotal int64
	Ballast             int64 // of the file that is set aside; 0: there is none now
	BallastWanted       int64 // what is set aside when there is room
}

// Survey is what packs held at one moment.
type Survey struct {
	Space
	At time.Time
	// Full: Reclaimable is what GC with that option gives back.
	Full bool
}

// StoreUse implements API.
func (s *Store) StoreUse(context.Context) (u StoreUse, err error) {
	for _, p := range s.packs.Packs() {
		u.Packs++
		u.Stored += p.Bytes
	}
	if v := s.surveyed.Load(); v != nil {
		now := *v
		u.Survey = &now
	}
	u.BallastWanted = max(0, s.o.Ballast)
	if u.DiskFree, u.DiskTotal, err = s.fs.Space(s.o.Dir); err != nil {
		return u, fail("store use", Path(s.o.Dir), err)
	}
	s.ballast.Lock()
	defer s.ballast.Unlock()
	u.Ballast, err = s.ballastBytes()
	return u, fail("store use", Path(s.o.Dir), err)
}
