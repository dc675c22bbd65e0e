package main

import (
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// size is a number of bytes as people write it: 500M, 10GB, 10GiB, 1.5 GiB, 4096.
// K, M, G, T, P alone and with B are powers of 1000; with iB, of 1024.
type size int64

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *size) UnmarshalText(text []byte) error {
	n, err := parseSize(string(text))
	*s = size(n)
	return err
}

func (s size) String() string { return formatSize(int64(s)) }

func parseSize(text string) (int64, error) {
	bad := fmt.Errorf("%q is not a size: write it as 10GiB, 10GB, 500M or a number of bytes", text)
	t := strings.ToLower(strings.TrimSpace(text))
	at := strings.IndexFunc(t, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
	unit := int64(1)
	if at >= 0 {
		name := strings.TrimSpace(t[at:])
		t = t[:at]
		step := int64(1000)
		if base, ok := strings.CutSuffix(name, "ib"); ok {
			step, name = 1024, base
			if name == "" {
				return 0, bad
			}
		} else {
			name = strings.TrimSuffix(name, "b")
		}
		power := 0
		if name != "" {
			if power = strings.Index("kmgtp", name) + 1; len(name) != 1 || power == 0 {
				return 0, bad
			}
		}
		for range power {
			unit *= step
		}
	}
	if n, err := strconv.ParseUint(t, 10, 63); err == nil {
		hi, lo := bits.Mul64(n, uint64(unit))
		if hi != 0 || lo > math.MaxInt64 {
			return 0, bad
		}
		return int64(lo), nil
	}
	f, err := strconv.ParseFloat(t, 64)
	if err != nil || f*float64(unit) >= math.MaxInt64 {
		return 0, bad
	}
	return int64(f * float64(unit)), nil
}

// formatSize writes bytes for people, with one decimal below 10.
func formatSize(n int64) string {
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	f, unit := float64(n)/1024, 0
	for f >= 1023.95 {
		f, unit = f/1024, unit+1
	}
	text := strconv.FormatFloat(f, 'f', 0, 64)
	if f < 9.95 {
		text = strings.TrimSuffix(strconv.FormatFloat(f, 'f', 1, 64), ".0")
	}
	return text + " " + "KMGTPE"[unit:unit+1] + "iB"
}
