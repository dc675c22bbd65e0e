package dav

import (
	"strings"
	"testing"

	"cairn/test/rig"
)

// TestQuota fills an account to its last byte, with and without a declared length.
func TestQuota(t *testing.T) {
	const quota, password = 1_000_000, "carols password"
	for _, declared := range []bool{true, false} {
		name := "not declared"
		if declared {
			name = "declared"
		}
		t.Run(name, func(t *testing.T) {
			s := rig.Start(t, rig.Options{})
			s.AddUser("carol", password, quota)
			do := func(want int, method, path string, size int) *rig.Response {
				t.Helper()
				r := rig.Request{Method: method, Path: path, User: "carol", Password: password}
				if method == "PUT" {
					r.Reader, r.Size = strings.NewReader(strings.Repeat("q", size)), -1
					if declared {
						r.Size = int64(size)
					}
				}
				got, err := s.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				if got.Status != want {
					t.Errorf("%s %s of %d bytes: %d, want %d: %s", method, path, size, got.Status, want, got.Body)
				}
				return got
			}
			do(201, "PUT", "most", quota-1000)
			do(201, "PUT", "rest", 1000) // at the limit
			if r := do(507, "PUT", "more", 1); !strings.Contains(r.Body, "quota") {
				t.Errorf("the answer does not name the quota: %s", r.Body)
			}
			do(404, "GET", "more", 0)
			do(507, "PUT", "rest", 1001) // one over
			if r := do(200, "GET", "rest", 0); len(r.Body) != 1000 {
				t.Errorf("the old version has %d bytes now", len(r.Body))
			}
			do(507, "PUT", "rest", 5_000_000)
			do(204, "PUT", "rest", 1000) // as large as what it replaces
			do(204, "PUT", "rest", 10)
			do(201, "PUT", "more", 990)
			do(507, "PUT", "still", 1)
			do(201, "PUT", "empty", 0)
			do(204, "DELETE", "most", 0)
			do(201, "PUT", "still", 1)
			s.Must(t, rig.Request{Method: "PUT", Path: "others", Body: "may"}, 201)
		})
	}
}
