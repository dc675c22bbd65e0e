package crash

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"cairn/test/rig"
)

var seed = flag.Uint64("seed", 0, "seed of TestKill; 0 takes a new one")

// A killed file is written over and over by one client, so that at any moment it may
// hold what was last acknowledged, or what is on its way.
type killed struct {
	name           string
	size           int
	acked, pending [32]byte // pending is zero between writes
	tried          int
	acks           int
}

// content is what the n-th write of a file stores: no two are alike, nor are their
// halves.
func (f *killed) content(n int) []byte {
	key := sha256.Sum256(fmt.Appendf(nil, "%s %d", f.name, n))
	b := make([]byte, f.size)
	rand.NewChaCha8(key).Read(b)
	return b
}

// TestKill ends the server with SIGKILL at random moments while files are being
// written over. Afterwards each is whole, and as it was last acknowledged or as the
// client was just sending it.
func TestKill(t *testing.T) {
	const rounds, perStore = 50, 10
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	t.Logf("go test ./test/crash -run 'TestKill$' -seed %d", *seed)
	rng := rand.New(rand.NewPCG(*seed, 0))
	acked, torn := 0, 0
	for first := 0; first < rounds; first += perStore {
		t.Run(fmt.Sprintf("rounds %d to %d", first+1, first+perStore), func(t *testing.T) {
			s := rig.Start(t, rig.Options{})
			files := []*killed{{name: "a", size: 4 << 10}, {name: "b", size: 100 << 10}, {name: "c", size: 1 << 20},
				{name: "d", size: 3<<20 + 17}, {name: "e", size: 8 << 20}}
			for _, f := range files {
				b := f.content(0)
				f.acked = sha256.Sum256(b)
				s.Put(t, f.name, string(b))
			}
			for range perStore {
				moment := time.Duration(rng.Int64N(int64(250 * time.Millisecond)))
				var writers sync.WaitGroup
				for _, f := range files {
					writers.Go(func() { f.writeUntilDead(s) })
				}
				<-time.After(moment) // the random moment, not a wait for anything
				s.Kill9()
				writers.Wait()
				out := s.Check("--deep")
				s.Restart()
				for _, f := range files {
					torn += f.verify(t, s, out)
				}
				if t.Failed() {
					return
				}
			}
			for _, f := range files {
				acked += f.acks
			}
			s.Stop()
			s.Check("--deep")
		})
	}
	t.Logf("%d rounds: %d writes acknowledged, %d on their way when the server died", rounds, acked, torn)
	if acked < rounds || torn < rounds/2 {
		t.Errorf("too few writes met a kill: this has tested nothing")
	}
}

func (f *killed) writeUntilDead(s *rig.Server) {
	for {
		f.tried++
		b := f.content(f.tried)
		f.pending = sha256.Sum256(b)
		resp, err := s.Do(rig.Request{Method: "PUT", Path: f.name, Reader: bytes.NewReader(b), Size: int64(len(b))})
		if err != nil || resp.Status != 204 {
			return // no answer, so either outcome is right
		}
		f.acked, f.pending = f.pending, [32]byte{}
		f.acks++
	}
}

// verify reads the file after a restart and takes what it finds for acknowledged. It
// returns 1 if a write was on its way.
func (f *killed) verify(t *testing.T, s *rig.Server, check string) int {
	got := s.Get(t, f.name)
	sum := sha256.Sum256([]byte(got))
	onItsWay := 0
	if f.pending != [32]byte{} {
		onItsWay = 1
	}
	if sum != f.acked && (onItsWay == 0 || sum != f.pending) {
		which := "nothing that was ever sent"
		for n := range f.tried + 1 {
			if sum == sha256.Sum256(f.content(n)) {
				which = fmt.Sprintf("write %d of %d", n, f.tried)
			}
		}
		t.Errorf("%s holds %d bytes of %d: %s\ncheck said: %s", f.name, len(got), f.size, which, check)
	}
	f.acked, f.pending = sum, [32]byte{}
	return onItsWay
}
