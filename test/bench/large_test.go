//go:build bench

package bench

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"cairn/test/bench/report"
	"cairn/test/rig"

	"golang.org/x/sys/unix"
)

var (
	largeGiB      = flag.String("gib", "1,10,50", "large: sizes of the file in GiB")
	largeDistinct = flag.Int("distinct", 0, "large: GiB after which the content repeats; 0: never if the disk has room, else 4")
	largeMiB      = flag.Int("mib", 0, "large: one size in MiB instead, to try it out")
)

// content is bytes that do not compress, made as fast as they are copied: one block of
// noise over and over, with the position written into every 4 KiB. After period bytes
// it repeats.
type content struct {
	noise            []byte
	size, period, at int64
}

const stampEvery = 4 << 10

func newContent(number uint64, size, period int64) *content {
	return &content{noise: random(number, 16<<20), size: size, period: period}
}

// piece is what comes next, at most n bytes and at least one; it is good until the next
// call.
func (c *content) piece(n int) []byte {
	at := c.at % c.period
	i := at % int64(len(c.noise))
	n = int(min(int64(n), int64(len(c.noise))-i, c.size-c.at, c.period-at))
	for o := i &^ (stampEvery - 1); o < i+int64(n); o += stampEvery {
		binary.LittleEndian.PutUint64(c.noise[o:], uint64(at-i+o)*0x9e3779b97f4a7c15)
	}
	c.at += int64(n)
	return c.noise[i : i+int64(n)]
}

func (c *content) Read(b []byte) (int, error) {
	if c.at == c.size {
		return 0, io.EOF
	}
	return copy(b, c.piece(len(b))), nil
}

// Write compares with what comes next.
func (c *content) Write(b []byte) (int, error) {
	for done := 0; done < len(b); {
		if c.at == c.size {
			return done, errors.New("more bytes than were sent")
		}
		p := c.piece(len(b) - done)
		if !bytes.Equal(p, b[done:done+len(p)]) {
			return done, fmt.Errorf("the bytes differ from those that were sent, before byte %d", c.at)
		}
		done += len(p)
	}
	return len(b), nil
}

// TestLarge stores one file of each size in a store of its own, the same bytes again
// under a second name, and reads it back, every byte compared: at once, and after a
// restart from a disk that nothing has cached.
func TestLarge(t *testing.T) {
	table := report.NewTable("file", "distinct", "PUT, MB/s", "CPU s/GiB", "written/received", "RssAnon peak, MiB",
		"same bytes again, MB/s", "CPU s/GiB", "written/received",
		"GET, MB/s", "CPU s/GiB", "first byte, ms", "RssAnon peak, MiB", "cold GET, MB/s", "first byte, ms")
	var sizes []int64
	for _, n := range numbers(t, *largeGiB) {
		sizes = append(sizes, int64(n)<<30)
	}
	if *largeMiB > 0 {
		sizes = []int64{int64(*largeMiB) << 20}
	}
	for _, size := range sizes {
		t.Run(gib(size), func(t *testing.T) { large(t, size, table) })
	}
	show(t, "large", "One large file, one client", table,
		"Written: write_bytes of the server in /proc. A file longer than its distinct part repeats it, because the disk is too small or the flag says so. Cold: after a restart, with the page cache emptied of the store's files.")
}

func gib(n int64) string {
	if n >= 1<<30 {
		return report.Number(float64(n)/(1<<30)) + " GiB"
	}
	return report.Number(float64(n)/(1<<20)) + " MiB"
}

func large(t *testing.T, size int64, table *report.Table) {
	s := rig.Start(t, rig.Options{Args: []string{"--log-level", "warn"}})
	c := newClient(s)
	period := int64(*largeDistinct) << 30
	if period == 0 {
		period = size
		// Twice, because the same bytes come again; and room for others.
		if room := freeBytes(t, filepath.Dir(s.Dir)) - 8<<30; 2*size > room {
			period = 4 << 30
			note("%s free: the content repeats after 4 GiB", gib(room+8<<30))
		}
	}
	if err := c.put("warm-up", []byte("so that the password is known")); err != nil {
		t.Fatal(err)
	}
	// side measures one transfer of the whole file.
	type side struct{ mbps, cpu, written, peak, first float64 }
	measure := func(f func() (first time.Duration, err error)) side {
		t.Helper()
		memory, cpu, disk, begin := s.WatchMemory(), cpuSeconds(t, s.PID()), written(t, s.PID()), time.Now()
		first, err := f()
		took := time.Since(begin)
		if err != nil {
			t.Fatal(err)
		}
		return side{
			mbps: float64(size) / 1e6 / took.Seconds(), cpu: (cpuSeconds(t, s.PID()) - cpu) / (float64(size) / (1 << 30)),
			written: float64(written(t, s.PID())-disk) / float64(size), peak: float64(memory()) / mib, first: milliseconds(first),
		}
	}
	put := func(name string) side {
		return measure(func() (time.Duration, error) {
			resp, err := c.send("PUT", name, newContent(1, size, period), size)
			if err != nil {
				return 0, err
			}
			resp.Body.Close()
			if resp.StatusCode != 201 {
				return 0, fmt.Errorf("PUT: %s", resp.Status)
			}
			return 0, nil
		})
	}
	get := func(name string) side {
		return measure(func() (time.Duration, error) { return download(c, name, 1, size, period) })
	}

	first := put("large")
	read := get("large")
	again := put("again")
	c.close()
	s.Stop()
	evict(t, s.Dir)
	s.Restart()
	if err := c.stat(""); err != nil { // checking a password takes longer than reading
		t.Fatal(err)
	}
	cold := get("again")
	table.Add(gib(size), gib(min(size, period)), first.mbps, first.cpu, first.written, first.peak,
		again.mbps, again.cpu, again.written, read.mbps, read.cpu, read.first, read.peak, cold.mbps, cold.first)
	note("%s: PUT %+v, GET %+v, again %+v, cold %+v", gib(size), first, read, again, cold)
	c.close()
	s.Stop()
	if err := os.RemoveAll(s.Dir); err != nil { // the next one needs the room
		t.Fatal(err)
	}
}

// download reads a file, compares every byte with the content of that number, and says
// how long the first one took.
func download(c *client, name string, number uint64, size, period int64) (first time.Duration, err error) {
	begin := time.Now()
	resp, err := c.send("GET", name, nil, 0)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	one := make([]byte, 1)
	if _, err := io.ReadFull(resp.Body, one); err != nil {
		return 0, err
	}
	first = time.Since(begin)
	want := newContent(number, size, period)
	if _, err := want.Write(one); err != nil {
		return 0, err
	}
	n, err := io.CopyBuffer(struct{ io.Writer }{want}, struct{ io.Reader }{resp.Body}, make([]byte, 256<<10))
	if err == nil && n+1 != size {
		err = fmt.Errorf("GET: %d bytes, want %d", n+1, size)
	}
	return first, err
}

// evict asks the kernel to forget the content of all files below dir, which must be on
// the disk already.
func evict(t testing.TB, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		f, err := os.Open(p)
		if err != nil {
			return err
		}
		defer f.Close()
		f.Sync()
		return unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
	})
	if err != nil {
		t.Fatal(err)
	}
}
