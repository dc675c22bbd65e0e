package storetest

import (
	"math/rand/v2"
)

// CrashAt turns the machine off in the n-th call from now on that changes something
// (1: the next). Of that call part (0 to 1) is still made, nothing if part is negative; its
// caller is told ErrCrashed. A flush is never made in part: what it covers is as good
// as not flushed. n of 0 takes the order back.
func (d *Disk) CrashAt(n int, part float64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at, d.part = 0, part
	if n > 0 {
		d.at = d.calls + n
	}
}

// CrashAtSync turns the machine off in the n-th Sync of a file from now on, when most is at
// stake. n of 0 takes the order back.
func (d *Disk) CrashAtSync(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.atSync = n
}

// Off turns the machine off now.
func (d *Disk) Off() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.off = true
}

// IsOff reports whether the machine is off.
func (d *Disk) IsOff() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.off
}

// FailSync makes the n-th Sync of a file from now on fail with ErrFlush. What it should
// have flushed is dropped, each sector perhaps after it reached the medium, and later flushes
// neither write it nor complain, as on Linux. readable: processes go on seeing it.
func (d *Disk) FailSync(n int, readable bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.flush, d.keeps = n, readable
}

// Crash turns the machine off and returns what it finds when the power is back: all
// that was flushed, and of the rest whatever r decides.
func (d *Disk) Crash(r *rand.Rand) *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.off = true
	f := anyFate(r)
	for _, m := range d.moves {
		if f.name(r) {
			m.keep()
		}
	}
	next := NewDisk(r.Uint64())
	next.root = survive(d.root, r, f, map[*inode]*inode{})
	next.used = weigh(next.root)
	return next
}

// survive copies the durable tree below n.
func survive(n *inode, r *rand.Rand, f fate, seen map[*inode]*inode) *inode {
	if have := seen[n]; have != nil {
		return have // a rename that is known at both ends
	}
	out := &inode{folder: n.folder}
	seen[n] = out
	if !n.folder {
		out.durable = n.settle(r, f)
		out.live = out.durable.share()
		return out
	}
	out.names, out.keptNames = map[string]*inode{}, map[string]*inode{}
	for _, name := range sorted(n.keptNames) { // in order, so that a seed repeats
		kid := survive(n.keptNames[name], r, f, seen)
		out.names[name], out.keptNames[name] = kid, kid
	}
	return out
}

// Kill ends all processes and returns the same machine without them: everything that was
// written is seen by the next process, and durable only if it was flushed.
func (d *Disk) Kill() *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.off = true
	next := NewDisk(d.rng.Uint64())
	next.root, next.moves, next.used = d.root, d.moves, d.used
	return next
}

// Clone is a disk that holds what processes see on d, all of it durable. No process
// may run on d.
func (d *Disk) Clone(seed uint64) *Disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	var copyOf func(n *inode) *inode
	copyOf = func(n *inode) *inode {
		out := &inode{folder: n.folder}
		if !n.folder {
			out.durable = n.live.share()
			out.live = out.durable.share()
			return out
		}
		out.names, out.keptNames = map[string]*inode{}, map[string]*inode{}
		for name, kid := range n.names {
			k := copyOf(kid)
			out.names[name], out.keptNames[name] = k, k
		}
		return out
	}
	next := NewDisk(seed)
	next.root, next.used = copyOf(d.root), d.used
	return next
}
