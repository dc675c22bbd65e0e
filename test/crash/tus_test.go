package crash

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	"cairn/test/rig"
)

// sending is one upload that goes on through many deaths of the server.
type sending struct {
	name     string
	content  []byte
	piece    int // bytes a PATCH
	at       string
	reported int64 // highest offset that the server has told
	done     bool
	broken   int // requests that met a kill
}

func tusHeader(pairs ...string) map[string]string {
	h := map[string]string{"Tus-Resumable": "1.0.0"}
	for i := 0; i < len(pairs); i += 2 {
		h[pairs[i]] = pairs[i+1]
	}
	return h
}

// TestKillTus ends the server with SIGKILL fifty times at random moments during tus
// uploads. Every offset that it has ever reported is there afterwards, and in the end
// the files are the bytes that were sent.
func TestKillTus(t *testing.T) {
	const rounds = 50
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	t.Logf("go test ./test/crash -run TestKillTus -seed %d", *seed)
	rng := rand.New(rand.NewPCG(*seed, 1))
	s := rig.Start(t, rig.Options{})
	var all []*sending
	// Large PATCHes that a kill cuts in the middle, and small ones that it meets between.
	for i, piece := range []int{64 << 20, 8 << 20, 1 << 20, 100_000, 4096} {
		size := []int{200 << 20, 100 << 20, 40 << 20, 8 << 20, 1 << 20}[i] + i*777
		u := &sending{name: fmt.Sprintf("file%d", i), piece: piece, content: make([]byte, size)}
		rand.NewChaCha8([32]byte{byte(i)}).Read(u.content)
		u.create(t, s)
		all = append(all, u)
	}
	met, checked, whole := 0, 0, 0
	for range rounds {
		moment := time.Duration(rng.Int64N(int64(200 * time.Millisecond)))
		var senders sync.WaitGroup
		for _, u := range all {
			senders.Go(func() { u.sendUntilDead(s) })
		}
		<-time.After(moment) // the random moment, not a wait for anything
		s.Kill9()
		senders.Wait()
		s.Restart()
		for _, u := range all {
			checked += u.verify(t, s)
			if u.done { // and once more, over itself
				whole++
				u.create(t, s)
			}
		}
		if t.Failed() {
			return
		}
	}
	for _, u := range all {
		met += u.broken
	}
	for _, u := range all {
		for !u.done {
			before := u.reported
			if u.sendUntilDead(s); !u.done && u.reported == before {
				t.Fatalf("%s stays at %d of %d", u.name, before, len(u.content))
			}
		}
		u.verify(t, s)
	}
	s.Stop()
	s.Check("--deep")
	t.Logf("%d rounds: %d requests met a kill, %d reported offsets were looked for, %d files were whole on the way", rounds, met, checked, whole)
	if met < rounds || checked < rounds {
		t.Errorf("too few uploads met a kill: this has tested nothing")
	}
}

func (u *sending) create(t *testing.T, s *rig.Server) {
	r := s.Must(t, rig.Request{Method: "POST", Path: s.URL + "tus/", Header: tusHeader("Upload-Length", strconv.Itoa(len(u.content)),
		"Upload-Metadata", "filename "+base64.StdEncoding.EncodeToString([]byte(u.name)))}, 201)
	u.reported, u.done = 0, false
	u.at = "http://" + s.Addr + r.Header.Get("Location")
}

// sendUntilDead sends PATCH after PATCH until there is no answer, or all is sent.
func (u *sending) sendUntilDead(s *rig.Server) {
	for !u.done {
		b := u.content[u.reported:min(u.reported+int64(u.piece), int64(len(u.content)))]
		resp, err := s.Do(rig.Request{Method: "PATCH", Path: u.at, Reader: bytes.NewReader(b), Size: int64(len(b)),
			Header: tusHeader("Upload-Offset", fmt.Sprint(u.reported), "Content-Type", "application/offset+octet-stream")})
		if err != nil || resp.Status != 204 {
			u.broken++
			return
		}
		u.note(resp)
	}
}

func (u *sending) note(r *rig.Response) {
	if at, err := strconv.ParseInt(r.Header.Get("Upload-Offset"), 10, 64); err == nil {
		u.reported = at
		u.done = at == int64(len(u.content))
	}
}

// verify asks after a restart, and returns how many offsets it has looked for.
func (u *sending) verify(t *testing.T, s *rig.Server) int {
	before := u.reported
	u.note(s.Must(t, rig.Request{Method: "HEAD", Path: u.at, Header: tusHeader()}, 200))
	if u.reported < before {
		t.Errorf("%s: %d bytes were reported, %d are there", u.name, before, u.reported)
	}
	if u.done && s.Get(t, u.name) != string(u.content) {
		t.Errorf("%s: other bytes come back", u.name)
	}
	return 1
}
