// Package memory holds the real binary to its promise: memory and descriptors do not
// grow with files, with clients, or with their slowness.
package memory

import (
	"bytes"
	"crypto/sha256"
	"io"
	"math/rand/v2"
	"os"
	"testing"

	"cairn/test/rig"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }

// limit is the anonymous memory that nothing may exceed.
const limit = 160 << 20

func within(t *testing.T, what string, peak int64) {
	t.Helper()
	t.Logf("%s: anonymous memory peaks at %.1f MiB", what, float64(peak)/(1<<20))
	if peak >= limit {
		t.Errorf("%s: anonymous memory peaks at %d MiB, which is not below %d MiB", what, peak>>20, limit>>20)
	}
}

// pattern is a stream that is cheap to make and does not repeat: random blocks of
// 64 KiB, each with its number in front.
type pattern struct {
	block []byte
	at    int64
}

func newPattern() *pattern {
	b := make([]byte, 64<<10)
	rand.NewChaCha8(sha256.Sum256([]byte("pattern"))).Read(b)
	return &pattern{block: b}
}

func (p *pattern) Read(b []byte) (int, error) {
	i := p.at % int64(len(p.block))
	if i == 0 {
		n := p.at / int64(len(p.block))
		for k := range 8 {
			p.block[k] = byte(n >> (8 * k))
		}
	}
	n := copy(b, p.block[i:])
	p.at += int64(n)
	return n, nil
}

// Write compares with what comes next; it is for io.Copy.
func (p *pattern) Write(b []byte) (int, error) {
	want := make([]byte, min(len(b), len(p.block)))
	for done := 0; done < len(b); {
		n, _ := p.Read(want[:min(len(want), len(b)-done)])
		if !bytes.Equal(want[:n], b[done:done+n]) {
			return done, errDiffers
		}
		done += n
	}
	return len(b), nil
}

type differs struct{}

func (differs) Error() string { return "the bytes differ from those that were sent" }

var errDiffers error = differs{}

var _ io.ReadWriter = (*pattern)(nil)
