// Package compat reads the data folder of the real binary with a second reader, written
// in Python from store/pack/FORMAT.md alone, and compares what it finds with what
// WebDAV served. If the two differ, the server or the document is wrong.
package compat

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cairn/test/rig"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }

// TestReader makes a store with a bit of everything, one SIGKILL included.
func TestReader(t *testing.T) {
	s := rig.Start(t, rig.Options{})
	history(t, s)
	want := served(t, s)
	s.Stop()
	compare(t, s.Dir, want, "")
	if out, err := s.Cairn("", "prune", "--dry-run", "--keep-version-count", "1", "--keep-minimum", "0"); err != nil || !strings.Contains(out, "Would drop 3 older versions and 0 entries") {
		t.Fatalf("cairn prune --dry-run: %v\n%s", err, out)
	}
	if out, err := s.Cairn("", "prune", "--keep-version-count", "1", "--keep-minimum", "0"); err != nil || !strings.Contains(out, "Dropped 3 older versions and 0 entries") {
		t.Fatalf("cairn prune: %v\n%s", err, out)
	}
	compare(t, s.Dir, want, "")
	if out, err := s.Cairn("", "prune", "--keep-trash", "0", "--keep-minimum", "0s"); err != nil || !strings.Contains(out, "and 2 entries of the trash, 3 MiB in all.") {
		t.Fatalf("cairn prune: %v\n%s", err, out)
	}
	compare(t, s.Dir, want, "")
	rebuilt := s.Check("--deep")
	if !strings.Contains(rebuilt, "no problem found") {
		t.Errorf("cairn verify: %s", rebuilt)
	}
	// From all commits, and from the checkpoint that this leaves.
	for _, from := range []string{"from all ", "from a checkpoint "} {
		if out, err := s.Cairn("", "rebuild"); err != nil || !strings.Contains(out, from) {
			t.Fatalf("cairn rebuild: %v\n%s", err, out)
		}
		compare(t, s.Dir, want, "")
		s.Check("--deep")
	}
	s.Restart()
	if again := served(t, s); !maps.Equal(again, want) {
		t.Error("a rebuilt store serves other files")
	}
}

// draw reads all of r.
func draw(t *testing.T, r io.Reader) []byte {
	t.Helper()
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// noise is bytes that cannot be compressed, those of another seed others.
func noise(seed byte, n int64) io.Reader {
	return io.LimitReader(rand.NewChaCha8([32]byte{seed}), n)
}

// record is a text with no long repetitions that compresses well.
func record(n int) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, "%08d the quick brown fox %x\n", i, sha256.Sum256([]byte{byte(i), byte(i >> 8)}))
	}
	return b.String()[:n]
}

// names that a reader may get wrong.
var names = []string{"über Größe.txt", "日本語.txt", "naïve\u0301.txt", "a b  c", "#?&%41;=+", "\\back\\slash", "'quoted' \"twice\"", ".hidden", "-r", strings.Repeat("x", 250), "🗻.jpg"}

