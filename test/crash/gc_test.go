package crash

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cairn/test/rig"
)

// givenUp brings a part of an upload, and gives it up: bytes that nothing refers to.
func givenUp(t *testing.T, s *rig.Server, seed byte, size int) {
	t.Helper()
	u := &sending{name: fmt.Sprintf("given-up-%d", seed), content: make([]byte, size+1)}
	rand.NewChaCha8([32]byte{seed}).Read(u.content)
	u.create(t, s)
	s.Must(t, rig.Request{Method: "PATCH", Path: u.at, Body: string(u.content[:size]),
		Header: tusHeader("Upload-Offset", "0", "Content-Type", "application/offset+octet-stream")}, 204)
	s.Must(t, rig.Request{Method: "DELETE", Path: u.at, Header: tusHeader()}, 204)
}

// stored is the bytes of the packs.
func stored(t *testing.T, dir string) (n int64) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(dir, "packs"), func(_ string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		fi, err := d.Info()
		if err == nil {
			n += fi.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestFullDiskGC deletes, and gives space back, when others have filled the disk to the
// last byte.
func TestFullDiskGC(t *testing.T) {
	disk := smallDisk(t, 600)
	dir := filepath.Join(disk, "data")
	s := rig.Start(t, rig.Options{Dir: dir})
	const small = "what is kept"
	s.Put(t, "kept.txt", small)
	s.Put(t, "gone.txt", small+"?")
	givenUp(t, s, 7, 150<<20)
	if !rig.Poll(10e9, func() bool {
		fi, err := os.Stat(filepath.Join(dir, "ballast"))
		return err == nil && fi.Size() == 64<<20
	}) {
		t.Fatal("nothing is set aside")
	}
	filler := filepath.Join(disk, "filler")
	f, err := os.Create(filler)
	if err != nil {
		t.Fatal(err)
	}
	block := make([]byte, 1<<20)
	for n := len(block); n > 0; n /= 2 { // to the last byte
		for err == nil {
			_, err = f.Write(block[:n])
		}
		err = nil
	}
	f.Close()
	if r := s.Must(t, rig.Request{Method: "PUT", Path: "new.txt", Body: "new"}, 507); !strings.Contains(r.Body, "full") {
		t.Logf("PUT: %q", r.Body)
	}
	s.Must(t, rig.Request{Method: "DELETE", Path: "gone.txt"}, 204)
	s.Must(t, rig.Request{Path: "gone.txt"}, 404)
	before := stored(t, dir)
	out, err := s.Cairn("", "gc")
	if err != nil {
		t.Fatalf("gc: %v\n%s", err, out)
	}
	t.Logf("gc: %s", out)
	if after := stored(t, dir); before-after < 100<<20 {
		t.Errorf("%d bytes were stored, %d are", before, after)
	}
	s.Put(t, "new.txt", "there is room")
	if s.Get(t, "kept.txt") != small {
		t.Error("a file is not what it was")
	}
	s.Stop()
	s.Check("--deep")
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	s.Restart()
	if s.Get(t, "kept.txt") != small || s.Get(t, "new.txt") != "there is room" {
		t.Error("a file is not what it was")
	}
	s.Stop()
}

// TestKillGC ends the server with SIGKILL at random moments of collections: files are what
// they were, the store is sound, and the space comes back in the end.
func TestKillGC(t *testing.T) {
	const rounds = 20
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	t.Logf("go test ./test/crash -run TestKillGC -seed %d", *seed)
	rng := rand.New(rand.NewPCG(*seed, 2))
	s := rig.Start(t, rig.Options{})
	files := map[string]string{}
	for round := range rounds {
		for i := range 20 {
			name := fmt.Sprintf("f%d-%d", round, i)
			c := make([]byte, 1+rng.IntN(100_000))
			rand.NewChaCha8([32]byte{byte(round), byte(i)}).Read(c)
			files[name] = string(c)
			s.Put(t, name, files[name])
		}
		givenUp(t, s, byte(round), 20<<20)
		done := make(chan struct{})
		go func() {
			s.Cairn("", "gc", "--full")
			close(done)
		}()
		select {
		case <-done: // it was too late
		case <-time.After(time.Duration(rng.Int64N(int64(150 * time.Millisecond)))):
		}
		s.Kill9()
		<-done
		s.Restart()
	}
	out, err := s.Cairn("", "gc", "--full")
	if err != nil {
		t.Fatalf("gc: %v\n%s", err, out)
	}
	if n := stored(t, s.Dir); n > 100<<20 {
		t.Errorf("%d bytes are left of 400 MiB that were given up: %s", n, out)
	}
	for name, want := range files {
		if s.Get(t, name) != want {
			t.Errorf("%s is not what it was", name)
		}
	}
	s.Stop()
	s.Check("--deep")
}
