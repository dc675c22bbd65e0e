package api

import (
	"context"

	"cairn/store"
)

// movedOffset says how much of an upload is durable now.
type movedOffset struct {
	ID     string `json:"id"`
	Offset int64  `json:"offset"`
}

// offsets follow the account's uploads that bytes arrive for, for one stream.
type offsets struct {
	a    *API
	sc   store.Scope
	told map[store.UploadID]int64 // of those that bytes arrived for at the last look
}

// begun is closed as soon as there is something to look at.
func (o *offsets) begun() <-chan struct{} { return o.a.o.Underway.Begun(o.sc) }

// look says what has moved since the last look, of eventUploads at most. idle: no bytes arrive
// for any of them, so that the next look need not come before more have begun. What has ended
// since the last look is looked at once more.
func (o *offsets) look(ctx context.Context) (moved []movedOffset, idle bool) {
	now := map[store.UploadID]int64{}
	looked := 0
	see := func(id store.UploadID, before int64) {
		looked++
		runs := o.a.o.Underway.Has(o.sc, id) // first: if not, what is there now is the last
		u, err := o.a.o.Store.GetUpload(ctx, o.sc, id)
		if at := u.Offset(); err == nil && !u.Finished && at > before {
			moved = append(moved, movedOffset{id.String(), at})
			before = at
		}
		if runs {
			now[id] = before
		}
	}
	for id, before := range o.told {
		see(id, before)
	}
	for _, id := range o.a.o.Underway.List(o.sc, 2*eventUploads) {
		if _, known := o.told[id]; !known && looked < eventUploads {
			see(id, 0)
		}
	}
	o.told = now
	return moved, len(now) == 0
}
