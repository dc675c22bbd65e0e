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
	p.show(amount{bytes: 1 << 20, ofBytes: 1 << 30})
	p.show(amount{bytes: 2 << 20, ofBytes: 1 << 30}) // too soon
	p.clear()
	p.clear()
	expect("\r\x1b[Kverify: 1 MiB of 1 GiB\r\x1b[K")
	now = now.Add(2 * time.Second)
	p.show(amount{bytes: 101 << 20, ofBytes: 1101 << 20})
	expect("\r\x1b[Kverify: 101 MiB of 1.1 GiB, 50 MiB/s, 20 s left")
	for range 60 { // the speed is that of the last ten seconds
		now = now.Add(time.Second)
		p.show(amount{bytes: 101 << 20, ofBytes: 1101 << 20, files: 3, ofFiles: 9})
	}
	b.Reset()
	now = now.Add(2 * time.Second)
	p.show(amount{bytes: 221 << 20, ofBytes: 1101 << 20, files: 4, ofFiles: 364})
	expect("\r\x1b[Kverify: 221 MiB of 1.1 GiB, 4 of 364 files, 12 MiB/s, 1 h 0 min left")

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
