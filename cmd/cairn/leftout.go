package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// maxHeld bounds how many lines leftOuts keeps for the end.
const maxHeld = 10_000

// leftOuts are the things that a command could not take along, told at its end in the
// order of their names. Those above maxHeld are told at once. Safe for concurrent use.
type leftOuts struct {
	out  io.Writer
	line *progress
	max  int

	mu    sync.Mutex
	held  []string
	files int // left out
	times int // not kept
}

func newLeftOuts(out io.Writer, line *progress) *leftOuts {
	return &leftOuts{out: out, line: line, max: maxHeld}
}

// add notes that what is at path was left out.
func (l *leftOuts) add(path, why string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.files++
	l.note("left out: "+printable(path), why, args)
}

// addFolder is add for a folder with all in it, which counts as one.
func (l *leftOuts) addFolder(path, why string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.files++
	l.note("left out: "+printable(path)+" and all in it", why, args)
}

// time notes that what is at path was taken along with another time than its own.
func (l *leftOuts) time(path, why string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.times++
	l.note("time not kept: "+printable(path), why, args)
}

func (l *leftOuts) note(what, why string, args []any) {
	text := what + ": " + fmt.Sprintf(why, args...)
	if len(l.held) < l.max {
		l.held = append(l.held, text)
		return
	}
	l.line.clear()
	fmt.Fprintln(l.out, text)
}

// print tells what was held, once.
func (l *leftOuts) print() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.line.clear()
	slices.Sort(l.held)
	for _, text := range l.held {
		fmt.Fprintln(l.out, text)
	}
	l.held = nil
}

// some reports whether there was anything.
func (l *leftOuts) some() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.files+l.times > 0
}

// String is how much it was, to end a sentence: empty, or "; 3 left out, see above".
func (l *leftOuts) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var parts []string
	if l.files > 0 {
		parts = append(parts, fmt.Sprintf("%d left out", l.files))
	}
	if l.times > 0 {
		parts = append(parts, fmt.Sprintf("%d without their own time", l.times))
	}
	if len(parts) == 0 {
		return ""
	}
	return "; " + strings.Join(parts, ", ") + ", see above"
}

// printable is a path that a terminal shows as it is: in Go's quotes if something in it
// would not be seen, or not be text.
func printable(path string) string {
	if utf8.ValidString(path) && !strings.ContainsFunc(path, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return path
	}
	return strconv.Quote(path)
}
