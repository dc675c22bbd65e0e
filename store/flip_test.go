package store_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"cairn/store"
	"cairn/store/pack"
)

// flipKind is lines of the table, to try only those, one run after the other:
//
//	go test -tags soak ./store -run 'TestFlip$' -v -timeout 6h -flip 'commit payload,trailer'
var flipKind = flag.String("flip", "", "flip only bytes of these `kinds`, with commas between")

// Whatever single byte of a store changes, verify finds it, or it means nothing: the
// store opens and shows the same, and verify is clean. No change in a pack, found or
// not, has a store that verifies its reads give out a wrong byte, and only those of
// chunks that are sent as they lie have another store do so. The hint index means
// nothing anywhere, and verify says so.
func TestFlip(t *testing.T) {
	r := newFlipRig(t)
	closed := r.image(t)
	want := r.describe(t, closed)
	if got := r.read(t, closed, true); got.text != want.text || got.wrong(want) {
		t.Fatalf("with verified reads: %s", firstDifference(got.text, want.text))
	}
	flips := append(r.flips(t, closed), hintFlips(closed)...)
	flips = append(flips, spread(closed, "cairn.json", "cairn.json", 0, len(closed["cairn.json"]))...)
	open := r.crashed(t)
	if got := r.describe(t, open); got.text != want.text || got.wrong(want) {
		t.Fatalf("the store that was not closed shows\n%s\nwant\n%s", got.text, want.text)
	}
	flips = append(flips, spread(open, "meta.db-wal", "meta.db-wal", 0, len(open["meta.db-wal"]))...)
	results := r.run(t, closed, flips, want)
	table := map[string]*flipCount{}
	for i, res := range results {
		f := flips[i]
		n := table[f.kind]
		if n == nil {
			n = &flipCount{}
			table[f.kind] = n
		}
		n.note(f, res)
		if res.bad != "" {
			t.Errorf("%s, byte %d (%s) ^ %#02x: %s", f.file, f.at, f.kind, f.mask, res.bad)
		}
	}
	t.Logf("%-21s %7s %7s %7s %8s | %6s %7s %6s %6s %6s | %10s %8s", "bytes of", "flipped", "fast", "deep", "harmless",
		"opened", "refused", "same", "errors", "other", "wrong GETs", "verified")
	for _, kind := range slices.Sorted(maps.Keys(table)) {
		n := table[kind]
		t.Logf("%-21s %7d %7d %7d %8d | %6d %7d %6d %6d %6d | %10d %8d  %s", kind, n.flipped, n.fast, n.deep, n.harmless,
			n.opened, n.refused, n.same, n.errors, n.wrong, n.bytes, n.verified, n.where())
	}
}

// flip is one change of one byte.
type flip struct {
	in   image
	file string
	kind string
	at   int
	mask byte
}

type flipResult struct {
	found string // "fast", "deep" or ""
	start string // how a store with it starts: "", not tried, "refused", "same", "errors" or "wrong"
	bad   string

	bytes, verified bool // a GET gives wrong bytes; one of a store that verifies reads
}

// flipCount is a line of the table: what verify finds, and how a store starts with those
// flips that were tried. wrong: it shows something else, and no error. That is what a
// database without checksums, and reading without verification, may come to.
type flipCount struct {
	flipped, fast, deep, harmless        int
	opened, refused, same, errors, wrong int
	bytes, verified                      int
	places                               map[string][]int // harmless
}

func (n *flipCount) note(f flip, r flipResult) {
	n.flipped++
	switch {
	case r.found == "fast":
		n.fast++
	case r.found == "deep":
		n.deep++
	case r.bad == "":
		n.harmless++
		if n.places == nil {
			n.places = map[string][]int{}
		}
		n.places[f.file] = append(n.places[f.file], f.at)
	}
	if r.start != "" {
		n.opened++
	}
	if r.bytes {
		n.bytes++
	}
	if r.verified {
		n.verified++
	}
	switch r.start {
	case "refused":
		n.refused++
	case "same":
		n.same++
	case "errors":
		n.errors++
	case "wrong":
		n.wrong++
	}
}

