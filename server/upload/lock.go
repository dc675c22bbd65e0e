package upload

import (
	"context"

	"github.com/tus/tusd/v2/pkg/handler"
)

// locker is one that stops the holder's body before tusd asks it to let go: a read
// under way would otherwise set its deadline anew, and keep the upload until more
// bytes come.
type locker struct{ handler.Locker }

func (l locker) NewLock(id string) (handler.Lock, error) {
	inner, err := l.Locker.NewLock(id)
	return stoppingLock{inner}, err
}

type stoppingLock struct{ inner handler.Lock }

func (l stoppingLock) Lock(ctx context.Context, release func()) error {
	q := from(ctx)
	return l.inner.Lock(ctx, func() {
		if q.body != nil {
			q.body.Stop()
		}
		release()
	})
}

func (l stoppingLock) Unlock() error { return l.inner.Unlock() }
