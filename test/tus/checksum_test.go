package tus

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"cairn/test/rig"
)

// summed adds to a header what b comes to.
func summed(h map[string]string, algorithm string, b []byte) map[string]string {
	sum := map[string][]byte{}
	one, two, three := sha1.Sum(b), sha256.Sum256(b), md5.Sum(b)
	sum["sha1"], sum["sha256"], sum["md5"] = one[:], two[:], three[:]
	h["Upload-Checksum"] = algorithm + " " + base64.StdEncoding.EncodeToString(sum[strings.ToLower(algorithm)])
	return h
}

// A checksum is looked at before its bytes count: right ones do, wrong ones and those of a
// body that was cut do not, however many they are.
func TestChecksum(t *testing.T) {
	c := &client{rig.Start(t, rig.Options{}), t}
	content := noise(9, 9<<20)
	at := c.create(int64(len(content)), metadata("filename", "f"))
	send := func(offset int64, h map[string]string, b []byte, want int) *rig.Response {
		t.Helper()
		return c.Must(t, rig.Request{Method: "PATCH", Path: at, Reader: bytes.NewReader(b), Size: int64(len(b)), Header: h}, want)
	}
	off := int64(0)
	for i, algorithm := range []string{"sha1", "sha256", "md5", "SHA1"} {
		b := content[off : off+1<<20+int64(i)]
		wrong := summed(chunk(off), algorithm, append([]byte("x"), b[1:]...))
		if r := send(off, wrong, b, 460); code(r) != "wrong-digest" {
			t.Error(r.Body)
		}
		if got := c.offset(at); got != off {
			t.Fatalf("wrong bytes count: the upload is at %d, not %d", got, off)
		}
		send(off, summed(chunk(off), algorithm, b), b, 204)
		if off += int64(len(b)); c.offset(at) != off {
			t.Fatalf("right bytes do not count: %d, not %d", c.offset(at), off)
		}
	}
	for _, bad := range []string{"crc32 AAAAAA==", "sha1", "sha1 %%%%", "sha1 " + base64.StdEncoding.EncodeToString([]byte("short")), "sha256"} {
		h := chunk(off)
		h["Upload-Checksum"] = bad
		if r := send(off, h, content[off:off+10], 400); code(r) != "checksum" {
			t.Errorf("%s: %s", bad, r.Body)
		}
	}
	// Cut in its middle, after longer than it takes to make an offset durable.
	rest := content[off:]
	conn := c.begin(at, off, len(rest), rest[:3<<20], "Upload-Checksum: "+summed(chunk(off), "sha1", rest)["Upload-Checksum"])
	time.Sleep(3 * time.Second)
	if _, err := conn.Write(rest[3<<20 : 4<<20]); err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if got := c.offset(at); got != off {
		t.Fatalf("a part of what has a checksum counts: %d, not %d", got, off)
	}
	// The end, first wrong: no file then.
	send(off, summed(chunk(off), "sha1", rest[1:]), rest, 460)
	c.Must(t, rig.Request{Method: "HEAD", Path: "f"}, 404)
	send(off, summed(chunk(off), "sha256", rest), rest, 204)
	if c.Get(t, "f") != string(content) {
		t.Error("other bytes come back")
	}
}

// A creation that brings bytes with it.
func TestChecksumOfCreation(t *testing.T) {
	c := &client{rig.Start(t, rig.Options{}), t}
	h := summed(chunk(0), "sha1", []byte("hello"))
	h["Upload-Length"], h["Upload-Metadata"] = "5", metadata("filename", "f")
	delete(h, "Upload-Offset")
	r := c.Must(t, rig.Request{Method: "POST", Path: c.URL + "tus/", Header: h, Body: "jello"}, 460)
	at := c.resolve(r.Header.Get("Location"))
	if c.offset(at) != 0 {
		t.Error("wrong bytes count")
	}
	c.Must(t, rig.Request{Method: "HEAD", Path: "f"}, 404)
	c.patch(at, 0, []byte("hello"), 204)
	h["Upload-Metadata"] = metadata("filename", "g")
	c.Must(t, rig.Request{Method: "POST", Path: c.URL + "tus/", Header: h, Body: "hello"}, 201)
	if c.Get(t, "f") != "hello" || c.Get(t, "g") != "hello" {
		t.Error("other bytes come back")
	}
}

