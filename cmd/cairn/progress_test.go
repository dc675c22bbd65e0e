package main

import (
	"bytes"
	"testing"
	"time"
)

func TestProgress(t *testing.T) {
	var b bytes.Buffer
	now := time.Unix(1_700_000_000, 0)
	p := &progress{w: &b, name: "verify", on: true, now: func() time.Time { return now }, log: now}
	expect := func(want string) {
		t.Helper()
		if got := b.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
		b.Reset()
	}
	line := func(text string) string { return "\r\x1b[K\x1b[?7lverify: " + text + "\x1b[?7h" }
	p.show(amount{bytes: 1 << 20, ofBytes: 1 << 30})
	p.show(amount{bytes: 2 << 20, ofBytes: 1 << 30}) // too soon
	p.clear()
	p.clear()
	expect(line("1 MiB of 1 GiB") + "\r\x1b[K")
	now = now.Add(2 * time.Second)
	p.show(amount{bytes: 101 << 20, ofBytes: 1101 << 20})
	expect(line("101 MiB of 1.1 GiB, 50 MiB/s, 20 s left"))
	for range 60 { // the speed is that of the last ten seconds
		now = now.Add(time.Second)
		p.show(amount{bytes: 101 << 20, ofBytes: 1101 << 20, files: 3, ofFiles: 9})
	}
	b.Reset()
	now = now.Add(2 * time.Second)
	p.show(amount{bytes: 221 << 20, ofBytes: 1101 << 20, files: 4, ofFiles: 364})
	expect(line("221 MiB of 1.1 GiB, 4 of 364 files, 12 MiB/s, 1 h 0 min left"))

	p.clear()
	b.Reset()
	p.on = false // a log: every half minute
	p.show(amount{bytes: 1, ofBytes: 2})
	expect("")
	now = now.Add(5 * time.Minute)
	p.show(amount{bytes: 221 << 20, ofBytes: 1101 << 20})
	expect("verify: 221 MiB of 1.1 GiB, 0 B/s\n")
	now = now.Add(progressLog - time.Second)
	p.show(amount{bytes: 221 << 20, ofBytes: 1101 << 20})
	p.clear()
	expect("")
}

func TestLeftOuts(t *testing.T) {
	var b bytes.Buffer
	l := newLeftOuts(&b, newProgress(&b, "export"))
	l.max = 2
	l.add("b", "why %d", 1)
	l.addFolder("a\x1b[31m", "why")
	if b.Len() > 0 {
		t.Errorf("told before the end: %q", b.String())
	}
	l.time("c", "why") // more than are held
	l.print()
	l.print()
	want := "time not kept: c: why\nleft out: \"a\\x1b[31m\" and all in it: why\nleft out: b: why 1\n"
	if got := b.String(); got != want || l.String() != "; 2 left out, 1 without their own time, see above" || !l.some() {
		t.Errorf("%q, want %q; %s", got, want, l)
	}
}
