package main

import (
	"fmt"
	"io"
	"os"
	"time"
)

// progress is a line on a terminal that is written over.
type progress struct {
	w    io.Writer
	what string
	on   bool
	last time.Time
	some bool
}

// newProgress is silent where w is no terminal.
func newProgress(w io.Writer, what string) *progress {
	f, ok := w.(*os.File)
	return &progress{w: w, what: what, on: ok && isTerminal(f)}
}

func (p *progress) show(done, total int64) {
	if !p.on || time.Since(p.last) < 200*time.Millisecond {
		return
	}
	p.last, p.some = time.Now(), true
	fmt.Fprintf(p.w, "\r\x1b[K%s: %v of %v", p.what, size(done), size(total))
}

func (p *progress) clear() {
	if p.some {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.some = false
	}
}
