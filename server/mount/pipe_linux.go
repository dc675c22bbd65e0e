package mount

import (
	"context"
	"errors"
	"math/bits"
	"os"
	"sync/atomic"

	"github.com/hanwen/go-fuse/v2/fuse"
	"github.com/hanwen/go-fuse/v2/splice"
)

const (
	// leastPiped is the shortest read that is worth a pipe.
	leastPiped = 64 << 10
	// headBytes is more than the head of an answer.
	headBytes = 64
	pageBytes = 4096
)

var errSlots = errors.New("too many pieces for a pipe")

// pipes says whether bytes may go from files to the kernel through pipes: where pipes of that
// size can be had. Safe for concurrent use.
type pipes struct{ off atomic.Bool }

func (p *pipes) ready() bool {
	return !p.off.Load() && splice.Resizable() && splice.MaxPipeSize() >= 2*maxRead
}

// piped is an answer whose bytes lie in the pages of files, to which a pipe refers: they are
// copied once, into the pages that the kernel keeps, and not through this process.
type piped struct {
	pair  *splice.Pair
	size  int
	slots int // of the pipe, at most
	read  func(p []byte) error
}

// lend answers a read without the bytes, where they lie in files. nil: read them.
func (f *fileSystem) lend(ctx context.Context, n *inode, buf []byte, off int64) fuse.ReadResult {
	r := &piped{size: len(buf), read: func(p []byte) error {
		ctx, end, ok := f.wait(nil)
		if !ok {
			return errors.New("the mount ends")
		}
		defer end()
		return f.tree.st.Read(ctx, n.scope(), n.version, p, off)
	}}
	here := 0 // bytes of buf that are there, before the first that lie in a file
	err := f.tree.st.Lend(ctx, n.scope(), n.version, buf, off, func(file *os.File, at int64, piece []byte) error {
		if file == nil && r.pair == nil {
			here += len(piece)
			return nil
		}
		if r.pair == nil {
			var err error
			if r.pair, err = newPipe(r.size); err != nil {
				f.pipes.off.Store(true)
				return err
			}
			if err := r.put(buf[:here]); err != nil {
				return err
			}
		}
		if file == nil {
			return r.put(piece)
		}
		return r.load(file, at, len(piece))
	})
	switch {
	case err != nil: // it is said when they are read
		r.Done()
		return nil
	case r.pair == nil:
		return fuse.ReadResultVector([][]byte{buf})
	}
	return r
}

func newPipe(size int) (*splice.Pair, error) {
	pair, err := splice.Get()
	if err == nil {
		if err = pair.Grow(size + headBytes + pageBytes); err != nil {
			splice.Done(pair)
			return nil, err
		}
	}
	return pair, err
}

// room counts slots. An answer goes through a second pipe, of the size that newPipe asks for
// and with one slot for its head: if it did not fit, the answer would be too short.
func (r *piped) room(slots int) error {
	most := 1 << bits.Len(uint(r.size+headBytes+pageBytes-1)) / pageBytes
	if r.slots += slots; r.slots+1 > most {
		return errSlots
	}
	return nil
}

// put adds bytes.
func (r *piped) put(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	if err := r.room(len(b)/pageBytes + 2); err != nil {
		return err
	}
	n, err := r.pair.Write(b)
	if err == nil && n < len(b) {
		err = errSlots
	}
	return err
}

// load adds the pages of a file.
func (r *piped) load(f *os.File, at int64, n int) error {
	if err := r.room((int(at%pageBytes) + n + pageBytes - 1) / pageBytes); err != nil {
		return err
	}
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var lerr error
	err = raw.Control(func(fd uintptr) {
		for n > 0 && lerr == nil {
			var k int
			if k, lerr = r.pair.LoadFromAt(fd, n, at); lerr == nil && k <= 0 {
				lerr = errSlots // the file ends
			}
			n, at = n-k, at+int64(k)
		}
	})
	return errors.Join(err, lerr)
}

// Stateful is what go-fuse asks to answer from a pipe.
func (r *piped) Stateful() (fd uintptr, size int) { return r.pair.ReadFd(), r.size }

// Size implements fuse.ReadResult.
func (r *piped) Size() int { return r.size }

// Bytes implements fuse.ReadResult: for when the pipe was of no use.
func (r *piped) Bytes(buf []byte) ([]byte, fuse.Status) {
	if len(buf) < r.size || r.read(buf[:r.size]) != nil {
		return nil, fuse.EIO
	}
	return buf[:r.size], fuse.OK
}

// Done implements fuse.ReadResult.
func (r *piped) Done() {
	if r.pair != nil {
		splice.Done(r.pair)
		r.pair = nil
	}
}
