package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"cairn/store"
)

func TestScrub(t *testing.T) {
	dir, pack := storeWith(t, 64<<10)
	out, errs, code := cairn(t, dir, "", "scrub", "--status")
	if code != 0 || errs != "" || !strings.Contains(out, "packs (") || !strings.Contains(out, "none was ever scrubbed") {
		t.Errorf("status before: exit code %d, %q, %q", code, out, errs)
	}
	out, errs, code = cairn(t, dir, "", "scrub", "--rate", "1GiB")
	if code != 0 || errs != "" || !strings.HasPrefix(out, "no damage found: ") {
		t.Errorf("exit code %d, %q, %q", code, out, errs)
	}
	text, err := os.ReadFile(pack)
	if err != nil {
		t.Fatal(err)
	}
	text[bytes.Index(text, noise(64))+1000] ^= 1
	if err := os.WriteFile(pack, text, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, alone := range []bool{true, false} {
		end := func() {}
		if !alone { // a server has the folder, and does it
			end = served(t, dir)
		}
		out, errs, code = cairn(t, dir, "", "scrub")
		if code != 1 || !strings.HasPrefix(out, "ada:/film: ") || !strings.Contains(out, "\ndamage found: ") || alone != strings.Contains(errs, "damage") {
			t.Errorf("damaged, alone %v: exit code %d, %q, %q", alone, code, out, errs)
		}
		out, errs, code = cairn(t, dir, "", "scrub", "--status")
		if code != 1 || errs != "" || !strings.Contains(out, "the last one was scrubbed 0 seconds ago") || !strings.Contains(out, "\nada:/film: ") {
			t.Errorf("status, alone %v: exit code %d, %q, %q", alone, code, out, errs)
		}
		end()
	}
	if _, errs, code = cairn(t, dir, "", "scrub", "--rate", "fast"); code != 1 || !strings.Contains(errs, "hint: write it as 100MiB") {
		t.Errorf("a bad rate: exit code %d, %q", code, errs)
	}
}

func TestScrubStatusText(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	var out bytes.Buffer
	scrubStatus(&out, store.ScrubStatus{Every: 30 * 24 * time.Hour, Packs: 10, Bytes: 5 << 20, Fresh: 8, Oldest: now.Add(-40 * 24 * time.Hour), Last: now.Add(-3 * time.Minute)}, now)
	scrubStatus(&out, store.ScrubStatus{Every: 12 * time.Hour}, now)
	const want = "8 of 10 packs (5 MiB in all) were written or read within the last 30 days, the oldest 40 days ago; the last one was scrubbed 3 minutes ago.\n" +
		"0 of 0 packs (0 B in all) were written or read within the last 12 hours; none was ever scrubbed.\n"
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}
