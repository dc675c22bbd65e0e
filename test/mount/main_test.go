// Package mount mounts stores with the real binary and reads them as programs do, with a
// server and without. It needs root and /dev/fuse.
package mount

import (
	"os"
	"testing"

	"cairn/test/rig"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }
