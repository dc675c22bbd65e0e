package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"cairn/store"
)

// The bounds of a stream of events.
const (
	eventBeat    = 15 * time.Second       // something is sent at least so often
	eventPause   = 100 * time.Millisecond // between two events, which gathers what changes together
	eventLife    = 2 * time.Minute        // then the client comes again, and its session is looked at
	eventRetry   = time.Second            // after so long
	eventFolders = 100                    // named in one event; of more: all
	eventChanges = 1000                   // looked at for one event
)

// changedEvent says where something has changed: the folders whose members did.
type changedEvent struct {
	Folders []string `json:"folders"`
	All     bool     `json:"all"` // too much, or nobody knows: anything may have
}

// events tells what changes in the caller's space, as it happens (server-sent events of the
// HTML standard). The id of each is the moment that it tells of, so that who comes again
// with Last-Event-ID, which browsers do by themselves, misses nothing.
func (a *API) events(q *request) error {
	if _, err := q.query(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(q.r.Context(), eventLife)
	defer cancel()
	if a.o.Closing != nil {
		go func() {
			select {
			case <-a.o.Closing:
				cancel()
			case <-ctx.Done():
			}
		}()
	}
	at, err := a.o.Store.SyncPoint(ctx, q.sc)
	if err != nil {
		return err
	}
	h := q.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // nginx keeps it back else
	q.w.WriteHeader(http.StatusOK)
	said := at.String()
	if last := q.r.Header.Get("Last-Event-ID"); last != "" {
		if since, ok := store.ParseSyncPoint(last); ok {
			at = since
		} else {
			at.Epoch = -1 // what has changed since nobody knows
		}
		said = last
	}
	if _, err := fmt.Fprintf(q.w, "retry: %d\n", eventRetry.Milliseconds()); err != nil {
		return nil
	}
	if err := q.event("hello", said, struct{}{}); err != nil {
		return nil
	}
	for {
		now, err := a.await(ctx, q, at)
		switch {
		case err != nil:
			return nil // the client comes again, or has left
		case now == at:
			continue
		}
		ev := a.changedSince(ctx, q.sc, at, &now)
		if ctx.Err() != nil {
			return nil
		}
		if at = now; len(ev.Folders) == 0 && !ev.All {
			continue
		}
		if err := q.event("changed", at.String(), ev); err != nil {
			return nil
		}
		select {
		case <-time.After(eventPause):
		case <-ctx.Done():
			return nil
		}
	}
}

// await waits for a change; a beat on its way returns the same moment.
func (a *API) await(ctx context.Context, q *request, at store.SyncPoint) (store.SyncPoint, error) {
	beat, cancel := context.WithTimeout(ctx, eventBeat)
	defer cancel()
	now, err := a.o.Store.AwaitChange(beat, q.sc, at)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		_, err = q.w.Write([]byte(":\n\n"))
		q.w.Flush()
		return at, err
	}
	return now, err
}

// changedSince names the folders. It moves upto back to the moment that they are about.
func (a *API) changedSince(ctx context.Context, sc store.Scope, at store.SyncPoint, upto *store.SyncPoint) changedEvent {
	some, end, more, err := a.o.Store.ChangedSince(ctx, sc, store.Root, at, true, eventChanges)
	if err != nil || more {
		return changedEvent{Folders: []string{}, All: true}
	}
	*upto = end
	ev := changedEvent{Folders: []string{}}
	seen := map[store.Path]bool{}
	for _, c := range some {
		if dir := c.Path.Dir(); !seen[dir] {
			seen[dir] = true
			ev.Folders = append(ev.Folders, string(dir))
		}
	}
	if len(seen) > eventFolders {
		return changedEvent{Folders: []string{}, All: true}
	}
	return ev
}

func (q *request) event(kind, id string, data any) error {
	text, err := json.Marshal(data)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(q.w, "event: %s\nid: %s\ndata: %s\n\n", kind, id, text); err != nil {
		return err
	}
	q.w.Flush()
	return nil
}
