package main

import (
	"math"
	"strings"
	"testing"
	"time"

	"cairn/store"
)

func TestKeepFlags(t *testing.T) {
	c, err := parse(t, map[string]string{"CAIRN_KEEP_TRASH": "2w", "CAIRN_KEEP_MINIMUM": "0"}, "serve", "--keep-versions", "unlimited", "--keep-version-count", "7", "--keep-history-bytes", "1GiB")
	if err != nil {
		t.Fatal(err)
	}
	want := store.Retention{Age: -1, Count: 7, Bytes: 1 << 30, TrashAge: 14 * 24 * time.Hour}
	if got := c.Serve.Keep.retention(); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if c, err = parse(t, nil, "prune"); err != nil {
		t.Fatal(err)
	}
	if got := c.Prune.Keep.retention(); got != store.DefaultRetention() {
		t.Errorf("by default %+v, want %+v", got, store.DefaultRetention())
	}
	if c, err = parse(t, nil, "prune", "--keep-minimum", "unlimited", "--keep-version-count", "Unlimited", "--keep-history-bytes", "0"); err != nil {
		t.Fatal(err)
	}
	if got := c.Prune.Keep.retention(); got.Minimum != math.MaxInt64 || got.Count != -1 || got.Bytes != 0 {
		t.Errorf("%+v", got)
	}
	for _, bad := range []string{"--keep-versions=-1d", "--keep-versions=30", "--keep-versions=d", "--keep-trash=1.5d", "--keep-trash=-1s",
		"--keep-minimum=999999999w", "--keep-version-count=-1", "--keep-version-count=many", "--keep-history-bytes=-1", "--keep-history-bytes=lots"} {
		if _, err := parse(t, nil, "prune", bad); err == nil {
			t.Errorf("%s is taken", bad)
		} else if !strings.Contains(usageHint(err), "30d") {
			t.Errorf("%s: no hint in %q: %v", bad, usageHint(err), err)
		}
	}
}
