package crash

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cairn/test/rig"
)

// smallDisk makes a file system of its own of so many MiB.
func smallDisk(t *testing.T, mib int64) string {
	t.Helper()
	mkfs := rig.Need(t, "mkfs.ext4", "e2fsprogs")
	dir := t.TempDir()
	image, at := filepath.Join(dir, "image"), filepath.Join(dir, "disk")
	if err := os.WriteFile(image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(image, mib<<20); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(at, 0o700); err != nil {
		t.Fatal(err)
	}
	rig.MustRun(t, dir, nil, mkfs, "-q", "-m", "0", image)
	if out, err := rig.Run(t, dir, nil, rig.Need(t, "mount", "mount"), "-o", "loop", image, at); err != nil {
		t.Fatalf("this test mounts a small disk: run it as root: %v\n%s", err, out)
	}
	t.Cleanup(func() {
		if out, err := rig.Run(t, dir, nil, rig.Need(t, "umount", "mount"), at); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})
	return at
}

// noise is so many bytes that cannot be compressed, and are stored nowhere: those of
// another seed are others.
func noise(seed byte, n int64) io.Reader {
	return io.LimitReader(rand.NewChaCha8([32]byte{seed}), n)
}

// fillDisk writes a file that takes what room there is.
func fillDisk(t *testing.T, filler string) {
	t.Helper()
	f, err := os.Create(filler)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := io.Copy(f, noise(1, 400<<20)); err == nil {
		t.Fatal("the disk is not full: this tests nothing")
	}
}

// TestFullDisk fills the disk under the server, by uploads and behind its back.
func TestFullDisk(t *testing.T) {
	disk := smallDisk(t, 220)
	s := rig.Start(t, rig.Options{Dir: filepath.Join(disk, "data")})
	old := strings.Repeat("what was there before\n", 10_000)
	s.Put(t, "old.txt", old)
	s.Put(t, "spare.txt", old)
	intact := func(t *testing.T) {
		t.Helper()
		if s.Get(t, "old.txt") != old {
			t.Error("the old version is gone")
		}
	}
	const much = 400 << 20
	t.Run("declared", func(t *testing.T) {
		s.Must(t, rig.Request{Method: "PUT", Path: "old.txt", Header: map[string]string{"Expect": "100-continue"}, Reader: noise(2, much), Size: much}, 507)
		intact(t)
	})
	t.Run("not declared", func(t *testing.T) {
		r, err := s.Do(rig.Request{Method: "PUT", Path: "old.txt", Reader: noise(3, much), Size: -1})
		if err != nil || r.Status != 507 {
			t.Errorf("%v, %v, want 507", r, err)
		}
		intact(t)
	})
	t.Run("still works", func(t *testing.T) {
		s.Must(t, rig.Request{Method: "DELETE", Path: "spare.txt"}, 204)
		s.Must(t, rig.Request{Path: "spare.txt"}, 404)
		intact(t)
	})
	filler := filepath.Join(disk, "filler")
	fill := func(t *testing.T) { fillDisk(t, filler) }
	t.Run("filled during an upload", func(t *testing.T) {
		body, client := io.Pipe()
		answer := make(chan *rig.Response, 1)
		go func() {
			r, err := s.Do(rig.Request{Method: "PUT", Path: "old.txt", Reader: body, Size: 8 << 20})
			if err != nil {
				r = &rig.Response{Body: err.Error()}
			}
			body.Close()
			answer <- r
		}()
		content := noise(4, 8<<20)
		io.CopyN(client, content, 3<<20)
		fill(t)
		io.Copy(client, content)
		client.Close()
		if r := <-answer; r.Status != 507 {
			t.Errorf("%+v, want 507", r)
		}
		intact(t)
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
		s.Put(t, "room-again.txt", "there is room again")
	})
	t.Run("filled by others", func(t *testing.T) {
		fill(t)
		r, err := s.Do(rig.Request{Method: "PUT", Path: "old.txt", Body: old + old})
		if err != nil || r.Status != 507 {
			t.Errorf("%+v, %v, want 507", r, err)
		}
		intact(t)
		// These need no room but that of their commit, of which the database must not
		// have less than the pack.
		for i := range 100 {
			r, err := s.Do(rig.Request{Method: "MKCOL", Path: fmt.Sprint("folder", i)})
			if err != nil || r.Status != 507 && r.Status != 201 {
				t.Fatalf("folder %d: %+v, %v, want 507", i, r, err)
			}
		}
		if !s.Alive() {
			t.Fatal("the server died")
		}
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
		intact(t)
	})
	s.Stop()
	s.Check("--deep")
	s.Restart()
	intact(t)
	s.Must(t, rig.Request{Path: "spare.txt"}, 404)
	s.Stop()
	s.Check("--deep")
}

// TestFullDiskTus fills the disk in the middle of a tus request: what was acknowledged
// stays, what more is told is there, and the rest makes the file once there is room.
func TestFullDiskTus(t *testing.T) {
	disk := smallDisk(t, 220)
	filler := filepath.Join(disk, "filler")
	s := rig.Start(t, rig.Options{Dir: filepath.Join(disk, "data")})
	const old = "what was there before"
	s.Put(t, "old.txt", old)
	u := &sending{name: "old.txt", content: make([]byte, 8<<20)}
	rand.NewChaCha8([32]byte{9}).Read(u.content)
	u.create(t, s)
	patch := func(r io.Reader, at, end int64) *rig.Response {
		resp, err := s.Do(rig.Request{Method: "PATCH", Path: u.at, Reader: r, Size: end - at,
			Header: tusHeader("Upload-Offset", fmt.Sprint(at), "Content-Type", "application/offset+octet-stream")})
		if err != nil {
			return &rig.Response{Body: err.Error()}
		}
		return resp
	}
	const acked, all = 2<<20 + 77, 8 << 20
	if r := patch(bytes.NewReader(u.content[:acked]), 0, acked); r.Status != 204 {
		t.Fatalf("%+v", r)
	}
	body, client := io.Pipe()
	answer := make(chan *rig.Response, 1)
	go func() {
		r := patch(body, acked, all)
		body.Close()
		answer <- r
	}()
	client.Write(u.content[acked : acked+1<<20])
	fillDisk(t, filler)
	client.Write(u.content[acked+1<<20:])
	client.Close()
	if r := <-answer; r.Status != 507 || !strings.Contains(r.Body, `"code":"disk-full"`) {
		t.Errorf("%+v, want 507", r)
	}
	if s.Get(t, "old.txt") != old {
		t.Error("the old version is gone")
	}
	u.reported = acked
	u.verify(t, s) // what was acknowledged is there
	kept := u.reported
	s.Kill9()
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	s.Restart()
	if u.verify(t, s); u.reported != kept || u.done {
		t.Errorf("%d bytes were told on the full disk, %d after a restart", kept, u.reported)
	}
	if r := patch(bytes.NewReader(u.content[u.reported:]), u.reported, all); r.Status != 204 {
		t.Fatalf("the rest, once there is room: %+v", r)
	}
	u.verify(t, s) // and compares the file
	if !u.done {
		t.Error("it is not complete")
	}
	t.Logf("%d of %d bytes were kept on the full disk", kept, all)
	s.Stop()
	s.Check("--deep")
}
