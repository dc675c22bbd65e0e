//go:build bench

package bench

import (
	"fmt"
	"io"
	"testing"
)

// TestChecks shows that the checks of the other tests can fail. Each target runs it.
func TestChecks(t *testing.T) {
	old, next := file{1, 5000}, file{2, 6000}
	s := &slot{path: "d/f", states: []file{absent}}
	get := func(f file) answer { return answer{status: 200, body: f.bytes()} }
	gone := answer{status: 404}
	expect := func(what string, err error, good bool) {
		t.Helper()
		if (err == nil) != good {
			t.Errorf("%s: %v", what, err)
		}
	}
	expect("absent", s.was(s.settled(), gone, 0, -1), true)
	expect("a file from nowhere", s.was(s.settled(), get(old), 0, -1), false)
	s.starts(old)
	since := s.settled()
	expect("not yet", s.was(since, gone, 0, -1), true)
	expect("already", s.was(since, get(old), 0, -1), true)
	s.done()
	expect("lost", s.was(s.settled(), gone, 0, -1), false)
	expect("before it was acknowledged", s.was(since, gone, 0, -1), true)
	torn := get(old)
	torn.body[4999]++
	expect("one byte", s.was(s.settled(), torn, 0, -1), false)
	expect("short", s.was(s.settled(), answer{status: 200, body: old.bytes()[:4999]}, 0, -1), false)
	s.starts(next)
	s.done()
	expect("stale", s.was(s.settled(), get(old), 0, -1), false)
	part := answer{status: 206, body: next.bytes()[100:200]}
	expect("a range", s.was(s.settled(), part, 100, 200), true)
	expect("another range", s.was(s.settled(), part, 101, 201), false)

	d := &drawer{path: "d/"}
	listed := func(name string, size int) []byte {
		return fmt.Appendf(nil, "<D:href>/dav/d/</D:href><D:href>/dav/d/%s</D:href><D:getcontentlength>%d</D:getcontentlength>", name, size)
	}
	all, from := []*slot{s}, []int{s.settled()}
	expect("listed", d.was(all, from, listed("f", 6000)), true)
	expect("listed with an old size", d.was(all, from, listed("f", 5000)), false)
	expect("not listed", d.was(all, from, nil), false)
	s.starts(absent)
	s.done()
	expect("listed, but gone", d.was(all, []int{s.settled()}, listed("f", 6000)), false)
	expect("gone", d.was(all, []int{s.settled()}, nil), true)

	const size, period = 100_001, 65_536
	sent, err := io.ReadAll(newContent(1, size, period))
	if err != nil || len(sent) != size || string(sent[period:]) != string(sent[:size-period]) || string(sent[:4096]) == string(sent[4096:8192]) {
		t.Fatalf("content: %d bytes, %v", len(sent), err)
	}
	whole := func(b []byte) error { _, err := newContent(1, size, period).Write(b); return err }
	expect("the same", whole(sent), true)
	expect("too long", whole(append(sent, 0)), false)
	sent[size-1]++
	expect("the last byte", whole(sent), false)
}