// history is every way in which files come to be, change and go.
func history(t *testing.T, s *rig.Server) {
	t.Helper()
	put := func(path string, r io.Reader, size int64) {
		t.Helper()
		s.Must(t, rig.Request{Method: "PUT", Path: path, Reader: r, Size: size}, 201, 204)
	}
	to := func(method, from, path string) {
		t.Helper()
		s.Must(t, rig.Request{Method: method, Path: from, Header: map[string]string{"Destination": "/dav/" + path}}, 201, 204)
	}
	s.Put(t, "small.txt", "a few bytes")
	s.Put(t, "empty", "")
	put("large.bin", noise(1, 70<<20), 70<<20)
	put("duplicate.bin", noise(1, 8<<20), -1)
	put("changed.bin", io.MultiReader(strings.NewReader("another beginning"), noise(1, 5<<20)), -1)
	s.Put(t, "log.txt", record(6<<20))
	s.Put(t, "zeros", string(make([]byte, 9<<20)))
	put("photo.jpg", io.MultiReader(strings.NewReader("\xff\xd8\xff\xe0"), noise(2, 9<<20)), -1)
	s.Must(t, rig.Request{Method: "MKCOL", Path: "folder"}, 201)
	s.Must(t, rig.Request{Method: "MKCOL", Path: "folder/inner"}, 201)
	for i, name := range names {
		put("folder/inner/"+url.PathEscape(name), noise(byte(10+i), int64(i*i*1000)), -1)
	}
	for i := range 5 {
		s.Put(t, "written-over.txt", fmt.Sprintf("version %d", i))
	}
	s.Must(t, rig.Request{Method: "PUT", Path: "dated.txt", Body: "old", Header: map[string]string{"X-OC-MTime": "1234567890"}}, 201)
	s.Put(t, "to-move.txt", "moved")
	s.Put(t, "moved-over.txt", "this goes")
	to("MOVE", "to-move.txt", "moved-over.txt")
	to("COPY", "folder", "copy")
	to("MOVE", "copy/inner", "folder/moved%20in")
	put("trashed.bin", noise(3, 3<<20), -1)
	for _, path := range []string{"trashed.bin", "folder/inner/.hidden"} {
		s.Must(t, rig.Request{Method: "DELETE", Path: path}, 204)
	}
	s.AddUser("eve", "another long password", 0)
	s.Must(t, rig.Request{Method: "PUT", Path: "hers.txt", Body: "the same path", User: "eve", Password: "another long password"}, 201)

	tus := func(pairs ...string) map[string]string {
		h := map[string]string{"Tus-Resumable": "1.0.0"}
		for i := 0; i < len(pairs); i += 2 {
			h[pairs[i]] = pairs[i+1]
		}
		return h
	}
	const half, all = 5<<20 + 77, 9 << 20
	upload := "http://" + s.Addr + s.Must(t, rig.Request{Method: "POST", Path: s.URL + "tus/",
		Header: tus("Upload-Length", fmt.Sprint(all), "Upload-Metadata", "filename cmVzdW1lZA==")}, 201).Header.Get("Location")
	patch := func(from, n int64) {
		t.Helper()
		content := noise(4, all)
		io.CopyN(io.Discard, content, from)
		s.Must(t, rig.Request{Method: "PATCH", Path: upload, Reader: io.LimitReader(content, n), Size: n,
			Header: tus("Upload-Offset", fmt.Sprint(from), "Content-Type", "application/offset+octet-stream")}, 204)
	}
	patch(0, half)
	unfinished := s.Must(t, rig.Request{Method: "POST", Path: s.URL + "tus/", Body: "not all of it",
		Header: tus("Upload-Length", "100", "Upload-Metadata", "filename bmV2ZXI=", "Content-Type", "application/offset+octet-stream")}, 201)
	if unfinished.Header.Get("Upload-Offset") != "13" {
		t.Fatalf("%+v", unfinished)
	}

	// Killed in the middle of an upload, beside one that has been answered.
	body, client := io.Pipe()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.Do(rig.Request{Method: "PUT", Path: "killed.bin", Reader: body, Size: 20 << 20})
		body.Close()
	}()
	if _, err := io.Copy(client, noise(5, 8<<20)); err != nil {
		t.Fatal(err)
	}
	s.Put(t, "answered.txt", "just before")
	s.Kill9()
	client.Close()
	<-ended
	s.Restart()
	patch(half, all-half)
	s.Put(t, "after.txt", "after the restart")
}

// A file is one file of one account.
type file struct {
	size  int64
	when  time.Time // to the second
	etag  string
	bytes [32]byte
}

// served is all files by account and path, as WebDAV shows them.
func served(t *testing.T, s *rig.Server) map[string]file {
	t.Helper()
	files := map[string]file{}
	for _, a := range [][2]string{{rig.User, rig.Password}, {"eve", "another long password"}} {
		walk(t, s, a, "", files)
	}
	if _, ok := files["eve/hers.txt"]; !ok || len(files) < 36 {
		t.Fatalf("only %d files", len(files))
	}
	return files
}

type multistatus struct {
	Response []struct {
		Href string `xml:"href"`
		Prop struct {
			ETag   string    `xml:"getetag"`
			When   string    `xml:"getlastmodified"`
			Size   int64     `xml:"getcontentlength"`
			Folder *struct{} `xml:"resourcetype>collection"`
		} `xml:"propstat>prop"`
	} `xml:"response"`
}

func walk(t *testing.T, s *rig.Server, account [2]string, folder string, files map[string]file) {
	t.Helper()
	r := s.Must(t, rig.Request{Method: "PROPFIND", Path: folder, Header: map[string]string{"Depth": "1"}, User: account[0], Password: account[1],
		Body: `<propfind xmlns="DAV:"><prop><getetag/><getlastmodified/><getcontentlength/><resourcetype/></prop></propfind>`}, 207)
	var m multistatus
	if err := xml.Unmarshal([]byte(r.Body), &m); err != nil {
		t.Fatal(err)
	}
	for _, one := range m.Response {
		href := strings.TrimPrefix(one.Href, "/dav/")
		switch {
		case strings.Trim(href, "/") == strings.Trim(folder, "/"):
			continue
		case one.Prop.Folder != nil:
			walk(t, s, account, href, files)
			continue
		}
		name, err := url.PathUnescape(href)
		if err != nil {
			t.Fatal(err)
		}
		when, err := http.ParseTime(one.Prop.When)
		if err != nil {
			t.Fatal(err)
		}
		got := s.Must(t, rig.Request{Path: href, User: account[0], Password: account[1]}, 200)
		if tag := got.Header.Get("ETag"); tag != one.Prop.ETag || int64(len(got.Body)) != one.Prop.Size {
			t.Errorf("%s: GET has %s and %d bytes, PROPFIND %s and %d", name, tag, len(got.Body), one.Prop.ETag, one.Prop.Size)
		}
		files[account[0]+"/"+name] = file{one.Prop.Size, when, one.Prop.ETag, sha256.Sum256([]byte(got.Body))}
	}
}

// compare has the second reader list, extract and check a data folder, and say the damage
// that there is. It returns what the check says.
func compare(t *testing.T, dir string, want map[string]file, damage string) string {
	t.Helper()
	listed := map[string]file{}
	for line := range strings.Lines(read(t, dir, damage, "list")) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 6 {
			t.Fatalf("list: %q", line)
		}
		when, err := time.Parse(time.RFC3339Nano, f[4])
		if err != nil {
			t.Fatal(err)
		}
		var size int64
		fmt.Sscan(f[3], &size)
		name := f[1] + "/" + unshown(t, f[2])
		listed[name] = file{size: size, when: when.Truncate(time.Second), etag: `"` + f[5] + `"`}
	}
	out := filepath.Join(t.TempDir(), "out")
	t.Logf("extract: %s", read(t, dir, damage, "extract", out))
	err := filepath.WalkDir(out, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(out, path)
		f, ok := listed[rel]
		if !ok || int64(len(text)) != f.size {
			t.Errorf("%s is extracted with %d bytes, listed %v with %d", rel, len(text), ok, f.size)
		}
		f.bytes = sha256.Sum256(text)
		listed[rel] = f
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		got, ok := listed[name]
		if w := want[name]; !ok || !got.when.Equal(w.when) || got.size != w.size || got.etag != w.etag || got.bytes != w.bytes {
			t.Errorf("%s: the second reader has (%v) %d bytes, %v, %s, %s; WebDAV %d, %v, %s, %s", name, ok,
				got.size, got.when, got.etag, hex.EncodeToString(got.bytes[:4]), w.size, w.when, w.etag, hex.EncodeToString(w.bytes[:4]))
		}
	}
	for name := range listed {
		if _, ok := want[name]; !ok {
			t.Errorf("%s is not served", name)
		}
	}
	says := read(t, dir, damage, "check")
	t.Logf("%d files are the same\ncheck: %s", len(want), says)
	return says
}

// unshown undoes how the reader shows bytes that would break a line.
func unshown(t *testing.T, text string) string {
	t.Helper()
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(text, `\x`)
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		one, err := hex.DecodeString(rest[:2])
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		b.Write(one)
		text = rest[2:]
	}
}

// read runs the second reader, which must find this damage and no other.
func read(t *testing.T, dir, damage string, args ...string) string {
	t.Helper()
	out, says, err := second(t, dir, args...)
	found := 0
	for line := range strings.Lines(says + out) {
		if rest, ok := strings.CutPrefix(line, "damage: "); ok && (damage == "" || !strings.HasPrefix(rest, damage)) {
			t.Errorf("reader.py %s: %s", args[0], line)
		} else if ok {
			found++
		}
	}
	if (err != nil) != (damage != "") || (found > 0) != (damage != "") {
		t.Errorf("reader.py %s: %v\n%s%s", args[0], err, says, out)
	}
	return out
}

// second runs the second reader.
func second(t *testing.T, dir string, args ...string) (out, says string, err error) {
	t.Helper()
	begin := time.Now()
	cmd := exec.Command(rig.Need(t, "python3", "python3"), append([]string{"reader.py", dir}, args...)...)
	var o, e strings.Builder
	cmd.Stdout, cmd.Stderr = &o, &e
	err = cmd.Run()
	t.Logf("reader.py %s took %v %s", args[0], time.Since(begin).Round(time.Millisecond), e.String())
	return o.String(), e.String(), err
}
