package pack

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cairn/store/object"
)

var update = flag.Bool("update", false, "write the golden files and the example in FORMAT.md anew")

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) && strings.HasSuffix(file, ".pack") {
		t.Errorf("%s differs: the format has changed (go test ./store/pack -update)", file)
	} else if got != string(want) {
		t.Errorf("%s differs (go test ./store/pack -update):\n%s", file, got)
	}
}

// The order in which a pack is made, filled, flushed, sealed, and found again.
func TestDurabilityOrder(t *testing.T) {
	var trace strings.Builder
	b := newBench(t, func(o *Options) { o.MaxBytes = 100 << 10 })
	rec := object.NewRecorder(b.opt.FS, filepath.Dir(b.opt.Dir), &trace, object.RecorderOptions{})
	b.opt.FS = rec
	s, _ := b.open()
	p := b.append(s.Small(), s.Chunk(content(60000, 1)), commitRecord(1))
	eventually(t, "the next pack is made", func() bool { return len(s.Small().next) > 0 })
	rec.Event("pack 1 is more than half full")
	b.flush(s, p.Pack)
	rec.Event("flushed pack 1")
	b.append(s.Small(), s.Chunk(content(100<<10-64248-RecordBytes, 2))) // to the last byte
	eventually(t, "pack 1 is sealed", func() bool { return b.isSealed(1) })
	rec.Event("sealed pack 1")
	p = b.append(s.Small(), commitRecord(2))
	b.flush(s, p.Pack)
	rec.Event("flushed pack 2")
	b.close(s)
	clear(b.sealed)
	f, err := os.OpenFile(s.path(2), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteString("torn")
	f.Close()
	rec.Event("died before pack 1 was registered, with a torn tail in pack 2")
	s, got := b.open()
	if len(got) != 2 {
		t.Errorf("visited %v", got)
	}
	eventually(t, "pack 2 is sealed", func() bool { return b.isSealed(2) })
	b.close(s)
	golden(t, "testdata/order.golden", sortedSyncDirs(trace.String()))
}

// sortedSyncDirs sorts neighbouring lines of Recover's syncDirs, whose order is free.
func sortedSyncDirs(trace string) string {
	lines := strings.SplitAfter(trace, "\n")
	for i := range lines {
		for j := i; j > 0 && strings.HasSuffix(lines[j], "syncDirs\n") &&
			strings.HasSuffix(lines[j-1], "syncDirs\n") && lines[j] < lines[j-1]; j-- {
			lines[j], lines[j-1] = lines[j-1], lines[j]
		}
	}
	return strings.Join(lines, "")
}
