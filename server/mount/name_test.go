package mount

import (
	"strings"
	"testing"
	"time"

	"cairn/store"
)

func TestVersionName(t *testing.T) {
	at := time.Date(2026, 11, 29, 20, 4, 5, 999_000_000, time.FixedZone("", 3600))
	for _, c := range []struct{ file, want string }{
		{"will.odt", "2026-11-29T19-04-05Z-57.odt"},
		{"a.tar.gz", "2026-11-29T19-04-05Z-57.gz"},
		{"README", "2026-11-29T19-04-05Z-57"},
		{".profile", "2026-11-29T19-04-05Z-57"},
		{"ends.", "2026-11-29T19-04-05Z-57"},
		{"x." + strings.Repeat("y", 15), "2026-11-29T19-04-05Z-57." + strings.Repeat("y", 15)},
		{"x." + strings.Repeat("y", 16), "2026-11-29T19-04-05Z-57"},
	} {
		name := versionName(&store.Version{Created: at, Until: 57}, c.file)
		if name != c.want || !store.ValidName(name) {
			t.Errorf("%q: got %q, want %q", c.file, name, c.want)
		}
		if n, ok := numberOf(name); !ok || n != 57 {
			t.Errorf("%q: number %d, %v", name, n, ok)
		}
	}
	for _, name := range []string{"", "x", "2026-11-29T19-04-05Z", "2026-11-29T19-04-05Z-", "2026-11-29T19-04-05Z-x", "2026-11-29T19-04-05Z_57",
		"2026-11-29T19-04-05Z-0", "2026-11-29T19-04-05Z--1", "2026-11-29T19-04-05Z-9223372036854775807", "2026-11-29T19-04-05Z-99999999999999999999"} {
		if n, ok := numberOf(name); ok {
			t.Errorf("%q has the number %d", name, n)
		}
	}
}