// where is which bytes were harmless, in short.
func (n *flipCount) where() string {
	var out []string
	for _, file := range slices.Sorted(maps.Keys(n.places)) {
		at := n.places[file]
		slices.Sort(at)
		at = slices.Compact(at)
		if len(at) > 12 {
			out = append(out, fmt.Sprintf("%s: %d bytes from %d to %d", filepath.Base(file), len(at), at[0], at[len(at)-1]))
		} else {
			out = append(out, fmt.Sprintf("%s: %v", filepath.Base(file), at))
		}
	}
	return strings.Join(out, ", ")
}

// flips lists the bytes of packs and database to change.
func (r *flipRig) flips(t *testing.T, in image) []flip {
	t.Helper()
	out := databaseFlips(in)
	set, err := pack.Open(t.Context(), pack.Options{FS: &memFS{files: in}, Dir: filepath.Join(memRoot, "packs"), Store: storeID(t, in)})
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	sealed, open, kinds := 0, 0, map[string]int{}
	for _, p := range set.Packs() {
		x, err := set.Inspect(t.Context(), p.ID, false)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join("packs", filepath.FromSlash(pack.FileName(p.ID)))
		add := func(kind string, from, to int64) { out = append(out, spread(in, file, kind, int(from), int(to))...) }
		add("pack header", 0, pack.HeaderBytes)
		end := int64(pack.HeaderBytes)
		for _, e := range x.Entries {
			add("record header", e.Offset-pack.RecordBytes, e.Offset)
			kind := e.Type.String() + " payload"
			if e.Type == pack.Chunk {
				kind = map[pack.Codec]string{pack.Raw: "raw ", pack.Zstd: "zstd "}[e.Codec] + kind
			}
			kinds[kind]++
			add(kind, e.Offset, e.Offset+int64(e.Stored))
			end = (e.Offset + int64(e.Stored) + 7) &^ 7
			add("padding", e.Offset+int64(e.Stored), end)
		}
		if !x.Sealed {
			open++
			continue
		}
		sealed++
		add("footer", end, p.Bytes-96)
		add("trailer", p.Bytes-96, p.Bytes)
	}
	if sealed < 2 || open < 1 {
		t.Fatalf("%d sealed packs and %d open ones", sealed, open)
	}
	if len(kinds) != 5 {
		t.Fatalf("these payloads: %v", kinds)
	}
	return out
}

// hintFlips tells the header of the hint index and its hints from the zeros.
func hintFlips(in image) []flip {
	const page = 4096
	out := spread(in, "hints", "hints, header", 0, page)
	for from := page; from < len(in["hints"]); from += page {
		text := in["hints"][from : from+page]
		used := len(bytes.TrimRight(text[:4080], "\x00"))
		out = append(out, spread(in, "hints", "hints", from, from+used)...)
		if every := flipEvery("hints, zeros"); every == 1 || from/page%(every/page) == 0 {
			out = append(out, spread(in, "hints", "hints, zeros", from+used, from+page)...)
		}
	}
	return out
}

// databaseFlips tells the bytes of the database that hold something from those among
// zeros, most of which are free space.
func databaseFlips(in image) []flip {
	text := in["meta.db"]
	zeros := func(at int) bool {
		for _, b := range text[max(0, at-8):min(len(text), at+8)] {
			if b != 0 {
				return false
			}
		}
		return true
	}
	var out []flip
	for from := 0; from < len(text); {
		to, free := from+1, zeros(from)
		for to < len(text) && zeros(to) == free {
			to++
		}
		kind := "meta.db"
		if free {
			kind = "meta.db, zeros"
		}
		if free && to-from < 64 && flipEvery(kind) > 1 {
			kind = "meta.db"
		}
		out = append(out, spread(in, "meta.db", kind, from, to)...)
		from = to
	}
	return out
}

func spread(in image, file, kind string, from, to int) []flip {
	var out []flip
	if *flipKind != "" && !slices.Contains(strings.Split(*flipKind, ","), kind) {
		return nil
	}
	for at := from + from%min(flipEvery(kind), to-from+1); at < to; at += flipEvery(kind) {
		for _, mask := range flipMasks(at) {
			out = append(out, flip{in, file, kind, at, mask})
		}
	}
	return out
}

