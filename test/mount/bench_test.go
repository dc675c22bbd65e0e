package mount

import (
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"cairn/test/rig"

	"golang.org/x/sys/unix"
)

// BenchmarkRead reads one file of 1 GiB in pieces of 1 MiB, and 2,000 of 500 to 9,000 bytes
// in the order of a listing: as plain files, and through mounts without and beside a
// server, for the first time after mounting and again. All is in memory, but for what is
// called cold: there neither the plain file nor the packs are, if they are on a disk.
func BenchmarkRead(b *testing.B) {
	s := rig.Start(b, rig.Options{})
	plain := b.TempDir()
	r := rand.New(rand.NewPCG(11, 12))
	store := func(name string, n int) {
		content := noise(r, n)
		if err := os.WriteFile(filepath.Join(plain, name), []byte(content), 0o600); err != nil {
			b.Fatal(err)
		}
		s.Put(b, name, content)
	}
	s.Must(b, rig.Request{Method: "MKCOL", Path: "small"}, 201)
	if err := os.Mkdir(filepath.Join(plain, "small"), 0o700); err != nil {
		b.Fatal(err)
	}
	store("large", 1<<30)
	for i := range 2000 {
		store(filepath.Join("small", "file"+string(rune('a'+i/100))+string(rune('A'+i/10%10))+string(rune('0'+i%10))), 500+r.IntN(8500))
	}
	for _, what := range []struct {
		name string
		read func(b *testing.B, dir string) int64
	}{{"large", readLarge}, {"small", readSmall}} {
		b.Run(what.name+"/plain", func(b *testing.B) {
			for b.Loop() {
				b.SetBytes(what.read(b, plain))
			}
		})
	}
	b.Run("large/plain/cold", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			forget(b, plain)
			b.StartTimer()
			b.SetBytes(readLarge(b, plain))
		}
	})
	for _, mode := range []string{"served", "alone"} {
		if mode == "alone" {
			s.Stop()
		}
		for _, what := range []struct {
			name string
			read func(b *testing.B, dir string) int64
		}{{"large", readLarge}, {"small", readSmall}} {
			b.Run(what.name+"/"+mode+"/first", func(b *testing.B) {
				for b.Loop() {
					b.StopTimer()
					p := mount(b, s.Dir, "--user", rig.User)
					b.StartTimer()
					b.SetBytes(what.read(b, p.path("files")))
					b.StopTimer()
					p.stop()
					b.StartTimer()
				}
			})
			if what.name == "large" {
				b.Run("large/"+mode+"/cold", func(b *testing.B) {
					for b.Loop() {
						b.StopTimer()
						p := mount(b, s.Dir, "--user", rig.User)
						forget(b, s.Dir)
						b.StartTimer()
						b.SetBytes(readLarge(b, p.path("files")))
						b.StopTimer()
						p.stop()
						b.StartTimer()
					}
				})
			}
			b.Run(what.name+"/"+mode+"/again", func(b *testing.B) {
				p := mount(b, s.Dir, "--user", rig.User)
				what.read(b, p.path("files"))
				for b.Loop() {
					b.SetBytes(what.read(b, p.path("files")))
				}
				p.stop()
			})
		}
	}
}

// forget has the system forget what it has in memory of the files in a folder.
func forget(b *testing.B, dir string) {
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		f, err := os.Open(p)
		if err != nil {
			return err
		}
		defer f.Close()
		return errors.Join(f.Sync(), unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED))
	})
	if err != nil {
		b.Fatal(err)
	}
}

func readLarge(b *testing.B, dir string) int64 {
	f, err := os.Open(filepath.Join(dir, "large"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{f}, make([]byte, 1<<20))
	if err != nil {
		b.Fatal(err)
	}
	return n
}

func readSmall(b *testing.B, dir string) (bytes int64) {
	list, err := os.ReadDir(filepath.Join(dir, "small"))
	if err != nil || len(list) != 2000 {
		b.Fatalf("%d files, %v", len(list), err)
	}
	for _, d := range list {
		content, err := os.ReadFile(filepath.Join(dir, "small", d.Name()))
		if err != nil {
			b.Fatal(err)
		}
		bytes += int64(len(content))
	}
	return bytes
}
