package object

import (
	"fmt"
	"io"
	"maps"
	"os"
	"strings"
	"sync"
	"time"
)

// Op is a kind of call that Faults can fail or delay.
type Op string

// The kinds of call. OpCreate is an Open that may make the file, OpOpen any other.
// OpWrite is WriteAt and WritevAt, OpRead is ReadAt, Section and ReadFile.
const (
	OpMkdir     Op = "mkdir"
	OpCreate    Op = "create"
	OpOpen      Op = "open"
	OpRead      Op = "read"
	OpReadDir   Op = "readdir"
	OpWrite     Op = "write"
	OpTruncate  Op = "truncate"
	OpAllocate  Op = "allocate"
	OpWriteBack Op = "writeback"
	OpSync      Op = "sync"
	OpSyncDir   Op = "syncdir"
	OpRename    Op = "rename"
	OpRemove    Op = "remove"
	OpLock      Op = "lock"
	OpSpace     Op = "space"
)

// Rule makes calls fail. A call matches if the kind and each field that is set match.
type Rule struct {
	Op   Op
	Site string // the calling function, as Sites shows it without the kind
	Path string // a part of the path
	// Nth counts matching calls from 1, which is the next: only that one fails.
	// 0: every one.
	Nth int
	Err error // what the call returns; nil stands for ErrInjected
	// Keep, of a write, is how many of its bytes reach the file before it fails.
	Keep int
}

// ErrInjected is the error of a rule that names none.
var ErrInjected = fmt.Errorf("injected fault")

// Faults wraps an FS and fails, delays or skips chosen calls. Without rules it changes
// nothing. A call that a rule fails does not reach the FS below (but for Rule.Keep); a
// skipped flush reports success and does not reach it either, so with a Recorder
// below it leaves no line. Safe for concurrent use.
type Faults struct {
	fs FS

	mu    sync.Mutex
	rules []*rule
	delay map[Op]time.Duration
	skip  map[string]bool
	sites map[string]int
}

type rule struct {
	Rule
	seen, fired int
}

// NewFaults wraps fsys.
func NewFaults(fsys FS) *Faults {
	return &Faults{fs: fsys, delay: map[Op]time.Duration{}, skip: map[string]bool{}, sites: map[string]int{}}
}

// Add adds a rule. If several match a call, the one added first decides.
func (f *Faults) Add(r Rule) {
	if r.Err == nil {
		r.Err = ErrInjected
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules = append(f.rules, &rule{Rule: r})
}

// Fail makes the n-th call of a kind from now on fail with err.
func (f *Faults) Fail(op Op, n int, err error) { f.Add(Rule{Op: op, Nth: n, Err: err}) }

// Clear drops all rules and delays; skipped sites stay.
func (f *Faults) Clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules, f.delay = nil, map[Op]time.Duration{}
}

// Pending lists the rules that have not failed any call yet. A test whose fault never
// fired has tested nothing.
func (f *Faults) Pending() []Rule {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []Rule
	for _, r := range f.rules {
		if r.fired == 0 {
			out = append(out, r.Rule)
		}
	}
	return out
}

// Delay makes every call of a kind wait before it is made.
func (f *Faults) Delay(op Op, d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.delay[op] = d
}

// Sites counts the flushes seen so far (skipped ones too) by kind and calling
// function: "sync pack.(*Set).create", "syncdir pack.(*Set).create".
func (f *Faults) Sites() map[string]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.sites)
}

// SkipSite turns the flushes of one site, named as by Sites, into successes that do
// nothing. A name without a kind skips both kinds.
func (f *Faults) SkipSite(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if strings.Contains(name, " ") {
		f.skip[name] = true
		return
	}
	f.skip[string(OpSync)+" "+name] = true
	f.skip[string(OpSyncDir)+" "+name] = true
}

// check waits and returns the fault for a call, if there is one.
func (f *Faults) check(op Op, path string) (keep int, err error) {
	at := site()
	f.mu.Lock()
	d := f.delay[op]
	for _, r := range f.rules {
		if r.Op != op || r.Site != "" && r.Site != at || !strings.Contains(path, r.Path) {
			continue
		}
		r.seen++
		if err == nil && (r.Nth == 0 || r.Nth == r.seen) {
			r.fired++
			keep, err = r.Keep, fmt.Errorf("%s %s: %w", op, path, r.Err)
		}
	}
	f.mu.Unlock()
	time.Sleep(d)
	return keep, err
}

// flush makes a flush, or does not.
func (f *Faults) flush(op Op, path string, call func() error) error {
	name := string(op) + " " + site()
	f.mu.Lock()
	f.sites[name]++
	skip := f.skip[name]
	f.mu.Unlock()
	if skip {
		return nil
	}
	if _, err := f.check(op, path); err != nil {
		return err
	}
	return call()
}

// Mkdir implements FS.
func (f *Faults) Mkdir(path string) error {
	if _, err := f.check(OpMkdir, path); err != nil {
		return err
	}
	return f.fs.Mkdir(path)
}

// MkdirAll implements FS.
func (f *Faults) MkdirAll(path string) error { return mkdirAll(f, path) }

// Rename implements FS.
func (f *Faults) Rename(from, to string) error {
	if _, err := f.check(OpRename, to); err != nil {
		return err
	}
	return f.fs.Rename(from, to)
}

// Remove implements FS.
func (f *Faults) Remove(path string) error {
	if _, err := f.check(OpRemove, path); err != nil {
		return err
	}
	return f.fs.Remove(path)
}

// ReadDir implements FS.
func (f *Faults) ReadDir(path string) ([]Entry, error) {
	if _, err := f.check(OpReadDir, path); err != nil {
		return nil, err
	}
	return f.fs.ReadDir(path)
}

// ReadFile implements FS.
func (f *Faults) ReadFile(path string) ([]byte, error) {
	if _, err := f.check(OpRead, path); err != nil {
		return nil, err
	}
	return f.fs.ReadFile(path)
}

// SyncDir implements FS.
func (f *Faults) SyncDir(path string) error {
	return f.flush(OpSyncDir, path, func() error { return f.fs.SyncDir(path) })
}

// Lock implements FS.
func (f *Faults) Lock(path string) (io.Closer, error) {
	if _, err := f.check(OpLock, path); err != nil {
		return nil, err
	}
	return f.fs.Lock(path)
}

// Space implements FS.
func (f *Faults) Space(path string) (free, total int64, err error) {
	if _, err := f.check(OpSpace, path); err != nil {
		return 0, 0, err
	}
	return f.fs.Space(path)
}

// Kind implements FS.
func (f *Faults) Kind(path string) (string, bool, error) { return f.fs.Kind(path) }

// Open implements FS.
func (f *Faults) Open(path string, flag int) (File, error) {
	op := OpOpen
	if flag&os.O_CREATE != 0 {
		op = OpCreate
	}
	if _, err := f.check(op, path); err != nil {
		return nil, err
	}
	file, err := f.fs.Open(path, flag)
	if err != nil {
		return nil, err
	}
	return &faultyFile{file, f, path}, nil
}
