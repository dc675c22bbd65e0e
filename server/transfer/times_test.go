package transfer

import (
	"testing"
	"time"
)

func TestParseSeconds(t *testing.T) {
	for s, want := range map[string]string{
		"1000000000":            "2001-09-09T01:46:40Z",
		"1000000000.123456789":  "2001-09-09T01:46:40.123456789Z",
		"1000000000.1234567891": "2001-09-09T01:46:40.123456789Z",
		"1000000000.5":          "2001-09-09T01:46:40.5Z",
		"0":                     "1970-01-01T00:00:00Z",
		"-7":                    "1970-01-01T00:00:00Z",
		"-0.5":                  "1970-01-01T00:00:00Z",
		"-2e11":                 "1970-01-01T00:00:00Z",
		"1e9":                   "2001-09-09T01:46:40Z",
		".5":                    "1970-01-01T00:00:00.5Z",
		"253402300800":          "2262-04-11T23:47:16Z",
		"1e400":                 "2262-04-11T23:47:16Z",
		"":                      "", "NaN": "", "yesterday": "", "1.2.3": "", "1.-5": "", "0x10": "",
	} {
		got, ok := ParseSeconds(s)
		if ok != (want != "") || ok && got.Format(time.RFC3339Nano) != want {
			t.Errorf("%q: %v, %v, want %s", s, got, ok, want)
		}
	}
}

func TestTold(t *testing.T) {
	for in, want := range map[time.Time]int{time.Unix(-9e9, 0): 1970, time.Unix(1e9, 5): 2001, time.Unix(4e11, 0): 9999} {
		if got := Told(in); got.Year() != want {
			t.Errorf("%v is told as %v", in, got)
		}
	}
}
