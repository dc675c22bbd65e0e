package pack

import (
	"container/list"
	"sync"

	"cairn/store/meta"
)

// footers keeps the indexes of sealed packs that were used last, up to a number of
// bytes. Safe for concurrent use; the indexes in it are never changed.
type footers struct {
	max   int
	loads chan struct{} // a slot for each footer being read: bounds the memory for it

	mu    sync.Mutex
	bytes int
	order *list.List // of *footer, newest first
	byID  map[meta.PackID]*list.Element
}

type footer struct {
	id    meta.PackID
	index *index
}

func newFooters(max int) *footers {
	return &footers{max: max, loads: make(chan struct{}, 2), order: list.New(), byID: map[meta.PackID]*list.Element{}}
}

func (c *footers) get(id meta.PackID) *index {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.byID[id]
	if e == nil {
		return nil
	}
	c.order.MoveToFront(e)
	return e.Value.(*footer).index
}

func (c *footers) put(id meta.PackID, x *index) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byID[id] != nil || x.bytes() > c.max {
		return
	}
	c.byID[id] = c.order.PushFront(&footer{id, x})
	c.bytes += x.bytes()
	for c.bytes > c.max {
		e := c.order.Back()
		f := c.order.Remove(e).(*footer)
		delete(c.byID, f.id)
		c.bytes -= f.index.bytes()
	}
}