func storeID(t *testing.T, in image) [16]byte {
	id, _, err := pack.FindKey(t.Context(), &memFS{files: in}, filepath.Join(memRoot, "packs"))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// run tries all flips, on as many processors as there are.
func (r *flipRig) run(t *testing.T, closed image, flips []flip, want shown) []flipResult {
	results := make([]flipResult, len(flips))
	next := make(chan int)
	var wait sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			var k store.VerifierForTest
			defer k.Close()
			dir := fastDir(t) // the databases of the packs and files that are as they were
			defer os.RemoveAll(dir)
			_, err := k.Verify(t.Context(), store.Options{Dir: memRoot, FS: &memFS{files: closed}}, store.VerifyOptions{Deep: true, Scratch: dir},
				store.SameForTest{Database: true, Commits: true}, func(f store.Finding) { t.Errorf("before any flip: %v", f) })
			if err != nil {
				t.Error(err)
			}
			for i := range next {
				results[i] = r.try(t, &k, flips[i], want, i%flipOpens(flips[i].kind) == 0)
			}
		})
	}
	for i := range flips {
		next <- i
	}
	close(next)
	wait.Wait()
	return results
}

func (r *flipRig) try(t *testing.T, k *store.VerifierForTest, f flip, want shown, open bool) (res flipResult) {
	in := maps.Clone(f.in)
	in[f.file] = bytes.Clone(in[f.file])
	in[f.file][f.at] ^= f.mask
	inPack, inHints := strings.HasPrefix(f.file, "packs"), f.file == "hints"
	for _, deep := range []bool{false, true} {
		if deep && !inPack {
			break // deep reads more of the packs, nothing else
		}
		same := store.SameForTest{Database: inPack || inHints || f.file == "cairn.json", Commits: !inPack || strings.HasSuffix(f.kind, "payload") && f.kind != "commit payload" || f.kind == "padding"}
		if f.file == "meta.db-wal" {
			same = store.SameForTest{} // it belongs to another image
		}
		found, notes, err := r.find(t, k, in, deep, same)
		if err != nil {
			return flipResult{bad: fmt.Sprintf("verify does not look: %v", err)}
		}
		if inHints && (found != "" || !strings.Contains(notes, "note: hints: ")) {
			return flipResult{bad: fmt.Sprintf("verify finds %q and notes %q", found, notes)}
		}
		if found != "" {
			res.found = map[bool]string{false: "fast", true: "deep"}[deep]
			break
		}
	}
	// Of what is found, a part is opened too, to see what would be shown.
	if res.found != "" && !open {
		return res
	}
	got, err := r.show(t, in, false)
	switch {
	case err != nil:
		res.start = "refused"
	case got.text == want.text:
		res.start = "same"
	case strings.Contains(got.text, "stored data is damaged"):
		res.start = "errors"
	default:
		res.start = "wrong"
	}
	if res.found == "" && res.start != "same" {
		res.bad = fmt.Sprintf("verify finds nothing; the start: %s (%v)\n%s", res.start, err, firstDifference(got.text, want.text))
	}
	var sure shown
	if res.found != "" || inHints {
		sure, _ = r.show(t, in, true)
	}
	res.bytes, res.verified = got.wrong(want), sure.wrong(want)
	switch {
	case f.file == "meta.db": // has no checksums: verify compares it with the packs
	case res.verified:
		res.bad = "wrong bytes, though reads are verified\n" + firstDifference(sure.text, want.text)
	case res.bytes && f.kind != "raw chunk payload":
		res.bad = "wrong bytes\n" + firstDifference(got.text, want.text)
	}
	return res
}

var errFound = errors.New("found")

// find is the first problem that verify has with a folder.
func (r *flipRig) find(t *testing.T, k *store.VerifierForTest, in image, deep bool, same store.SameForTest) (first, notes string, err error) {
	dir := fastDir(t)
	defer os.RemoveAll(dir)
	ctx, stop := context.WithCancelCause(t.Context())
	defer stop(nil)
	_, err = k.Verify(ctx, store.Options{Dir: memRoot, FS: &memFS{files: in}}, store.VerifyOptions{Deep: deep, Scratch: dir}, same, func(f store.Finding) {
		if f.Note {
			notes += f.String() + "\n"
			return
		}
		first = cmp.Or(first, f.String())
		stop(errFound)
	})
	if first != "" {
		err = nil
	}
	return first, notes, err
}

// fastDir is a folder in memory, where there is such a thing.
func fastDir(t *testing.T) string {
	base := ""
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		base = "/dev/shm"
	}
	dir, err := os.MkdirTemp(base, "cairn-flip-")
	if err != nil {
		t.Error(err)
	}
	return dir
}
