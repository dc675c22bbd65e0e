package pack

import (
	"context"
	"errors"
	"fmt"
)

const (
	hintFill     = 60      // per cent of all places, above which the file doubles
	hintsQuickly = 1 << 10 // pages up to which it does so before the caller goes on
)

// full reports whether the file should double, by one who is told at once: he must call
// grow. n hints are about to be added.
func (x *hints) full(n int) (grow, quick bool) {
	x.edit.Lock()
	defer x.edit.Unlock()
	if x.cur == nil || x.stuck || x.cur.bits == hintsMaxBits ||
		(x.used.Load()+int64(n))*100 <= int64(x.cur.pages())*hintsPerPage*hintFill {
		return false, false
	}
	return x.growing.CompareAndSwap(false, true), x.cur.pages() <= hintsQuickly
}

// grow copies the index, without what leads to packs that are gone, into a file of
// twice the pages, and puts that in the place of the old. Lookups and changes go on
// meanwhile. If it fails, or the process dies, the old file stays.
func (x *hints) grow(ctx context.Context) bool {
	defer x.growing.Store(false)
	err := x.double(ctx)
	if err == nil || ctx.Err() != nil {
		return err == nil
	}
	x.report(fmt.Errorf("double it: %w", err))
	x.edit.Lock()
	x.stuck = true // full pages forget their oldest hints
	x.edit.Unlock()
	return false
}

func (x *hints) double(ctx context.Context) error {
	f, err := createHintFile(x.fs, x.newPath(), x.cur.bits+1, func(f *hintFile) error {
		x.edit.Lock()
		x.next, x.copied, x.nextErr = f, 0, nil
		x.edit.Unlock()
		bufs := new([3]hintPage)
		for range x.cur.pages() {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := x.copyPage(bufs); err != nil {
				return err
			}
		}
		return nil
	})
	x.edit.Lock()
	defer x.edit.Unlock()
	if err == nil {
		if err = x.nextErr; err == nil {
			return x.swap()
		}
		err = errors.Join(err, f.discard(x.fs, x.newPath()))
	}
	x.next = nil
	return err
}

// copyPage splits the next page of the old file in two of the new one, in bufs.
func (x *hints) copyPage(bufs *[3]hintPage) error {
	x.edit.Lock()
	defer x.edit.Unlock()
	if x.nextErr != nil {
		return x.nextErr
	}
	n := x.copied
	old, halves := &bufs[0], bufs[1:]
	if err := x.cur.read(n, old); err != nil {
		x.spoil(err)
		old.reset(n)
	}
	halves[0].reset(2 * n)
	halves[1].reset(2*n + 1)
	for i := range old.len() {
		if h := old.at(i); x.alive(h.pack()) {
			halves[x.next.number(h.prefix)&1].put(h)
		} else {
			x.used.Add(-1)
		}
	}
	for i := range halves {
		if err := x.next.write(2*n+uint32(i), &halves[i]); err != nil {
			return err
		}
	}
	x.copied++
	return nil
}

// swap puts the file to come in the place of the old one, which a rename may find open
// on no system. Under edit.
func (x *hints) swap() error {
	f := x.next
	x.next = nil
	if err := f.writeHeader(x.store, x.complete); err != nil {
		return errors.Join(err, f.discard(x.fs, x.newPath()))
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	err := f.Close()
	if x.cur != nil {
		err = errors.Join(err, x.cur.Close())
	}
	if renamed := x.fs.Rename(x.newPath(), x.path); renamed != nil {
		err = errors.Join(err, renamed)
		x.fs.Remove(x.newPath())
	}
	cur, _, opened := openHintFile(x.fs, x.path, x.store)
	x.cur = cur // the new one, or the old if it is still there, or none
	return errors.Join(err, opened)
}
