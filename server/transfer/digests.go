package transfer

import (
	"context"
	"io"
	"sync"

	"cairn/store"
)

// Bounds of Digests.
const (
	maxDigests      = 4096     // files whose digests are remembered
	maxDigestQueue  = 64       // files that wait to be read
	digestAtOnce    = 64 << 10 // a file of so many bytes is read in the request
	digestPiece     = 4 << 20  // between two looks at whether to end
	digestsOfAFile  = 4        // algorithms a file is asked for while it waits; more are left out
	preferredDigest = "sha256"
)

// Kept is what Digests asks of a store: store.API.
type Kept interface {
	OpenKept(ctx context.Context, sc store.Scope, id store.VersionID) (store.Content, error)
}

// Digests knows what contents of files come to, so that an answer can say it. The store
// keeps no digests; nobody pays for one that is not asked for, and no request waits for
// more than 64 KiB to be read: what is not known is computed behind, one file at a time,
// and is there for who asks again. 64 files wait at most, more are not noted; the digests
// of 4096 are remembered, by version, which never names two contents. All of it is
// forgotten with the process.
//
// Safe for concurrent use. A nil one knows nothing. Close it before the store.
type Digests struct {
	st   Kept
	ctx  context.Context
	stop context.CancelFunc

	mu      sync.Mutex
	known   map[store.VersionID]map[string][]byte
	order   []store.VersionID // of known, the oldest first
	queue   []*digestJob
	running chan struct{} // closed when the worker has ended; nil: there is none
	closed  bool
}

// digestJob is a file to be read.
type digestJob struct {
	n          store.Node
	algorithms []string
}

// NewDigests makes one over st, which stays the caller's.
func NewDigests(st Kept) *Digests {
	ctx, stop := context.WithCancel(context.Background())
	return &Digests{st: st, ctx: ctx, stop: stop, known: map[store.VersionID]map[string][]byte{}}
}

// Close ends what is being computed, and waits for that. Later answers have what is known.
func (d *Digests) Close() {
	if d == nil {
		return
	}
	d.mu.Lock()
	d.closed = true
	running := d.running
	d.mu.Unlock()
	d.stop()
	if running != nil {
		<-running
	}
}

// of is the digest of the content of n, which c reads (nil: nobody has opened it), by
// an algorithm of hashes. Not ok: it is not known yet, or cannot be had.
func (d *Digests) of(ctx context.Context, n *store.Node, c store.Content, algorithm string) (sum []byte, ok bool) {
	if d == nil {
		return nil, false
	}
	d.mu.Lock()
	sum, ok = d.known[n.Version][algorithm]
	d.mu.Unlock()
	if ok {
		return sum, true
	}
	if n.Size > digestAtOnce {
		d.ask(n, algorithm)
		return nil, false
	}
	if c == nil {
		kept, err := d.open(ctx, n)
		if err != nil {
			return nil, false
		}
		defer kept.Close()
		c = kept
	}
	h := hashes[algorithm]()
	buf := leads.Get().(*[]byte)
	defer leads.Put(buf)
	for off := int64(0); off < n.Size; {
		b := (*buf)[:min(int64(maxLead), n.Size-off)]
		if readWhole(c, b, off) != nil {
			return nil, false // who reads the file is told
		}
		h.Write(b)
		off += int64(len(b))
	}
	sum = h.Sum(nil)
	d.learn(n.Version, algorithm, sum)
	return sum, true
}

func (d *Digests) open(ctx context.Context, n *store.Node) (store.Content, error) {
	return d.st.OpenKept(ctx, store.Scope{Space: n.Space, Root: n.ID, Rights: store.MayRead}, n.Version)
}

// learn remembers a digest.
func (d *Digests) learn(id store.VersionID, algorithm string, sum []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.known[id] == nil {
		if len(d.order) == maxDigests {
			delete(d.known, d.order[0])
			d.order = append(d.order[:0], d.order[1:]...)
		}
		d.known[id], d.order = map[string][]byte{}, append(d.order, id)
	}
	d.known[id][algorithm] = sum
}

// ask has a file read behind, if that is not to come anyway and there is room.
func (d *Digests) ask(n *store.Node, algorithm string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return
	}
	for _, j := range d.queue {
		if j.n.Version == n.Version {
			for _, a := range j.algorithms {
				if a == algorithm {
					return
				}
			}
			if len(j.algorithms) < digestsOfAFile {
				j.algorithms = append(j.algorithms, algorithm)
			}
			return
		}
	}
	if len(d.queue) == maxDigestQueue {
		return
	}
	d.queue = append(d.queue, &digestJob{*n, []string{algorithm}})
	if d.running == nil {
		d.running = make(chan struct{})
		go d.work()
	}
}

// work reads what waits, and ends when nothing does. The file that is read stays the first
// of the queue, so that it is not asked for again; an algorithm that is asked for meanwhile
// is computed in another reading.
func (d *Digests) work() {
	d.mu.Lock()
	defer d.mu.Unlock()
	defer func() { close(d.running); d.running = nil }()
	for len(d.queue) > 0 && !d.closed {
		j := d.queue[0]
		algorithms := j.algorithms
		d.mu.Unlock()
		err := d.read(&j.n, algorithms)
		d.mu.Lock()
		if j.algorithms = j.algorithms[len(algorithms):]; err != nil || len(j.algorithms) == 0 {
			d.queue = append(d.queue[:0], d.queue[1:]...)
		}
	}
}

// read computes digests of a file. Its error is the concern of who reads the file.
func (d *Digests) read(n *store.Node, algorithms []string) error {
	c, err := d.open(d.ctx, n)
	if err != nil {
		return err
	}
	defer c.Close()
	all := make([]io.Writer, len(algorithms))
	for i, a := range algorithms {
		all[i] = hashes[a]()
	}
	w := io.MultiWriter(all...)
	for off := int64(0); off < n.Size; {
		wrote, err := c.WriteRange(d.ctx, w, off, min(digestPiece, n.Size-off))
		if err == nil && wrote == 0 {
			err = io.ErrUnexpectedEOF
		}
		if err == nil {
			err = d.ctx.Err()
		}
		if err != nil {
			return err
		}
		off += wrote
	}
	for i, a := range algorithms {
		d.learn(n.Version, a, all[i].(interface{ Sum([]byte) []byte }).Sum(nil))
	}
	return nil
}