// An unfinished upload says until when it is kept, and that moves on with what it brings.
func TestExpires(t *testing.T) {
	c := &client{rig.Start(t, rig.Options{}), t}
	week := 7 * 24 * time.Hour
	expires := func(r *rig.Response) {
		t.Helper()
		at, err := http.ParseTime(r.Header.Get("Upload-Expires"))
		if left := time.Until(at); err != nil || left > week || left < week-time.Minute {
			t.Errorf("Upload-Expires %q: %v", r.Header.Get("Upload-Expires"), err)
		}
	}
	r := c.Must(t, rig.Request{Method: "POST", Path: c.URL + "tus/", Header: header("Upload-Length", "5", "Upload-Metadata", metadata("filename", "f"))}, 201)
	expires(r)
	at := c.resolve(r.Header.Get("Location"))
	expires(c.Must(t, rig.Request{Method: "HEAD", Path: at, Header: header()}, 200))
	expires(c.patch(at, 0, []byte("he"), 204))
	if r := c.patch(at, 2, []byte("llo"), 204); r.Header.Get("Upload-Expires") != "" {
		t.Error("a file is said to expire")
	}
}

// The answer to the last bytes was lost: sent once more they are the same file.
func TestLastBytesAgain(t *testing.T) {
	c := &client{rig.Start(t, rig.Options{}), t}
	at := c.create(10, metadata("filename", "f"))
	c.patch(at, 0, []byte("01234"), 204)
	first := c.patch(at, 5, []byte("56789"), 204)
	seq := c.Must(t, rig.Request{Method: "HEAD", Path: "f"}, 200).Header.Get("ETag")
	for range 2 {
		again := c.patch(at, 5, []byte("56789"), 204)
		for _, h := range []string{"ETag", "OC-ETag", "OC-FileId", "Upload-Offset"} {
			if again.Header.Get(h) != first.Header.Get(h) || first.Header.Get(h) == "" {
				t.Errorf("%s: %q, first %q", h, again.Header.Get(h), first.Header.Get(h))
			}
		}
	}
	if now := c.Must(t, rig.Request{Method: "HEAD", Path: "f"}, 200).Header.Get("ETag"); now != seq || c.Get(t, "f") != "0123456789" {
		t.Error("the file has changed")
	}
	// What is not the same again is no answer's loss.
	c.patch(at, 0, []byte("01234"), 409)
	c.patch(at, 4, []byte("56789"), 409)
	c.patch(at, 10, nil, 204)
	// Cut short: it is no file less, and no answer.
	conn := c.begin(at, 5, 5, []byte("5"))
	conn.Close()
	if c.offset(at) != 10 || c.Get(t, "f") != "0123456789" {
		t.Error("a cut repetition has changed something")
	}
}

// What is declared is taken: two uploads that do not fit together are not both begun.
func TestReservation(t *testing.T) {
	c := &client{rig.Start(t, rig.Options{}), t}
	c.AddUser("eve", "another password", 1_000_000)
	eve := func(method, path string, h map[string]string, want int) *rig.Response {
		t.Helper()
		return c.Must(t, rig.Request{Method: method, Path: path, Header: h, User: "eve", Password: "another password"}, want)
	}
	create := func(name string, size, want int) string {
		t.Helper()
		r := eve("POST", c.URL+"tus/", header("Upload-Length", fmt.Sprint(size), "Upload-Metadata", metadata("filename", name)), want)
		if want != 201 {
			if code(r) != "quota-exceeded" {
				t.Error(r.Body)
			}
			return ""
		}
		return c.resolve(r.Header.Get("Location"))
	}
	first := create("a", 600_000, 201)
	create("b", 400_001, 507)
	again := create("a", 600_000, 201) // by somebody whose first answer was lost
	eve("DELETE", first, header(), 204)
	create("b", 400_000, 201)
	create("c", 1, 507)
	eve("DELETE", again, header(), 204)
	create("c", 600_000, 201)
	// Declared late it is asked as well.
	late := c.resolve(eve("POST", c.URL+"tus/", header("Upload-Defer-Length", "1", "Upload-Metadata", metadata("filename", "late")), 201).Header.Get("Location"))
	h := chunk(0)
	h["Upload-Length"] = "4611686018427387904"
	if r := eve("PATCH", late, h, 507); code(r) != "disk-full" {
		t.Error(r.Body)
	}
}
