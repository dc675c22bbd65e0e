package api

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cairn/server/underway"
	"cairn/store"
)

// countingStore counts how often somebody asks for an upload.
type countingStore struct {
	Store
	asked atomic.Int64
}

func (c *countingStore) GetUpload(ctx context.Context, sc store.Scope, id store.UploadID) (store.Upload, error) {
	c.asked.Add(1)
	return c.Store.GetUpload(ctx, sc, id)
}

// newOffsetsDoor is a door whose uploads are underway as a test says.
func newOffsetsDoor(t *testing.T) (*door, *underway.Uploads, *countingStore) {
	t.Helper()
	running, counting := &underway.Uploads{}, &countingStore{}
	d := newDoor(t, func(o *Options) {
		counting.Store, o.Store, o.Underway = o.Store, counting, running
	})
	return d, running, counting
}

// more appends to an upload of somebody's.
func (d *door) more(sc store.Scope, u store.Upload, at int64, text string) int64 {
	d.Helper()
	end, err := d.st.AppendUpload(d.Context(), sc, u.ID, 0, at, strings.NewReader(text))
	if err != nil {
		d.Fatal(err)
	}
	return end
}

func (e told) offsets(t *testing.T) (out []movedOffset) {
	t.Helper()
	if err := json.Unmarshal([]byte(e.data), &out); err != nil || e.kind != "uploads" || e.id != "" || len(out) == 0 {
		t.Fatalf("%+v, %v", e, err)
	}
	return out
}

// quiet waits a while in which nothing may be told.
func quiet(t *testing.T, from <-chan told, d time.Duration) {
	t.Helper()
	select {
	case e := <-from:
		t.Errorf("told while nothing moves: %+v", e)
	case <-time.After(d):
	}
}

// Who follows hears how much of their own uploads is durable, while bytes arrive for them.
func TestOffsets(t *testing.T) {
	d, running, counting := newOffsetsDoor(t)
	hers, idle := d.begin("hers", 1000, ""), d.begin("idle", 1000, "some")
	his, err := d.st.CreateUpload(t.Context(), d.bob, store.UploadSpec{Path: "his", Size: 1000})
	if err != nil {
		t.Fatal(err)
	}
	from := d.listen(t.Context(), "")
	d.next(from) // hello
	quiet(t, from, 2*eventOffsets)
	defer running.Begin(d.bob, his.ID)()
	d.more(d.bob, his, 0, "his bytes")
	quiet(t, from, 2*eventOffsets)
	if n := counting.asked.Load(); n != 0 {
		t.Errorf("%d questions while nothing arrives for her", n)
	}

	end := running.Begin(d.alice, hers.ID)
	at := d.more(d.alice, hers, 0, "123")
	if got := d.next(from).offsets(t); len(got) != 1 || got[0] != (movedOffset{hers.ID.String(), at}) {
		t.Errorf("the first bytes: %+v", got)
	}
	d.more(d.alice, idle, 4, "more") // no request of hers says so
	quiet(t, from, 3*eventOffsets)   // nothing moves
	at = d.more(d.alice, hers, at, "456")
	end()
	if got := d.next(from).offsets(t); len(got) != 1 || got[0] != (movedOffset{hers.ID.String(), at}) {
		t.Errorf("the last bytes, after their request: %+v", got)
	}
	quiet(t, from, 2*eventOffsets)
	n := counting.asked.Load()
	quiet(t, from, 4*eventOffsets)
	if now := counting.asked.Load(); now != n {
		t.Errorf("%d questions after the end", now-n)
	}
	// What changes is told beside it, and who comes again by what it said.
	d.put("f", "x")
	if e := d.next(from); e.kind != "changed" || e.id == "" {
		t.Errorf("%+v", e)
	}
}

// However often bytes arrive, it is told at most once in eventOffsets, and of some at a time.
func TestOffsets_bounded(t *testing.T) {
	d, running, counting := newOffsetsDoor(t)
	var us []store.Upload
	for i := range eventUploads + 10 {
		us = append(us, d.begin(fmt.Sprint(i), 1000, ""))
		defer running.Begin(d.alice, us[i].ID)()
	}
	from := d.listen(t.Context(), "")
	d.next(from)
	begin, events, at := time.Now(), 0, int64(0)
	for time.Since(begin) < 4*eventOffsets {
		for _, u := range us {
			d.more(d.alice, u, at, "x")
		}
		at++
		for empty := false; !empty; {
			select {
			case e := <-from:
				if events++; len(e.offsets(t)) > eventUploads {
					t.Errorf("%d uploads in one event", len(e.offsets(t)))
				}
			default:
				empty = true
			}
		}
	}
	looks := int(time.Since(begin) / eventOffsets)
	if events < 2 || events > looks {
		t.Errorf("%d events in %v", events, time.Since(begin))
	}
	if n := counting.asked.Load(); n > int64((looks+1)*2*eventUploads) {
		t.Errorf("%d questions in %v", n, time.Since(begin))
	}
}
