package main

import "testing"

func TestParseSize(t *testing.T) {
	for in, want := range map[string]int64{
		"0": 0, "4096": 4096, "1B": 1, "500M": 500e6, "500 MB": 500e6, "500MiB": 500 << 20, "10GiB": 10 << 30, "10gb": 10e9,
		"1.5GiB": 3 << 29, "2T": 2e12, "1PiB": 1 << 50, " 96MiB ": 96 << 20, "8191PiB": 8191 << 50,
	} {
		if got, err := parseSize(in); err != nil || got != want {
			t.Errorf("%q: got %d, %v, want %d", in, got, err, want)
		}
	}
	for _, bad := range []string{"", "-1", "G", "iB", "10iB", "10Gi", "10EB", "1e3", "10 G B", "0x10", "8192PiB", "9999999999999999999", "1..5G", "∞"} {
		if got, err := parseSize(bad); err == nil {
			t.Errorf("%q: got %d, want an error", bad, got)
		}
	}
}

func TestFormatSize(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 B", 1023: "1023 B", 1024: "1 KiB", 1536: "1.5 KiB", 10 << 30: "10 GiB", 1<<20 - 1: "1 MiB", 123456789: "118 MiB", 1<<63 - 1: "8 EiB",
	} {
		if got := formatSize(n); got != want {
			t.Errorf("%d: got %q, want %q", n, got, want)
		}
	}
}
