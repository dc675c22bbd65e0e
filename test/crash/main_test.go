// Package crash shows that what was acknowledged survives: by the order of flushes,
// which a killed process cannot prove, by kill -9, by a lost database, and on a disk
// that is full.
package crash

import (
	"os"
	"testing"

	"cairn/test/rig"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }
