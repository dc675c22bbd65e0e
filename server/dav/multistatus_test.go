package dav

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cairn/store"
)

// endless is a store whose folders have no last member, or fail after some pages.
type endless struct {
	Store
	lists, failAt atomic.Int64
}

func (e *endless) List(ctx context.Context, _ store.Scope, _ store.Path, _ string, limit int) ([]store.Node, error) {
	at := e.lists.Add(1)
	if f := e.failAt.Load(); f > 0 && at >= f {
		return nil, errors.New("disk on fire")
	}
	nodes := make([]store.Node, limit)
	for i := range nodes {
		nodes[i] = store.Node{Kind: store.File, Name: fmt.Sprintf("m%08d-%04d", at, i)}
	}
	return nodes, ctx.Err()
}

func (e *endless) ListProps(context.Context, store.Scope, store.Path, string, string) (map[store.NodeID][]store.Prop, error) {
	return nil, nil
}

// TestPropfindStalled checks that the listing of a folder begins before its end is
// known, and that nothing more is read while the client does not.
func TestPropfindStalled(t *testing.T) {
	d := newDoor(t, nil)
	st := &endless{Store: d.st}
	ended := make(chan struct{}, 1)
	h := New(st, Options{Prefix: mount, Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	d.srv.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() { ended <- struct{}{} }()
		h.ServeHTTP(w, r.WithContext(WithScope(r.Context(), d.alice, "alice")))
	})
	c := d.raw()
	fmt.Fprintf(c, "PROPFIND %s/ HTTP/1.1\r\nHost: x\r\nDepth: 1\r\n\r\n", mount)
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil || res.StatusCode != 207 {
		t.Fatalf("%v %v", res, err)
	}
	deadline := time.Now().Add(10 * time.Second)
	for last, same := int64(-1), 0; same < 10; time.Sleep(20 * time.Millisecond) {
		if n := st.lists.Load(); n == last {
			same++
		} else if last, same = n, 0; time.Now().After(deadline) {
			t.Fatalf("%d pages were read for a client that reads nothing", n)
		}
	}
	c.Close()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Fatal("the listing goes on without its client")
	}
}

// TestPropfindBroken checks that a listing that fails is not taken for a whole one.
func TestPropfindBroken(t *testing.T) {
	d := newDoor(t, nil)
	st := &endless{Store: d.st}
	h := New(st, Options{Prefix: mount, Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r.WithContext(WithScope(r.Context(), d.alice, "alice")))
	}))
	defer srv.Close()
	for _, failAt := range []int64{1, 3} {
		st.failAt.Store(failAt)
		st.lists.Store(0)
		r, _ := http.NewRequest("PROPFIND", srv.URL+mount+"/", nil)
		r.Header.Set("Depth", "1")
		res, err := srv.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if failAt == 1 && res.StatusCode != 500 {
			t.Errorf("a listing that never began: %d", res.StatusCode)
		}
		if failAt == 3 && (res.StatusCode != 207 || err == nil || strings.Contains(string(body), "rror")) {
			t.Errorf("a listing that broke off: %d %v …%.100s", res.StatusCode, err, body[max(0, len(body)-100):])
		}
	}
}

func TestAppendHref(t *testing.T) {
	h := New(nil, Options{Prefix: mount})
	var all strings.Builder
	for c := rune(0x20); c < 0x180; c++ {
		if c != '/' && c != 0x7f {
			all.WriteRune(c)
		}
	}
	want := escapeXML(h.href(store.Path(all.String()), true))
	if got := mount + "/" + string(appendHref(nil, all.String(), true)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func BenchmarkPropfind(b *testing.B) {
	nodes := make([]store.Node, 10_000)
	for i := range nodes {
		nodes[i] = store.Node{Kind: store.File, Name: fmt.Sprintf("file %05d.txt", i), ModTime: time.Now()}
	}
	q := &request{h: New(nil, Options{Prefix: mount}), r: httptest.NewRequest("PROPFIND", "/", nil)}
	a, _ := parsePropfind(nil)
	for b.Loop() {
		m := &multistatus{Writer: bufio.NewWriterSize(io.Discard, multistatusBuffer), q: q, a: a}
		for i := range nodes {
			if err := m.response(&member{Node: &nodes[i]}); err != nil {
				b.Fatal(err)
			}
		}
	}
}
