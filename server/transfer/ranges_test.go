package transfer

import (
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

func FuzzParseRange(f *testing.F) {
	for _, s := range []string{"bytes=0-1,-2", "bytes=-", "bytes=5-", "x=1-2", "bytes=1-2,3-4,0-9"} {
		f.Add(s, int64(10))
	}
	f.Fuzz(func(t *testing.T, s string, size int64) {
		if size < 0 {
			return
		}
		ranges, _ := parseRange(s, size)
		var sum int64
		for _, r := range ranges {
			if r.start < 0 || r.length <= 0 || r.start > size-r.length {
				t.Fatalf("%q of %d: %v", s, size, r)
			}
			sum += r.length
		}
		if sum > size || len(ranges) > maxRanges {
			t.Fatalf("%q of %d: %v", s, size, ranges)
		}
	})
}
