package transfer

import (
	"errors"
	"net/textproto"
	"strconv"
	"strings"
)

// byteRange is a run of bytes.
type byteRange struct{ start, length int64 }

func (b byteRange) contentRange(size int64) string {
	text := append(make([]byte, 0, 70), "bytes "...)
	text = append(strconv.AppendInt(text, b.start, 10), '-')
	text = append(strconv.AppendInt(text, b.start+b.length-1, 10), '/')
	return string(strconv.AppendInt(text, size, 10))
}

// maxRanges bounds the runs of one answer, after joining.
const maxRanges = 64

// parseRange reads a Range header (RFC 9110 §14.1.2) against a size. A header that
// is no list of byte ranges, or asks for too many, is as good as none. Ranges that
// overlap or touch are joined, so that the answer is never longer than the file and
// a few heads. Not ok: none of them can be satisfied.
func parseRange(s string, size int64) (ranges []byteRange, ok bool) {
	unit, list, _ := strings.Cut(s, "=")
	if !strings.EqualFold(strings.TrimSpace(unit), "bytes") {
		return nil, true
	}
	specs := 0
	for spec := range strings.SplitSeq(list, ",") {
		if spec = textproto.TrimString(spec); spec == "" {
			continue
		}
		if specs++; specs > 16*maxRanges {
			return nil, true
		}
		br, valid := parseSpec(spec, size)
		if !valid {
			return nil, true
		}
		if br.length > 0 {
			ranges = join(ranges, br)
		}
	}
	if specs == 0 {
		return nil, true
	}
	if len(ranges) == 0 {
		return nil, false
	}
	if len(ranges) > maxRanges {
		return nil, true
	}
	return ranges, true
}

// join adds br, merged with all it overlaps or touches, in the place of the first.
func join(ranges []byteRange, br byteRange) []byteRange {
	at := -1
	out := ranges[:0]
	for _, r := range ranges {
		if r.start > br.start+br.length || br.start > r.start+r.length {
			out = append(out, r)
			continue
		}
		end := max(r.start+r.length, br.start+br.length)
		br.start = min(r.start, br.start)
		br.length = end - br.start
		if at < 0 {
			at = len(out)
			out = append(out, br)
		}
	}
	if at < 0 {
		return append(out, br)
	}
	out[at] = br
	return out
}

// parseSpec reads "first-last", "first-" or "-suffix". A run that begins at or after
// the end is empty.
func parseSpec(s string, size int64) (br byteRange, valid bool) {
	a, b, found := strings.Cut(s, "-")
	if !found {
		return br, false
	}
	first, errA := parsePos(a)
	last, errB := parsePos(b)
	switch {
	case a == "" && errB == nil: // the last bytes
		n := min(last, size)
		return byteRange{size - n, n}, true
	case a == "" || errA != nil || b != "" && (errB != nil || last < first):
		return br, false
	case first >= size:
		return br, true
	case b == "":
		last = size - 1
	}
	return byteRange{first, min(last, size-1) - first + 1}, true
}

// parsePos reads digits; more than an int64 holds is as far as one goes.
func parsePos(s string) (int64, error) {
	n, err := strconv.ParseUint(s, 10, 63)
	if errors.Is(err, strconv.ErrRange) {
		return 1<<63 - 1, nil
	}
	return int64(n), err
}
