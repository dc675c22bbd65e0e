package mount

import "testing"

// told tells of n files, whose inodes are their places.
func told(o *order, n int) {
	for range n {
		o.tell(o.last + 1)
	}
}

// drain takes all that is to be given.
func drain(o *order) (ids []uint64) {
	for batch := o.next(); len(batch) > 0; batch = o.next() {
		if len(batch) > batchFiles {
			panic("more than a batch")
		}
		ids = append(ids, batch...)
	}
	return ids
}

func TestOrder(t *testing.T) {
	var o order
	told(&o, 1000)
	if o.reads(1, 1) {
		t.Error("one read is in order already")
	}
	if !o.reads(2, 2) {
		t.Fatal("two reads are not in order")
	}
	if o.reads(3, 3) {
		t.Error("two give files at once")
	}
	ids := drain(&o)
	if len(ids) < aheadFiles-leadFiles-aheadFiles/markEvery-1 || ids[0] != 3+leadFiles+1 || ids[len(ids)-1] > 3+aheadFiles {
		t.Errorf("%d files from %d to %d are given", len(ids), ids[0], ids[len(ids)-1])
	}
	given := map[uint64]bool{}
	for _, id := range ids {
		if id%markEvery == 0 || given[id] {
			t.Errorf("%d is given, or given again", id)
		}
		given[id] = true
	}
	// Who reads on asks for nothing but what was left out, and is given the next.
	if !o.reads(markEvery, markEvery) {
		t.Fatal("reading on is not noticed")
	}
	for _, id := range drain(&o) {
		if given[id] {
			t.Errorf("%d is given again", id)
		}
	}
	// At the end of what is known there is nothing to give.
	o.reads(999, 999)
	o.reads(1000, 1000)
	if ids := drain(&o); len(ids) > 0 {
		t.Errorf("%v are given behind the last", ids)
	}
}

func TestOrder_none(t *testing.T) {
	var o order
	told(&o, 3000)
	for _, place := range []uint64{2000, 1000, 3000, 1, 1500} {
		if o.reads(place, place) {
			t.Errorf("%d is in order", place)
		}
	}
	if o.reads(77, 0) || o.reads(77, 78) {
		t.Error("what has no place is in order")
	}
	told(&o, toldFiles) // all before are forgotten
	if o.reads(1501, 1501) || o.reads(1502, 1502) {
		t.Error("what is forgotten is in order")
	}
}
