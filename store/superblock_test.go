package store

import (
	"errors"
	"testing"
	"time"
)

// Every byte of cairn.json that is not what was written is noticed, or means the same.
func TestSuperblock(t *testing.T) {
	want := superblock{Store: [16]byte{1, 0xab}, Key: [32]byte{2, 0xcd}}
	text, err := want.encode(time.Unix(1_700_000_000, 0))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := parseSuperblock(text); err != nil || got != want {
		t.Fatalf("%v, %v\n%s", got, err, text)
	}
	found := 0
	for i := range text {
		for bit := range 8 {
			text[i] ^= 1 << bit
			got, err := parseSuperblock(text)
			switch {
			case errors.Is(err, ErrTooNew):
				t.Errorf("byte %d, bit %d: damage is taken for a newer format", i, bit)
			case err != nil:
				found++
			case got != want:
				t.Errorf("byte %d, bit %d: believed, with another id or key", i, bit)
			}
			text[i] ^= 1 << bit
		}
	}
	t.Logf("of %d bits flipped, %d are found; the others are white space", 8*len(text), found)
}
