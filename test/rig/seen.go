package rig

import (
	"crypto/rand"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// Seen are requests that a server answered, in the order of its access log.
type Seen []struct{ Method, Path, Status string }

// Count says how often each of some methods occurs: "COPY MOVE" makes "COPY 1, MOVE 0".
func (s Seen) Count(methods string) string {
	var counts []string
	for method := range strings.FieldsSeq(methods) {
		n := 0
		for _, r := range s {
			if r.Method == method {
				n++
			}
		}
		counts = append(counts, fmt.Sprintf("%s %d", method, n))
	}
	return strings.Join(counts, ", ")
}

var accessLine = regexp.MustCompile(`msg=request method=(\S+) path=("(?:[^"\\]|\\.)*"|\S+) status=(\d+) `)

// Requests returns what the server answered while do ran. The log is written a little
// late: a request that can be told from all others ends it.
func (s *Server) Requests(t testing.TB, do func()) Seen {
	t.Helper()
	mark := func() (path, log string) {
		path = "mark-" + rand.Text()
		s.Must(t, Request{Method: "HEAD", Path: path}, 404)
		if !Poll(Patience, func() bool {
			b, err := os.ReadFile(s.Log)
			if err != nil {
				t.Fatal(err)
			}
			log = string(b)
			return strings.Contains(log, path)
		}) {
			t.Fatal("the access log does not show what was asked")
		}
		return path, log
	}
	begin, _ := mark()
	do()
	end, log := mark()
	_, log, _ = strings.Cut(log, begin)
	log, _, _ = strings.Cut(log, end)
	log = log[:strings.LastIndexByte(log, '\n')+1] // without the start of the second mark's line
	var seen Seen
	for _, m := range accessLine.FindAllStringSubmatch(log, -1) {
		seen = append(seen, struct{ Method, Path, Status string }{m[1], m[2], m[3]})
	}
	return seen
}
