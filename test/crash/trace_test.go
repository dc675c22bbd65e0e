package crash

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

// durability reads a trace (object.Recorder, with Begin) and holds it to the promise:
// when a change is acknowledged, every file that was written has been flushed since
// its last write, every folder since its last new, renamed or removed name, and COMMIT
// came after the flush of the commit record; when the server has ended, nothing is
// left unflushed. Two rules more, for readers of what a crash left: the name of a new
// file is not flushed before its first bytes, and after a rename nothing is changed
// before the rename is flushed. Nothing is asked of space allocated ahead, which may be
// there or not after a crash. Of the hint index it is asked that nobody waits for its
// flush.
type durability struct {
	root    string           // paths that are not absolute lie below it
	files   map[string]bool  // written, not flushed
	during  map[string]bool  // written while a flush ran
	folders map[string]bool  // named, not flushed
	anew    map[string]bool  // named while a flush ran
	created map[string]bool  // files whose names are not flushed
	ends    map[string]int64 // bytes written, of files, as far as the trace tells
	renamed string           // folder of a rename that is not flushed
	commits int              // since the last reply
	// beside says that uploads go on beside a commit, whose packs need not be flushed.
	beside bool
	faults []string
}

func newDurability(root string) *durability {
	return &durability{root: root, files: map[string]bool{}, during: map[string]bool{}, folders: map[string]bool{},
		anew: map[string]bool{}, created: map[string]bool{}, ends: map[string]int64{}}
}

// follow takes the lines of a trace in order.
func (d *durability) follow(lines []string) {
	for _, l := range lines {
		d.line(l)
	}
}

func (d *durability) line(l string) {
	call, site, _ := strings.Cut(l, "\t")
	w, numbers := words(call)
	failed := strings.Contains(site, " !")
	if len(w) > 0 && w[0] != "reply" {
		for i := range w[1:] {
			w[i+1] = d.full(w[i+1])
		}
	}
	if len(w) > 1 && w[0] != "reply" && apart(w[len(w)-1]) {
		return
	}
	if len(w) > 1 && w[0] != "reply" && disposable(w[len(w)-1]) {
		if strings.Contains(call, "sync ") {
			d.fault("%s, which is disposable", call)
		}
		return
	}
	if len(w) > 0 && d.renamed != "" && !strings.Contains(w[0], "sync") && w[0] != "begin" {
		d.fault("%s while a rename in %s is not flushed", call, d.short(d.renamed))
		d.renamed = ""
	}
	switch {
	case len(w) == 0:
	case w[0] == "COMMIT":
		d.commits++
		if !d.beside {
			d.check("COMMIT")
		}
	case w[0] == "reply":
		status, _ := strconv.Atoi(w[2])
		if changes(w[1]) && status >= 200 && status < 300 {
			if d.commits == 0 {
				d.fault("%s without a COMMIT", call)
			}
			d.check(call)
		}
		d.commits = 0
	case w[0] == "allocate":
	case w[0] == "truncate" && d.ends[w[1]] > 0 && len(numbers) == 1 && numbers[0] >= d.ends[w[1]]:
		// Only space that was allocated ahead goes.
	case w[0] == "write" || w[0] == "truncate":
		d.files[w[1]], d.during[w[1]] = true, true
		if n := len(numbers); w[0] == "truncate" && n == 1 {
			d.ends[w[1]] = numbers[0]
		} else if n > 1 && !failed {
			d.ends[w[1]] = max(d.ends[w[1]], sum(numbers))
		}
	case w[0] == "create" || w[0] == "mkdir":
		if !failed {
			d.named(w[1])
			if w[0] == "create" {
				d.created[w[1]] = true
			}
		}
	case w[0] == "remove":
		d.named(w[1])
		delete(d.files, w[1])
		delete(d.created, w[1])
	case w[0] == "rename":
		d.named(w[1])
		d.named(w[2])
		if d.files[w[1]] {
			d.fault("%s before its bytes are flushed", call)
		}
		delete(d.files, w[1])
		delete(d.created, w[1])
		d.renamed = path.Dir(w[2])
	case w[0] == "begin" && path.Base(w[1]) == "sync":
		delete(d.during, w[2])
	case w[0] == "begin" && path.Base(w[1]) == "syncdir":
		delete(d.anew, w[2])
	case w[0] == "sync" && !failed:
		d.files[w[1]] = d.during[w[1]]
	case w[0] == "syncdir" && !failed:
		d.folders[w[1]] = d.anew[w[1]]
		if d.renamed == w[1] {
			d.renamed = ""
		}
		for p := range d.created {
			if path.Dir(p) == w[1] {
				if d.files[p] {
					d.fault("the name of %s is flushed before its first bytes", d.short(p))
				}
				delete(d.created, p)
			}
		}
	}
}

func (d *durability) full(p string) string {
	if path.IsAbs(p) {
		return p
	}
	return path.Join(d.root, p)
}

func (d *durability) short(p string) string {
	switch {
	case d.root == "":
	case p == d.root:
		return "the data folder"
	case p == path.Dir(d.root):
		return "the data folder's parent"
	}
	return strings.TrimPrefix(p, d.root+"/")
}

func (d *durability) named(p string) { dir := path.Dir(p); d.folders[dir], d.anew[dir] = true, true }

func (d *durability) check(when string) {
	for _, m := range []map[string]bool{d.files, d.folders} {
		for p, dirty := range m {
			if dirty {
				d.fault("%s while %s is not flushed", when, d.short(p))
				m[p] = false // told once
			}
		}
	}
}

func (d *durability) fault(format string, a ...any) {
	d.faults = append(d.faults, fmt.Sprintf(format, a...))
}

// changes says whether a method does.
func changes(method string) bool {
	return slices.Contains([]string{"PUT", "MKCOL", "MOVE", "COPY", "DELETE", "PROPPATCH", "LOCK", "UNLOCK"}, method)
}

// disposable says whether a file may be lost or torn at any time: the hint index.
func disposable(file string) bool {
	name := path.Base(file)
	return name == "hints" || name == "hints.new"
}

// apart says whether a file is written and flushed when it suits it, beside all commits, of
// which none waits for it: what the scrub knows.
func apart(file string) bool {
	name := path.Base(file)
	return name == "scrub" || name == "scrub.tmp"
}

// words takes a line of a trace apart: the call and its paths; its sizes and offset, if
// it has any.
func words(call string) (w []string, numbers []int64) {
	w = strings.Fields(call)
	if len(w) < 3 || w[0] != "write" && w[0] != "truncate" && w[0] != "allocate" {
		return w, nil
	}
	for _, field := range w[2:] {
		for n := range strings.SplitSeq(strings.TrimPrefix(field, "@"), "+") {
			if v, err := strconv.ParseInt(n, 10, 64); err == nil {
				numbers = append(numbers, v)
			}
		}
	}
	return w[:2], numbers
}

func sum(numbers []int64) (n int64) {
	for _, v := range numbers {
		n += v
	}
	return n
}

// golden is a trace without what differs from run to run: the beginnings of flushes,
// sizes and offsets, what concerns the hint index, which is written in the background,
// and space allocated ahead, which not every disk gives.
func golden(lines []string) string {
	var b strings.Builder
	for _, l := range lines {
		call, site, _ := strings.Cut(l, "\t")
		w, _ := words(call)
		if w[0] == "begin" || w[0] == "allocate" || w[0] != "reply" && disposable(w[len(w)-1]) {
			continue
		}
		b.WriteString(strings.Join(w, " "))
		if site != "" {
			b.WriteString("  " + site)
		}
		b.WriteString("\n")
	}
	return b.String()
}
