package transfer

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"cairn/store"
)

// library is a real store whose files are served by name. What a request answers is
// tested in detail through the doors (server/dav, server/api).
func library(t *testing.T, files map[string]string, o FileOptions) http.Handler {
	t.Helper()
	st, err := store.Open(t.Context(), store.Options{Dir: t.TempDir(), UnsafeFS: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	u, err := st.AddUser(t.Context(), "alice", "", 0, false)
	if err != nil {
		t.Fatal(err)
	}
	sc, err := st.Home(t.Context(), u.ID)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if _, err := st.Put(t.Context(), sc, store.Path(name), strings.NewReader(text), store.PutOptions{Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := NewAnswer(w, r, 0)
		defer a.Done()
		n, c, err := Open(r, st, sc, store.Path(strings.TrimPrefix(r.URL.Path, "/")))
		if err != nil {
			t.Error(err)
			return
		}
		if c != nil {
			defer c.Close()
		}
		if err := a.File(&n, c, o); err != nil {
			t.Error(err)
		}
	})
}

func TestFile_attachment(t *testing.T) {
	h := library(t, map[string]string{"a.png": "x"}, FileOptions{Attachment: true})
	for _, method := range []string{"GET", "HEAD"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, "/a.png", nil))
		if got, want := w.Header().Get("Content-Disposition"), `attachment; filename="a.png"`; got != want {
			t.Errorf("%s: %s, want %s", method, got, want)
		}
		if w.Header().Get("Content-Type") != "image/png" || w.Header().Get("Content-Length") != "1" {
			t.Errorf("%s: %v", method, w.Header())
		}
	}
}

// hiding wraps a writer as a framework does: without ReadFrom, but with Unwrap.
type hiding struct{ http.ResponseWriter }

func (h hiding) Unwrap() http.ResponseWriter { return h.ResponseWriter }

// spying stands for the innermost writer and notes what it is asked to read from.
type spying struct {
	http.ResponseWriter
	files, others *atomic.Int32
}

func (s spying) ReadFrom(r io.Reader) (int64, error) {
	if l, ok := r.(*io.LimitedReader); ok {
		if _, ok := l.R.(*os.File); ok {
			s.files.Add(1)
			return s.ResponseWriter.(io.ReaderFrom).ReadFrom(r)
		}
	}
	s.others.Add(1)
	return s.ResponseWriter.(io.ReaderFrom).ReadFrom(r)
}

// TestFile_sendfile checks that a wrapped writer is looked through, and that what it
// gets is what net/http hands to sendfile.
func TestFile_sendfile(t *testing.T) {
	noise := make([]byte, 3<<20) // what could be compressed would not lie there as it is sent
	rand.NewChaCha8([32]byte{}).Read(noise)
	big := string(noise)
	inner := library(t, map[string]string{"big": big}, FileOptions{})
	var files, others atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inner.ServeHTTP(hiding{hiding{spying{w, &files, &others}}}, r)
	}))
	defer srv.Close()
	res, err := http.Get(srv.URL + "/big")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got, err := io.ReadAll(res.Body); err != nil || string(got) != big {
		t.Errorf("%d bytes, %v, want %d", len(got), err, len(big))
	}
	if files.Load() == 0 || others.Load() != 0 {
		t.Errorf("%d reads from files, %d from others", files.Load(), others.Load())
	}
}

func TestClientLeft(t *testing.T) {
	for _, err := range []error{syscall.EPIPE, syscall.ECONNRESET, net.ErrClosed, os.ErrDeadlineExceeded} {
		if !clientLeft(fmt.Errorf("x: %w", &net.OpError{Op: "write", Err: err})) {
			t.Errorf("%v does not mean that the client left", err)
		}
	}
	if clientLeft(store.ErrCorrupt) {
		t.Error("damage is put down to the client")
	}
}
