package chunk

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/vectors.json anew")

// vectors is testdata/vectors.json: what another implementation of Cutting and of chunk
// ids must find. Contents are built from pieces, so that the file stays small.
type vectors struct {
	About    []string `json:"about"`
	Gear     []string `json:"gear"` // all 256, hexadecimal
	Media    []vmedia `json:"media"`
	Contents []vector `json:"contents"`
}

type vmedia struct {
	Name     string     `json:"name"`
	Patterns []vpattern `json:"patterns"`
}

type vpattern struct {
	At    int    `json:"at"`
	Bytes string `json:"bytes"`
	Mask  string `json:"mask,omitempty"`
}

type vector struct {
	Name   string   `json:"name"`
	Key    string   `json:"key"`
	Pieces []vpiece `json:"pieces"`
	Method string   `json:"method,omitempty"` // "" below 512 bytes
	Chunks []vchunk `json:"chunks"`
}

// vpiece is one of the three.
type vpiece struct {
	Hex   string  `json:"hex,omitempty"`
	Fill  *vfill  `json:"fill,omitempty"`
	Noise *vnoise `json:"noise,omitempty"`
}

type vfill struct {
	Byte  byte `json:"byte"`
	Count int  `json:"count"`
}

type vnoise struct {
	Seed  uint32 `json:"seed"`
	Count int    `json:"count"`
}

type vchunk struct {
	Bytes int    `json:"bytes"`
	ID    string `json:"id"`
}

var aboutVectors = []string{
	"Test vectors for cutting content into chunks and naming them: store/pack/FORMAT.md, Cutting.",
	"A content is its pieces, one behind the other. hex: these bytes. fill: count times byte.",
	"noise: count bytes of xorshift32 started at seed: x ^= x<<13; x ^= x>>17; x ^= x<<5 (32 bits unsigned), then the byte x>>24; and so on for the next.",
	"method: 1 is FastCDC, 2 is raw; none for a content below 512 bytes. id: BLAKE3-256 keyed with key.",
}

// noise is xorshift32 (Marsaglia 2003), as simple in any other language.
func noise(seed uint32, count int) []byte {
	b := make([]byte, count)
	for i := range b {
		seed ^= seed << 13
		seed ^= seed >> 17
		seed ^= seed << 5
		b[i] = byte(seed >> 24)
	}
	return b
}

func (v vector) content(t *testing.T) []byte {
	t.Helper()
	var all []byte
	for _, p := range v.Pieces {
		switch {
		case p.Fill != nil:
			all = append(all, bytes.Repeat([]byte{p.Fill.Byte}, p.Fill.Count)...)
		case p.Noise != nil:
			all = append(all, noise(p.Noise.Seed, p.Noise.Count)...)
		default:
			b, err := hex.DecodeString(p.Hex)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, b...)
		}
	}
	return all
}

