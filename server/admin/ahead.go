package admin

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"

	"cairn/store"
)

const (
	// blockBytes is what is asked for at once for somebody who reads less at a time.
	blockBytes = 1 << 20
	// directBytes is from where on a read is a request of its own.
	directBytes = 512 << 10
	// maxLend is the longest read for which a server is asked to lend its files.
	maxLend = 1 << 20
	// maxBlocks bounds what lies ready, of all files together.
	maxBlocks = 32
	// maxTrails is how many files are watched for being read in order.
	maxTrails = 64
	// reorder is how far behind or before one another the kernel's reads of a file that is
	// read in order may come.
	reorder = 1 << 20
)

// part names the bytes of a file at a version.
type part struct {
	space   store.SpaceID
	node    store.NodeID
	version store.VersionID
}

// ahead makes large requests of small reads that come in order, and asks for the next
// block while one is read. Safe for concurrent use.
type ahead struct {
	fetch func(ctx context.Context, of part, p []byte, off int64) (int, error)

	mu     sync.Mutex
	trails []trail  // the one that was used last is the last
	blocks []*block // likewise
}

// trail is where somebody's reading of a file has come to.
type trail struct {
	part
	next int64
}

// block is bytes that lie ready, or will.
type block struct {
	part
	index int64 // of blockBytes each
	ready chan struct{}
	data  []byte // less than blockBytes at the end of the file. Before ready is closed
	err   error  // likewise
}

// read fills p, or fails.
func (a *ahead) read(ctx context.Context, of part, p []byte, off int64) error {
	if len(p) >= directBytes || !a.inOrder(of, off, int64(len(p))) {
		n, err := a.fetch(ctx, of, p, off)
		if err == nil && n < len(p) {
			err = fmt.Errorf("%w: %d of %d bytes at %d", store.ErrCorrupt, n, len(p), off)
		}
		return err
	}
	for len(p) > 0 {
		b := a.block(of, off/blockBytes)
		if off%blockBytes >= blockBytes/4 {
			a.block(of, off/blockBytes+1)
		}
		select {
		case <-b.ready:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if b.err != nil {
			// It may be another part of the block that cannot be read.
			n, err := a.fetch(ctx, of, p, off)
			if err == nil && n < len(p) {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
		at := off % blockBytes
		if at >= int64(len(b.data)) {
			return fmt.Errorf("%w: the file ends before %d", store.ErrCorrupt, off)
		}
		n := copy(p, b.data[at:])
		p, off = p[n:], off+int64(n)
	}
	return nil
}

// inOrder reports whether somebody reads the file from its beginning to its end, and
// remembers where they are. The first read is not in order yet.
func (a *ahead) inOrder(of part, off, n int64) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := len(a.trails) - 1; i >= 0; i-- {
		t := a.trails[i]
		if t.part != of || off < t.next-reorder || off > t.next+reorder {
			continue
		}
		t.next = max(t.next, off+n)
		a.trails = append(slices.Delete(a.trails, i, i+1), t)
		return true
	}
	if len(a.trails) == maxTrails {
		a.trails = slices.Delete(a.trails, 0, 1)
	}
	a.trails = append(a.trails, trail{of, off + n})
	return false
}

// block finds a block, or begins to fetch it.
func (a *ahead) block(of part, index int64) *block {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i, b := range a.blocks {
		if b.part == of && b.index == index {
			a.blocks = append(slices.Delete(a.blocks, i, i+1), b)
			return b
		}
	}
	if len(a.blocks) == maxBlocks {
		a.blocks = slices.Delete(a.blocks, 0, 1)
	}
	b := &block{part: of, index: index, ready: make(chan struct{})}
	a.blocks = append(a.blocks, b)
	go func() {
		defer close(b.ready)
		data := make([]byte, blockBytes)
		n, err := a.fetch(context.Background(), of, data, index*blockBytes)
		if b.data, b.err = data[:n], err; err != nil {
			a.drop(b)
		}
	}()
	return b
}

// drop has a block fetched again by whoever wants it next.
func (a *ahead) drop(b *block) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.blocks = slices.DeleteFunc(a.blocks, func(c *block) bool { return c == b })
}
