package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
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
	eventOffsets = 500 * time.Millisecond // between two looks at uploads that bytes arrive for
	eventUploads = 64                     // looked at then
)

// changedEvent says where something has changed: the folders whose members did.
type changedEvent struct {
	Folders []string `json:"folders"`
	All     bool     `json:"all"` // too much, or nobody knows: anything may have
}

// events tells what changes in the caller's space, as it happens (server-sent events of the
// HTML standard). The id of each is the moment that it tells of, so that who comes again
// with Last-Event-ID, which browsers do by themselves, misses nothing. Beside that it tells how
// much of the caller's uploads has become durable while bytes arrive for them.
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
	s := &following{a: a, q: q, at: at, beat: time.NewTimer(eventBeat)}
	defer s.beat.Stop()
	s.follow(ctx)
	return nil
}

// following is one stream that has begun.
type following struct {
	a      *API
	q      *request
	at     store.SyncPoint // everything until then is told
	beat   *time.Timer
	asking sync.WaitGroup
}

// awaited is the answer to who awaits a change.
type awaited struct {
	at  store.SyncPoint
	err error
}

// follow tells what happens until the client leaves, to come again perhaps.
func (s *following) follow(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer s.asking.Wait()
	defer cancel()
	changed := s.await(ctx, 0)
	bytes := &offsets{a: s.a, sc: s.q.sc}
	begun, look := bytes.begun(), (<-chan time.Time)(nil)
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case now := <-changed:
			if now.err != nil {
				return
			}
			var told bool
			if told, err = s.changed(ctx, now.at); told {
				changed = s.await(ctx, eventPause)
			} else {
				changed = s.await(ctx, 0)
			}
		case <-begun: // what has just begun is not durable yet
			begun, look = nil, time.After(eventOffsets)
		case <-look:
			moved, idle := bytes.look(ctx)
			if len(moved) > 0 {
				err = s.tell("uploads", "", moved)
			}
			if look = nil; idle {
				begun = bytes.begun()
			} else {
				look = time.After(eventOffsets)
			}
		case <-s.beat.C:
			_, err = s.q.w.Write([]byte(":\n\n"))
			s.q.w.Flush()
			s.beat.Reset(eventBeat)
		}
		if err != nil {
			return
		}
	}
}

// await asks for the next change, after a pause.
func (s *following) await(ctx context.Context, pause time.Duration) <-chan awaited {
	answer, since := make(chan awaited, 1), s.at
	s.asking.Go(func() {
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
		at, err := s.a.o.Store.AwaitChange(ctx, s.q.sc, since)
		answer <- awaited{at, err}
	})
	return answer
}

// changed tells what has changed until now, if it shows.
func (s *following) changed(ctx context.Context, now store.SyncPoint) (told bool, err error) {
	ev := s.a.changedSince(ctx, s.q.sc, s.at, &now)
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	if s.at = now; len(ev.Folders) == 0 && !ev.All {
		return false, nil
	}
	return true, s.tell("changed", now.String(), ev)
}

func (s *following) tell(kind, id string, data any) error {
	s.beat.Reset(eventBeat)
	return s.q.event(kind, id, data)
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

// event sends one. Without an id, who comes again goes on after the last one that had one.
func (q *request) event(kind, id string, data any) error {
	text, err := json.Marshal(data)
	if err != nil {
		return err
	}
	head := "event: " + kind + "\n"
	if id != "" {
		head += "id: " + id + "\n"
	}
	if _, err := fmt.Fprintf(q.w, "%sdata: %s\n\n", head, text); err != nil {
		return err
	}
	q.w.Flush()
	return nil
}
