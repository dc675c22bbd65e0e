package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// progressEvery is how often a terminal is told, progressLog how often a log.
	progressEvery = 200 * time.Millisecond
	progressLog   = 30 * time.Second
	// progressWindow is the time of which the speed is told.
	progressWindow = 10 * time.Second
)

// progress says how far a long command is: on a terminal by one line that is written
// over, elsewhere by a line every half minute. Safe for concurrent use.
type progress struct {
	w    io.Writer
	name string // of the command
	on   bool   // w is a terminal
	now  func() time.Time

	mu   sync.Mutex
	last time.Time // of what was shown, and of what was logged
	log  time.Time
	seen []moment // of progressWindow, oldest first
	some bool     // a line stands there
}

// amount is how much is done, and of how much; of nothing: how much was found so far.
type amount struct{ bytes, ofBytes, files, ofFiles int64 }

type moment struct {
	at time.Time
	amount
}

func newProgress(w io.Writer, name string) *progress {
	p := &progress{w: w, name: name, now: time.Now, log: time.Now()}
	if f, ok := w.(*os.File); ok {
		p.on = isTerminal(f)
	}
	return p
}

// show tells of a, unless it has told something a moment ago.
func (p *progress) show(a amount) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if now.Sub(p.last) < progressEvery {
		return
	}
	p.last = now
	old := slices.IndexFunc(p.seen, func(m moment) bool { return now.Sub(m.at) <= progressWindow })
	if old < 0 {
		old = max(0, len(p.seen)-1) // nothing was told for long: the last one will do
	}
	p.seen = append(slices.Delete(p.seen, 0, old), moment{now, a})
	switch {
	case p.on:
		p.over(p.text(a))
	case now.Sub(p.log) >= progressLog:
		fmt.Fprintf(p.w, "%s: %s\n", p.name, p.text(a))
		p.log = now
	}
}

// bytes is show where only bytes are counted.
func (p *progress) bytes(done, total int64) { p.show(amount{bytes: done, ofBytes: total}) }

// say tells a terminal what goes on, if that cannot be counted.
func (p *progress) say(what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.on {
		p.over(what)
	}
}

// over writes over the line. In a narrow window its end is cut off: a line that went on in
// the next row could not be written over.
func (p *progress) over(text string) {
	fmt.Fprintf(p.w, "\r\x1b[K\x1b[?7l%s: %s\x1b[?7h", p.name, text)
	p.some = true
}

// text is "1 GiB of 2 GiB, 10 of 20 files, 96 MiB/s, 11 s left".
func (p *progress) text(a amount) string {
	if a.ofBytes == 0 && a.ofFiles == 0 {
		return fmt.Sprintf("%s found, %v", many(a.files, "file"), size(a.bytes))
	}
	parts := []string{fmt.Sprintf("%v of %v", size(a.bytes), size(a.ofBytes))}
	if a.ofFiles > 0 {
		parts = append(parts, fmt.Sprintf("%d of %d files", a.files, a.ofFiles))
	}
	from := p.seen[0]
	took := p.last.Sub(from.at).Seconds()
	if took < 1 {
		return strings.Join(parts, ", ")
	}
	bytes, files := float64(a.bytes-from.bytes)/took, float64(a.files-from.files)/took
	parts = append(parts, fmt.Sprintf("%v/s", size(bytes)))
	// Small files are slow for their size: what takes longer counts.
	left := 0.0
	for _, x := range []struct{ rest, speed float64 }{
		{float64(a.ofBytes - a.bytes), bytes}, {float64(a.ofFiles - a.files), files},
	} {
		switch {
		case x.rest <= 0:
		case x.speed <= 0:
			return strings.Join(parts, ", ")
		default:
			left = max(left, x.rest/x.speed)
		}
	}
	return strings.Join(append(parts, remaining(left)+" left"), ", ")
}

// many is "1 file" or "2 files".
func many(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// remaining is a time in seconds as people say it.
func remaining(seconds float64) string {
	switch s := int64(min(seconds, 1e9)); {
	case s < 60:
		return fmt.Sprintf("%d s", s)
	case s < 3600:
		return fmt.Sprintf("%d min", s/60)
	default:
		return fmt.Sprintf("%d h %d min", s/3600, s/60%60)
	}
}

// clear takes the line away, so that something else can be said.
func (p *progress) clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.some {
		fmt.Fprint(p.w, "\r\x1b[K")
		p.some = false
	}
}

// watch shows what count says, until end is called.
func (p *progress) watch(count func() amount) (end func()) {
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(progressEvery)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				p.show(count())
			}
		}
	})
	return sync.OnceFunc(func() {
		close(done)
		wg.Wait()
		p.clear()
	})
}
