package main

import (
	"fmt"
	"sync/atomic"
	"time"
)

// tally counts what a command moves. Safe for concurrent use.
type tally struct {
	bytes, files     atomic.Int64 // done, with those that were there
	folders          atomic.Int64
	there            atomic.Int64 // files that did not have to be written
	moved            atomic.Int64 // bytes that were
	linked           atomic.Int64 // files that share the content of another
	ofBytes, ofFiles atomic.Int64
}

func (c *tally) amount() amount {
	return amount{c.bytes.Load(), c.ofBytes.Load(), c.files.Load(), c.ofFiles.Load()}
}

// seen is what a look has seen so far.
func (c *tally) seen() amount {
	return amount{bytes: c.bytes.Load(), files: c.files.Load()}
}

// skip takes what is left out from what is to be done.
func (c *tally) skip(bytes, files int64) {
	c.ofBytes.Add(-bytes)
	c.ofFiles.Add(-files)
}

// content is "3 files (1 GiB) and 2 folders".
func (c *tally) content() string {
	return fmt.Sprintf("%s (%v) and %s", many(c.files.Load(), "file"), size(c.bytes.Load()), many(c.folders.Load(), "folder"))
}

// how is " in 1.2 s", with the speed of what was moved, and what was there already.
func (c *tally) how(took time.Duration) string {
	text := fmt.Sprintf(" in %.1f s", took.Seconds())
	if moved := c.moved.Load(); moved > 0 && took > 0 {
		text += fmt.Sprintf(", %v/s", size(float64(moved)/took.Seconds()))
	}
	if there := c.there.Load(); there > 0 {
		text += fmt.Sprintf("; %s there already", were(there))
	}
	if linked := c.linked.Load(); linked > 0 {
		text += fmt.Sprintf("; %s hard links, not read again", were(linked))
	}
	return text
}

func were(n int64) string {
	if n == 1 {
		return "1 was"
	}
	return fmt.Sprintf("%d were", n)
}
