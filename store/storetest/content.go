package storetest

import "math/rand/v2"

const (
	sectorBytes = 512  // what a disk writes whole or not at all
	pageBytes   = 4096 // what contents share
)

// content is the bytes of a file, as pages that contents may share: a page is copied
// before it is written unless it is own. Behind size all bytes are zero.
type content struct {
	pages []*[pageBytes]byte // nil: zeros
	own   []bool
	size  int64
}

// share is a content with the same bytes; neither owns a page any more.
func (c *content) share() content {
	clear(c.own)
	return content{append([]*[pageBytes]byte(nil), c.pages...), make([]bool, len(c.pages)), c.size}
}

func (c *content) readAt(p []byte, off int64) {
	for len(p) > 0 {
		i, at := int(off/pageBytes), int(off%pageBytes)
		n := min(len(p), pageBytes-at)
		if i < len(c.pages) && c.pages[i] != nil {
			copy(p[:n], c.pages[i][at:])
		} else {
			clear(p[:n])
		}
		p, off = p[n:], off+int64(n)
	}
}

// page is the i-th page, to be written.
func (c *content) page(i int) *[pageBytes]byte {
	for len(c.pages) <= i {
		c.pages, c.own = append(c.pages, nil), append(c.own, false)
	}
	if !c.own[i] {
		fresh := new([pageBytes]byte)
		if c.pages[i] != nil {
			*fresh = *c.pages[i]
		}
		c.pages[i], c.own[i] = fresh, true
	}
	return c.pages[i]
}

// writeAt leaves size alone.
func (c *content) writeAt(p []byte, off int64) {
	for len(p) > 0 {
		at := int(off % pageBytes)
		n := copy(c.page(int(off / pageBytes))[at:], p)
		p, off = p[n:], off+int64(n)
	}
}

// resize sets the size and clears what lies behind it.
func (c *content) resize(size int64) {
	c.size = size
	keep := int((size + pageBytes - 1) / pageBytes)
	if keep < len(c.pages) {
		c.pages, c.own = c.pages[:keep], c.own[:keep]
	}
	if at := int(size % pageBytes); at > 0 && keep == len(c.pages) && c.pages[keep-1] != nil {
		clear(c.page(keep - 1)[at:])
	}
}

// event is a change of a file that is not durable yet: whole sectors as they were
// after a write, or (no bytes) a truncation.
type event struct {
	off   int64
	bytes []byte
	size  int64 // of the file after it
}

// inode is a file or a folder. live is what processes see, durable what is on the
// medium; pending leads from one to the other.
type inode struct {
	live, durable content
	pending       []event
	astray        bool // a flush failed: durable lacks more than pending has

	folder    bool
	names     map[string]*inode
	keptNames map[string]*inode
}

func newFolder() *inode {
	return &inode{folder: true, names: map[string]*inode{}, keptNames: map[string]*inode{}}
}

func (n *inode) write(p []byte, off int64) {
	if len(p) == 0 {
		return
	}
	end := off + int64(len(p))
	n.live.writeAt(p, off)
	n.live.size = max(n.live.size, end)
	lo, hi := off/sectorBytes*sectorBytes, (end+sectorBytes-1)/sectorBytes*sectorBytes
	b := make([]byte, hi-lo)
	n.live.readAt(b, lo)
	n.pending = append(n.pending, event{lo, b, n.live.size})
}

func (n *inode) truncate(size int64) {
	n.live.resize(size)
	n.pending = append(n.pending, event{size: size})
}

// sync makes all that is pending durable.
func (n *inode) sync() {
	if n.astray {
		n.durable = n.settle(nil, fate{kind: keepAll})
	} else if len(n.pending) > 0 {
		n.durable = n.live.share()
	}
	n.pending = nil
}

// drop is a flush that failed: some of what is pending reached the medium, the rest is
// forgotten. What processes read stays as it was, or becomes what is on the medium.
func (n *inode) drop(r *rand.Rand, readable bool) {
	n.durable = n.settle(r, anyFate(r))
	n.pending, n.astray = nil, true
	if !readable {
		n.live, n.astray = n.durable.share(), false
	}
}

// settle is the content that the medium has when nothing more is flushed.
func (n *inode) settle(r *rand.Rand, f fate) content {
	c := n.durable.share()
	known := f.upTo(r, len(n.pending)) // sizes of later events are lost
	for i, e := range n.pending {
		if e.bytes == nil {
			if i < known {
				c.resize(e.size)
			}
			continue
		}
		keep := f.sectors(r, i)
		for at := 0; at < len(e.bytes); at += sectorBytes {
			if keep() {
				c.writeAt(e.bytes[at:at+sectorBytes], e.off+int64(at))
			}
		}
	}
	if known > 0 {
		c.size = n.pending[known-1].size
	}
	c.resize(c.size)
	return c
}
