package meta

import (
	"sync"
	"time"
)

// Stats tells what the committer has done since Start.
type Stats struct {
	Batches  int           // with a commit record
	Held     int           // of them, answered before their COMMIT
	Changes  int           // plans in them
	Bytes    int64         // of commit records
	Planning time.Duration // from BEGIN until the record was encoded
	Flushing time.Duration // until the record was durable and the rows were in
	Commit   time.Duration // in COMMIT
	Longest  time.Duration // the longest that one transaction held the writer, its flush left out
	Restarts int           // how often the log of the database began anew
	Restart  time.Duration // the longest that this kept the committer
}

type stats struct {
	mu sync.Mutex
	Stats
}

// Stats tells what the committer has done so far.
func (d *DB) Stats() Stats {
	d.stats.mu.Lock()
	defer d.stats.mu.Unlock()
	return d.stats.Stats
}

// lap is the times of one batch.
type lap struct{ begin, planned, durable, end time.Time }

func (s *stats) note(l lap, changes, bytes int, held bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Batches++
	if held {
		s.Held++
	}
	s.Changes += changes
	s.Bytes += int64(bytes)
	s.Planning += l.planned.Sub(l.begin)
	s.Flushing += l.durable.Sub(l.planned)
	s.Commit += l.end.Sub(l.durable)
	s.Longest = max(s.Longest, l.end.Sub(l.begin)-l.durable.Sub(l.planned))
}

func (s *stats) restarted(begin time.Time, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ok {
		s.Restarts++
	}
	s.Restart = max(s.Restart, time.Since(begin))
}
