package store

import (
	"context"
	"time"
)

// pace spreads work over time: so many bytes a second, 0: as many as there are. For one
// caller.
type pace struct {
	rate int64
	free time.Time // when what was begun before is paid for
}

// wait returns when the next n bytes may be begun, or with the cause of ctx.
func (p *pace) wait(ctx context.Context, n int64) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if p.rate <= 0 {
		return nil
	}
	now := time.Now()
	begin := p.free
	if begin.Before(now) {
		begin = now
	}
	p.free = begin.Add(time.Duration(float64(n) / float64(p.rate) * float64(time.Second)))
	if begin.Equal(now) {
		return nil
	}
	t := time.NewTimer(begin.Sub(now))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
