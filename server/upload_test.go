package server

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// tusRequest is one request of a tus client with the account's password.
func tusRequest(t *testing.T, method, url string, body io.Reader, header ...string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(user, password)
	r.Header.Set("Tus-Resumable", "1.0.0")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return r
}

// start2 is start over TLS with HTTP/2.
func start2(t *testing.T) (*httptest.Server, *logBuffer) {
	t.Helper()
	plain, log := start(t, Config{})
	ts := httptest.NewUnstartedServer(plain.Config.Handler)
	ts.EnableHTTP2 = true
	ts.StartTLS()
	t.Cleanup(ts.Close)
	return ts, log
}

// Taking an upload over while its holder is just ending touches neither a stream that
// is gone (HTTP/2: a crash of the whole process) nor the next request on the
// connection (HTTP/1).
func TestUpload_takenOverAtItsEnd(t *testing.T) {
	for name, h2 := range map[string]bool{"HTTP/1": false, "HTTP/2": true} {
		t.Run(name, func(t *testing.T) {
			ts, log := start(t, Config{})
			if h2 {
				ts, log = start2(t)
			}
			send := func(c *http.Client, r *http.Request) (int, http.Header, error) {
				resp, err := c.Do(r)
				if err != nil {
					return 0, nil, err
				}
				defer resp.Body.Close()
				_, err = io.Copy(io.Discard, resp.Body)
				return resp.StatusCode, resp.Header, err
			}
			var mu sync.Mutex
			at := ""
			current := func() string {
				mu.Lock()
				defer mu.Unlock()
				return at
			}
			ctx, stop := context.WithCancel(t.Context())
			var askers sync.WaitGroup
			for range 3 {
				askers.Go(func() {
					for ctx.Err() == nil {
						if where := current(); where != "" {
							send(ts.Client(), tusRequest(t, "HEAD", where, nil).WithContext(ctx))
						}
					}
				})
			}
			one := ts.Client()
			if !h2 {
				one = &http.Client{Transport: &http.Transport{MaxConnsPerHost: 1}}
			}
			fine := 0
			for end := time.Now().Add(3 * time.Second); time.Now().Before(end); {
				status, h, err := send(one, tusRequest(t, "POST", ts.URL+"/tus/", nil, "Upload-Length", "10", "Upload-Metadata", "filename Zg=="))
				if err != nil || status != 201 {
					t.Fatalf("creation: %d %v", status, err)
				}
				mu.Lock()
				at = ts.URL + h.Get("Location")
				mu.Unlock()
				status, _, err = send(one, tusRequest(t, "PATCH", at, bytes.NewReader([]byte("0123456789")), "Upload-Offset", "0", "Content-Type", "application/offset+octet-stream"))
				if err == nil && status == 204 {
					fine++
				} else if err == nil && status != 423 && status != 409 {
					t.Errorf("PATCH: %d", status)
				}
				if err != nil {
					continue
				}
				if status, _, err := send(one, tusRequest(t, "PUT", ts.URL+"/dav/other", strings.NewReader("x"))); err != nil || status >= 400 {
					t.Errorf("the next request on the connection: %d %v", status, err)
				}
			}
			stop()
			askers.Wait()
			if fine == 0 {
				t.Error("no PATCH has come to its end: this has tested nothing")
			}
			if strings.Contains(log.String(), "panic") {
				t.Errorf("the log has a panic:\n%s", log.String())
			}
		})
	}
}

// One long PATCH shows how far it is in the stream of events, before it has an answer.
func TestUpload_offsetsInTheStream(t *testing.T) {
	ts, _ := start(t, Config{})
	b := newBrowser(t, ts.URL)
	b.signIn(user, password)
	stream, err := (&http.Client{Jar: b.jar}).Get(ts.URL + "/api/v1/events")
	if err != nil || stream.StatusCode != 200 {
		t.Fatalf("%v %v", stream, err)
	}
	defer stream.Body.Close()
	resp, err := ts.Client().Do(tusRequest(t, "POST", ts.URL+"/tus/", nil, "Upload-Length", "1000000", "Upload-Metadata", "filename Zg=="))
	if err != nil || resp.StatusCode != 201 {
		t.Fatalf("%v %v", resp, err)
	}
	resp.Body.Close()
	at := resp.Header.Get("Location")
	body, bring := io.Pipe()
	defer bring.Close()
	go func() {
		resp, err := ts.Client().Do(tusRequest(t, "PATCH", ts.URL+at, body, "Upload-Offset", "0", "Content-Type", "application/offset+octet-stream"))
		if err == nil {
			resp.Body.Close()
		}
	}()
	if _, err := bring.Write(make([]byte, 500_000)); err != nil {
		t.Fatal(err)
	}
	told := make(chan string)
	go func() {
		defer close(told)
		for lines := bufio.NewScanner(stream.Body); lines.Scan(); {
			if data, ok := strings.CutPrefix(lines.Text(), `data: [`); ok {
				told <- data
				return
			}
		}
	}()
	select {
	case got := <-told:
		if want := `{"id":"` + at[strings.LastIndexByte(at, '/')+1:] + `","offset":500000}]`; got != want {
			t.Errorf("told %q, want %q", got, want)
		}
	case <-time.After(15 * time.Second):
		t.Error("nothing is told while a PATCH goes on")
	}
}

// What a stranger can have for nothing leaves nothing behind.
func TestUpload_optionsForStrangers(t *testing.T) {
	ts, _ := start(t, Config{})
	r, err := http.NewRequest("OPTIONS", ts.URL+"/tus/", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil || resp.StatusCode != 200 || resp.Header.Get("Tus-Extension") == "" {
		t.Fatalf("%v %v", resp, err)
	}
}