// inputs are the contents of the file, without what is to be found.
func inputs() []vector {
	lit := func(s string) vpiece { return vpiece{Hex: hex.EncodeToString([]byte(s))} }
	fill := func(b byte, n int) vpiece { return vpiece{Fill: &vfill{b, n}} }
	rnd := func(seed uint32, n int) vpiece { return vpiece{Noise: &vnoise{seed, n}} }
	list := []vector{
		{Name: "empty: no chunk", Pieces: []vpiece{}},
		{Name: "one byte", Pieces: []vpiece{lit("a")}},
		{Name: "hello", Pieces: []vpiece{lit("hello, world\n")}},
		{Name: "jpeg of 511 bytes: too short for a method", Pieces: []vpiece{lit("\xff\xd8\xff\xe0"), rnd(2, 507)}},
		{Name: "1025 bytes: two BLAKE3 chunks", Pieces: []vpiece{rnd(3, 1025)}},
		{Name: "zeros: cut at the maximum", Pieces: []vpiece{fill(0, 9<<20)}},
		{Name: "ones", Pieces: []vpiece{fill(255, 5<<20)}},
		{Name: "a run without borders within noise", Pieces: []vpiece{rnd(4, 700<<10), fill('x', 6<<20), rnd(5, 3<<20)}},
		{Name: "noise", Pieces: []vpiece{rnd(6, 24<<20)}},
		{Name: "the same with a byte in front", Pieces: []vpiece{lit("x"), rnd(6, 24<<20)}},
		{Name: "jpeg", Pieces: []vpiece{lit("\xff\xd8\xff\xe0"), rnd(7, 9<<20)}},
		{Name: "jpeg of two whole chunks", Pieces: []vpiece{lit("\xff\xd8\xff\xe0"), rnd(7, 8<<20-4)}},
		{Name: "heic", Pieces: []vpiece{lit("\x00\x00\x00\x24ftypheic"), rnd(8, 5<<20)}},
		{Name: "transport stream: the last pattern lies at 376", Pieces: []vpiece{lit("\x47\x40\x00\x10"), rnd(9, 184), lit("\x47"), rnd(10, 187), lit("\x47"), rnd(11, 5<<20)}},
		{Name: "no transport stream", Pieces: []vpiece{lit("\x47\x40\x00\x10"), rnd(9, 184), lit("\x47"), rnd(10, 187), lit("\x46"), rnd(11, 5<<20)}},
		{Name: "wav: cut by content", Pieces: []vpiece{lit("RIFF\x24\x00\x50\x00WAVEfmt "), rnd(12, 5<<20)}},
	}
	for _, n := range []int{HeadBytes, MinBytes - 1, MinBytes, MinBytes + 1, NormalBytes - 1, NormalBytes, NormalBytes + 1, MaxBytes - 1, MaxBytes, MaxBytes + 1} {
		list = append(list,
			vector{Name: fmt.Sprint("noise of ", n), Pieces: []vpiece{rnd(13, n)}},
			vector{Name: fmt.Sprint("zeros of ", n), Pieces: []vpiece{fill(0, n)}})
	}
	for i := range list {
		key := make([]byte, 32) // of zeros, for every third
		if i%3 != 0 {
			key = noise(uint32(i), 32)
		}
		list[i].Key = hex.EncodeToString(key)
	}
	return list
}

func (v *vector) find(t *testing.T) {
	data := v.content(t)
	key, err := hex.DecodeString(v.Key)
	if err != nil || len(key) != 32 {
		t.Fatalf("%s: key %q", v.Name, v.Key)
	}
	if len(data) >= HeadBytes {
		v.Method = fmt.Sprint(int(methodOf((*[HeadBytes]byte)(data))))
	}
	v.Chunks = []vchunk{}
	for _, n := range cutBy(t, data, steps(256<<10), false) {
		v.Chunks = append(v.Chunks, vchunk{n, reference((*[32]byte)(key), data[:n]).String()})
		if got := Sum((*[32]byte)(key), data[:n/3], data[n/3:n]); got.String() != v.Chunks[len(v.Chunks)-1].ID {
			t.Errorf("%s: Sum is %s", v.Name, got)
		}
		data = data[n:]
	}
}

// TestVectors: the format is frozen. If this fails, the code is wrong, not the file.
func TestVectors(t *testing.T) {
	got := vectors{About: aboutVectors, Contents: inputs()}
	for _, g := range gear {
		got.Gear = append(got.Gear, fmt.Sprintf("%016x", g))
	}
	for _, m := range media {
		row := vmedia{Name: m.name}
		for _, p := range m.patterns {
			row.Patterns = append(row.Patterns, vpattern{p.at, hex.EncodeToString([]byte(p.bytes)), hex.EncodeToString([]byte(p.mask))})
		}
		got.Media = append(got.Media, row)
	}
	for i := range got.Contents {
		got.Contents[i].find(t)
	}
	text, err := json.MarshalIndent(got, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, '\n')
	const name = "testdata/vectors.json"
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(text, want) {
		a, b := bytes.Split(text, []byte("\n")), bytes.Split(want, []byte("\n"))
		for i := range min(len(a), len(b)) {
			if !bytes.Equal(a[i], b[i]) {
				t.Fatalf("%s, line %d: got %s, want %s", name, i+1, a[i], b[i])
			}
		}
		t.Fatalf("%s: got %d lines, want %d", name, len(a), len(b))
	}
}
