package object_test

import (
	"testing"

	"cairn/store/object"
)

func TestKind(t *testing.T) {
	if name, safe, err := object.OS().Kind("/dev/shm"); name != "tmpfs" || safe || err != nil {
		t.Errorf("/dev/shm: %q, safe %v, %v", name, safe, err)
	}
	if _, _, err := object.OS().Kind("/nowhere"); err == nil {
		t.Error("/nowhere has a kind")
	}
}
