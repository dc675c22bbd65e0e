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

// Requests returns what the server answered while do ran.
func (s *Server) Requests(t testing.TB, do func()) Seen {
	t.Helper()
	begin, _ := s.mark(t)
	do()
	end, log := s.mark(t)
	_, log, _ = strings.Cut(log, begin)
	log, _, _ = strings.Cut(log, end)
	log = log[:strings.LastIndexByte(log, '\n')+1] // without the start of the mark's line
	var seen Seen
	for _, m := range accessLine.FindAllStringSubmatch(log, -1) {
		if !strings.Contains(m[2], markPath) {
			seen = append(seen, struct{ Method, Path, Status string }{m[1], m[2], m[3]})
		}
	}
	return seen
}

const markPath = "mark-of-the-log-"

// mark asks for something that nobody else asks for, and returns its path, and the log,
// when all requests before it stand before it there. The log is written a tenth of a
// second late, and a request enters it after its answer: the first mark may come before
// the line of an earlier request, a second one, asked when the first was seen, does not.
func (s *Server) mark(t testing.TB) (path, log string) {
	t.Helper()
	for range 2 {
		path = markPath + rand.Text()
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
	}
	return path, log
}
