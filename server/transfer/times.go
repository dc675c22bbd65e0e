package transfer

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The times that are told: macOS gives a mount up that shows an earlier year, and HTTP has
// no later one.
var (
	firstTime = time.Unix(0, 0).UTC()
	lastTime  = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	// The store has nanoseconds in 64 bits: this is the last second that it keeps, in 2262.
	lastKept = time.Unix(math.MaxInt64/int64(time.Second)-1, 0).UTC()
)

// Told is t as it is told to clients, in UTC: from 1970 to 9999. The store may hold others, from
// an import, say.
func Told(t time.Time) time.Time {
	switch t = t.UTC(); {
	case t.Before(firstTime):
		return firstTime
	case t.After(lastTime):
		return lastTime
	}
	return t
}

// ParseSeconds reads seconds since 1970, with decimals to the nanosecond or without, as
// clients send times of files. One before 1970, or later than the store can keep, is the
// nearest that it can. Not ok: it is no number.
func ParseSeconds(s string) (t time.Time, ok bool) {
	whole, frac, _ := strings.Cut(s, ".")
	if sec, err := strconv.ParseInt(whole, 10, 64); err == nil && isDigits(frac) {
		if sec >= lastKept.Unix() {
			return lastKept, true
		}
		if sec < 0 || strings.HasPrefix(whole, "-") {
			return firstTime, true
		}
		ns, _ := strconv.Atoi((frac + "000000000")[:9])
		return time.Unix(sec, int64(ns)).UTC(), true
	}
	f, err := strconv.ParseFloat(s, 64) // with an exponent, or without a digit before the point
	if err != nil && !math.IsInf(f, 0) || math.IsNaN(f) {
		return time.Time{}, false
	}
	f = min(max(f, 0), float64(lastKept.Unix()))
	return time.Unix(int64(f), int64((f-math.Floor(f))*1e6)*1000).UTC(), true
}

// ParseTime reads a time as clients write it in a property: an HTTP date (RFC 9110 §5.6.7), also
// with one digit for the day, a numeric zone or UTC; ISO 8601 with a zone, or without one for UTC;
// or as ParseSeconds does. To the nanosecond; what the store cannot keep is the nearest that it can.
// Not ok: it is none of these.
func ParseTime(s string) (t time.Time, ok bool) {
	s = strings.TrimSpace(s)
	if t, err := http.ParseTime(s); err == nil {
		return kept(t), true
	}
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return kept(t), true
		}
	}
	return ParseSeconds(s)
}

var timeLayouts = []string{
	time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05",
	"Mon, _2 Jan 2006 15:04:05 GMT", "Mon, _2 Jan 2006 15:04:05 UTC", "Mon, _2 Jan 2006 15:04:05 -0700",
}

// kept is the time next to t that the store can keep and clients can be told.
func kept(t time.Time) time.Time {
	switch t = t.UTC(); {
	case t.Before(firstTime):
		return firstTime
	case t.After(lastKept):
		return lastKept
	}
	return t
}

func isDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }
