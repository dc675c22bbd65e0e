package server

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"
)

// The lines are those that slog would write.
func TestAccessLine(t *testing.T) {
	at := time.Date(2026, 11, 21, 10, 0, 0, 120_000_000, time.FixedZone("", 3600))
	for _, text := range []string{"", "plain", "/dav/a b", "/ä/é", "q\"=\\", "\\", "a=b", "line\nbreak\x00\x7f", "\u2028\u00a0", "\xff\xfe", "<&>", "\u200b"} {
		l := accessLine{at: at, method: "GET", path: text, status: 200, bytes: 4096, took: 1234567 * time.Nanosecond,
			user: text, address: "127.0.0.1", id: "ID", err: errors.New(text)}
		r := slog.NewRecord(at, slog.LevelInfo, "request", 0)
		r.AddAttrs(slog.String("method", "GET"), slog.String("path", text), slog.Int("status", 200), slog.Int64("bytes", 4096),
			slog.Float64("ms", 1.234), slog.String("user", text), slog.String("address", "127.0.0.1"), slog.String("request_id", "ID"),
			slog.String("error", text))
		var want bytes.Buffer
		slog.NewTextHandler(&want, nil).Handle(context.Background(), r)
		if got := l.appendText(nil); string(got) != want.String() {
			t.Errorf("text of %q:\n%s\nwant\n%s", text, got, &want)
		}
		want.Reset()
		slog.NewJSONHandler(&want, nil).Handle(context.Background(), r)
		if got := l.appendJSON(nil); string(got) != want.String() {
			t.Errorf("JSON of %q:\n%s\nwant\n%s", text, got, &want)
		}
	}
}

// Lines wait for 100 ms at most; what is logged besides is written at once and in
// order; Close loses nothing.
func TestAccessLog_waits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w bytes.Buffer
		a := NewAccessLog(&w, false)
		lines := func(want int) {
			t.Helper()
			a.mu.Lock()
			defer a.mu.Unlock()
			if got := bytes.Count(w.Bytes(), []byte("\n")); got != want {
				t.Errorf("%d lines are written, want %d", got, want)
			}
		}
		l := accessLine{at: time.Now(), method: "GET", path: "/"}
		a.add(&l)
		a.add(&l)
		lines(0)
		time.Sleep(accessDelay)
		synctest.Wait()
		lines(2)
		a.add(&l)
		slog.New(slog.NewTextHandler(a, nil)).Warn("now")
		lines(4)
		if !bytes.HasSuffix(bytes.TrimSpace(w.Bytes()), []byte("msg=now")) {
			t.Errorf("out of order:\n%s", &w)
		}
		a.add(&l)
		a.Close()
		lines(5)
		a.add(&l)
		lines(6)
		for range 2 * accessBytes / 100 {
			a.add(&l)
		}
		if len(a.buf) >= accessBytes {
			t.Errorf("%d bytes wait", len(a.buf))
		}
	})
}
