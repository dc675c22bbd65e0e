package server

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// bare is a server with the log and nothing behind it but h.
func bare(h http.HandlerFunc) (*Server, *logBuffer) {
	log := &logBuffer{}
	s := &Server{Config: Config{Log: slog.New(slog.NewTextHandler(log, nil)), Clock: time.Now}}
	s.handler = s.observe(h)
	return s, log
}

func TestPanic(t *testing.T) {
	s, log := bare(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Etag", `"x"`)
		if r.URL.Path == "/late" {
			io.WriteString(w, "half")
		}
		panic("the reason")
	})
	ts := httptest.NewServer(s.Handler())
	defer ts.Close()
	resp, body := request{method: "GET", path: "/early", status: 500}.do(t, ts)
	if strings.Contains(body, "reason") || !strings.Contains(body, resp.Header.Get("X-Request-Id")) || resp.Header.Get("Etag") != "" {
		t.Errorf("%v %s", resp.Header, body)
	}
	if l := log.String(); !strings.Contains(l, "the reason") || !strings.Contains(l, "observe_test.go") || !strings.Contains(l, "status=500") {
		t.Errorf("log: %s", l)
	}
	resp, err := http.Get(ts.URL + "/late")
	if err == nil {
		_, err = io.ReadAll(resp.Body)
		resp.Body.Close()
	}
	if err == nil {
		t.Error("a broken answer looks whole")
	}
}

func TestAccessLog(t *testing.T) {
	s, log := bare(func(w http.ResponseWriter, r *http.Request) {
		entryFrom(r.Context()).user = "alice"
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusCreated)
		io.WriteString(w, "hello")
	})
	var replied []int
	s.Replied = func(_ string, status int) { replied = append(replied, status) }
	ts := httptest.NewServer(s.Handler())
	defer ts.Close()
	h := basic("alice", "s3cret")
	h.Set("Cookie", "s3cret")
	request{method: "PUT", path: "/a%0Ab?token=s3cret", header: h, status: 201}.do(t, ts)
	ts.Close()
	l := log.String()
	for _, want := range []string{"method=PUT", `path="/a\nb"`, "status=201", "bytes=5", "ms=", "user=alice", "address=127.0.0.1", "request_id="} {
		if !strings.Contains(l, want) {
			t.Errorf("no %s in %s", want, l)
		}
	}
	if strings.Contains(l, "s3cret") || strings.Count(l, "\n") != 1 {
		t.Errorf("log: %s", l)
	}
	if len(replied) != 1 || replied[0] != 201 {
		t.Errorf("replied %v, want one 201", replied)
	}
}

// fileSink stands where net/http's writer does, and notes what reaches it.
type fileSink struct {
	httptest.ResponseRecorder
	got []io.Reader
}

func (f *fileSink) ReadFrom(r io.Reader) (int64, error) {
	f.got = append(f.got, r)
	return io.Copy(io.Discard, r)
}

// What makes net/http use sendfile is an *os.File, or a LimitedReader over one, in
// ReadFrom.
func TestResponse_ReadFrom(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("0123456789"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sink := &fileSink{}
	w := &response{ResponseWriter: sink}
	if n, err := io.Copy(w, io.LimitReader(f, 7)); n != 7 || err != nil {
		t.Fatal(n, err)
	}
	if len(sink.got) != 1 {
		t.Fatalf("%d calls of ReadFrom below", len(sink.got))
	}
	if lr, ok := sink.got[0].(*io.LimitedReader); !ok || lr.R != io.Reader(f) {
		t.Errorf("got %T below, want the LimitedReader over the file", sink.got[0])
	}
	if w.bytes != 7 || w.status != 200 {
		t.Errorf("counted %d bytes, status %d", w.bytes, w.status)
	}
	if w.Unwrap() != http.ResponseWriter(sink) {
		t.Error("Unwrap hides the writer")
	}
}

// Over HTTP/2 the writer below has no ReadFrom.
func TestResponse_ReadFrom_plain(t *testing.T) {
	rec := httptest.NewRecorder()
	w := &response{ResponseWriter: rec}
	if n, err := w.ReadFrom(strings.NewReader("hello")); n != 5 || err != nil || rec.Body.String() != "hello" {
		t.Error(n, err, rec.Body)
	}
}
