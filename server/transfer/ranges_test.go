package transfer

import (
	"net/textproto"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestParseRange(t *testing.T) {
	many := "bytes=" + strings.Repeat("0-0,", 63) + "0-0"
	if r, ok := parseRange(many, 10); !ok || len(r) != 1 {
		t.Errorf("64 equal ranges: %v %v", r, ok)
	}
	if r, ok := parseRange("bytes=0-0,2-2,4-4,6-6", 10); !ok || len(r) != 4 {
		t.Errorf("four ranges: %v %v", r, ok)
	}
	var sb strings.Builder
	for i := range 65 {
		sb.WriteString(",")
		sb.WriteString(strconv.Itoa(3*i) + "-" + strconv.Itoa(3*i))
	}
	if r, ok := parseRange("bytes="+sb.String()[1:], 1000); !ok || r != nil {
		t.Errorf("65 ranges are not ignored: %v %v", r, ok)
	}
	if _, ok := parseRange("bytes=0-", 0); ok {
		t.Error("a range of nothing is satisfied")
	}
}

// FuzzParseRange: the ranges of an answer lie within the size, are at most 64, neither
// overlap nor touch, hold the bytes that were asked for and no others, and are the same
// when they are asked for as we would write them.
func FuzzParseRange(f *testing.F) {
	for _, s := range []string{"bytes=0-1,-2", "bytes=-", "bytes=5-", "x=1-2", "bytes=1-2,3-4,0-9", "bytes=9-,0-0,5-7,-1", "bytes=-0", "bytes=99-", "BYTES = 1-1 , ,3-3"} {
		f.Add(s, int64(10))
	}
	f.Fuzz(func(t *testing.T, s string, size int64) {
		if size < 0 {
			return
		}
		var ranges []byteRange
		var ok bool
		least := uint64(1 << 62) // others take memory at the same time
		for range 10 {
			before := allocated()
			ranges, ok = parseRange(s, size)
			if least = min(least, allocated()-before); least <= 64<<10+uint64(64*len(s)) {
				break
			}
		}
		if least > 64<<10+uint64(64*len(s)) {
			t.Fatalf("%q of %d: %d bytes of memory", s, size, least)
		}
		if !ok && ranges != nil || len(ranges) > maxRanges {
			t.Fatalf("%q of %d: %v, %v", s, size, ok, ranges)
		}
		var again []string
		for i, r := range ranges {
			if r.start < 0 || r.length <= 0 || r.start > size-r.length {
				t.Fatalf("%q of %d: %v", s, size, r)
			}
			for _, o := range ranges[:i] {
				if r.start <= o.start+o.length && o.start <= r.start+r.length {
					t.Fatalf("%q of %d: %v and %v are not joined", s, size, o, r)
				}
			}
			again = append(again, strconv.FormatInt(r.start, 10)+"-"+strconv.FormatInt(r.start+r.length-1, 10))
		}
		if ranges == nil {
			return
		}
		if same, ok := parseRange("bytes="+strings.Join(again, ", "), size); !ok || !slices.Equal(same, ranges) {
			t.Fatalf("%q of %d: %v, written anew %v", s, size, ranges, same)
		}
		if size > 1<<12 {
			return
		}
		asked, given := make([]bool, size), make([]bool, size)
		mark := func(in []bool, r byteRange) {
			for i := r.start; i < r.start+r.length; i++ {
				in[i] = true
			}
		}
		_, list, _ := strings.Cut(s, "=")
		for spec := range strings.SplitSeq(list, ",") {
			if r, valid := parseSpec(textproto.TrimString(spec), size); valid {
				mark(asked, r)
			}
		}
		for _, r := range ranges {
			mark(given, r)
		}
		if !slices.Equal(asked, given) {
			t.Fatalf("%q of %d: %v are not the bytes that were asked for", s, size, ranges)
		}
	})
}

// allocated is how much memory this process has ever taken.
func allocated() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}
