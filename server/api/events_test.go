package api

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"cairn/store"
)

// told is one event of a stream.
type told struct{ kind, id, data string }

// listen opens a stream; what it tells comes through the channel, which is closed at its end.
func (d *door) listen(ctx context.Context, last string) <-chan told {
	d.Helper()
	r, err := http.NewRequestWithContext(ctx, "GET", d.srv.URL+"/api/v1/events", nil)
	if err != nil {
		d.Fatal(err)
	}
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	res, err := d.srv.Client().Do(r)
	if err != nil {
		d.Fatal(err)
	}
	if ct := res.Header.Get("Content-Type"); res.StatusCode != 200 || ct != "text/event-stream" || res.Header.Get("X-Accel-Buffering") != "no" {
		d.Fatalf("%d %v", res.StatusCode, res.Header)
	}
	out := make(chan told, 100)
	go func() {
		defer close(out)
		defer res.Body.Close()
		var now told
		for s := bufio.NewScanner(res.Body); s.Scan(); {
			key, value, _ := strings.Cut(s.Text(), ": ")
			switch key {
			case "event":
				now.kind = value
			case "id":
				now.id = value
			case "data":
				now.data = value
			case "":
				if now.kind != "" {
					out <- now
				}
				now = told{}
			}
		}
	}()
	return out
}

func (d *door) next(from <-chan told) told {
	d.Helper()
	select {
	case e, ok := <-from:
		if !ok {
			d.Fatal("the stream has ended")
		}
		return e
	case <-time.After(10 * time.Second):
		d.Fatal("nothing is told")
	}
	return told{}
}

// What changes is told soon, once, and to those who see it alone; who was away misses nothing.
func TestEvents(t *testing.T) {
	d := newDoor(t, nil)
	d.operate(`{"op":"mkdir","path":"a"}`)
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	from := d.listen(ctx, "")
	hello := d.next(from)
	if hello.kind != "hello" || hello.id == "" {
		t.Fatalf("%+v", hello)
	}
	begin := time.Now()
	d.put("a/f", "x")
	e := d.next(from)
	if took := time.Since(begin); e.kind != "changed" || e.data != `{"folders":["a"],"all":false}` || took > 3*time.Second {
		t.Errorf("after %v: %+v", took, e)
	}
	if _, err := d.st.Put(t.Context(), d.bob, "his", strings.NewReader("x"), store.PutOptions{Size: 1}); err != nil {
		t.Fatal(err)
	}
	d.operate(`{"op":"move","from":"a/f","to":"g"}`)
	folders := map[string]bool{}
	for len(folders) < 2 {
		e = d.next(from)
		for _, f := range []string{`"a"`, `""`} {
			if strings.Contains(e.data, f) {
				folders[f] = true
			}
		}
		if strings.Contains(e.data, "his") || strings.Contains(e.data, `"all":true`) {
			t.Fatalf("%+v", e)
		}
	}
	leave()
	// Away; then from there on.
	d.put("a/b/deep", "x")
	back, stop := context.WithCancel(t.Context())
	defer stop()
	from = d.listen(back, e.id)
	if h := d.next(from); h.kind != "hello" || h.id != e.id {
		t.Errorf("%+v, not %s", h, e.id)
	}
	if e = d.next(from); !strings.Contains(e.data, `"a/b"`) || !strings.Contains(e.data, `"a"`) {
		t.Errorf("%+v", e)
	}
	for _, strange := range []string{"x", "9:2:3", "-1:0:99999999"} {
		from := d.listen(back, strange)
		d.next(from)
		if e := d.next(from); e.data != `{"folders":[],"all":true}` {
			t.Errorf("%s: %+v", strange, e)
		}
	}
	for i := range 2 * eventFolders {
		d.put("many/"+strings.Repeat("x", i+1)+"/f", "x")
	}
	// Each of them is told, or that there are too many to be.
	for left := 2 * eventFolders; left > 0; {
		var ev changedEvent
		if err := json.Unmarshal([]byte(d.next(from).data), &ev); err != nil {
			t.Fatal(err)
		}
		if ev.All {
			break
		}
		for _, f := range ev.Folders {
			if strings.HasPrefix(f, "many/") && !folders[f] {
				folders[f] = true
				left--
			}
		}
		if len(ev.Folders) > eventFolders {
			t.Fatalf("%d folders in one event", len(ev.Folders))
		}
	}
	d.do(req{method: "GET", path: "/events?x=1", want: 400})
	d.do(req{method: "GET", path: "/events", head: []string{"User", "nobody"}, want: 401})
}

// A server that closes ends the streams.
func TestEvents_closing(t *testing.T) {
	closing := make(chan struct{})
	d := newDoor(t, func(o *Options) { o.Closing = closing })
	from := d.listen(t.Context(), "")
	d.next(from)
	close(closing)
	select {
	case _, ok := <-from:
		if ok {
			t.Error("something is told")
		}
	case <-time.After(5 * time.Second):
		t.Error("the stream goes on")
	}
}
