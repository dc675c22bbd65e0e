package dav

import (
	"fmt"
	"strconv"
	"testing"

	"cairn/test/rig"
)

// TestThrottle guesses passwords until it is told to wait.
func TestThrottle(t *testing.T) {
	s := rig.Start(t, rig.Options{})
	s.Put(t, "file", "content")
	guess := func(i int, header map[string]string, from string) *rig.Response {
		t.Helper()
		r, err := s.Do(rig.Request{Path: "file", User: rig.User, Password: fmt.Sprint("guess ", i), Header: header, From: from})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	const most = 100
	refused := 0
	for i := 0; refused == 0 && i < most; i++ {
		switch r := guess(i, nil, ""); r.Status {
		case 401:
		case 429:
			refused = i
			if n, err := strconv.Atoi(r.Header.Get("Retry-After")); err != nil || n < 1 {
				t.Errorf("Retry-After: %q", r.Header.Get("Retry-After"))
			}
		default:
			t.Fatalf("guess %d: %d", i, r.Status)
		}
	}
	if refused == 0 {
		t.Fatalf("%d wrong passwords, and no end", most)
	}
	t.Logf("429 after %d wrong passwords", refused)
	for i, header := range []map[string]string{
		{"X-Forwarded-For": "203.0.113.7"}, {"X-Forwarded-For": "203.0.113.8, 127.0.0.1"}, {"X-Real-IP": "203.0.113.9"},
		{"Forwarded": "for=203.0.113.10"}, {"True-Client-IP": "203.0.113.11"}, {"CF-Connecting-IP": "203.0.113.12"},
	} {
		if r := guess(1000+i, header, ""); r.Status != 429 {
			t.Errorf("%v lifts the throttle: %d", header, r.Status)
		}
	}
	right := rig.Request{Path: "file", From: "127.0.0.2"}
	s.Must(t, right, 200)
	if r := guess(2000, nil, "127.0.0.2"); r.Status != 401 {
		t.Errorf("a guess from another address: %d, want 401", r.Status)
	}
	if r := guess(2001, nil, ""); r.Status != 429 {
		t.Errorf("the right password elsewhere lifted the throttle here: %d", r.Status)
	}
}
