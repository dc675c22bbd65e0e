//go:build soak

package memory

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cairn/test/rig"
)

// TestGCMillion collects in a store of a million chunks, of small files: beside a server it
// takes no more than 64 MiB on top of what that had. Then all but one file in a thousand go,
// and so does their space.
func TestGCMillion(t *testing.T) {
	files := 1_000_000
	if n, err := strconv.Atoi(os.Getenv("SOAK_FILES")); err == nil {
		files = n
	}
	s := rig.Start(t, rig.Options{Args: []string{"--gc-every", "0"}})
	name := func(i int) string { return fmt.Sprintf("d%03d/f%07d", i%1000, i) }
	begin := time.Now()
	each(t, s, 1000, func(i int) (string, string, string) { return "MKCOL", fmt.Sprintf("d%03d", i), "" })
	each(t, s, files, func(i int) (string, string, string) {
		return "PUT", name(i), fmt.Sprintf("%d %s", i, strings.Repeat(fmt.Sprintf("%x", i*2654435761), 30))
	})
	t.Logf("%d files put in %v", files, time.Since(begin).Round(time.Second))
	gc := func(args ...string) {
		t.Helper()
		time.Sleep(5 * time.Second) // what the uploads took goes back
		before := s.RssAnon()
		stop := s.WatchMemory()
		began := time.Now()
		out, err := s.Cairn("", append([]string{"gc"}, args...)...)
		peak := stop()
		if err != nil {
			t.Fatalf("gc: %v\n%s", err, out)
		}
		t.Logf("gc %v: %s%v; memory %d MiB before, at most %d MiB", args, out, time.Since(began).Round(time.Second), before>>20, peak>>20)
		if peak-before > 64<<20 {
			t.Errorf("it took %d MiB more", (peak-before)>>20)
		}
	}
	gc()
	begin = time.Now()
	each(t, s, files, func(i int) (string, string, string) {
		if i%1000 == 7 {
			return "OPTIONS", "", ""
		}
		return "DELETE", name(i), ""
	})
	t.Logf("deleted in %v", time.Since(begin).Round(time.Second))
	s.Stop()
	begin = time.Now()
	out, err := s.Cairn("", "prune", "--keep-trash", "0", "--keep-versions", "0", "--keep-minimum", "0s")
	if err != nil {
		t.Fatalf("prune: %v\n%s", err, out)
	}
	t.Logf("prune: %s%v", out, time.Since(begin).Round(time.Second))
	s.Restart()
	gc()
	gc("--full")
	stored := int64(0)
	err = filepath.WalkDir(filepath.Join(s.Dir, "packs"), func(_ string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		fi, err := d.Info()
		stored += fi.Size()
		return err
	})
	if err != nil || stored > 64<<20 { // what is left, and a pack
		t.Errorf("%d MiB are stored for a thousand small files (%v)", stored>>20, err)
	}
	s.Stop()
	if out := s.Check(); !strings.Contains(out, "no problem found") {
		t.Error(out)
	} else {
		t.Log(out)
	}
}

// each sends a request for each number, 64 at once.
func each(t *testing.T, s *rig.Server, n int, request func(i int) (method, path, body string)) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	var next atomic.Int64
	var group sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for range 64 {
		group.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1) - 1)
				if i >= n {
					return
				}
				method, path, body := request(i)
				req, err := http.NewRequestWithContext(ctx, method, s.DAV+path, strings.NewReader(body))
				if err != nil {
					t.Error(err)
					cancel()
					return
				}
				req.SetBasicAuth(rig.User, rig.Password)
				resp, err := client.Do(req)
				if err != nil {
					t.Errorf("%s %s: %v", method, path, err)
					cancel()
					return
				}
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				if resp.StatusCode >= 300 {
					t.Errorf("%s %s: %s", method, path, resp.Status)
					cancel()
				}
			}
		})
	}
	group.Wait()
}
