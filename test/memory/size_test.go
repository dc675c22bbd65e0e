package memory

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"cairn/test/rig"
)

// TestSize puts and gets files of 1 and 2 GiB: the second takes no more memory.
func TestSize(t *testing.T) {
	var peaks []int64
	for _, gib := range []int64{1, 2} {
		name := fmt.Sprintf("%d GiB", gib)
		t.Run(name, func(t *testing.T) {
			s := rig.Start(t, rig.Options{Args: []string{"--log-level", "warn"}})
			s.Put(t, "warm-up", "so that the password is known")
			peak := s.WatchMemory()
			begin := time.Now()
			s.Must(t, rig.Request{Method: "PUT", Path: "large", Reader: io.LimitReader(newPattern(), gib<<30), Size: gib << 30}, 201)
			put := time.Since(begin)
			begin = time.Now()
			c := s.Raw(t, s.Head("GET", "large"))
			defer c.Close()
			resp, err := http.ReadResponse(bufio.NewReaderSize(c, 1<<20), nil)
			if err != nil || resp.StatusCode != 200 {
				t.Fatalf("%v, %v", resp, err)
			}
			if n, err := io.Copy(newPattern(), resp.Body); err != nil || n != gib<<30 {
				t.Fatalf("%d bytes came back: %v", n, err)
			}
			most := peak()
			peaks = append(peaks, most)
			t.Logf("PUT %.1f s, GET %.1f s", put.Seconds(), time.Since(begin).Seconds())
			within(t, name, most)
		})
	}
	if len(peaks) == 2 && peaks[1]-peaks[0] > 16<<20 {
		t.Errorf("memory grows with size: %d MiB, then %d MiB", peaks[0]>>20, peaks[1]>>20)
	}
}
