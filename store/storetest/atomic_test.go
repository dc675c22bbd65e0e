package storetest

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"cairn/store/object"
)

// A file that is replaced is the old or the new one, wherever power is lost, and the new
// one from then on when that was said.
func TestWriteFileAtomic(t *testing.T) {
	before, after := bytes.Repeat([]byte("before "), 300), bytes.Repeat([]byte("after "), 500)
	over := false
	for n := 1; !over; n++ {
		for seed := range uint64(40) {
			r := rand.New(rand.NewPCG(seed, uint64(n)))
			d := NewDisk(seed)
			if err := d.MkdirAll("/d"); err != nil {
				t.Fatal(err)
			}
			if seed%2 == 0 {
				if err := object.WriteFileAtomic(d, "/d/f", before); err != nil {
					t.Fatal(err)
				}
			}
			d.CrashAt(n, r.Float64()*1.3-0.3)
			err := object.WriteFileAtomic(d, "/d/f", after)
			over = !d.IsOff()
			if over && err != nil {
				t.Fatal(err)
			}
			got, _ := d.Crash(r).ReadFile("/d/f")
			isNew := bytes.Equal(got, after)
			if over && !isNew || !isNew && (seed%2 == 0) != bytes.Equal(got, before) || !isNew && seed%2 == 1 && got != nil {
				t.Errorf("call %d, seed %d: %d bytes that are neither (durable: %v)", n, seed, len(got), over)
			}
		}
	}
}
