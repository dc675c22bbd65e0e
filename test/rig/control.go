package rig

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
)

// Control lets a script in another process do to a server what a test does, and
// returns the address to do it at. All are POST and answer 200 {"up":…,"down":…}, the
// bytes that the proxy (which may be nil) has forwarded:
//
//	/kill   ends the server with SIGKILL     /start  starts it again and waits for it
//	/break  resets the proxy's connections   /rate?bytes=N
//	/state  does nothing
func Control(t testing.TB, s *Server, p *RateProxy) string {
	t.Helper()
	var one sync.Mutex
	steps := map[string]func(*http.Request) error{
		"/kill":  func(*http.Request) error { s.Kill9(); return nil },
		"/start": func(*http.Request) error { return s.start() },
		"/break": func(*http.Request) error { p.Break(); return nil },
		"/rate": func(r *http.Request) error {
			n, err := strconv.ParseInt(r.FormValue("bytes"), 10, 64)
			if err == nil {
				p.SetRate(n)
			}
			return err
		},
		"/state": func(*http.Request) error { return nil },
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		one.Lock()
		defer one.Unlock()
		step := steps[r.URL.Path]
		if step == nil || r.Method != http.MethodPost {
			http.NotFound(w, r)
			return
		}
		if err := step(r); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		var up, down int64
		if p != nil {
			up, down = p.Forwarded()
		}
		json.NewEncoder(w).Encode(map[string]int64{"up": up, "down": down})
	}))
	t.Cleanup(server.Close)
	return server.URL + "/"
}
