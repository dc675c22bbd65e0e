package object_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cairn/store/object"
)

func TestAllocate(t *testing.T) {
	dir := t.TempDir()
	var trace strings.Builder
	faults := object.NewFaults(object.NewRecorder(object.OS(), dir, &trace, object.RecorderOptions{}))
	f, err := faults.Open(filepath.Join(dir, "f"), os.O_RDWR|os.O_CREATE)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte("abc"), 0); err != nil {
		t.Fatal(err)
	}
	if err := f.Allocate(3, 10000); errors.Is(err, errors.ErrUnsupported) {
		t.Logf("not here: %v", err)
	} else if err != nil {
		t.Fatal(err)
	} else {
		got, err := faults.ReadFile(filepath.Join(dir, "f"))
		if want := append([]byte("abc"), make([]byte, 10000)...); !bytes.Equal(got, want) || err != nil {
			t.Errorf("%d other bytes, %v", len(got), err)
		}
		if want := "allocate f 10000 @3\tobject_test.TestAllocate\n"; !strings.HasSuffix(trace.String(), want) {
			t.Errorf("trace: %s", trace.String())
		}
	}
	if err := f.WriteBack(0, 4096); err != nil {
		t.Error(err)
	}
	faults.Fail(object.OpAllocate, 1, object.ErrNoSpace)
	faults.Fail(object.OpWriteBack, 1, nil)
	if err := f.Allocate(10003, 1); !errors.Is(err, object.ErrNoSpace) {
		t.Errorf("allocate: %v", err)
	}
	if err := f.WriteBack(0, 1); !errors.Is(err, object.ErrInjected) {
		t.Errorf("write back: %v", err)
	}
}
