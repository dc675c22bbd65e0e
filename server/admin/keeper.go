package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"cairn/store"
)

// Keeper does the long work on a store as a whole: a store, or a Client.
type Keeper interface {
	GC(ctx context.Context, o store.GCOptions) (store.Collected, error)
	Backup(ctx context.Context, o store.BackupOptions) (store.BackedUp, error)
	Scrub(ctx context.Context, o store.ScrubOptions) (store.Scrubbed, error)
	ScrubStatus(ctx context.Context) (store.ScrubStatus, error)
}

// step is one line of the answer to long work: how far it is, or, in the last line, how
// it ended.
type step struct {
	Done   int64           `json:"done"`
	Total  int64           `json:"total"`
	Result json.RawMessage `json:"result,omitempty"`
	Failed *failure        `json:"failed,omitempty"`
}

// stepEach is the time between two lines that tell how far it is.
const stepEach = 200 * time.Millisecond

// stepMay is how long a line may wait for its reader before the work ends.
const stepMay = 30 * time.Second

// long answers with a line of JSON now and then, while f works. Who goes away ends it.
func long(w http.ResponseWriter, r *http.Request, f func(ctx context.Context, progress func(done, total int64)) (any, error)) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	var mu sync.Mutex
	enc, last, out := json.NewEncoder(w), time.Time{}, http.NewResponseController(w)
	say := func(s step, always bool) {
		mu.Lock()
		defer mu.Unlock()
		if now := time.Now(); always || now.Sub(last) >= stepEach {
			last = now
			out.SetWriteDeadline(now.Add(stepMay))
			if errors.Join(enc.Encode(s), out.Flush()) != nil {
				cancel() // a client that is suspended, say
			}
		}
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	got, err := f(ctx, func(done, total int64) { say(step{Done: done, Total: total}, false) })
	var text []byte
	if err == nil {
		text, err = json.Marshal(got)
	}
	if err != nil {
		failed := failureOf(err)
		say(step{Failed: &failed}, true)
		return
	}
	say(step{Result: text}, true)
}

// keep adds the long work to a handler.
func keep(mux *http.ServeMux, k Keeper) {
	mux.HandleFunc("POST /gc", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		long(w, r, func(ctx context.Context, progress func(done, total int64)) (any, error) {
			return k.GC(ctx, store.GCOptions{Full: q.Has("full"), DryRun: q.Has("dry-run"), Progress: progress})
		})
	})
	mux.HandleFunc("POST /backup", func(w http.ResponseWriter, r *http.Request) {
		long(w, r, func(ctx context.Context, progress func(done, total int64)) (any, error) {
			return k.Backup(ctx, store.BackupOptions{Dir: r.URL.Query().Get("dir"), Progress: progress})
		})
	})
	mux.HandleFunc("POST /scrub", func(w http.ResponseWriter, r *http.Request) {
		long(w, r, func(ctx context.Context, progress func(done, total int64)) (any, error) {
			rate, err := strconv.ParseInt(r.URL.Query().Get("rate"), 10, 64)
			if err != nil {
				return nil, err
			}
			return k.Scrub(ctx, store.ScrubOptions{Rate: rate, Progress: progress})
		})
	})
	mux.HandleFunc("POST /scrub-status", func(w http.ResponseWriter, r *http.Request) {
		long(w, r, func(ctx context.Context, _ func(done, total int64)) (any, error) {
			return k.ScrubStatus(ctx)
		})
	})
}

// GC implements Keeper through the server. ctx ends the collection there, too.
func (c *Client) GC(ctx context.Context, o store.GCOptions) (out store.Collected, err error) {
	q := url.Values{}
	if o.Full {
		q.Set("full", "")
	}
	if o.DryRun {
		q.Set("dry-run", "")
	}
	err = c.long(ctx, "/gc", q, o.Progress, &out)
	return out, err
}

// Backup implements Keeper through the server, which writes to o.Dir: an absolute path.
func (c *Client) Backup(ctx context.Context, o store.BackupOptions) (out store.BackedUp, err error) {
	err = c.long(ctx, "/backup", url.Values{"dir": {o.Dir}}, o.Progress, &out)
	return out, err
}

// Scrub implements Keeper through the server. ctx ends the scrub there, too.
func (c *Client) Scrub(ctx context.Context, o store.ScrubOptions) (out store.Scrubbed, err error) {
	err = c.long(ctx, "/scrub", url.Values{"rate": {strconv.FormatInt(o.Rate, 10)}}, o.Progress, &out)
	return out, err
}

// ScrubStatus implements Keeper through the server.
func (c *Client) ScrubStatus(ctx context.Context) (out store.ScrubStatus, err error) {
	err = c.long(ctx, "/scrub-status", nil, nil, &out)
	return out, err
}

// long asks for long work and waits for its end.
func (c *Client) long(ctx context.Context, path string, q url.Values, progress func(done, total int64), out any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://cairn"+path+"?"+q.Encode(), nil)
	if err != nil {
		return err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("ask the running server: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("ask the running server: %s", resp.Status)
	}
	for dec := json.NewDecoder(resp.Body); ; {
		var s step
		switch err := dec.Decode(&s); {
		case err != nil:
			return fmt.Errorf("the server ended before it was done: %w", err)
		case s.Failed != nil:
			return &remoteError{s.Failed.Message, codes[s.Failed.Code]}
		case s.Result != nil:
			return json.Unmarshal(s.Result, out)
		case progress != nil:
			progress(s.Done, s.Total)
		}
	}
}
